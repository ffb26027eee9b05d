#include "expressions/functions/time.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/time.h"
#include "expressions/functions/library.h"
#include "expressions/functions/zone.h"

namespace amity::expressions {
namespace {

constexpr int64_t kBillion = 1'000'000'000;
constexpr int64_t kEarliestSecond = kEarliest.us / 1'000'000;
constexpr int64_t kLatestSecond = 253'402'300'799;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }

// ".123456789" without trailing zeros; empty for zero.
std::string fraction(uint32_t nanoseconds) {
  if (nanoseconds == 0) return {};
  std::string text = fmt::format(".{:09}", nanoseconds);
  text.resize(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

Wide nanoseconds_since_1970(const Value& t) { return Wide{t.seconds()} * kBillion + t.nanoseconds(); }

Value checked_timestamp(Wide nanoseconds) {
  Wide seconds = nanoseconds / kBillion;
  auto rest = static_cast<int64_t>(nanoseconds % kBillion);
  if (rest < 0) rest += kBillion, seconds -= 1;
  if (seconds < kEarliestSecond || seconds > kLatestSecond) return Value::fault(Fault::kOverflow);
  return Value::timestamp(static_cast<int64_t>(seconds), static_cast<uint32_t>(rest));
}

// The fraction is taken out and the rest read by the house's one reader, which knows microseconds only.
std::optional<Value> timestamp_from(std::string_view text) {
  std::string whole(text);
  uint32_t nanoseconds = 0;
  if (text.size() > 20 && text[19] == '.') {
    size_t end = 20;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == 20 || end > 29) return std::nullopt;
    std::string digits(text.substr(20, end - 20));
    digits.resize(9, '0');
    std::from_chars(digits.data(), digits.data() + 9, nanoseconds);
    whole.erase(19, end - 19);
  }
  const auto t = parse_timestamp(whole);
  if (!t) return std::nullopt;
  return Value::timestamp(t->us / 1'000'000, nanoseconds);
}

std::string text_of_timestamp(const Value& t) {
  std::string text = format(Timestamp{t.seconds() * 1'000'000});
  return text.insert(text.size() - 1, fraction(t.nanoseconds()));
}

namespace {

struct Unit {
  std::string_view name;
  int64_t nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},       {"us", 1'000},        {"\xC2\xB5s", 1'000},  {"ms", 1'000'000},
                           {"s", kBillion}, {"m", 60 * kBillion}, {"h", 3600 * kBillion}};

// One "12.5h" from the head of text, in nanoseconds.
std::optional<Wide> take_part(std::string_view& text) {
  size_t digits = 0;
  Wide value = 0;
  Wide scale = 1;
  bool point = false;
  for (; !text.empty() && (is_digit(text[0]) || (text[0] == '.' && !point)); text.remove_prefix(1)) {
    if (text[0] == '.') {
      point = true;
      continue;
    }
    if (++digits > 20) return std::nullopt;
    value = value * 10 + (text[0] - '0');
    if (point) scale *= 10;
  }
  size_t length = 0;
  while (length < text.size() && !is_digit(text[length]) && text[length] != '.') ++length;
  for (const Unit& unit : kUnits) {
    if (digits > 0 && text.substr(0, length) == unit.name) {
      text.remove_prefix(length);
      return value * unit.nanoseconds / scale;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Value> duration_from(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Value::duration(0);
  if (text.empty()) return std::nullopt;
  Wide total = 0;
  constexpr Wide kMost = INT64_MAX;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part || (total += *part) > kMost) return std::nullopt;
  }
  return Value::duration(static_cast<int64_t>(negative ? -total : total));
}

std::string text_of_duration(const Value& d) {
  const int64_t ns = d.duration_nanoseconds();
  const uint64_t magnitude = ns < 0 ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  return (ns < 0 ? "-" : "") + std::to_string(magnitude / kBillion) +
         fraction(static_cast<uint32_t>(magnitude % kBillion)) + "s";
}

std::optional<int64_t> zone_offset_seconds(std::string_view zone, int64_t at_seconds) {
  if (zone == "UTC" || zone == "Z" || zone.empty()) return 0;
  const bool is_signed = zone[0] == '+' || zone[0] == '-';
  const std::string_view clock = zone.substr(is_signed ? 1 : 0);
  if (!is_digit(clock.empty() ? 'x' : clock[0])) return named_zone_offset_seconds(zone, at_seconds);
  if (clock.size() != 5 || clock[2] != ':') return std::nullopt;
  for (size_t i : {0, 1, 3, 4}) {
    if (!is_digit(clock[i])) return std::nullopt;
  }
  const int hour = (clock[0] - '0') * 10 + clock[1] - '0';
  const int minute = (clock[3] - '0') * 10 + clock[4] - '0';
  if (hour > 23 || minute > 59) return std::nullopt;
  return (zone[0] == '-' ? -1 : 1) * (hour * 3600 + minute * 60);
}

namespace {

struct Local {
  YearMonthDay date;
  Date day;
  int64_t second_of_day = 0;
};

using Part = int64_t (*)(const Local&);

Value part_of_time(std::span<const Value> a, Part part) {
  int64_t offset = 0;
  if (a.size() == 2) {
    const auto zone = zone_offset_seconds(a[1].as_text(), a[0].seconds());
    if (!zone) return bad_argument();
    offset = *zone;
  }
  const int64_t local = a[0].seconds() + offset;
  const int64_t day = floor_divide(local, 86'400);
  const Date date{static_cast<int32_t>(day)};
  return Value::integer(part({year_month_day(date), date, local - day * 86'400}));
}

// A getter of a timestamp's part, with or without a zone, and of a duration's whole units where it has them.
Value get(std::span<const Value> a, Part part, int64_t duration_unit = 0) {
  if (a[0].is(Kind::kDuration) && duration_unit > 0 && a.size() == 1) {
    return Value::integer(a[0].duration_nanoseconds() / duration_unit);
  }
  if (!a[0].is(Kind::kTimestamp) || (a.size() == 2 && !a[1].is(Kind::kString))) return no_overload();
  return part_of_time(a, part);
}

int64_t day_of_year(const Local& l) { return l.day.days - make_date(l.date.year, 1, 1).value_or(Date{}).days; }

Value full_year(std::span<const Value> a) {
  return get(a, [](const Local& l) { return int64_t{l.date.year}; });
}
Value month(std::span<const Value> a) {
  return get(a, [](const Local& l) { return int64_t{l.date.month - 1}; });
}
Value date(std::span<const Value> a) {
  return get(a, [](const Local& l) { return int64_t{l.date.day}; });
}
Value day_of_month(std::span<const Value> a) {
  return get(a, [](const Local& l) { return int64_t{l.date.day - 1}; });
}
Value day_of_week(std::span<const Value> a) {
  return get(a, [](const Local& l) { return int64_t{weekday(l.day) % 7}; });
}
Value year_day(std::span<const Value> a) { return get(a, day_of_year); }
Value hours_of(std::span<const Value> a) {
  return get(a, [](const Local& l) { return l.second_of_day / 3600; }, 3600 * kBillion);
}
Value minutes_of(std::span<const Value> a) {
  return get(a, [](const Local& l) { return l.second_of_day / 60 % 60; }, 60 * kBillion);
}
Value seconds_of(std::span<const Value> a) {
  return get(a, [](const Local& l) { return l.second_of_day % 60; }, kBillion);
}
Value milliseconds_of(std::span<const Value> a) {
  if (a[0].is(Kind::kDuration)) return Value::integer(a[0].duration_nanoseconds() / 1'000'000 % 1000);
  return a[0].is(Kind::kTimestamp) ? Value::integer(a[0].nanoseconds() / 1'000'000) : no_overload();
}

constexpr Overload kTable[] = {
    {"getFullYear", true, "timestamp", "int", full_year},
    {"getFullYear", true, "timestamp, string", "int", full_year},
    {"getMonth", true, "timestamp", "int", month},
    {"getMonth", true, "timestamp, string", "int", month},
    {"getDate", true, "timestamp", "int", date},
    {"getDate", true, "timestamp, string", "int", date},
    {"getDayOfMonth", true, "timestamp", "int", day_of_month},
    {"getDayOfMonth", true, "timestamp, string", "int", day_of_month},
    {"getDayOfWeek", true, "timestamp", "int", day_of_week},
    {"getDayOfWeek", true, "timestamp, string", "int", day_of_week},
    {"getDayOfYear", true, "timestamp", "int", year_day},
    {"getDayOfYear", true, "timestamp, string", "int", year_day},
    {"getHours", true, "timestamp", "int", hours_of},
    {"getHours", true, "timestamp, string", "int", hours_of},
    {"getHours", true, "duration", "int", hours_of},
    {"getMinutes", true, "timestamp", "int", minutes_of},
    {"getMinutes", true, "timestamp, string", "int", minutes_of},
    {"getMinutes", true, "duration", "int", minutes_of},
    {"getSeconds", true, "timestamp", "int", seconds_of},
    {"getSeconds", true, "timestamp, string", "int", seconds_of},
    {"getSeconds", true, "duration", "int", seconds_of},
    {"getMilliseconds", true, "timestamp", "int", milliseconds_of},
    {"getMilliseconds", true, "timestamp, string", "int", milliseconds_of},
    {"getMilliseconds", true, "duration", "int", milliseconds_of},
};

}  // namespace

std::span<const Overload> time_functions() { return kTable; }

}  // namespace amity::expressions
