// Business calendars: on which days the institution works. Holidays move and weekend days are worked in exchange for
// them (调休), by a notice each year, so both are declared as lists of dates; no rule could compute them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace amity::reference {

class Calendar {
 public:
  // One file of institution/calendars/:
  //   id: cn
  //   first_year: 2024
  //   last_year: 2026
  //   holidays:
  //     - {from: 2025-01-28, to: 2025-02-04}
  //   working_weekend_days: [2025-01-26, 2025-02-08]
  // invalid where a day lies outside the years, a range is longer than 31 days or runs backwards, days overlap, or a
  // working weekend day is no Saturday or Sunday.
  static Result<Calendar> parse(std::string_view yaml_text);

  const std::string& id() const { return id_; }
  // Holidays of this day's year are declared. Other years know Monday to Friday only: callers who must not guess ask.
  bool covers(Date date) const;
  bool is_business_day(Date date) const;
  Date next_business_day(Date date) const;                        // the first one after `date`
  Date business_day_on_or_after(Date date) const;                 // `date` itself where it is one
  int business_days_between(Date from, Date to_exclusive) const;  // 0 where the span is empty or backwards

 private:
  std::string id_;
  int first_year_ = 0;
  int last_year_ = 0;
  std::vector<Date> holidays_;              // sorted
  std::vector<Date> working_weekend_days_;  // sorted
};

}  // namespace amity::reference
