#include "events/text.h"

#include <cstdint>

#include <fmt/format.h>

namespace amity::events {
namespace {

constexpr uint32_t kBroken = UINT32_MAX;

// The code point that begins at `at`, which moves behind it.
uint32_t next_code_point(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(at++);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  if (first < 0xc2 || first > 0xf4 || text.size() - at < static_cast<size_t>(more)) return kBroken;
  uint32_t point = first & (0x3fu >> more);
  for (int i = 0; i < more; ++i) {
    const uint8_t next = byte(at++);
    if ((next & 0xc0) != 0x80) return kBroken;
    point = point << 6 | (next & 0x3f);
  }
  constexpr uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
  return point < kLeast[more] || point > 0x10ffff || is_surrogate ? kBroken : point;
}

bool is_control(uint32_t point) { return point < 0x20 || (point >= 0x7f && point <= 0x9f); }

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (next_code_point(text, at) == kBroken) return false;
  }
  return true;
}

Result<void> check_text(std::string_view text, size_t max_bytes, bool allows_lines) {
  if (text.empty()) return invalid("this text may not be empty: leave the field out");
  if (text.size() > max_bytes) return invalid(fmt::format("longer than {} bytes", max_bytes));
  for (size_t at = 0; at < text.size();) {
    const uint32_t point = next_code_point(text, at);
    if (point == kBroken) return invalid("not valid UTF-8");
    const bool is_line = allows_lines && (point == '\n' || point == '\t');
    if (is_control(point) && !is_line) return invalid("control characters are not allowed here");
  }
  return {};
}

}  // namespace amity::events
