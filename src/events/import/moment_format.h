// How a file writes its dates and times: a pattern of YYYY, YY, MM, DD, hh, mm, ss and literal characters.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace amity::events {

class MomentFormat {
 public:
  // "ISO" reads RFC 3339 times and YYYY-MM-DD. Two-digit years are taken from the hundred years that begin with
  // `first_year`: with 1900 "93" is 1993; with 1950 "49" is 2049. Times without a zone are UTC.
  static Result<MomentFormat> parse(std::string_view pattern, int first_year);
  Result<Timestamp> read(std::string_view text) const;

 private:
  std::string pattern_;
  int first_year_ = 1900;
};

}  // namespace amity::events
