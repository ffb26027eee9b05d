// Expressions: conditions and values that people write in rules, policies, mappings and segments, in CEL (the Common
// Expression Language, github.com/google/cel-spec). The room exists so that an institution can say what it wants
// without a programmer, and so that what it says is checked before it runs, cannot run for ever, and gives the same
// answer for the same input on every machine.
//
//   text -> syntax/ (tokens, tree, macros) -> compile/ (names, types, cost, flat program) -> Expression
//   Expression + bindings (values or views of JSON documents and rows, value.h) -> Value
//
//   Declarations declarations{.variables = {{"event", record_of("event", {{"amount", type_of(TypeKind::kDouble)}})}}};
//   const auto rule = compile("event.amount > 1000.0", declarations);   // an error names the line and column
//   const auto hit = rule->holds(std::array{Value::view(document)});
//
// docs/expressions.md says what of the language is here, how cost is counted and what an error means.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expressions/type.h"
#include "expressions/value.h"

namespace amity::expressions {

struct Limits {
  size_t max_text_bytes = 8 * 1024;
  uint32_t max_depth = 128;
  uint32_t max_parts = 4096;
  uint64_t max_cost = 1'000'000;
  uint64_t input_list_items = 1000;  // of lists and maps bound from outside whose declaration gives no size
  uint64_t input_text_bytes = 4096;  // of texts
};

struct Compiled;

// What a condition comes to.
enum class Outcome : uint8_t { kNo, kYes, kError };

// What evaluating in part comes to: a value that stays the same whatever the unknown attributes turn out to be, or
// those it depends on, sorted ("event.amount", "event.tags[0]").
struct PartialValue {
  std::optional<Value> value = {};
  std::vector<std::string> unknown = {};
};

class Expression {
 public:
  // `bindings[i]` is the value of declarations.variables[i]; Value::missing() or a shorter span leaves one unbound,
  // which matters only if it is read. Safe from many threads. Errors: unprocessable (what went wrong as it ran, its
  // place the line and column), limit (an input larger than declared made it too costly).
  Result<Value> evaluate(std::span<const Value> bindings) const;
  // The same for a condition, without copying; anything but a truth is unprocessable.
  Result<bool> holds(std::span<const Value> bindings) const;

  // With some attributes not known yet, told by patterns: "event.amount", "event.tags[*]", "event['a key']",
  // "features.*".
  // `&&`, `||`, `?:` and the quantifiers decide without them where they can; of parts that one of them could have
  // decided what is unknown goes before an error, of all other parts an error before what is unknown. A list or map
  // with an unknown part is unknown as a whole where it is used as one. Errors: those of evaluate, and invalid for a
  // pattern.
  Result<PartialValue> evaluate_in_part(std::span<const Value> bindings,
                                        std::span<const std::string_view> unknown) const;

  // The most that one evaluation can cost while inputs keep to their declared sizes.
  uint64_t cost_bound() const;
  const Type& type() const { return type_; }
  const std::string& source_text() const { return source_; }
  // Every variable and field it reads, such as "event.amount", sorted, each once.
  const std::vector<std::string>& references() const { return references_; }

 private:
  friend class Conditions;
  friend Result<Expression> compile_with(std::string_view, const Declarations&, const Limits&, bool);
  Value run(std::span<const Value> bindings) const;
  Error error_of(const Value& fault) const;

  std::string source_;
  Type type_;
  std::vector<std::string> references_;
  std::shared_ptr<const Compiled> compiled_;
};

// Errors: invalid (syntax, an unknown name, types that do not fit) and limit (too long, nested or costly), each with
// its place, "line 1, column 9".
Result<Expression> compile(std::string_view text, const Declarations& declarations, const Limits& limits = {});
// A condition: compile, and the type is bool (or dyn, then held to bool as it runs).
Result<Expression> compile_condition(std::string_view text, const Declarations& declarations,
                                     const Limits& limits = {});
// Without the type check: every type is dyn, an undeclared name is a fault where it is reached.
Result<Expression> compile_unchecked(std::string_view text, const Declarations& declarations,
                                     const Limits& limits = {});

}  // namespace amity::expressions
