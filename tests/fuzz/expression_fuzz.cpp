// Any text either compiles or is refused with an error; what compiles runs within its cost bound on a fixed input.
#include <array>
#include <cstdint>
#include <string_view>

#include "expressions/expression.h"

using namespace amity;
using namespace amity::expressions;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const Declarations declarations{
      .variables = {{"e", record_of("e", {{"n", type_of(TypeKind::kDouble)}, {"l", list_of(type_of(TypeKind::kInt))}})},
                    {"d", dyn_type()}}};
  static const json::value event = {{"n", 1.5}, {"l", {3, 1, 2}}};
  static const json::value open = {{"a", {{"b", "text"}}}, {"l", {1, "x", nullptr, 2.5}}};
  const Limits limits{.max_cost = 100'000};
  const std::array bindings{Value::view(event), Value::view(open)};
  if (const auto expression = compile(text, declarations, limits)) {
    if (const auto value = expression->evaluate(bindings)) static_cast<void>(value->to_json());
  }
  if (const auto expression = compile_unchecked(text, declarations, limits)) {
    static_cast<void>(expression->evaluate(bindings));
  }
  return 0;
}
