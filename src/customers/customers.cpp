#include "customers/customers.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <ranges>
#include <set>

#include "base/check.h"
#include "customers/search_tokens.h"
#include "events/catalogue.h"

namespace amity::customers {
namespace {

using events::EntityKind;
using events::Event;
using security::Caller;
using store::Statement;
using store::Value;

constexpr Statement kUnitOfCustomer("customers.unit", "SELECT unit FROM customers WHERE customer_id = $1");
constexpr Statement kUnitOfAccount("accounts.unit",
                                   "SELECT c.unit FROM accounts AS a JOIN customers AS c "
                                   "ON c.customer_id = a.home_customer_id WHERE a.account_id = $1");

std::unexpected<Error> no_such_customer() { return not_found("no customer under this reference"); }

std::unexpected<Error> no_consent() {
  return fail(Code::kForbidden, "the customer has not consented to this purpose", std::string(kConsentPlace));
}

// Purposes that rest on the customer's consent alone (PIPL article 13 (1)); the others rest on contract or law.
bool needs_consent(security::Purpose purpose) { return purpose == security::Purpose::kMarketing; }

bool has_consent(const CustomerRecord& record, std::string_view purpose) {
  const auto consent = record.consents.find(purpose);
  return consent != record.consents.end() && consent->second.given;
}

// Whom the event named and who has been erased, the log has left out.
json::object to_timeline(const Event& event) {
  return {{"seq", event.seq},
          {"source", event.source},
          {"id", event.id},
          {"type", event.type},
          {"time", format(event.time)},
          {"recorded", format(event.recorded)},
          {"subject", format(event.subject)},
          {"is_history", event.is_history},
          {"data", event.data}};
}

// "seq of the snapshot.time of the last event shown.its seq", in digits.
struct Cursor {
  int64_t snapshot_seq = INT64_MAX;
  Timestamp time = kLatest;
  int64_t seq = INT64_MAX;
};

std::string write_cursor(const Cursor& cursor) {
  return std::to_string(cursor.snapshot_seq) + "." + std::to_string(cursor.time.us) + "." + std::to_string(cursor.seq);
}

Result<Cursor> read_cursor(std::string_view text) {
  Cursor cursor;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int64_t* part : {&cursor.snapshot_seq, &cursor.time.us, &cursor.seq}) {
    const auto read = std::from_chars(at, end, *part);
    const bool ends_well = part == &cursor.seq ? read.ptr == end : read.ptr != end && *read.ptr == '.';
    if (read.ec != std::errc{} || !ends_well)
      return invalid("not a cursor of this list: take `next` as it was given", "?cursor");
    at = read.ptr + 1;
  }
  return cursor;
}

}  // namespace

Result<CustomerRecord> Customers::customer_record(store::Reader& reader, const Uuid& id) const {
  const auto live = TRY(parts_.live.customer_now(reader, id));
  if (live == nullptr) return no_such_customer();
  return live->record;
}

Result<AccountRecord> Customers::account_record(store::Reader& reader, const Uuid& id) const {
  const auto live = TRY(parts_.live.account_now(reader, id));
  if (live == nullptr) return not_found("no account under this reference");
  return live->record;
}

bool Customers::is_held_for(const Caller& caller, const Uuid& owner) const {
  return caller.purpose == security::Purpose::kLegalHold && caller.may(security::Permission::kReadFrozen) &&
         parts_.keys.is_frozen(owner);
}

const events::EventLog& Customers::log_for(const Caller& caller, const Uuid& owner) const {
  return is_held_for(caller, owner) ? held_log_ : parts_.log;
}

Result<CustomerRecord> Customers::customer_folded(const Caller& caller, store::Reader& reader, const Uuid& id,
                                                  Timestamp at) const {
  CustomerRecord record;
  TRY(log_for(caller, id).of_entity(reader, {.entity = id, .max_time = at}, [&](const Event& event) -> Result<void> {
    if (event.is_erased || events::is_erasure(event)) return {};
    const bool is_own = event.subject.kind == EntityKind::kCustomer && event.entities[0].id == id;
    if (is_own) record.reference = event.subject.key;
    if (is_own || event.type.starts_with("account.")) fold(record, event, parts_.pseudonyms);
    return {};
  }));
  return record;
}

