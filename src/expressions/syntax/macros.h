// Macros: calls that stand for a loop or a binding. They are recognised by name, form and number of arguments while
// parsing; anything that does not fit is an ordinary call.
#pragma once

#include "expressions/syntax/ast.h"

namespace amity::expressions {

// The node itself, or what the macro it spells stands for. Its children are already in the tree.
Result<Node> expand_macro(const Ast& ast, Node call, std::string_view source);

}  // namespace amity::expressions
