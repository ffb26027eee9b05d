// Times with nanoseconds, as the language has them. Timestamps lie in the years 0001 to 9999; durations are whole
// nanoseconds in 64 bits (292 years), whose overflow is a fault.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "expressions/value.h"

namespace amity::expressions {

std::optional<Value> timestamp_from(std::string_view rfc3339);
std::optional<Value> duration_from(std::string_view text);  // "1h30m", "-1.5s", "100ms"; units h m s ms us ns
std::string text_of_timestamp(const Value& timestamp);
std::string text_of_duration(const Value& duration);  // in seconds: "5400s", "-1.5s"

// 128 bits: the nanoseconds of ten thousand years.
__extension__ using Wide = __int128;

// timestamp, or kOverflow outside its years.
Value checked_timestamp(Wide nanoseconds_since_1970);
Wide nanoseconds_since_1970(const Value& timestamp);

// Seconds east of UTC at that moment: "+08:00", "-02:30", "02:00", "UTC", or a name of the time-zone database.
std::optional<int64_t> zone_offset_seconds(std::string_view zone, int64_t at_seconds);

}  // namespace amity::expressions
