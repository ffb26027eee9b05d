#include "customers/links.h"

#include <algorithm>

#include "base/check.h"

namespace amity::customers {
namespace {

bool is_before(const LinkMoment& moment, const LinkedAsOf& as_of) {
  return moment.seq < as_of.before_seq && moment.time <= as_of.time;
}

bool holds(const Link& link, const LinkedAsOf& as_of) {
  return is_before(link.made, as_of) && !(link.undone && is_before(*link.undone, as_of));
}

// The newest of both by (time, seq) stays.
template <class Entries>
void join_newest(Entries& into, const Entries& more) {
  for (const auto& [name, entry] : more) {
    const auto [at, is_new] = into.emplace(name, entry);
    if (!is_new && entry.from.is_newer_than(at->second.from)) at->second = entry;
  }
}

// An account that one reference has left and another still holds is held.
void join_accounts(CustomerRecord& into, const CustomerRecord& more) {
  for (const auto& [name, link] : more.accounts) {
    const auto [at, is_new] = into.accounts.emplace(name, link);
    if (is_new) continue;
    const bool is_better = link.ended == at->second.ended ? link.from.is_newer_than(at->second.from) : !link.ended;
    if (is_better) at->second = link;
  }
}

}  // namespace

bool is_link(const events::Event& event) {
  return event.type == "customer.merged" || event.type == "customer.unmerged";
}

void Links::apply(const events::Event& event) {
  CHECK(is_link(event) && event.entities.size() > 1);
  const Uuid& stays = event.entities[0].id;
  const Uuid& other = event.entities[1].id;
  const LinkMoment moment{event.seq, event.time};
  if (event.type == "customer.merged") return add({other, stays, moment});
  const auto found = made_.find(other);
  if (found == made_.end()) return;  // forgotten since
  for (auto& link : found->second) {
    if (link.into == stays && !link.undone) link.undone = moment;
  }
}

void Links::add(const Link& link) {
  auto& own = made_[link.customer];
  const auto at = std::ranges::lower_bound(own, link.made.seq, {}, [](const Link& one) { return one.made.seq; });
  if (at != own.end() && at->made.seq == link.made.seq) return void(*at = link);
  own.insert(at, link);
  auto& others = into_[link.into];
  const auto place = std::ranges::lower_bound(others, link.customer);
  if (place == others.end() || *place != link.customer) others.insert(place, link.customer);
}

void Links::forget(const Uuid& customer) {
  for (const auto& link : of(customer)) {
    const auto others = into_.find(link.into);
    if (others == into_.end()) continue;
    std::erase(others->second, customer);
    if (others->second.empty()) into_.erase(others);
  }
  made_.erase(customer);
  const auto others = into_.find(customer);
  if (others == into_.end()) return;
  for (const auto& other : others->second) {
    const auto own = made_.find(other);
    std::erase_if(own->second, [&](const Link& link) { return link.into == customer; });
    if (own->second.empty()) made_.erase(own);
  }
  into_.erase(others);
}

std::optional<Link> Links::link_of(const Uuid& customer, const LinkedAsOf& moment) const {
  for (const auto& link : of(customer)) {
    if (holds(link, moment)) return link;
  }
  return std::nullopt;
}

std::vector<Uuid> Links::one_with(const Uuid& customer, const LinkedAsOf& moment) const {
  std::vector<Uuid> one{customer};
  if (is_empty()) return one;
  while (const auto link = link_of(one.back(), moment)) {
    if (std::ranges::find(one, link->into) != one.end()) break;
    one.push_back(link->into);
  }
  one = {one.back()};
  for (size_t i = 0; i < one.size(); ++i) {
    const auto others = into_.find(one[i]);
    if (others == into_.end()) continue;
    for (const auto& other : others->second) {
      const auto link = link_of(other, moment);
      const bool is_new = std::ranges::find(one, other) == one.end();
      if (is_new && link && link->into == one[i]) one.push_back(other);
    }
  }
  std::ranges::sort(one.begin() + 1, one.end());
  return one;
}

Timestamp Links::newest(const Uuid& customer) const {
  Timestamp newest = kEarliest;
  const auto see = [&](const Link& link) {
    newest = std::max(newest, link.made.time);
    if (link.undone) newest = std::max(newest, link.undone->time);
  };
  std::ranges::for_each(of(customer), see);
  const auto others = into_.find(customer);
  if (others == into_.end()) return newest;
  for (const auto& other : others->second) {
    for (const auto& link : of(other)) {
      if (link.into == customer) see(link);
    }
  }
  return newest;
}

std::vector<Link> Links::all() const {
  std::vector<Link> all;
  for (const auto& [customer, links] : made_) all.insert(all.end(), links.begin(), links.end());
  std::ranges::sort(all, {}, [](const Link& link) { return std::tie(link.customer, link.made.seq); });
  return all;
}

std::span<const Link> Links::of(const Uuid& customer) const {
  const auto found = made_.find(customer);
  return found == made_.end() ? std::span<const Link>() : std::span<const Link>(found->second);
}

std::vector<events::Entity> one_with_first(const Links& links, const events::Event& event) {
  std::vector<events::Entity> others;
  if (links.is_empty()) return others;
  const auto first = std::ranges::find(event.entities, events::EntityKind::kCustomer, &events::Entity::kind);
  if (first == event.entities.end()) return others;
  for (const auto& id : links.one_with(first->id, {.time = event.time, .before_seq = event.seq})) {
    if (id != first->id) others.push_back({events::EntityKind::kCustomer, id});
  }
  std::ranges::sort(others);
  return others;
}

CustomerRecord joined(std::span<const CustomerRecord* const> records) {
  CHECK(!records.empty());
  CustomerRecord joined = *records.front();
  for (const auto* record : records.subspan(1)) {
    join_newest(joined.values, record->values);
    join_newest(joined.relationships, record->relationships);
    join_newest(joined.consents, record->consents);
    join_accounts(joined, *record);
    joined.interaction_count += record->interaction_count;
    joined.newest = std::max(joined.newest, record->newest);
    joined.last_seq = std::max(joined.last_seq, record->last_seq);
  }
  const auto own_unit = records.front()->values.find("unit");
  joined.values.erase("unit");
  if (own_unit != records.front()->values.end()) joined.values.emplace("unit", own_unit->second);
  return joined;
}

}  // namespace amity::customers