Result<AccountRecord> Customers::account_folded(const Caller& caller, store::Reader& reader, const Uuid& id,
                                                Timestamp at) const {
  AccountRecord record;
  TRY(log_for(caller, id).of_entity(reader, {.entity = id, .max_time = at}, [&](const Event& event) -> Result<void> {
    const bool is_own = event.subject.kind == EntityKind::kAccount && !events::is_erasure(event);
    if (is_own && !event.is_erased) fold(record, event, parts_.pseudonyms);
    return {};
  }));
  return record;
}

// Of others who are going at this moment, and whose links go with them, nothing is read any more.
Result<Customers::Person> Customers::person_now(store::Reader& reader, const Uuid& id) const {
  Person person{{}, TRY(customer_record(reader, id))};
  const auto ids = parts_.live.links_now()->one_with(id);
  std::vector<CustomerRecord> records;
  for (const auto& one : ids) {
    auto record = one == id ? Result<CustomerRecord>(person.record) : customer_record(reader, one);
    if (!record && record.error().code != Code::kNotFound) return std::unexpected(record.error());
    if (!record) continue;
    person.ids.push_back(one);
    records.push_back(*std::move(record));
  }
  if (records.size() == 1) return person;
  std::vector<const CustomerRecord*> each;
  for (const auto& record : records) each.push_back(&record);
  person.record = joined(each);
  return person;
}

Result<CustomerRecord> Customers::person_folded(const Caller& caller, store::Reader& reader, const Uuid& id,
                                                Timestamp at) const {
  std::vector<CustomerRecord> records;
  for (const auto& one : parts_.live.links_now()->one_with(id, {.time = at})) {
    auto record = TRY(customer_folded(caller, reader, one, at));
    if (record.last_seq != 0) records.push_back(std::move(record));
  }
  if (records.empty()) return CustomerRecord{};
  std::vector<const CustomerRecord*> each;
  for (const auto& record : records) each.push_back(&record);
  return joined(each);
}

// The others under which the customer is known, and since when.
Result<json::array> Customers::merged_with(store::Reader& reader, std::span<const Uuid> ids,
                                           std::optional<Timestamp> at) const {
  json::array merged;
  const auto links = parts_.live.links_now();
  for (const auto& id : ids.subspan(1)) {
    const auto link = links->link_of(id, {.time = at.value_or(kLatest)});
    if (!link) continue;  // taken back at this very moment
    merged.push_back({{"customer", TRY(customer_record(reader, id)).reference},
                      {"from", {{"seq", link->made.seq}, {"time", format(link->made.time)}}}});
  }
  return merged;
}

// What the caller may not see reads exactly like what does not exist.
Result<Customers::Person> Customers::visible_person(const Caller& caller, store::Reader& reader,
                                                    std::string_view reference) const {
  TRY(security::require(caller, security::Permission::kReadCustomers));
  const auto id = parts_.pseudonyms.of({EntityKind::kCustomer, std::string(reference)}).id;
  Person person{{id}, {}};
  if (is_held_for(caller, id)) {
    person.record = TRY(customer_folded(caller, reader, id, kLatest));
  } else {
    person = TRY(person_now(reader, id));
  }
  const auto& record = person.record;
  if (record.last_seq == 0) return no_such_customer();
  const auto unit = record.unit();
  if (!caller.sees_unit(unit.empty() ? "/" : unit)) return no_such_customer();
  if (needs_consent(caller.purpose) && !has_consent(record, security::name_of(caller.purpose))) {
    return no_consent();
  }
  return person;
}

Result<void> Customers::audit_read(const Caller& caller, std::string_view action, const std::string& object) const {
  return parts_.database.write([&](store::Transaction& transaction) {
    return parts_.audit.record(transaction, caller, {std::string(action), object, {}});
  });
}

Result<json::object> Customers::account_as_of(const Caller& caller, store::Reader& reader, const Uuid& id,
                                              std::optional<Timestamp> at) const {
  if (!at && is_held_for(caller, id)) at = kLatest;
  auto record = TRY(at ? account_folded(caller, reader, id, *at) : account_record(reader, id));
  std::erase_if(record.holders, [is_gone = is_gone_for(caller)](const auto& holder) { return is_gone(holder.first); });
  return to_json(record);
}

std::function<bool(std::string_view)> Customers::is_gone_for(const Caller& caller) const {
  return [this, &caller](std::string_view customer) {
    const auto id = parts_.pseudonyms.of({EntityKind::kCustomer, std::string(customer)}).id;
    return parts_.keys.is_erased(id) && !is_held_for(caller, id);
  };
}

