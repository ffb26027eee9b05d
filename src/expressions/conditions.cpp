#include "expressions/conditions.h"

#include "expressions/compile/compiled.h"
#include "expressions/compile/masks.h"

namespace amity::expressions {

struct Conditions::Shared {
  FlatTable table;
  std::vector<const Program*> programs;  // of the conditions
  std::vector<std::optional<FlatCode>> codes;
  std::optional<Masks> masks;

  explicit Shared(std::span<const Expression> conditions) {
    for (const Expression& condition : conditions) programs.push_back(&condition.compiled_->program);
    for (uint32_t i = 0; i < programs.size(); ++i) codes.push_back(flatten(*programs[i], i, table));
    masks.emplace(table, codes);
  }

  Outcome run(size_t i, FlatInputs& inputs, std::span<const Value> bindings) const {
    const Program& program = *programs[i];
    const Outcome outcome = codes[i] ? inputs.run(*codes[i], program.cost_bound) : Outcome::kError;
    if (outcome != Outcome::kError) return outcome;
    const Value value = expressions::run(program, bindings);
    return !value.is(Kind::kBool) ? Outcome::kError : value.as_bool() ? Outcome::kYes : Outcome::kNo;
  }

  // Conditions the masks say nothing of, by their flat code, or else by their instructions.
  void finish(Outcomes& outcomes, std::span<const Value> bindings) const {
    FlatInputs inputs(table, programs, bindings);
    for (size_t i = 0; i < programs.size(); ++i) {
      if (outcomes[i] == Outcome::kError) outcomes.set(i, run(i, inputs, bindings));
    }
  }
};

Result<Conditions> Conditions::compile(std::span<const std::string_view> texts, const Declarations& declarations,
                                       const Limits& limits) {
  if (texts.size() > kMaxConditions) return fail(Code::kLimit, "too many conditions to be asked together");
  Conditions made;
  for (std::string_view text : texts) {
    auto condition = compile_condition(text, declarations, limits);
    if (!condition) {
      const std::string number = "condition " + std::to_string(made.size() + 1) + ", ";
      return std::unexpected(std::move(condition).error().within(number));
    }
    made.conditions_.push_back(*std::move(condition));
  }
  made.shared_ = std::make_shared<const Shared>(made.conditions_);
  return made;
}

Outcomes Conditions::evaluate(std::span<const Value> bindings) const {
  Outcomes outcomes = shared_->masks->run(bindings);
  if (outcomes.has_errors()) shared_->finish(outcomes, bindings);
  return outcomes;
}

}  // namespace amity::expressions
