// A moment that is read is written as a moment that reads as the same one.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/time.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto moment = amity::parse_timestamp(text);
  if (moment && amity::parse_timestamp(amity::format(*moment)) != *moment) std::abort();
  const auto date = amity::parse_date(text);
  if (date && amity::parse_date(amity::format(*date)) != *date) std::abort();
  return 0;
}
