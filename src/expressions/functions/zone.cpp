#include "expressions/functions/zone.h"

#include <memory>

#include <unicode/timezone.h>
#include <unicode/unistr.h>

namespace amity::expressions {

std::optional<int64_t> named_zone_offset_seconds(std::string_view zone, int64_t at_seconds) {
  if (zone.size() > 64) return std::nullopt;
  const auto name = icu::UnicodeString::fromUTF8({zone.data(), static_cast<int32_t>(zone.size())});
  const std::unique_ptr<icu::TimeZone> found(icu::TimeZone::createTimeZone(name));
  if (!found || *found == icu::TimeZone::getUnknown()) return std::nullopt;
  int32_t raw_ms = 0;
  int32_t saving_ms = 0;
  UErrorCode error = U_ZERO_ERROR;
  found->getOffset(static_cast<double>(at_seconds) * 1000.0, false, raw_ms, saving_ms, error);
  if (U_FAILURE(error)) return std::nullopt;
  return (raw_ms + saving_ms) / 1000;
}

}  // namespace amity::expressions
