// A mapping is accepted or refused with a place; an accepted one has at least one event in each file.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "events/import/mapping.h"

using namespace amity;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto mapping = events::parse_mapping({reinterpret_cast<const char*>(data), size});
  if (!mapping) {
    if (!mapping.error().place.starts_with("mapping") && mapping.error().code == Code::kInvalid) std::abort();
    return 0;
  }
  if (mapping->files.empty()) std::abort();
  for (const auto& file : mapping->files) {
    if (file.events.empty() || file.key.empty()) std::abort();
  }
  return 0;
}
