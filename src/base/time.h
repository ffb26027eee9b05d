// Time in UTC with microseconds, calendar dates, durations, and their text forms.
//
// The range is 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z; text outside it is refused. Nothing here reads a
// wall clock (base/clock.h does) or knows a time zone (base/zone.h does).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace amity {

struct Duration {
  int64_t us = 0;
  auto operator<=>(const Duration&) const = default;
};

constexpr Duration microseconds(int64_t n) { return {n}; }
constexpr Duration seconds(int64_t n) { return {n * 1'000'000}; }
constexpr Duration minutes(int64_t n) { return seconds(n * 60); }
constexpr Duration hours(int64_t n) { return minutes(n * 60); }
constexpr Duration days(int64_t n) { return hours(n * 24); }

// "90s", "15m", "24h", "30d", "52w": a whole number and one unit (s, m, h, d, w).
Result<Duration> parse_duration(std::string_view text);

// Microseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
  int64_t us = 0;
  auto operator<=>(const Timestamp&) const = default;
};

constexpr Timestamp operator+(Timestamp t, Duration d) { return {t.us + d.us}; }
constexpr Timestamp operator-(Timestamp t, Duration d) { return {t.us - d.us}; }
constexpr Duration operator-(Timestamp a, Timestamp b) { return {a.us - b.us}; }

constexpr Timestamp kEarliest{-62'135'596'800'000'000};
constexpr Timestamp kLatest{253'402'300'799'999'999};

// RFC 3339 section 5.6, any offset; at most microseconds (further digits are refused). Leap seconds are refused.
Result<Timestamp> parse_timestamp(std::string_view text);
// Always "YYYY-MM-DDThh:mm:ss[.ffffff]Z", the fraction only when it is not zero.
std::string format(Timestamp t);

// A day of the proleptic Gregorian calendar, counted from 1970-01-01.
struct Date {
  int32_t days = 0;
  auto operator<=>(const Date&) const = default;
};

struct YearMonthDay {
  int year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
};

Result<Date> make_date(int year, int month, int day);  // refuses 2023-02-29
YearMonthDay year_month_day(Date date);
constexpr int weekday(Date date) {  // ISO 8601: 1 Monday to 7 Sunday
  return static_cast<int>(((date.days + 3) % 7 + 7) % 7) + 1;
}
Result<Date> parse_date(std::string_view text);  // "YYYY-MM-DD"
std::string format(Date date);

constexpr Timestamp start_of(Date date) { return {int64_t{date.days} * 86'400'000'000}; }  // midnight UTC
Date date_of(Timestamp t);                                                                 // the day in UTC
// A moment or a day (its midnight UTC): what people type after --at.
Result<Timestamp> parse_moment(std::string_view text);

}  // namespace amity
