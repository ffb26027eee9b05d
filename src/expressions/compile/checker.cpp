#include "expressions/compile/checker.h"

#include <algorithm>

#include "expressions/compile/overloads.h"
#include "expressions/compile/scope.h"
#include "expressions/compile/unify.h"
#include "expressions/syntax/lexer.h"

namespace amity::expressions {
namespace {

class Checker {
 public:
  Checker(const Ast& ast, const Declarations& declarations, std::string_view source, bool strict)
      : ast_(ast), declarations_(declarations), source_(source), strict_(strict), scope_(declarations) {
    checked_.of.resize(ast.nodes.size());
  }

  Result<Checked> run() {
    TRY(visit(ast_.root));
    for (auto& resolution : checked_.of) resolution.type = strict_ ? unifier_.final(resolution.type) : dyn_type();
    checked_.local_count = scope_.most_locals();
    return std::move(checked_);
  }

 private:
  const Node& node(uint32_t index) const { return ast_.nodes[index]; }
  Resolution& of(uint32_t index) { return checked_.of[index]; }
  std::unexpected<Error> wrong(std::string message, uint32_t index) const {
    return invalid(std::move(message), place_in(source_, node(index).at));
  }

  Result<Type> visit(uint32_t index) {
    Type type = TRY(visit_kind(index));
    if (!strict_) type = dyn_type();
    of(index).type = type;
    return type;
  }

  Result<Type> visit_kind(uint32_t index) {
    switch (node(index).kind) {
      case NodeKind::kConstant: return constant(node(index).constant);
      case NodeKind::kName: return name(index);
      case NodeKind::kSelect: return select(index);
      case NodeKind::kCall: return call(index);
      case NodeKind::kList: return list(index);
      case NodeKind::kMap: return map(index);
      case NodeKind::kMacro: return macro(index);
      case NodeKind::kLet: return let(index);
      case NodeKind::kBlock: return block(index);
      case NodeKind::kOptMap:
      case NodeKind::kOptFlatMap: return optional_map(index);
      case NodeKind::kMessage: break;
    }
    return wrong("messages are not part of this language", index);
  }

  static Type constant(const Value& value) {
    switch (value.kind()) {
      case Kind::kBool: return type_of(TypeKind::kBool);
      case Kind::kInt: return type_of(TypeKind::kInt);
      case Kind::kUint: return type_of(TypeKind::kUint);
      case Kind::kDouble: return type_of(TypeKind::kDouble);
      case Kind::kString: return type_of(TypeKind::kString);
      case Kind::kBytes: return type_of(TypeKind::kBytes);
      default: return type_of(TypeKind::kNull);
    }
  }

  // Makes node `index` refer to a declared variable or a type of that name.
  std::optional<Type> declared(uint32_t index, std::string_view written, bool rooted) {
    auto meaning = scope_.declared(written, rooted);
    if (!meaning) return std::nullopt;
    of(index).refers = meaning->refers;
    of(index).slot = meaning->slot;
    of(index).type_name = meaning->type_name;
    return std::move(meaning->type);
  }

  Result<Type> name(uint32_t index) {
    const Node& here = node(index);
    if (const Local* local = here.is_rooted ? nullptr : scope_.find_local(here.text)) {
      of(index).refers = Refers::kLocal;
      of(index).slot = local->slot;
      return local->type;
    }
    if (auto type = declared(index, here.text, here.is_rooted)) return *type;
    of(index).refers = Refers::kUnknown;
    if (!strict_) return dyn_type();
    return wrong("there is no variable '" + here.text + "'" + suggestion(here.text, scope_.names()), index);
  }

  static std::string suggestion(std::string_view misspelt, const std::vector<std::string_view>& known) {
    const std::string near = nearest(misspelt, known);
    return near.empty() ? "" : ": did you mean '" + near + "'?";
  }

  // "a.b.c" where the node is only names and none of them is a local; empty otherwise.
  std::string dotted(uint32_t index) const {
    const Node& here = node(index);
    if (here.kind == NodeKind::kName) return !here.is_rooted && scope_.find_local(here.text) ? "" : here.text;
    if (here.kind != NodeKind::kSelect || here.is_test || here.is_optional) return "";
    const std::string object = dotted(here.children[0]);
    return object.empty() ? "" : object + "." + here.text;
  }
  bool is_rooted(uint32_t index) const {
    return node(index).kind == NodeKind::kSelect ? is_rooted(node(index).children[0]) : node(index).is_rooted;
  }

  Result<Type> select(uint32_t index) {
    const Node& here = node(index);
    const std::string full = dotted(index);
    if (!full.empty()) {
      if (auto type = declared(index, full, is_rooted(index))) return *type;
    }
    const Type object = unifier_.resolved(TRY(visit(here.children[0])));
    const Type field = TRY(field_type(index, object));
    if (here.is_test) return type_of(TypeKind::kBool);
    if (object.is_optional()) return field.is_optional() ? field : optional_of(field);
    return here.is_optional && strict_ ? optional_of(field) : field;
  }

