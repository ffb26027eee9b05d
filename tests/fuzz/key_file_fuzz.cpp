// The key file: any bytes are either refused or read as one or two keys.
#include <cstddef>
#include <cstdint>

#include "security/keys/master_keys.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = amity::security::MasterKeys::parse(amity::as_text({data, size}));
  if (parsed && (parsed->all().empty() || parsed->all().size() > 2)) __builtin_trap();
  return 0;
}
