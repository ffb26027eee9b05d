#include "expressions/compile/overloads.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace amity::expressions {
namespace {

std::array<std::span<const Overload>, 9> libraries() {
  return {operator_functions(), standard_functions(), time_functions(),    text_functions(), math_functions(),
          encoder_functions(),  optional_functions(), network_functions(), list_functions()};
}

std::vector<Type> read_parameters(std::string_view text) {
  if (text.empty()) return {};
  const auto tuple = parse_type("tuple(" + std::string(text) + ")");
  CHECK(tuple.has_value());
  return tuple->parameters;
}

// Comparisons and math.greatest take any numbers together; their rows say so with N, M and N...
bool is_numeric_row(const Candidate& candidate) { return candidate.takes_numbers; }

bool is_number(const Type& type) {
  return type.is(TypeKind::kInt) || type.is(TypeKind::kUint) || type.is(TypeKind::kDouble);
}
bool is_open(const Type& type) { return type.is(TypeKind::kDyn) || type.is(TypeKind::kParameter); }

bool has_order(const Type& type) {
  return type.is(TypeKind::kBool) || type.is(TypeKind::kString) || type.is(TypeKind::kBytes) ||
         type.is(TypeKind::kTimestamp) || type.is(TypeKind::kDuration);
}

Type unwrapped(const Type& type) { return type.is(TypeKind::kWrapper) ? type.parameters[0] : type; }

bool compares(const Type& a, const Type& b) {
  if (is_open(a)) return is_open(b) || is_number(b) || has_order(b);
  if (is_open(b)) return is_number(a) || has_order(a);
  return is_number(a) ? is_number(b) : has_order(a) && a == b;
}

std::optional<Match> match_numeric(const Candidate& row, std::span<const Type> arguments, Unifier& unifier) {
  std::vector<Type> types;
  for (const Type& argument : arguments) types.push_back(unwrapped(unifier.resolved(argument)));
  const Match match{row.result, row.function, row.growth};
  if (row.parameters.size() == 2) {
    return types.size() == 2 && compares(types[0], types[1]) ? std::optional(match) : std::nullopt;
  }
  const bool numbers =
      std::all_of(types.begin(), types.end(), [](const Type& t) { return is_number(t) || is_open(t); });
  if (!numbers || types.empty()) return std::nullopt;
  const bool same = std::all_of(types.begin(), types.end(), [&](const Type& t) { return t == types[0]; });
  return Match{same ? types[0] : dyn_type(), row.function, row.growth};
}

std::optional<Match> match_one(const Candidate& row, std::span<const Type> arguments, Unifier& unifier) {
  if (is_numeric_row(row)) return match_numeric(row, arguments, unifier);
  if (row.parameters.size() != arguments.size()) return std::nullopt;
  std::map<std::string, Type> letters;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!unifier.assignable(unifier.instantiate(row.parameters[i], letters), arguments[i])) return std::nullopt;
  }
  return Match{unifier.resolved(unifier.instantiate(row.result, letters)), row.function, row.growth};
}

}  // namespace

std::vector<Candidate> candidates(std::string_view name, bool member, const Declarations& declarations) {
  std::vector<Candidate> found;
  for (const auto& own : declarations.functions) {
    if (own.name == name && own.member == member) {
      found.push_back({own.parameters, own.result, own.member, own.call, Growth::kSum, false});
    }
  }
  for (const auto& library : libraries()) {
    for (const Overload& row : library) {
      if (row.name != name || row.member != member) continue;
      const auto result = parse_type(row.result);
      CHECK(result.has_value());
      found.push_back({read_parameters(row.parameters), *result, member, row.function, row.growth,
                       row.parameters.starts_with('N')});
    }
  }
  return found;
}

bool is_known_function(std::string_view name, const Declarations& declarations) {
  return !candidates(name, false, declarations).empty();
}

std::vector<std::string_view> function_names(bool member) {
  std::vector<std::string_view> names;
  for (const auto& library : libraries()) {
    for (const Overload& row : library) {
      if (row.member == member) names.push_back(row.name);
    }
  }
  for (std::string_view macro : {"all", "exists", "exists_one", "map", "filter"}) {
    if (member) names.push_back(macro);
  }
  return names;
}

// Every row is tried from the same state. The bindings of the one that matched are kept; where rows with different
// results match, nothing is known of the result and nothing is bound. The growth is the largest of all that match.
std::optional<Match> match(std::span<const Candidate> rows, std::span<const Type> arguments, Unifier& unifier) {
  const Candidate* best_row = nullptr;
  std::optional<Match> best;
  Growth growth = Growth::kFixed;
  for (const Candidate& row : rows) {
    const size_t before = unifier.mark();
    auto found = match_one(row, arguments, unifier);
    unifier.undo(before);
    if (!found) continue;
    growth = std::max(growth, found->growth);
    if (!best) {
      best = std::move(found), best_row = &row;
    } else if (!(best->result == found->result)) {
      best->result = dyn_type();
      best_row = nullptr;
    }
  }
  if (best_row) best = match_one(*best_row, arguments, unifier);
  if (best) best->growth = growth;
  return best;
}

}  // namespace amity::expressions
