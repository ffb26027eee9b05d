// Checkpoint lines: any bytes are refused, or read as checkpoints that write back to lines that read the same.
#include <cstddef>
#include <cstdint>

#include "security/audit.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace amity::security;
  const auto read = read_checkpoints(amity::as_text({data, size}));
  if (!read) return 0;
  for (const Checkpoint& checkpoint : *read) {
    const auto again = read_checkpoints(write_checkpoint(checkpoint));
    if (!again || again->size() != 1 || again->front().digest != checkpoint.digest) __builtin_trap();
  }
  return 0;
}
