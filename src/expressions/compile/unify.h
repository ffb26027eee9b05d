// Which type may stand where another is expected, and what the type parameters of a generic function stand for
// (CEL language definition, "Type Checking"). Parameters are bound as arguments are met; dyn goes with everything.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "expressions/type.h"

namespace amity::expressions {

class Unifier {
 public:
  Type fresh_parameter();
  // The type with its written parameters (A, B) replaced by fresh ones, the same for the same letter in one signature.
  Type instantiate(const Type& type, std::map<std::string, Type>& letters);

  // Binds parameters as needed; on failure nothing is bound.
  bool assignable(const Type& to, const Type& from);
  // The one type of elements of both types: the more general where one goes with the other, else dyn.
  Type join(const Type& a, const Type& b);

  // Takes back every binding made since mark().
  size_t mark() const { return trail_.size(); }
  void undo(size_t mark);

  Type resolved(const Type& type) const;  // bound parameters replaced
  Type final(const Type& type) const;     // and unbound ones are dyn

 private:
  bool go_together(const Type& to, const Type& from);
  bool bind(const std::string& parameter, const Type& type);
  bool all_go_together(const Type& to, const Type& from);

  void set(const std::string& parameter, Type type);

  std::map<std::string, Type> bound_;
  std::vector<std::pair<std::string, std::optional<Type>>> trail_;  // what each binding replaced
  int made_ = 0;
};

}  // namespace amity::expressions
