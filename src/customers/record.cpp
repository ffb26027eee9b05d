#include "customers/record.h"

#include <algorithm>
#include <tuple>

#include "customers/links.h"

namespace amity::customers {
namespace {

Lineage lineage_of(const events::Event& event) { return {event.seq, event.time, event.source}; }

// Sets a value unless a later one is known.
void learn(KnownValues& values, std::string_view name, json::value value, const Lineage& from) {
  const auto known = values.find(name);
  if (known == values.end()) {
    values.emplace(std::string(name), KnownValue{std::move(value), from});
  } else if (from.is_newer_than(known->second.from)) {
    known->second = {std::move(value), from};
  }
}

std::string text_in(const json::object& data, std::string_view name) {
  const auto* value = data.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

json::object without(const json::object& data, std::string_view name) {
  json::object rest = data;
  rest.erase(name);
  return rest;
}

void fold_consent(CustomerRecord& record, const events::Event& event, bool given) {
  const auto from = lineage_of(event);
  auto& consent = record.consents[text_in(event.data, "purpose")];
  if (consent.from.seq != 0 && !from.is_newer_than(consent.from)) return;
  consent = {given, text_in(event.data, "notice_version"), text_in(event.data, "language"), from};
}

void fold_link(CustomerRecord& record, const events::Event& event, const events::Pseudonyms& pseudonyms,
               std::string_view role, bool ended) {
  const auto from = lineage_of(event);
  auto& link = record.accounts[event.subject.key];
  if (link.from.seq != 0 && !from.is_newer_than(link.from)) return;
  link = {event.subject.key, pseudonyms.of(event.subject).id, std::string(role), from, ended};
}

void fold_holder(AccountRecord& record, const std::string& customer, std::string_view role, bool ended,
                 const Lineage& from, const events::Pseudonyms& pseudonyms) {
  if (customer.empty()) return;  // erased since
  auto& holder = record.holders[customer];
  if (holder.from.seq != 0 && !from.is_newer_than(holder.from)) return;
  holder = {customer, pseudonyms.of({events::EntityKind::kCustomer, customer}).id, std::string(role), from, ended};
}

// The role in which `customer` stands among the holders of an account.opened event; empty where it does not.
std::string role_among(const json::object& data, std::string_view customer) {
  for (const auto& item : data.at("holders").get_array()) {
    const auto& holder = item.get_object();
    if (holder.at("customer").get_string() == customer) return std::string(holder.at("role").get_string());
  }
  return {};
}

}  // namespace

std::string CustomerRecord::text_of(std::string_view name) const {
  const auto known = values.find(name);
  return known != values.end() && known->second.value.is_string() ? std::string(known->second.value.get_string()) : "";
}

std::string AccountRecord::text_of(std::string_view name) const {
  const auto known = values.find(name);
  return known != values.end() && known->second.value.is_string() ? std::string(known->second.value.get_string()) : "";
}

void fold(CustomerRecord& record, const events::Event& event, const events::Pseudonyms& pseudonyms) {
  if (is_link(event)) return;  // links.h
  const auto from = lineage_of(event);
  const auto& data = event.data;
  if (event.type == "customer.registered" || event.type == "customer.updated") {
    record.reference = event.subject.key;
    for (const auto& field : data) learn(record.values, field.key(), field.value(), from);
  } else if (event.type == "relationship.recorded") {
    if (data.contains("other")) learn(record.relationships, text_in(data, "other"), without(data, "other"), from);
  } else if (event.type == "risk_profile.assessed") {
    learn(record.values, "risk_profile", data, from);
  } else if (event.type == "consent.given" || event.type == "consent.withdrawn") {
    fold_consent(record, event, event.type == "consent.given");
  } else if (event.type == "interaction.recorded") {
    ++record.interaction_count;
  } else if (event.type == "account.opened") {
    const auto role = role_among(data, record.reference);
    if (!role.empty()) fold_link(record, event, pseudonyms, role, false);
  } else if (event.type == "account.holder_added" && text_in(data, "customer") == record.reference) {
    fold_link(record, event, pseudonyms, text_in(data, "role"), false);
  } else if (event.type == "account.holder_removed" && text_in(data, "customer") == record.reference) {
    fold_link(record, event, pseudonyms, "", true);
  }
  record.newest = std::max(record.newest, event.time);
  record.last_seq = std::max(record.last_seq, event.seq);
}

void fold(AccountRecord& record, const events::Event& event, const events::Pseudonyms& pseudonyms) {
  const auto from = lineage_of(event);
  const auto& data = event.data;
  if (event.type == "account.opened") {
    record.reference = event.subject.key;
    for (const auto& field : data) {
      if (field.key() != "holders") learn(record.values, field.key(), field.value(), from);
    }
    for (const auto& item : data.at("holders").get_array()) {
      const auto& holder = item.get_object();
      fold_holder(record, text_in(holder, "customer"), text_in(holder, "role"), false, from, pseudonyms);
    }
  } else if (event.type == "account.holder_added") {
    fold_holder(record, text_in(data, "customer"), text_in(data, "role"), false, from, pseudonyms);
  } else if (event.type == "account.holder_removed") {
    fold_holder(record, text_in(data, "customer"), "", true, from, pseudonyms);
  } else if (event.type == "card.issued") {
    learn(record.cards, text_in(data, "card"), without(data, "card"), from);
  } else if (event.type == "standing_order.created") {
    learn(record.standing_orders, text_in(data, "order"), without(data, "order"), from);
  } else if (event.type == "loan.granted") {
    learn(record.loans, text_in(data, "loan"), without(data, "loan"), from);
  } else if (event.type == "loan.status_recorded") {
    learn(record.loans, text_in(data, "loan") + "/status", data.at("status"), from);
  } else if (event.type == "transaction.posted") {
    ++record.transaction_count;
    if (data.contains("balance_after")) learn(record.values, "balance", data.at("balance_after"), from);
  }
  record.newest = std::max(record.newest, event.time);
  record.last_seq = std::max(record.last_seq, event.seq);
}

bool leave_out(CustomerRecord& record, const IsErased& is_erased, const events::Pseudonyms& pseudonyms) {
  const auto relatives = std::erase_if(record.relationships, [&](const auto& known) {
    return is_erased(pseudonyms.of({events::EntityKind::kCustomer, known.first}).id);
  });
  const auto links =
      std::erase_if(record.accounts, [&](const auto& link) { return is_erased(link.second.account_id); });
  return relatives + links > 0;
}

bool leave_out(AccountRecord& record, const IsErased& is_erased, const events::Pseudonyms& pseudonyms) {
  bool has_changed =
      std::erase_if(record.holders, [&](const auto& holder) { return is_erased(holder.second.customer_id); }) > 0;
  for (auto& [reference, card] : record.cards) {
    if (!card.value.is_object()) continue;
    const auto customer = text_in(card.value.get_object(), "customer");
    if (customer.empty() || !is_erased(pseudonyms.of({events::EntityKind::kCustomer, customer}).id)) continue;
    card.value.get_object().erase("customer");
    has_changed = true;
  }
  return has_changed;
}

std::vector<Uuid> customers_linked_by(const events::Event& event, const events::Pseudonyms& pseudonyms) {
  std::vector<Uuid> linked;
  const auto add = [&](const std::string& reference) {
    if (reference.empty()) return;  // erased since
    const auto id = pseudonyms.of({events::EntityKind::kCustomer, reference}).id;
    if (std::ranges::find(linked, id) == linked.end()) linked.push_back(id);
  };
  if (event.type == "account.opened") {
    for (const auto& holder : event.data.at("holders").get_array()) add(text_in(holder.get_object(), "customer"));
  } else if (event.type == "account.holder_added" || event.type == "account.holder_removed") {
    add(text_in(event.data, "customer"));
  }
  return linked;
}

}  // namespace amity::customers
