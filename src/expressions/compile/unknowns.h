// What is not known yet while an expression is evaluated in part: attributes, which are variables and what lies below
// them, told by patterns ("event.amount", "event.tags[*]", "features.*").
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expressions/value.h"

namespace amity::expressions {

// An attribute's way, each step as it is written: "event", ".items", "[0]", "['a b']". Empty for what is no attribute.
using Path = std::vector<std::string>;

Path path_of_variable(std::string_view name);      // "x.y" is two steps
std::string step_of_name(std::string_view field);  // ".items"
std::string step_of_key(const Value& key);         // as a name where the key is one, so that m.a and m['a'] are one
std::string text_of(const Path& path);

class Unknowns {
 public:
  // invalid: a pattern that is none.
  static Result<Unknowns> of(std::span<const std::string_view> patterns);

  bool covers(const Path& path) const;          // the attribute, or what it is part of, is unknown
  bool covers_part_of(const Path& path) const;  // something below it is

  // Values that stand for sets of unknown attributes: faults of kind kUnknown, the set as their place.
  Value value_of(const Path& path);
  Value merged(const Value& a, const Value& b);
  const std::vector<std::string>& attributes(const Value& unknown) const;  // sorted

  std::vector<Path> local_paths = {};  // of the locals that stand for attributes

 private:
  std::vector<Path> patterns_;  // a step "*" is any
  std::vector<std::vector<std::string>> sets_;
};

inline bool is_unknown(const Value& v) { return v.is_fault() && v.fault() == Fault::kUnknown; }

}  // namespace amity::expressions
