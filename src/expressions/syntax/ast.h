// The parsed expression: nodes in one vector, children before parents, macros already turned into their own kinds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expressions/value.h"

namespace amity::expressions {

enum class NodeKind : uint8_t {
  kConstant,
  kName,     // text; rooted where it is written .name
  kSelect,   // children[0].text; is_test within has(), is_optional for .?
  kCall,     // text(children...); is_member: children[0] is the receiver. Operators are calls named "+", "[]", "?:" ...
  kList,     // children; optional_parts[i]: written ?element
  kMap,      // children: key, value, key, value; optional_parts per entry
  kMessage,  // a protobuf message: recognised, to be refused by name
  kMacro,    // macro over children[0] with locals, then bodies
  kLet,      // local text = children[0] in children[1]
  kBlock,    // locals @index0.. = children[0..n-2], then the last child
  kOptMap,   // children[0].optMap(local, children[1])
  kOptFlatMap,
};

enum class Macro : uint8_t {
  kAll,
  kExists,
  kExistsOne,
  kMap,
  kFilter,
  kTransformList,
  kTransformMap,
  kTransformMapEntry
};

struct Node {
  NodeKind kind = NodeKind::kConstant;
  Macro macro = Macro::kAll;
  bool is_rooted = false;
  bool is_test = false;
  bool is_optional = false;
  bool is_member = false;
  uint32_t at = 0;     // byte offset in the source
  uint32_t depth = 1;  // of the tree below
  std::string text = {};
  Value constant = {};
  std::vector<uint32_t> children = {};
  std::vector<std::string> locals = {};  // of a macro: one or two names
  std::vector<bool> optional_parts = {};
};

struct Ast {
  std::vector<Node> nodes;
  uint32_t root = 0;
};

struct SyntaxLimits {
  uint32_t max_depth = 0;
  uint32_t max_nodes = 0;
};

Result<Ast> parse(std::string_view source, const SyntaxLimits& limits);

}  // namespace amity::expressions
