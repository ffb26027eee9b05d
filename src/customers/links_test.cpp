#include "customers/links.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"

namespace amity::customers {
namespace {

using events::EntityKind;
using events::Event;

Uuid id(uint8_t n) { return Uuid{.bytes = {n}}; }
Timestamp day(int64_t n) { return *parse_timestamp("2026-01-01T00:00:00Z") + days(n); }

// `other` is said to be `stays`, or no longer.
Event said(const std::string& type, uint8_t stays, uint8_t other, int64_t seq) {
  Event event;
  event.type = type;
  event.seq = seq;
  event.time = day(seq);
  event.entities = {{EntityKind::kCustomer, id(stays)}, {EntityKind::kCustomer, id(other)}};
  return event;
}
Event merged(uint8_t stays, uint8_t other, int64_t seq) { return said("customer.merged", stays, other, seq); }
Event unmerged(uint8_t stays, uint8_t other, int64_t seq) { return said("customer.unmerged", stays, other, seq); }

Links links_of(std::initializer_list<Event> events) {
  Links links;
  for (const auto& event : events) links.apply(event);
  return links;
}

using Ids = std::vector<Uuid>;

TEST(Links, join_customers_under_the_one_who_stays) {
  const auto links = links_of({merged(5, 7, 1), merged(5, 3, 2)});
  EXPECT_EQ(links.one_with(id(5)), (Ids{id(5), id(3), id(7)}));
  EXPECT_EQ(links.one_with(id(3)), (Ids{id(5), id(3), id(7)}));
  EXPECT_EQ(links.one_with(id(9)), (Ids{id(9)}));
}

TEST(Links, of_who_was_merged_with_others_before_go_along) {
  const auto links = links_of({merged(2, 1, 1), merged(4, 2, 2)});
  EXPECT_EQ(links.one_with(id(1)), (Ids{id(4), id(1), id(2)}));
  const auto parted = links_of({merged(2, 1, 1), merged(4, 2, 2), unmerged(4, 2, 3)});
  EXPECT_EQ(parted.one_with(id(1)), (Ids{id(2), id(1)}));
  EXPECT_EQ(parted.one_with(id(4)), (Ids{id(4)}));
}

TEST(Links, hold_from_their_event_to_the_one_that_takes_them_back) {
  const auto links = links_of({merged(1, 2, 10), unmerged(1, 2, 20), merged(2, 1, 30)});
  const auto first = [&](const LinkedAsOf& moment) { return links.one_with(id(1), moment); };
  EXPECT_EQ(first({.time = day(9)}), (Ids{id(1)}));
  EXPECT_EQ(first({.time = day(10)}), (Ids{id(1), id(2)}));
  EXPECT_EQ(first({.before_seq = 10}), (Ids{id(1)}));
  EXPECT_EQ(first({.before_seq = 11}), (Ids{id(1), id(2)}));
  EXPECT_EQ(first({.before_seq = 20}), (Ids{id(1), id(2)}));
  EXPECT_EQ(first({.before_seq = 21}), (Ids{id(1)}));
  EXPECT_EQ(first({.time = day(20)}), (Ids{id(1)}));
  EXPECT_EQ(first({}), (Ids{id(2), id(1)}));
}

TEST(Links, of_who_is_forgotten_are_gone_on_both_sides) {
  auto links = links_of({merged(1, 2, 1), merged(1, 3, 2), merged(4, 1, 3)});
  links.forget(id(1));
  EXPECT_TRUE(links.all().empty());
  EXPECT_TRUE(links.is_empty());
  links = links_of({merged(1, 2, 1), merged(1, 3, 2)});
  links.forget(id(3));
  EXPECT_EQ(links.one_with(id(3)), (Ids{id(3)}));
  EXPECT_EQ(links.one_with(id(1)), (Ids{id(1), id(2)}));
}

// Who is one, found by asking every event of everybody.
std::set<Uuid> asked_of_everybody(std::span<const Event> events, const Uuid& of, const LinkedAsOf& moment) {
  std::map<Uuid, Uuid> into;
  for (const auto& event : events) {
    if (event.seq >= moment.before_seq || event.time > moment.time) continue;
    const auto& stays = event.entities[0].id;
    const auto& other = event.entities[1].id;
    event.type == "customer.merged" ? void(into[other] = stays) : void(into.erase(other));
  }
  const auto root_of = [&](Uuid one) {
    while (into.contains(one)) one = into.at(one);
    return one;
  };
  std::set<Uuid> one;
  for (uint8_t n = 0; n < 12; ++n) {
    if (root_of(id(n)) == root_of(of)) one.insert(id(n));
  }
  return one;
}

TEST(Links, say_at_every_moment_what_their_events_say) {
  Random random(20261123);
  for (int round = 0; round < 50; ++round) {
    Links links;
    std::vector<Event> events;
    for (int64_t seq = 1; seq <= 60; ++seq) {
      const auto stays = static_cast<uint8_t>(random.below(12));
      const auto other = static_cast<uint8_t>(random.below(12));
      const auto link = links.link_of(id(other));
      const bool may_part = link && link->into == id(stays);
      const bool may_merge = stays != other && !link && !links.link_of(id(stays));
      if (!may_part && !may_merge) continue;
      events.push_back(may_part ? unmerged(stays, other, seq) : merged(stays, other, seq));
      links.apply(events.back());
    }
    Links stored;
    for (const auto& link : links.all()) stored.add(link);
    for (int question = 0; question < 40; ++question) {
      const auto of = id(static_cast<uint8_t>(random.below(12)));
      LinkedAsOf moment;
      if (random.below(2) == 0) moment.before_seq = static_cast<int64_t>(random.below(62));
      if (random.below(2) == 0) moment.time = day(static_cast<int64_t>(random.below(62)));
      const auto one = stored.one_with(of, moment);
      EXPECT_EQ(std::set<Uuid>(one.begin(), one.end()), asked_of_everybody(events, of, moment));
      EXPECT_EQ(one.size(), std::set<Uuid>(one.begin(), one.end()).size());
      EXPECT_TRUE(std::ranges::is_sorted(one.begin() + 1, one.end()));
    }
  }
}

TEST(Links, joined_records_keep_the_newest_of_each_and_the_unit_of_the_first) {
  CustomerRecord first;
  first.reference = "a";
  first.values = {{"name", {"Lin", {1, day(1), "core"}}}, {"phone", {"1", {2, day(5), "core"}}}};
  first.consents["marketing"] = {true, "v1", "zh", {3, day(2), "core"}};
  first.interaction_count = 2;
  first.last_seq = 3;
  first.newest = day(5);
  CustomerRecord second;
  second.reference = "b";
  second.values = {{"phone", {"2", {4, day(4), "core"}}},
                   {"email", {"x@y.z", {5, day(1), "core"}}},
                   {"unit", {"/west", {5, day(1), "core"}}}};
  second.consents["marketing"] = {false, "", "", {6, day(3), "core"}};
  second.accounts["acc"] = {"acc", id(1), "owner", {7, day(2), "core"}, false};
  first.accounts["acc"] = {"acc", id(1), "", {8, day(9), "core"}, true};
  second.interaction_count = 1;
  second.last_seq = 7;
  second.newest = day(6);
  const CustomerRecord* both[] = {&first, &second};
  const auto one = joined(both);
  EXPECT_EQ(one.reference, "a");
  EXPECT_EQ(one.text_of("phone"), "1");
  EXPECT_EQ(one.text_of("email"), "x@y.z");
  EXPECT_EQ(one.unit(), "");
  EXPECT_FALSE(one.consents.at("marketing").given);
  EXPECT_FALSE(one.accounts.at("acc").ended);
  EXPECT_EQ(one.interaction_count, 3);
  EXPECT_EQ(one.last_seq, 7);
  EXPECT_EQ(one.newest, day(6));
}

}  // namespace
}  // namespace amity::customers
