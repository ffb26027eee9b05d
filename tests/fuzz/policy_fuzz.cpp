// A policy is refused, or compiled; a compiled one judges facts that lack everything, and its canonical text is a
// policy of the same fingerprint.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "decisions/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace amity::decisions;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = Policy::parse(text);
  if (!policy) return 0;
  const auto again = Policy::parse(text);
  if (!again || again->fingerprint() != policy->fingerprint()) __builtin_trap();
  const Facts nothing{.event = {}, .features = {}, .customer = {}, .product = {}, .model = {}};
  const auto verdict = policy->judge(nothing);
  if (verdict.outcome.empty()) __builtin_trap();
  static_cast<void>(policy->consequences(nothing, verdict.outcome));
  return 0;
}
