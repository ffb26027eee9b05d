// Finds the overload a call means.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "expressions/compile/unify.h"
#include "expressions/functions/library.h"
#include "expressions/type.h"

namespace amity::expressions {

// One overload with its signature read.
struct Candidate {
  std::vector<Type> parameters;
  Type result;
  bool member = false;
  Function function = nullptr;
  Growth growth = Growth::kFixed;
  bool takes_numbers = false;  // of any type, mixed
};

// All overloads of that name, the caller's own first.
std::vector<Candidate> candidates(std::string_view name, bool member, const Declarations& declarations);
bool is_known_function(std::string_view name, const Declarations& declarations);
std::vector<std::string_view> function_names(bool member);

struct Match {
  Type result;
  Function function = nullptr;
  Growth growth = Growth::kFixed;
};

// The matching overload; where several match (dyn arguments), their common result or dyn.
std::optional<Match> match(std::span<const Candidate> candidates, std::span<const Type> arguments, Unifier& unifier);

}  // namespace amity::expressions
