#include "customers/arrival.h"

#include "events/catalogue.h"

namespace amity::customers {
namespace {

using events::EntityKind;
using events::Event;

std::unexpected<Error> contradicts(std::string message, std::string place) {
  return fail(Code::kUnprocessable, std::move(message), std::move(place));
}

std::string_view text_in(const json::object& data, std::string_view name) {
  const auto* value = data.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

Result<void> check_currency(const AccountRecord& account, const Event& event) {
  const auto own = account.text_of("currency");
  for (const auto& field : events::find_type(event.type)->fields) {
    const auto* money = field.kind == events::FieldKind::kMoney ? event.data.if_contains(field.name) : nullptr;
    if (own.empty() || money == nullptr || money->is_null() || money->at("currency").as_string() == own) continue;
    return contradicts("the account is kept in another currency: send the amount in the account's",
                       "/data/" + std::string(field.name) + "/currency");
  }
  return {};
}

Result<void> check_opened_again(const AccountRecord& account, const Event& event) {
  for (const auto* name : {"type", "currency"}) {
    const auto own = account.text_of(name);
    if (own.empty() || own == text_in(event.data, name)) continue;
    return contradicts("the account is open already, as another: a new account needs a new reference",
                       "/data/" + std::string(name));
  }
  for (const auto& item : event.data.at("holders").get_array()) {
    const auto& named = item.get_object();
    const auto known = account.holders.find(text_in(named, "customer"));
    const bool holds = known != account.holders.end() && !known->second.ended;
    if (holds && known->second.role == text_in(named, "role")) continue;
    return contradicts("the account is open already, with other holders or roles: send account.holder_added",
                       "/data/holders");
  }
  return {};
}

// Whoever held once and holds no more may have held at the moment of an event that comes late.
Result<void> check_removed(const AccountRecord& account, const Event& event) {
  const auto known = account.holders.find(text_in(event.data, "customer"));
  if (known != account.holders.end() && (!known->second.ended || event.time < known->second.from.time)) return {};
  return contradicts("this customer does not hold the account", "/data/customer");
}

Result<void> check_unit_kept(const CustomerRecord& customer, const Event& event) {
  const auto own = customer.unit();
  const auto asked = text_in(event.data, "unit");
  if (asked.empty() || asked == (own.empty() ? "/" : own)) return {};
  return contradicts("registered already, in another unit: a customer changes unit by customer.updated", "/data/unit");
}

// A day is a local one and the moment of an event is not: somebody may be born tomorrow where UTC is behind.
Result<void> check_born(const Event& event) {
  const auto text = text_in(event.data, "birth_date");
  if (text.empty() || TRY(parse_date(text)) <= date_of(event.time + days(1))) return {};
  return contradicts("nobody is born after the event that tells of them", "/data/birth_date");
}

Result<void> check_account(const AccountRecord& account, const Event& event) {
  if (event.type == "account.opened") return check_opened_again(account, event);
  if (event.type == "account.holder_removed") return check_removed(account, event);
  return check_currency(account, event);
}

// Two who are to be one: both known under their own references, of one kind and one unit. Whose data may be seen does
// not change by a merge.
Result<void> check_merge(const LiveRecords& records, const Event& event) {
  const auto& stays = event.entities[0].id;
  const auto& other = event.entities[1].id;
  if (records.links().link_of(stays)) {
    return contradicts("this customer has been merged into another: merge into that one", "/subject");
  }
  if (records.links().link_of(other)) {
    return contradicts("this customer has been merged already: take that back first", "/data/other");
  }
  const auto* first = records.customer(stays);
  const auto* second = records.customer(other);
  if (first == nullptr || second == nullptr) return {};
  for (const auto* name : {"kind", "unit"}) {
    if (first->record.text_of(name) == second->record.text_of(name)) continue;
    return contradicts(std::string("both are of the same ") + name + ", or one of them is put right first",
                       "/data/other");
  }
  return {};
}

Result<void> check_link(const LiveRecords& records, const Event& event) {
  if (event.entities.size() < 2) return contradicts("nobody is merged with themselves", "/data/other");
  const auto& links = records.links();
  const auto& [stays, other] = std::pair(event.entities[0].id, event.entities[1].id);
  if (event.time < std::max(links.newest(stays), links.newest(other))) {
    return contradicts("lies before what was said of these customers last: see that the clock is right", "/time");
  }
  if (event.type == "customer.merged") return check_merge(records, event);
  const auto link = links.link_of(other);
  if (link && link->into == stays) return {};
  return contradicts("is not merged into this customer", "/data/other");
}

}  // namespace

Result<void> check_arrival(const LiveRecords& records, const Event& event) {
  const auto& subject = event.entities.front();
  if (subject.kind == EntityKind::kAccount) {
    const auto* known = records.account(subject.id);
    return known == nullptr ? Result<void>() : check_account(known->record, event);
  }
  if (is_link(event)) return check_link(records, event);
  TRY(check_born(event));
  if (event.type == "relationship.recorded" && text_in(event.data, "other") == event.subject.key) {
    return contradicts("nobody is related to themselves", "/data/other");
  }
  const auto* known = event.type == "customer.registered" ? records.customer(subject.id) : nullptr;
  return known == nullptr ? Result<void>() : check_unit_kept(known->record, event);
}

}  // namespace amity::customers
