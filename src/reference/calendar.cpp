#include "reference/calendar.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "base/yaml.h"

namespace amity::reference {
namespace {

constexpr int kLongestHolidayDays = 31;

bool is_weekend(Date date) { return weekday(date) >= 6; }

Result<std::vector<Date>> parse_holiday(const json::value& value, std::string_view place) {
  JsonReader in(value, place);
  const std::string from_text = in.text("from");
  const std::string to_text = in.text_or("to", from_text);
  TRY(in.finish());
  const Date from = TRY(parse_date(from_text));
  const Date to = TRY(parse_date(to_text));
  if (to < from || to.days - from.days >= kLongestHolidayDays) {
    return invalid("a holiday runs forwards and lasts at most 31 days", std::string(place));
  }
  std::vector<Date> days;
  for (Date day = from; day <= to; ++day.days) days.push_back(day);
  return days;
}

Result<Date> parse_weekend_day(const json::value& value, const std::string& place) {
  if (!value.is_string()) return invalid("a date is expected here", place);
  const Date day = TRY(parse_date(std::string_view(value.get_string())));
  if (!is_weekend(day)) return invalid("this is no Saturday or Sunday", place);
  return day;
}

// Sorted; invalid where a day stands twice.
Result<std::vector<Date>> sorted(std::vector<Date> days, const char* place) {
  std::ranges::sort(days);
  const auto twice = std::ranges::adjacent_find(days);
  if (twice != days.end()) return invalid(fmt::format("{} is listed twice", format(*twice)), place);
  return days;
}

}  // namespace

Result<Calendar> Calendar::parse(std::string_view yaml_text) {
  const json::value document = TRY(parse_yaml(yaml_text));
  JsonReader in(document, "");
  Calendar calendar;
  calendar.id_ = in.text("id", 64);
  calendar.first_year_ = static_cast<int>(in.integer("first_year", 1900, 2200));
  calendar.last_year_ = static_cast<int>(in.integer("last_year", calendar.first_year_, 2200));
  const json::array holidays = in.array("holidays");
  const json::array working = in.array("working_weekend_days");
  TRY(in.finish());

  for (size_t i = 0; i < holidays.size(); ++i) {
    const auto days = TRY(parse_holiday(holidays[i], fmt::format("/holidays/{}", i)));
    calendar.holidays_.insert(calendar.holidays_.end(), days.begin(), days.end());
  }
  for (size_t i = 0; i < working.size(); ++i) {
    calendar.working_weekend_days_.push_back(
        TRY(parse_weekend_day(working[i], fmt::format("/working_weekend_days/{}", i))));
  }
  calendar.holidays_ = TRY(sorted(std::move(calendar.holidays_), "/holidays"));
  calendar.working_weekend_days_ = TRY(sorted(std::move(calendar.working_weekend_days_), "/working_weekend_days"));
  const auto declared = [&](Date day) { return calendar.covers(day); };
  if (!std::ranges::all_of(calendar.holidays_, declared) ||
      !std::ranges::all_of(calendar.working_weekend_days_, declared)) {
    return invalid("every day must lie between first_year and last_year");
  }
  const auto is_holiday = [&](Date day) { return std::ranges::binary_search(calendar.holidays_, day); };
  if (std::ranges::any_of(calendar.working_weekend_days_, is_holiday)) {
    return invalid("a day cannot be a holiday and a working day", "/working_weekend_days");
  }
  return calendar;
}

bool Calendar::covers(Date date) const {
  const int year = year_month_day(date).year;
  return year >= first_year_ && year <= last_year_;
}

bool Calendar::is_business_day(Date date) const {
  if (std::ranges::binary_search(working_weekend_days_, date)) return true;
  return !is_weekend(date) && !std::ranges::binary_search(holidays_, date);
}

Date Calendar::business_day_on_or_after(Date date) const {
  while (!is_business_day(date)) ++date.days;
  return date;
}

Date Calendar::next_business_day(Date date) const { return business_day_on_or_after({date.days + 1}); }

int Calendar::business_days_between(Date from, Date to_exclusive) const {
  int count = 0;
  for (Date day = from; day < to_exclusive; ++day.days) count += is_business_day(day) ? 1 : 0;
  return count;
}

}  // namespace amity::reference
