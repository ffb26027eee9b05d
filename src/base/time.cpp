#include "base/time.h"

#include <charconv>

#include <fmt/format.h>

namespace amity {
namespace {

// Reads exactly `width` digits at `at`; -1 where something else stands.
int digits(std::string_view text, size_t at, size_t width) {
  if (at + width > text.size()) return -1;
  int value = 0;
  for (char c : text.substr(at, width)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::unexpected<Error> bad_timestamp() {
  return invalid("not a time: write it as 2026-01-31T08:30:00Z (RFC 3339, years 0001 to 9999)");
}

// Minutes east of UTC from "Z" or "+08:00"; nothing else may follow.
Result<int> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return bad_timestamp();
  const int hour = digits(text, 1, 2);
  const int minute = digits(text, 4, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return bad_timestamp();
  return (text[0] == '-' ? -1 : 1) * (hour * 60 + minute);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool one_unit = error == std::errc{} && end + 1 == text.data() + text.size();
  if (!one_unit || count <= 0 || count > 1'000'000'000) {
    return invalid("not a length of time: write a whole number and a unit, such as 15m, 24h or 30d");
  }
  switch (*end) {
    case 's': return seconds(count);
    case 'm': return minutes(count);
    case 'h': return hours(count);
    case 'd': return count <= 3'650'000 ? Result<Duration>(days(count)) : invalid("longer than 10,000 years");
    case 'w': return count <= 520'000 ? Result<Duration>(days(7 * count)) : invalid("longer than 10,000 years");
    default: return invalid("unknown unit of time: use s, m, h, d or w");
  }
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  if (text.size() < 20 || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) return bad_timestamp();
  const auto date = parse_date(text.substr(0, 10));
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  const int second = digits(text, 17, 2);
  if (!date || text[13] != ':' || text[16] != ':') return bad_timestamp();
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return bad_timestamp();
  size_t at = 19;
  int64_t fraction_us = 0;
  if (text[at] == '.') {
    int64_t unit = 100'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
      if (unit == 0) return invalid("a time carries at most microseconds: six digits after the point");
      fraction_us += (text[at] - '0') * unit;
    }
    if (text[at - 1] == '.') return bad_timestamp();
  }
  const int offset = TRY(parse_offset(text.substr(at)));
  const Timestamp t = start_of(*date) + hours(hour) + minutes(minute - offset) + seconds(second);
  const Timestamp result{t.us + fraction_us};
  if (result < kEarliest || result > kLatest) return bad_timestamp();
  return result;
}

std::string format(Timestamp t) {
  const Date date = date_of(t);
  const int64_t in_day = t.us - start_of(date).us;
  const int64_t second = in_day / 1'000'000;
  const int64_t fraction = in_day % 1'000'000;
  const auto [y, m, d] = year_month_day(date);
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", y, m, d, second / 3600, second / 60 % 60, second % 60);
  if (fraction != 0) text += fmt::format(".{:06}", fraction);
  return text + "Z";
}

// Days from civil and back: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
Result<Date> make_date(int year, int month, int day) {
  static constexpr int kLength[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  const bool exists = year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
                      day <= kLength[month - 1] + (month == 2 && leap ? 1 : 0);
  if (!exists) return invalid("no such day in the calendar");
  const int y = month <= 2 ? year - 1 : year;
  const int era = (y >= 0 ? y : y - 399) / 400;
  const int year_of_era = y - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return Date{era * 146'097 + day_of_era - 719'468};
}

YearMonthDay year_month_day(Date date) {
  const int z = date.days + 719'468;
  const int era = (z >= 0 ? z : z - 146'096) / 146'097;
  const int day_of_era = z - era * 146'097;
  const int year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int shifted = (5 * day_of_year + 2) / 153;
  const int month = shifted + (shifted < 10 ? 3 : -9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day_of_year - (153 * shifted + 2) / 5 + 1};
}

Result<Date> parse_date(std::string_view text) {
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || year < 0 || month < 0 || day < 0) {
    return invalid("not a date: write it as 2026-01-31");
  }
  return make_date(year, month, day);
}

std::string format(Date date) {
  const auto [y, m, d] = year_month_day(date);
  return fmt::format("{:04}-{:02}-{:02}", y, m, d);
}

Date date_of(Timestamp t) {
  constexpr int64_t kDay = 86'400'000'000;
  return Date{static_cast<int32_t>(t.us >= 0 ? t.us / kDay : -((-t.us + kDay - 1) / kDay))};
}

Result<Timestamp> parse_moment(std::string_view text) {
  if (text.size() == 10) return start_of(TRY(parse_date(text)));
  return parse_timestamp(text);
}

}  // namespace amity