Result<json::object> Customers::profile(const Caller& caller, std::string_view reference,
                                        std::optional<Timestamp> at) const {
  const auto id = parts_.pseudonyms.of({EntityKind::kCustomer, std::string(reference)}).id;
  json::object profile;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    auto [ids, record] = TRY(visible_person(caller, reader, reference));
    if (at) {
      auto earlier = TRY(person_folded(caller, reader, id, *at));
      if (earlier.last_seq == 0) return not_found("the customer was not known at that time");
      if (earlier.reference.empty()) earlier.reference = record.reference;
      record = std::move(earlier);
      ids = parts_.live.links_now()->one_with(id, {.time = *at});
    }
    std::erase_if(record.relationships,
                  [is_gone = is_gone_for(caller)](const auto& known) { return is_gone(known.first); });
    json::array accounts;
    for (const auto& [key, link] : record.accounts) {
      const bool is_gone = parts_.keys.is_erased(link.account_id) && !is_held_for(caller, link.account_id);
      const bool is_shown =
          !link.ended && !is_gone && TRY(has_all_consents(caller, reader, {EntityKind::kAccount, link.account_id}));
      if (is_shown) accounts.push_back(TRY(account_as_of(caller, reader, link.account_id, at)));
    }
    profile = to_json(record);
    profile["accounts"] = std::move(accounts);
    profile["merged"] = TRY(merged_with(reader, ids, at));
    if (is_held_for(caller, id)) {
      if (const auto freeze = TRY(parts_.keys.freeze_of(id))) profile["frozen_until"] = format(date_of(freeze->until));
    }
    return {};
  }));
  TRY(audit_read(caller, "customer.read", "customer/" + format(id)));
  return profile;
}

Result<json::object> Customers::account(const Caller& caller, std::string_view reference,
                                        std::optional<Timestamp> at) const {
  TRY(security::require(caller, security::Permission::kReadCustomers));
  const auto id = parts_.pseudonyms.of({EntityKind::kAccount, std::string(reference)}).id;
  json::object account;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    const auto record =
        TRY(is_held_for(caller, id) ? account_folded(caller, reader, id, kLatest) : account_record(reader, id));
    bool is_visible = false;
    for (const auto& [holder, link] : record.holders) {
      is_visible |= !link.ended && visible_person(caller, reader, holder).has_value();
    }
    if (!is_visible) return not_found("no account under this reference");
    if (!TRY(has_all_consents(caller, reader, {EntityKind::kAccount, id}))) return no_consent();
    account = TRY(account_as_of(caller, reader, id, at));
    if (account.at("last_seq").as_int64() == 0) return not_found("the account was not known at that time");
    return {};
  }));
  TRY(audit_read(caller, "account.read", "account/" + format(id)));
  return account;
}

Result<TimelinePage> Customers::timeline(const Caller& caller, std::string_view reference,
                                         std::optional<std::string_view> cursor_text, int limit) const {
  Cursor cursor;
  if (cursor_text) cursor = TRY(read_cursor(*cursor_text));
  const auto id = parts_.pseudonyms.of({EntityKind::kCustomer, std::string(reference)}).id;
  const size_t wanted = static_cast<size_t>(limit) + 1;
  std::map<std::pair<Timestamp, int64_t>, json::object> kept;  // only the newest before the cursor stay
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    const auto person = TRY(visible_person(caller, reader, reference));
    if (!cursor_text) cursor.snapshot_seq = TRY(parts_.log.last_seq(reader));
    std::map<Uuid, bool> shown;  // accounts of others, too: only what all of them agree to
    const auto is_shown = [&](const events::Entity& subject) -> Result<bool> {
      if (subject.kind != EntityKind::kAccount) return true;
      const auto known = shown.find(subject.id);
      if (known != shown.end()) return known->second;
      return shown[subject.id] = TRY(has_all_consents(caller, reader, subject));
    };
    for (const auto& one : person.ids) {
      const events::EntityRange range{.entity = one, .max_seq = cursor.snapshot_seq, .max_time = cursor.time};
      TRY(log_for(caller, one).of_entity(reader, range, [&](const Event& event) -> Result<void> {
        const std::pair place(event.time, event.seq);
        if (place >= std::pair(cursor.time, cursor.seq) || event.is_erased) return {};
        if (!TRY(is_shown(event.entities[0]))) return {};
        kept.try_emplace(place, to_timeline(event));
        if (kept.size() > wanted) kept.erase(kept.begin());
        return {};
      }));
    }
    return {};
  }));
  TRY(audit_read(caller, "customer.timeline_read", "customer/" + format(id)));
  TimelinePage page;
  const bool has_more = kept.size() == wanted;
  if (has_more) kept.erase(kept.begin());
  if (has_more) page.next = write_cursor({cursor.snapshot_seq, kept.begin()->first.first, kept.begin()->first.second});
  for (auto& [place, event] : kept | std::views::reverse) page.events.push_back(std::move(event));
  return page;
}

