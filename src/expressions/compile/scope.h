// What a written name may mean at a place of an expression: a local of the loops around it, a declared variable, a type
// or a function, the innermost namespace first.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expressions/compile/checker.h"
#include "expressions/type.h"

namespace amity::expressions {

struct Local {
  std::string name;
  Type type;
  uint32_t slot;
};

// A declared variable (its index is the slot) or a type by its name, which lives as long as the program.
struct Meaning {
  Refers refers = Refers::kNothing;
  Type type = {};
  uint32_t slot = 0;
  std::string_view type_name = {};
};

class Scope {
 public:
  explicit Scope(const Declarations& declarations) : declarations_(declarations) {}

  uint32_t push(const std::string& name, Type type);  // the new local's slot
  void pop(size_t count) { locals_.resize(locals_.size() - count); }
  uint32_t next_slot() const { return static_cast<uint32_t>(locals_.size()); }
  uint32_t most_locals() const { return most_locals_; }

  const Local* find_local(std::string_view written) const;
  // `rooted`: written with a leading dot, which names no namespace.
  std::optional<Meaning> declared(std::string_view written, bool rooted) const;
  std::string known_function(const std::string& written) const;  // its full name; empty: there is none
  std::vector<std::string_view> names() const;                   // of all variables and locals

 private:
  std::vector<std::string> qualified(std::string_view written, bool rooted) const;

  const Declarations& declarations_;
  std::vector<Local> locals_;
  uint32_t most_locals_ = 0;
};

}  // namespace amity::expressions
