// What a policy's expressions may speak of, and the expressions compiled.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "decisions/policy.h"
#include "expressions/expression.h"

namespace amity::decisions {

// `event` (the fields of the type, and id, type, time, date), `features`, `customer`, `product`, `model`: misspelt
// fields are errors when the policy is read. not_found: no such event type.
Result<expressions::Declarations> declarations_for(const PolicyDefinition& definition);

// The facts as bindings of those declarations; views: the facts must outlive them.
struct BoundFacts {
  explicit BoundFacts(const Facts& facts);
  std::span<const expressions::Value> values() const { return values_; }

 private:
  json::value event_, features_, customer_, product_;
  std::vector<expressions::Value> values_;
};

// The condition a table's cell stands for: "< 0.05" of input "model.probability" is "(model.probability) < 0.05".
std::string condition_of(std::string_view input, std::string_view cell);

}  // namespace amity::decisions
