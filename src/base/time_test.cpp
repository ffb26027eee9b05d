#include "base/time.h"

#include <gtest/gtest.h>

namespace amity {
namespace {

TEST(Time, reads_and_writes_rfc_3339) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00Z")->us, 0);
  EXPECT_EQ(parse_timestamp("2026-11-22T15:18:00.25+08:00")->us, parse_timestamp("2026-11-22T07:18:00.25Z")->us);
  EXPECT_EQ(format(*parse_timestamp("1969-12-31T23:59:59.000001Z")), "1969-12-31T23:59:59.000001Z");
  EXPECT_EQ(format(kEarliest), "0001-01-01T00:00:00Z");
  EXPECT_EQ(format(kLatest), "9999-12-31T23:59:59.999999Z");
}

TEST(Time, refuses_what_is_no_time) {
  for (const char* text :
       {"", "2026-02-29T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567Z",
        "2026-01-01T00:00:00+24:00", "0000-01-01T00:00:00Z", "2026-01-01T00:00:00Zx", "0001-01-01T00:00:00+00:01"}) {
    EXPECT_FALSE(parse_timestamp(text)) << text;
  }
}

TEST(Time, counts_days_as_the_calendar_does) {
  EXPECT_EQ(make_date(1970, 1, 1)->days, 0);
  EXPECT_EQ(make_date(2000, 3, 1)->days, 11017);
  EXPECT_EQ(make_date(1600, 2, 29)->days, -135081);
  EXPECT_EQ(weekday(*make_date(2026, 11, 22)), 7);
  EXPECT_EQ(weekday(*make_date(1969, 12, 31)), 3);
  EXPECT_EQ(date_of({-1}).days, -1);
  for (int day = -800'000; day < 2'900'000; day += 13) {
    const auto [y, m, d] = year_month_day(Date{day});
    if (y < 1 || y > 9999) continue;
    ASSERT_EQ(make_date(y, m, d)->days, day);
  }
}

TEST(Time, reads_lengths) {
  EXPECT_EQ(*parse_duration("15m"), minutes(15));
  EXPECT_EQ(*parse_duration("30d"), days(30));
  for (const char* text : {"", "5", "d", "-1d", "0d", "1.5h", "3 d", "9999999999d", "2y"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

}  // namespace
}  // namespace amity
