// Any text either compiles or is refused with an error; what compiles runs within its cost bound on a fixed input,
// comes to the same as flat code, as a mask and as instructions, and in part to the same value or to none.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "expressions/conditions.h"

using namespace amity;
using namespace amity::expressions;

namespace {

Outcome outcome_of(const Result<bool>& result) {
  return !result ? Outcome::kError : *result ? Outcome::kYes : Outcome::kNo;
}

// A name around a condition keeps it from being made flat.
void must_agree(std::string_view text, const Declarations& declarations, std::span<const Value> bindings,
                const Limits& limits) {
  const auto together = Conditions::compile(std::span(&text, 1), declarations, limits);
  const auto slowly = compile_condition("cel.bind(unused, 0, (" + std::string(text) + "\n))", declarations, limits);
  if (!together || !slowly) return;
  const Outcome expected = outcome_of(slowly->holds(bindings));
  CHECK(together->evaluate(bindings)[0] == expected);
  CHECK(outcome_of((*together)[0].holds(bindings)) == expected);
}

void must_agree_in_part(const Expression& expression, std::span<const Value> bindings) {
  static constexpr std::string_view kUnknown[] = {"e.n", "d.l[1]", "d.a"};
  const auto part = expression.evaluate_in_part(bindings, kUnknown);
  const auto whole = expression.evaluate(bindings);
  if (part && part->value && whole) CHECK(part->value->kind() == whole->kind());
}

}  // namespace

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
    must_agree_in_part(*expression, bindings);
    must_agree(text, declarations, bindings, limits);
  }
  if (const auto expression = compile_unchecked(text, declarations, limits)) {
    static_cast<void>(expression->evaluate(bindings));
  }
  return 0;
}
