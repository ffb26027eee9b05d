// A definition of a model is refused, or names at least one feature and no more rows than it has.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "models/definition.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace amity::models;
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  const auto definition = parse_model_definition(yaml);
  if (!definition) return 0;
  if (definition->features.empty()) __builtin_trap();
  if (parse_model_definition(yaml)->fingerprint != definition->fingerprint) __builtin_trap();
  const std::vector<double> zeros(definition->features.size(), 0.0);
  static_cast<void>(definition->has_enough_history(zeros));
  static_cast<void>(train_options(*definition));
  return 0;
}
