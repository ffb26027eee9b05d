// What an Expression holds once compiled.
#pragma once

#include <optional>

#include "expressions/compile/flat.h"
#include "expressions/compile/program.h"

namespace amity::expressions {

struct Compiled {
  Program program = {};
  FlatTable table = {};
  std::optional<FlatCode> flat = {};  // of a condition that has one
};

}  // namespace amity::expressions