  Result<Type> field_type(uint32_t index, const Type& object) {
    switch (object.kind) {
      case TypeKind::kDyn: return dyn_type();
      case TypeKind::kParameter: unifier_.assignable(object, dyn_type()); return dyn_type();
      case TypeKind::kMap: return object.parameters[1];
      case TypeKind::kRecord: return record_field(index, *object.shape);
      default: break;
    }
    if (object.is_optional()) return field_type(index, unifier_.resolved(object.parameters[0]));
    if (!strict_) return dyn_type();
    return wrong("a " + text_of(object) + " has no fields", index);
  }

  Result<Type> record_field(uint32_t index, const Shape& shape) {
    const std::string& written = node(index).text;
    if (const auto field = shape.index_of(written)) {
      of(index).field = *field;
      return shape.fields[*field].type;
    }
    if (!strict_) return dyn_type();
    std::vector<std::string_view> known;
    for (const auto& field : shape.fields) known.push_back(field.name);
    return wrong("'" + shape.name + "' has no field '" + written + "'" + suggestion(written, known), index);
  }

  Result<std::vector<Type>> visit_all(std::span<const uint32_t> indices) {
    std::vector<Type> types;
    for (uint32_t child : indices) types.push_back(TRY(visit(child)));
    return types;
  }

  Result<Type> call(uint32_t index) {
    const Node& here = node(index);
    if (here.text == "&&" || here.text == "||") return logic(index);
    if (here.text == "?:") return choice(index);
    std::string function = here.text;
    std::span<const uint32_t> arguments = here.children;
    if (here.is_member) {
      const std::string space = dotted(here.children[0]);
      const std::string full = space.empty() ? "" : scope_.known_function(space + "." + here.text);
      if (!full.empty()) {
        function = full;
        arguments = arguments.subspan(1);
        of(index).has_receiver = false;
      }
    } else {
      const std::string full = scope_.known_function(here.text);
      if (!full.empty()) function = full;
    }
    const std::vector<Type> types = TRY(visit_all(arguments));
    return resolve(index, function, here.is_member && of(index).has_receiver, types);
  }

  Result<Type> resolve(uint32_t index, const std::string& function, bool member, const std::vector<Type>& types) {
    const auto rows = candidates(function, member, declarations_);
    const auto found = match(rows, types, unifier_);
    of(index).refers = found ? Refers::kFunction : Refers::kUnknown;
    if (found) {
      of(index).function = found->function;
      of(index).growth = found->growth;
      return found->result;
    }
    if (!strict_) return dyn_type();
    if (rows.empty()) {
      return wrong("there is no function '" + function + "'" + suggestion(function, function_names(member)), index);
    }
    return wrong(mismatch(function, types), index);
  }

  std::string mismatch(const std::string& function, const std::vector<Type>& types) const {
    std::string given;
    for (const Type& type : types) given += (given.empty() ? "" : ", ") + text_of(unifier_.final(type));
    const bool numbers =
        types.size() == 2 && given.find("double") != std::string::npos && given.find("int") != std::string::npos;
    return "'" + function + "' does not take (" + given + ")" +
           (numbers ? ": write both as double, such as 2.0 or double(x)" : "");
  }

  Result<Type> logic(uint32_t index) {
    for (uint32_t child : node(index).children) {
      const Type type = TRY(visit(child));
      if (strict_ && !unifier_.assignable(type_of(TypeKind::kBool), type)) {
        return wrong("'" + node(index).text + "' joins conditions; this is a " + text_of(unifier_.final(type)), child);
      }
    }
    return type_of(TypeKind::kBool);
  }

  Result<Type> choice(uint32_t index) {
    const auto types = TRY(visit_all(node(index).children));
    if (!strict_) return dyn_type();
    if (!unifier_.assignable(type_of(TypeKind::kBool), types[0])) {
      return wrong("'?' follows a condition; this is a " + text_of(unifier_.final(types[0])), index);
    }
    const Type result = unifier_.fresh_parameter();
    if (!unifier_.assignable(result, types[1]) || !unifier_.assignable(result, types[2])) {
      return wrong(
          "the two choices differ: " + text_of(unifier_.final(types[1])) + " and " + text_of(unifier_.final(types[2])),
          index);
    }
    return unifier_.resolved(result);
  }

  // The element type of an optional part written with `?`.
  Result<Type> part(uint32_t child, bool optional) {
    Type type = unifier_.resolved(TRY(visit(child)));
    if (!optional || !strict_ || type.is(TypeKind::kDyn)) return type;
    const Type inside = unifier_.fresh_parameter();
    if (!unifier_.assignable(optional_of(inside), type)) return wrong("'?' wants an optional value here", child);
    return unifier_.resolved(inside);
  }

  Result<Type> list(uint32_t index) {
    const Node& here = node(index);
    std::optional<Type> item;
    for (size_t i = 0; i < here.children.size(); ++i) {
      const Type type = TRY(part(here.children[i], here.optional_parts[i]));
      item = item ? unifier_.join(*item, type) : type;
    }
    return list_of(item ? *item : unifier_.fresh_parameter());
  }

