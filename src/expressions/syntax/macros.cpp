#include "expressions/syntax/macros.h"

#include <optional>

#include "expressions/syntax/lexer.h"

namespace amity::expressions {
namespace {

struct Form {
  std::string_view name;
  size_t arguments;  // besides the receiver
  size_t locals;
  Macro macro;
};

constexpr Form kForms[] = {
    {"all", 2, 1, Macro::kAll},
    {"exists", 2, 1, Macro::kExists},
    {"exists_one", 2, 1, Macro::kExistsOne},
    {"existsOne", 2, 1, Macro::kExistsOne},
    {"map", 2, 1, Macro::kMap},
    {"map", 3, 1, Macro::kMap},
    {"filter", 2, 1, Macro::kFilter},
    {"all", 3, 2, Macro::kAll},
    {"exists", 3, 2, Macro::kExists},
    {"exists_one", 3, 2, Macro::kExistsOne},
    {"existsOne", 3, 2, Macro::kExistsOne},
    {"transformList", 3, 2, Macro::kTransformList},
    {"transformList", 4, 2, Macro::kTransformList},
    {"transformMap", 3, 2, Macro::kTransformMap},
    {"transformMap", 4, 2, Macro::kTransformMap},
    {"transformMapEntry", 3, 2, Macro::kTransformMapEntry},
    {"transformMapEntry", 4, 2, Macro::kTransformMapEntry},
};

bool is_name(const Ast& ast, const Node& call, std::string_view receiver) {
  const Node& node = ast.nodes[call.children[0]];
  return node.kind == NodeKind::kName && !node.is_rooted && node.text == receiver;
}

// A local's name: a plain name, or cel.iterVar(0, 0), which the block macro's callers write.
std::optional<std::string> local_name(const Ast& ast, uint32_t index) {
  const Node& node = ast.nodes[index];
  if (node.kind != NodeKind::kName || node.is_rooted) return std::nullopt;
  return node.text;
}

std::unexpected<Error> wrong(std::string message, uint32_t at, std::string_view source) {
  return invalid(std::move(message), place_in(source, at));
}

Result<Node> expand_has(const Ast& ast, Node call, std::string_view source) {
  const Node& field = ast.nodes[call.children[0]];
  if (field.kind != NodeKind::kSelect || field.is_test)
    return wrong("has() asks for a field: has(event.amount)", call.at, source);
  Node test = field;
  test.is_test = true;
  return test;
}

Result<Node> expand_loop(const Ast& ast, Node call, const Form& form, std::string_view source) {
  Node loop{
      .kind = NodeKind::kMacro, .macro = form.macro, .at = call.at, .text = call.text, .children = {call.children[0]}};
  for (size_t i = 0; i < form.locals; ++i) {
    const auto name = local_name(ast, call.children[1 + i]);
    if (!name) return wrong("the first arguments of " + call.text + "() are names", call.at, source);
    loop.locals.push_back(*name);
  }
  if (form.locals == 2 && loop.locals[0] == loop.locals[1]) return wrong("two names are the same", call.at, source);
  loop.children.insert(loop.children.end(), call.children.begin() + 1 + static_cast<ptrdiff_t>(form.locals),
                       call.children.end());
  return loop;
}

Result<Node> expand_let(const Ast& ast, Node call, NodeKind kind, size_t first, std::string_view source) {
  const auto name = local_name(ast, call.children[first]);
  if (!name) return wrong("the first argument of " + call.text + "() is a name", call.at, source);
  call.kind = kind;
  call.locals = {*name};
  return call;
}

// cel.index(2) and cel.iterVar(0, 1): names that nobody can type.
Result<Node> expand_numbered_name(const Ast& ast, const Node& call, std::string_view source) {
  Node name{.kind = NodeKind::kName, .at = call.at, .text = "@" + call.text};
  for (size_t i = 1; i < call.children.size(); ++i) {
    const Node& number = ast.nodes[call.children[i]];
    if (number.kind != NodeKind::kConstant || !number.constant.is(Kind::kInt)) {
      return wrong("cel." + call.text + "() takes whole numbers as written", call.at, source);
    }
    name.text += ":" + std::to_string(number.constant.as_int());
  }
  return name;
}

Result<Node> expand_block(const Ast& ast, Node call, std::string_view source) {
  const Node& list = ast.nodes[call.children[1]];
  if (list.kind != NodeKind::kList) return wrong("cel.block() takes a list and an expression", call.at, source);
  const uint32_t body = call.children[2];
  call.kind = NodeKind::kBlock;
  call.children = list.children;
  for (size_t i = 0; i < list.children.size(); ++i) call.locals.push_back("@index:" + std::to_string(i));
  call.children.push_back(body);
  return call;
}

Result<Node> expand_namespaced(const Ast& ast, Node call, std::string_view source) {
  const size_t arguments = call.children.size() - 1;
  if (call.text == "bind" && arguments == 3) {
    Node let = TRY(expand_let(ast, std::move(call), NodeKind::kLet, 1, source));
    let.children = {let.children[2], let.children[3]};
    return let;
  }
  if (call.text == "block" && arguments == 2) return expand_block(ast, std::move(call), source);
  if ((call.text == "index" && arguments == 1) || (call.text == "iterVar" && arguments == 2) ||
      (call.text == "accuVar" && arguments == 2)) {
    return expand_numbered_name(ast, call, source);
  }
  return call;
}

}  // namespace

Result<Node> expand_macro(const Ast& ast, Node call, std::string_view source) {
  if (!call.is_member) {
    return call.text == "has" && call.children.size() == 1 ? expand_has(ast, std::move(call), source) : call;
  }
  if (is_name(ast, call, "cel")) return expand_namespaced(ast, std::move(call), source);
  const size_t arguments = call.children.size() - 1;
  if (arguments == 2 && (call.text == "optMap" || call.text == "optFlatMap")) {
    const NodeKind kind = call.text == "optMap" ? NodeKind::kOptMap : NodeKind::kOptFlatMap;
    Node node = TRY(expand_let(ast, std::move(call), kind, 1, source));
    node.children.erase(node.children.begin() + 1);
    return node;
  }
  for (const Form& form : kForms) {
    if (form.name == call.text && form.arguments == arguments) return expand_loop(ast, std::move(call), form, source);
  }
  return call;
}

}  // namespace amity::expressions
