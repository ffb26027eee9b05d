// The record as JSON: what is sealed into the database, and what people and programs are shown.
#include "customers/record.h"

namespace amity::customers {
namespace {

json::object to_json(const Lineage& from) {
  return {{"seq", from.seq}, {"time", format(from.time)}, {"source", from.source}};
}

json::object to_json(const KnownValues& values) {
  json::object out;
  for (const auto& [name, known] : values) out[name] = {{"value", known.value}, {"from", to_json(known.from)}};
  return out;
}

json::object to_json(const std::map<std::string, Consent, std::less<>>& consents) {
  json::object out;
  for (const auto& [purpose, consent] : consents) {
    out[purpose] = {{"given", consent.given},
                    {"notice_version", consent.notice_version},
                    {"language", consent.language},
                    {"from", to_json(consent.from)}};
  }
  return out;
}

// JsonReader's texts may not be empty; some of a record's are: of a withdrawn consent, of an ended link.
std::string text_or_empty(JsonReader& in, std::string_view key) {
  const auto& value = in.any_or_null(key);
  if (!value.is_null() && !value.is_string()) in.refuse(key, "a text is expected here");
  return value.is_string() ? std::string(value.get_string()) : std::string();
}

// Reading back what this file wrote: a difference is damage or another version, and is said once for the record.
Result<Lineage> lineage_from(const json::value& value) {
  JsonReader in(value, "");
  Lineage from;
  from.seq = in.integer("seq", 0, INT64_MAX);
  const auto time = in.text("time");
  from.source = text_or_empty(in, "source");
  TRY(in.finish());
  from.time = TRY(parse_timestamp(time));
  return from;
}

Result<KnownValues> values_from(const json::object& object) {
  KnownValues values;
  for (const auto& field : object) {
    JsonReader in(field.value(), field.key());
    KnownValue known{in.any_or_null("value"), {}};
    const auto& from = in.any("from");
    TRY(in.finish());
    known.from = TRY(lineage_from(from));
    values.emplace(std::string(field.key()), std::move(known));
  }
  return values;
}

struct Link {  // what an account link and a holder have in common
  std::string reference;
  Uuid id;
  std::string role;
  Lineage from;
  bool ended = false;
};

json::object to_json(const Link& link) {
  return {{"reference", link.reference},
          {"id", format(link.id)},
          {"role", link.role},
          {"ended", link.ended},
          {"from", to_json(link.from)}};
}

Result<Link> link_from(const json::value& value) {
  JsonReader in(value, "");
  Link link;
  link.reference = in.text("reference");
  const auto id = in.text("id");
  link.role = text_or_empty(in, "role");
  link.ended = in.boolean_or("ended", false);
  const auto& from = in.any("from");
  TRY(in.finish());
  link.id = TRY(parse_uuid(id));
  link.from = TRY(lineage_from(from));
  return link;
}

Result<std::map<std::string, Consent, std::less<>>> consents_from(const json::object& object) {
  std::map<std::string, Consent, std::less<>> consents;
  for (const auto& field : object) {
    JsonReader in(field.value(), field.key());
    Consent consent;
    consent.given = in.boolean_or("given", false);
    consent.notice_version = text_or_empty(in, "notice_version");
    consent.language = text_or_empty(in, "language");
    const auto& from = in.any("from");
    TRY(in.finish());
    consent.from = TRY(lineage_from(from));
    consents.emplace(std::string(field.key()), std::move(consent));
  }
  return consents;
}

}  // namespace

json::object to_json(const CustomerRecord& record) {
  json::object accounts;
  for (const auto& [reference, link] : record.accounts) {
    accounts[reference] = to_json(Link{link.account, link.account_id, link.role, link.from, link.ended});
  }
  return {{"reference", record.reference},
          {"values", to_json(record.values)},
          {"relationships", to_json(record.relationships)},
          {"consents", to_json(record.consents)},
          {"accounts", std::move(accounts)},
          {"interaction_count", record.interaction_count},
          {"newest", format(record.newest)},
          {"last_seq", record.last_seq}};
}

json::object to_json(const AccountRecord& record) {
  json::object holders;
  for (const auto& [reference, holder] : record.holders) {
    holders[reference] = to_json(Link{holder.customer, holder.customer_id, holder.role, holder.from, holder.ended});
  }
  return {{"reference", record.reference},
          {"values", to_json(record.values)},
          {"holders", std::move(holders)},
          {"cards", to_json(record.cards)},
          {"standing_orders", to_json(record.standing_orders)},
          {"loans", to_json(record.loans)},
          {"transaction_count", record.transaction_count},
          {"newest", format(record.newest)},
          {"last_seq", record.last_seq}};
}

Result<CustomerRecord> customer_from_json(const json::value& value) {
  JsonReader in(value, "");
  CustomerRecord record;
  record.reference = text_or_empty(in, "reference");
  const auto& values = in.object("values");
  const auto& relationships = in.object("relationships");
  const auto& consents = in.object("consents");
  const auto& accounts = in.object("accounts");
  record.interaction_count = in.integer("interaction_count", 0, INT64_MAX);
  const auto newest = in.text("newest");
  record.last_seq = in.integer("last_seq", 0, INT64_MAX);
  TRY(in.finish());
  record.values = TRY(values_from(values));
  record.relationships = TRY(values_from(relationships));
  record.consents = TRY(consents_from(consents));
  for (const auto& field : accounts) {
    auto link = TRY(link_from(field.value()));
    record.accounts.emplace(std::string(field.key()),
                            AccountLink{link.reference, link.id, link.role, link.from, link.ended});
  }
  record.newest = TRY(parse_timestamp(newest));
  return record;
}

Result<AccountRecord> account_from_json(const json::value& value) {
  JsonReader in(value, "");
  AccountRecord record;
  record.reference = text_or_empty(in, "reference");
  const auto& values = in.object("values");
  const auto& holders = in.object("holders");
  const auto& cards = in.object("cards");
  const auto& standing_orders = in.object("standing_orders");
  const auto& loans = in.object("loans");
  record.transaction_count = in.integer("transaction_count", 0, INT64_MAX);
  const auto newest = in.text("newest");
  record.last_seq = in.integer("last_seq", 0, INT64_MAX);
  TRY(in.finish());
  record.values = TRY(values_from(values));
  record.cards = TRY(values_from(cards));
  record.standing_orders = TRY(values_from(standing_orders));
  record.loans = TRY(values_from(loans));
  for (const auto& field : holders) {
    auto link = TRY(link_from(field.value()));
    record.holders.emplace(std::string(field.key()), Holder{link.reference, link.id, link.role, link.from, link.ended});
  }
  record.newest = TRY(parse_timestamp(newest));
  return record;
}

}  // namespace amity::customers
