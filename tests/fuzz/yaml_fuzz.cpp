// parse_yaml refuses or reads any text; what it reads is a JSON value that can be written.
#include <cstdint>
#include <string_view>

#include "base/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto value = amity::parse_yaml({reinterpret_cast<const char*>(data), size});
  if (value) amity::write_json(*value);
  return 0;
}
