#include "customers/retention.h"

#include <gtest/gtest.h>

namespace amity::customers {
namespace {

using Unit = Period::Unit;

std::string place_of_refusal(const std::string& field, const std::string& value) {
  std::string text =
      R"(duties: [{name: d1, title: {en: a, zh: b}, basis: {en: a, zh: b}, holds: {}, from: event, keep: 1 years}])";
  const auto at = text.find(field + ":");
  const auto end = text.find_first_of(",}", text[at + field.size() + 2] == '{' ? text.find('}', at) + 1 : at);
  text.replace(at, end - at, value);
  const auto parsed = Retention::parse(text);
  return parsed ? "ok" : parsed.error().place;
}

TEST(Retention, refuses_what_is_wrong_and_names_its_place) {
  EXPECT_EQ(place_of_refusal("keep", "keep: ten years"), "/duties/0/keep");
  EXPECT_EQ(place_of_refusal("keep", "keep: 0 years"), "/duties/0/keep");
  EXPECT_EQ(place_of_refusal("keep", "keep: 10 weeks"), "/duties/0/keep");
  EXPECT_EQ(place_of_refusal("keep", "keep: 101 years"), "/duties/0/keep");
  EXPECT_EQ(place_of_refusal("from", "from: birth"), "/duties/0/from");
  EXPECT_EQ(place_of_refusal("from", "since: event"), "/duties/0/from");
  EXPECT_EQ(place_of_refusal("keep", "keep: 1 years, forever: true"), "/duties/0");
  EXPECT_EQ(place_of_refusal("title", "title: {en: a}"), "/duties/0/title/zh");
  EXPECT_EQ(place_of_refusal("holds", "holds: {events: [no.such]}"), "/duties/0/holds/events/0");
  EXPECT_EQ(place_of_refusal("holds", "holds: {customers: [cat], events: [transaction.posted]}"),
            "/duties/0/holds/customers/0");
  EXPECT_EQ(place_of_refusal("name", "name: A B"), "/duties/0/name");
  EXPECT_EQ(place_of_refusal("holds", "holds: {events: [transaction.posted]}"), "ok");
  std::string many = "duties:";
  for (int i = 0; i < 33; ++i) {
    many += "\n  - {name: d" + std::to_string(i) +
            ", title: {en: a, zh: b}, basis: {en: a, zh: b}, holds: {}, from: relationship_end, keep: 1 years}";
  }
  EXPECT_EQ(Retention::parse(many).error().place, "/duties");
  EXPECT_TRUE(Retention::parse(many.substr(0, many.rfind('\n'))));
  EXPECT_EQ(Retention::parse("obligations: []").error().place, "/duties");
}

TEST(Retention, counts_by_the_calendar_and_the_last_day_whole_everywhere) {
  const auto end = [](const char* from, Period period) { return format(end_of(*parse_moment(from), period)); };
  EXPECT_EQ(end("2026-03-01T12:00:00Z", {10, Unit::kYears}), "2036-03-03T00:00:00Z");
  EXPECT_EQ(end("2024-02-29", {1, Unit::kYears}), "2025-03-03T00:00:00Z");
  EXPECT_EQ(end("2026-08-31", {6, Unit::kMonths}), "2027-03-03T00:00:00Z");
  EXPECT_EQ(end("2026-12-31", {1, Unit::kDays}), "2027-01-03T00:00:00Z");
}

}  // namespace
}  // namespace amity::customers