Result<std::vector<Found>> Customers::search(const Caller& caller, std::string_view query, int limit) const {
  TRY(security::require(caller, security::Permission::kReadCustomers));
  if (query_words(query).empty())
    return invalid("type a name, a phone or account number, or a customer reference", "?query");
  std::vector<Found> found;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    std::vector<std::pair<int, Uuid>> ranked;
    for (const auto& [id, count] : TRY(search_index_.find(reader, query))) ranked.emplace_back(-count, id);
    std::ranges::sort(ranked);
    std::set<Uuid> shown;  // who is merged is found once
    for (const auto& [count, id] : ranked) {
      if (found.size() >= static_cast<size_t>(limit)) break;
      const auto record = customer_record(reader, id);
      const auto person = record ? visible_person(caller, reader, record->reference) : no_such_customer();
      if (!person || !shown.insert(person->ids.front()).second) continue;
      found.push_back({person->record.reference, person->record.text_of("name"), -count});
    }
    return {};
  }));
  TRY(audit_read(caller, "customers.searched", "customers"));
  return found;
}

Result<CustomerPast> Customers::past_of(store::Reader& reader, const Uuid& customer) const {
  CustomerPast past(customer, parts_.pseudonyms);
  TRY(held_log_.of_entity(reader, {.entity = customer},
                          [&](const Event& event) -> Result<void> { return past.add(event), Result<void>(); }));
  return past;
}

Result<bool> Customers::may_see(const Caller& caller, store::Reader& reader, const events::Entity& entity) const {
  const bool is_customer = entity.kind == EntityKind::kCustomer;
  if (!is_customer && entity.kind != EntityKind::kAccount) return false;
  const Value parameters[] = {ByteView(entity.id.bytes)};
  const auto unit = TRY(
      reader.first<std::string>(is_customer ? kUnitOfCustomer : kUnitOfAccount, parameters,
                                [](const store::Row& row) -> Result<std::string> { return std::string(row.text(0)); }));
  return unit && caller.sees_unit(unit->empty() ? "/" : *unit);
}

Result<bool> Customers::may_read(const Caller& caller, store::Reader& reader, const events::Entity& entity) const {
  return TRY(may_see(caller, reader, entity)) && TRY(has_all_consents(caller, reader, entity));
}

// Of an account everybody's whose data it is today.
Result<bool> Customers::has_all_consents(const Caller& caller, store::Reader& reader,
                                         const events::Entity& entity) const {
  if (!needs_consent(caller.purpose)) return true;
  std::vector<Uuid> whose{entity.id};
  if (entity.kind == EntityKind::kAccount) {
    whose.clear();
    for (const auto& [reference, holder] : TRY(account_record(reader, entity.id)).holders) {
      if (!holder.ended && !parts_.keys.is_erased(holder.customer_id)) whose.push_back(holder.customer_id);
    }
  }
  for (const auto& id : whose) {
    if (!has_consent(TRY(person_now(reader, id)).record, security::name_of(caller.purpose))) return false;
  }
  return true;
}

Result<json::object> Customers::event(const Caller& caller, int64_t seq) const {
  TRY(security::require(caller, security::Permission::kReadCustomers));
  json::object shown;
  Uuid subject;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    const auto event = TRY(parts_.log.at(reader, seq));
    if (event.is_erased || !TRY(may_see(caller, reader, event.entities[0]))) return not_found("no such event");
    if (!TRY(has_all_consents(caller, reader, event.entities[0]))) return no_consent();
    shown = to_timeline(event);
    subject = event.entities[0].id;
    return {};
  }));
  TRY(audit_read(caller, "event.read", "event/" + std::to_string(seq)));
  return shown;
}

Result<std::optional<bool>> Customers::consent(const Caller& caller, std::string_view reference,
                                               std::string_view purpose) const {
  std::optional<bool> consent;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    const auto consents = TRY(visible_person(caller, reader, reference)).record.consents;
    const auto known = consents.find(purpose);
    if (known != consents.end()) consent = known->second.given;
    return {};
  }));
  return consent;
}

}  // namespace amity::customers
