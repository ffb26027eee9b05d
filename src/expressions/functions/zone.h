// Named time zones through ICU, the only place of this room that knows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace amity::expressions {

// "Asia/Shanghai": seconds east of UTC at that moment; nothing for a name the database does not have.
std::optional<int64_t> named_zone_offset_seconds(std::string_view zone, int64_t at_seconds);

}  // namespace amity::expressions