  Result<Type> map(uint32_t index) {
    const Node& here = node(index);
    std::optional<Type> key;
    std::optional<Type> value;
    for (size_t i = 0; i + 1 < here.children.size(); i += 2) {
      const Type k = TRY(visit(here.children[i]));
      if (strict_ && !may_be_key(unifier_.resolved(k)))
        return wrong("a " + text_of(unifier_.final(k)) + " is no key of a map", here.children[i]);
      const Type v = TRY(part(here.children[i + 1], here.optional_parts[i / 2]));
      key = key ? unifier_.join(*key, k) : k;
      value = value ? unifier_.join(*value, v) : v;
    }
    if (!key) key = unifier_.fresh_parameter(), value = unifier_.fresh_parameter();
    return map_of(*key, *value);
  }

  static bool may_be_key(const Type& type) {
    switch (type.kind) {
      case TypeKind::kBool:
      case TypeKind::kInt:
      case TypeKind::kUint:
      case TypeKind::kString:
      case TypeKind::kWrapper:
      case TypeKind::kParameter:
      case TypeKind::kDyn: return true;
      default: return false;
    }
  }

  // Types of the one or two names a loop gives to the parts of what it goes over.
  Result<std::vector<Type>> loop_types(uint32_t index, const Type& range, size_t count) {
    const Type int_type = type_of(TypeKind::kInt);
    switch (range.kind) {
      case TypeKind::kList:
        return count == 1 ? std::vector{range.parameters[0]} : std::vector{int_type, range.parameters[0]};
      case TypeKind::kMap:
        return count == 1 ? std::vector{range.parameters[0]} : std::vector{range.parameters[0], range.parameters[1]};
      case TypeKind::kRecord:
        return count == 1 ? std::vector{type_of(TypeKind::kString)}
                          : std::vector{type_of(TypeKind::kString), dyn_type()};
      case TypeKind::kParameter: unifier_.assignable(range, dyn_type()); [[fallthrough]];
      case TypeKind::kDyn: return std::vector(count, dyn_type());
      default: return wrong("'" + node(index).text + "' goes over a list or a map, not a " + text_of(range), index);
    }
  }

  Result<Type> macro(uint32_t index) {
    const Node& here = node(index);
    const Type range = unifier_.resolved(TRY(visit(here.children[0])));
    const auto types = TRY(loop_types(index, range, here.locals.size()));
    for (size_t i = 0; i < types.size(); ++i) {
      const uint32_t slot = scope_.push(here.locals[i], types[i]);
      if (i == 0) of(index).slot = slot;
    }
    const auto bodies = visit_all(std::span(here.children).subspan(1));
    scope_.pop(types.size());
    if (!bodies) return std::unexpected(bodies.error());
    return macro_result(index, types, *bodies);
  }

  Result<Type> macro_result(uint32_t index, const std::vector<Type>& types, const std::vector<Type>& bodies) {
    const Macro macro = node(index).macro;
    const bool transforms = macro == Macro::kMap || macro >= Macro::kTransformList;
    const bool has_condition = !transforms || bodies.size() == 2;
    if (strict_ && has_condition && !unifier_.assignable(type_of(TypeKind::kBool), bodies[0])) {
      return wrong("the condition of '" + node(index).text + "' is a " + text_of(unifier_.final(bodies[0])), index);
    }
    switch (macro) {
      case Macro::kMap:
      case Macro::kTransformList: return list_of(bodies.back());
      case Macro::kFilter: return list_of(types[0]);
      case Macro::kTransformMap: return map_of(types[0], bodies.back());
      case Macro::kTransformMapEntry: return dyn_type();
      default: return type_of(TypeKind::kBool);
    }
  }

  Result<Type> let(uint32_t index) {
    const Node& here = node(index);
    of(index).slot = scope_.push(here.locals[0], TRY(visit(here.children[0])));
    auto body = visit(here.children[1]);
    scope_.pop(1);
    return body;
  }

  Result<Type> block(uint32_t index) {
    const Node& here = node(index);
    of(index).slot = scope_.next_slot();
    for (size_t i = 0; i < here.locals.size(); ++i) scope_.push(here.locals[i], TRY(visit(here.children[i])));
    auto body = visit(here.children.back());
    scope_.pop(here.locals.size());
    return body;
  }

  Result<Type> optional_map(uint32_t index) {
    const Node& here = node(index);
    const Type object = TRY(visit(here.children[0]));
    const Type inside = unifier_.fresh_parameter();
    if (strict_ && !unifier_.assignable(optional_of(inside), object)) {
      return wrong("'" + here.text + "' works on an optional value", index);
    }
    of(index).slot = scope_.push(here.locals[0], strict_ ? unifier_.resolved(inside) : dyn_type());
    const auto body = visit(here.children[1]);
    scope_.pop(1);
    if (!body || here.kind == NodeKind::kOptFlatMap) return body;
    return optional_of(*body);
  }

  const Ast& ast_;
  const Declarations& declarations_;
  std::string_view source_;
  bool strict_;
  Unifier unifier_;
  Checked checked_;
  Scope scope_;
};

}  // namespace

Result<Checked> check(const Ast& ast, const Declarations& declarations, std::string_view source, bool strict) {
  return Checker(ast, declarations, source, strict).run();
}

}  // namespace amity::expressions
