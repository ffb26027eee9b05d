#include "expressions/expression.h"

#include <algorithm>

#include "expressions/compile/checker.h"
#include "expressions/compile/compiled.h"
#include "expressions/compile/unknowns.h"
#include "expressions/functions/text.h"
#include "expressions/syntax/ast.h"
#include "expressions/syntax/lexer.h"

namespace amity::expressions {
namespace {

// "event.data.amount" for a chain of names that begins at a declared variable; empty otherwise.
std::string path_of(const Ast& ast, const Checked& checked, const Declarations& declarations, uint32_t index) {
  if (checked.of[index].refers == Refers::kVariable) return declarations.variables[checked.of[index].slot].name;
  const Node& node = ast.nodes[index];
  if (node.kind != NodeKind::kSelect || checked.of[index].refers == Refers::kTypeName) return {};
  const std::string object = path_of(ast, checked, declarations, node.children[0]);
  return object.empty() ? object : object + "." + node.text;
}

void collect(const Ast& ast, const Checked& checked, const Declarations& declarations, uint32_t index,
             std::vector<std::string>& paths) {
  const std::string path = path_of(ast, checked, declarations, index);
  if (!path.empty()) {
    paths.push_back(path);
    return;
  }
  for (uint32_t child : ast.nodes[index].children) collect(ast, checked, declarations, child, paths);
}

std::vector<std::string> references_in(const Ast& ast, const Checked& checked, const Declarations& declarations) {
  std::vector<std::string> paths;
  collect(ast, checked, declarations, ast.root, paths);
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

std::string_view explain(Fault fault) {
  switch (fault) {
    case Fault::kNoSuchOverload: return "this does not work on values of these types";
    case Fault::kNoSuchKey: return "the map has no such key: ask with has() or 'in' first";
    case Fault::kNoSuchField: return "the field has no value: ask with has() first";
    case Fault::kIndexOutOfRange: return "the index lies outside the list or text";
    case Fault::kDivisionByZero: return "division by zero";
    case Fault::kOverflow: return "the result does not fit its type";
    case Fault::kBadArgument: return "an argument has no meaning here";
    case Fault::kDuplicateKey: return "a key stands twice in a map";
    case Fault::kBadKey: return "a map's key is a bool, an int, a uint or a string";
    case Fault::kUnknownVariable: return "a variable that has no value is read";
    case Fault::kUnknownFunction: return "there is no such function";
    case Fault::kBadPattern: return "not a pattern that RE2 reads";
    case Fault::kNotBool: return "a condition is not true or false";
    case Fault::kEmptyOptional: return "an optional value is empty: use orValue()";
    case Fault::kWrongInput: return "a value from outside is not of its declared type";
    case Fault::kUnknown: return "it depends on what is not known yet";
    case Fault::kTooCostly: return "an input larger than declared made this too costly";
  }
  return "it went wrong";
}

}  // namespace

Result<Expression> compile_with(std::string_view text, const Declarations& declarations, const Limits& limits,
                                bool strict) {
  if (text.size() > limits.max_text_bytes) {
    return fail(Code::kLimit,
                "an expression has at most " + std::to_string(limits.max_text_bytes) + " bytes: split it");
  }
  if (!is_utf8(text)) return invalid("an expression is UTF-8");
  const Ast ast = TRY(parse(text, {limits.max_depth, limits.max_parts}));
  const Checked checked = TRY(check(ast, declarations, text, strict));
  Program program = TRY(lower(ast, checked, declarations, {limits.input_list_items, limits.input_text_bytes}, text));
  if (program.cost_bound > limits.max_cost) {
    return fail(Code::kLimit,
                "it may cost " + std::to_string(program.cost_bound) + ", more than " + std::to_string(limits.max_cost) +
                    ": go over shorter lists or declare their sizes",
                place_in(text, ast.nodes[ast.root].at));
  }
  Expression expression;
  expression.source_ = text;
  expression.type_ = checked.of[ast.root].type;
  expression.references_ = references_in(ast, checked, declarations);
  auto compiled = std::make_shared<Compiled>(Compiled{.program = std::move(program)});
  compiled->flat = flatten(compiled->program, 0, compiled->table);
  expression.compiled_ = std::move(compiled);
  return expression;
}

Result<Expression> compile(std::string_view text, const Declarations& declarations, const Limits& limits) {
  return compile_with(text, declarations, limits, true);
}

Result<Expression> compile_unchecked(std::string_view text, const Declarations& declarations, const Limits& limits) {
  return compile_with(text, declarations, limits, false);
}

Result<Expression> compile_condition(std::string_view text, const Declarations& declarations, const Limits& limits) {
  Expression expression = TRY(compile(text, declarations, limits));
  if (!expression.type().is(TypeKind::kBool) && !expression.type().is(TypeKind::kDyn)) {
    return invalid("a condition is true or false; this is a " + text_of(expression.type()), "line 1, column 1");
  }
  return expression;
}

uint64_t Expression::cost_bound() const { return compiled_->program.cost_bound; }

Value Expression::run(std::span<const Value> bindings) const {
  const Compiled& c = *compiled_;
  if (c.flat) {
    const Program* const programs[] = {&c.program};
    const Outcome verdict = FlatInputs(c.table, programs, bindings).run(*c.flat, c.program.cost_bound);
    if (verdict != Outcome::kError) return Value::boolean(verdict == Outcome::kYes);
  }
  return expressions::run(c.program, bindings);
}

Error Expression::error_of(const Value& fault) const {
  const Code code = fault.fault() == Fault::kTooCostly ? Code::kLimit : Code::kUnprocessable;
  const uint32_t place = fault.fault_place();
  return {code, std::string(explain(fault.fault())), place == 0 ? "" : place_in(source_, place - 1)};
}

Result<Value> Expression::evaluate(std::span<const Value> bindings) const {
  const Value value = run(bindings);
  if (value.is_fault()) return std::unexpected(error_of(value));
  return value.owned();
}

Result<PartialValue> Expression::evaluate_in_part(std::span<const Value> bindings,
                                                  std::span<const std::string_view> unknown) const {
  Unknowns unknowns = TRY(Unknowns::of(unknown));
  const Value value = expressions::run(compiled_->program, bindings, unknowns);
  if (is_unknown(value)) return PartialValue{.unknown = unknowns.attributes(value)};
  if (value.is_fault()) return std::unexpected(error_of(value));
  return PartialValue{.value = value.owned()};
}

Result<bool> Expression::holds(std::span<const Value> bindings) const {
  const Value value = run(bindings);
  if (value.is_fault()) return std::unexpected(error_of(value));
  if (!value.is(Kind::kBool)) return fail(Code::kUnprocessable, "a condition is not true or false", "line 1, column 1");
  return value.as_bool();
}

}  // namespace amity::expressions
