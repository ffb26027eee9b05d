// What text may enter: valid UTF-8 without control characters.
#pragma once

#include <string_view>

#include "base/result.h"

namespace amity::events {

constexpr size_t kMaxTextBytes = 4096;
constexpr size_t kMaxKeyBytes = 128;  // of a reference

// RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
bool is_utf8(std::string_view text);

// Not empty, at most `max_bytes`, UTF-8, no control characters (U+0000 to U+001F and U+007F to U+009F) but, where
// `allows_lines`, new line and tab.
Result<void> check_text(std::string_view text, size_t max_bytes, bool allows_lines);

}  // namespace amity::events
