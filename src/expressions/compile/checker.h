// Names and types of a parsed expression: what each name refers to, which function a call means, the type of every
// part. Unchecked (`strict` false) only names are resolved and every type is dyn.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "expressions/functions/library.h"
#include "expressions/syntax/ast.h"
#include "expressions/type.h"

namespace amity::expressions {

enum class Refers : uint8_t {
  kNothing,   // an operation of its own
  kVariable,  // slot: index into the declared variables
  kLocal,     // slot: of the frame
  kTypeName,  // type_name
  kFunction,  // function; where !has_receiver, children[0] of a member call is a namespace
  kUnknown,   // unchecked only: a fault if it is reached
};

struct Resolution {
  Refers refers = Refers::kNothing;
  Type type = {};
  uint32_t slot = 0;
  std::string_view type_name = {};
  Function function = nullptr;
  Growth growth = Growth::kFixed;
  bool has_receiver = true;
  std::optional<size_t> field = {};  // of a declared record
};

struct Checked {
  std::vector<Resolution> of;  // by node
  uint32_t local_count = 0;
};

Result<Checked> check(const Ast& ast, const Declarations& declarations, std::string_view source, bool strict);

}  // namespace amity::expressions
