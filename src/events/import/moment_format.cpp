#include "events/import/moment_format.h"

#include <array>

#include <fmt/format.h>

namespace amity::events {
namespace {

enum Part { kYear, kShortYear, kMonth, kDay, kHour, kMinute, kSecond, kPartCount };
constexpr std::array<std::string_view, kPartCount> kTokens = {"YYYY", "YY", "MM", "DD", "hh", "mm", "ss"};

// The part whose token stands at the beginning of the pattern, or kPartCount for a literal.
Part part_at(std::string_view pattern) {
  for (int part = 0; part < kPartCount; ++part) {
    if (pattern.starts_with(kTokens[static_cast<size_t>(part)])) return static_cast<Part>(part);
  }
  return kPartCount;
}

// `count` decimal digits, or -1.
int number_at(std::string_view text, size_t count) {
  if (text.size() < count) return -1;
  int number = 0;
  for (char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

Result<MomentFormat> MomentFormat::parse(std::string_view pattern, int first_year) {
  MomentFormat format;
  format.pattern_ = pattern;
  format.first_year_ = first_year;
  if (pattern == "ISO") return format;
  std::array<int, kPartCount> seen{};
  for (size_t at = 0; at < pattern.size();) {
    const Part part = part_at(pattern.substr(at));
    if (part == kPartCount) {
      ++at;
      continue;
    }
    ++seen[part];
    at += kTokens[part].size();
  }
  const bool has_date = seen[kYear] + seen[kShortYear] == 1 && seen[kMonth] == 1 && seen[kDay] == 1;
  const bool has_time = seen[kHour] <= 1 && seen[kMinute] <= 1 && seen[kSecond] <= 1;
  if (pattern.size() > 64 || !has_date || !has_time) {
    return invalid(
        "write ISO, or a pattern with one each of YYYY or YY, MM and DD, and hh, mm, ss where there are any");
  }
  return format;
}

Result<Timestamp> MomentFormat::read(std::string_view text) const {
  if (pattern_ == "ISO") return parse_moment(text);
  std::array<int, kPartCount> parts{};
  size_t at = 0;
  for (size_t in = 0; in < pattern_.size();) {
    const Part part = part_at(std::string_view(pattern_).substr(in));
    const size_t width = part == kPartCount ? 1 : kTokens[part].size();
    const auto rest = text.substr(std::min(at, text.size()));
    const bool fits = part == kPartCount ? rest.starts_with(pattern_[in]) : number_at(rest, width) >= 0;
    if (!fits) return invalid(fmt::format("not a date written as {}", pattern_));
    if (part != kPartCount) parts[part] = number_at(rest, width);
    in += width;
    at += width;
  }
  if (at != text.size()) return invalid(fmt::format("not a date written as {}", pattern_));
  if (pattern_.find("YYYY") == std::string::npos) {
    const int century = first_year_ - first_year_ % 100 + parts[kShortYear];
    parts[kYear] = century < first_year_ ? century + 100 : century;
  }
  if (parts[kHour] > 23 || parts[kMinute] > 59 || parts[kSecond] > 59) return invalid("no such time of day");
  const auto date = TRY(make_date(parts[kYear], parts[kMonth], parts[kDay]));
  return start_of(date) + hours(parts[kHour]) + minutes(parts[kMinute]) + seconds(parts[kSecond]);
}

}  // namespace amity::events
