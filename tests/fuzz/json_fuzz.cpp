// What parse_json accepts, it writes and reads back as the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = amity::parse_json(text, 1 << 16);
  if (!value) return 0;
  const std::string written = amity::write_json(*value);
  const auto again = amity::parse_json(written);
  if (!again || amity::write_json(*again) != written) std::abort();
  return 0;
}
