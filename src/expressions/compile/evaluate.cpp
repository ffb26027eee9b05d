#include "expressions/compile/evaluator.h"

#include <cmath>

#include "expressions/functions/text.h"
#include "expressions/functions/time.h"

namespace amity::expressions {

Value converted(const Value& v, Kind wanted) {
  if (v.is(Kind::kInt) && wanted == Kind::kDouble) return Value::number(static_cast<double>(v.as_int()));
  if (v.is(Kind::kUint) && wanted == Kind::kDouble) return Value::number(static_cast<double>(v.as_uint()));
  if (v.is(Kind::kInt) && wanted == Kind::kUint && v.as_int() >= 0) {
    return Value::unsigned_integer(static_cast<uint64_t>(v.as_int()));
  }
  if (v.is(Kind::kDouble) && wanted == Kind::kInt && std::abs(v.as_double()) <= 9007199254740992.0 &&
      std::trunc(v.as_double()) == v.as_double()) {
    return Value::integer(static_cast<int64_t>(v.as_double()));
  }
  if (v.is(Kind::kString) && wanted == Kind::kTimestamp) {
    return timestamp_from(v.as_text()).value_or(Value::fault(Fault::kWrongInput));
  }
  if (v.is(Kind::kString) && wanted == Kind::kDuration) {
    return duration_from(v.as_text()).value_or(Value::fault(Fault::kWrongInput));
  }
  if (v.is(Kind::kString) && wanted == Kind::kBytes) {
    auto bytes = bytes_of_base64(v.as_text());
    if (bytes) return Value::bytes(std::move(*bytes));
  }
  return Value::fault(Fault::kWrongInput);
}

uint64_t weight(const Value& v) {
  switch (v.kind()) {
    case Kind::kString:
    case Kind::kBytes: return v.as_text().size() / 64;
    case Kind::kList:
    case Kind::kMap: return v.size();
    default: return 0;
  }
}

Value Evaluator::eval(uint32_t index) {
  const Instruction& i = program_.code[index];
  if (unknowns_ && (is_attribute(i.op) || i.op == Op::kHas)) return read(i, index);
  switch (i.op) {
    case Op::kConstant: return program_.constants[i.slot].borrow();
    case Op::kVariable: return expected(variable(i), i);
    case Op::kLocal: return locals_[i.slot];
    case Op::kField: return expected(with_one(i, [&](const Value& v) { return field(v, i); }), i);
    case Op::kMember:
      return expected(with_one(i, [&](const Value& v) { return member(v, program_.names[i.name]); }), i);
    case Op::kOptionalMember:
      return with_one(i, [&](const Value& v) { return optional_member(v, program_.names[i.name]); });
    case Op::kHas: return with_one(i, [&](const Value& v) { return has(v, i); });
    case Op::kNot:
      return with_one(i,
                      [](const Value& v) { return v.is(Kind::kBool) ? Value::boolean(!v.as_bool()) : no_overload(); });
    case Op::kAnd: return logic(i, false);
    case Op::kOr: return logic(i, true);
    case Op::kChoose: return choose(i);
    case Op::kEqual: return with_two(i, [](const Value& a, const Value& b) { return Value::boolean(equal(a, b)); });
    case Op::kUnequal: return with_two(i, [](const Value& a, const Value& b) { return Value::boolean(!equal(a, b)); });
    case Op::kLess: return ordered(i, [](Order o) { return o == Order::kLess; });
    case Op::kAtMost: return ordered(i, [](Order o) { return o == Order::kLess || o == Order::kEqual; });
    case Op::kGreater: return ordered(i, [](Order o) { return o == Order::kGreater; });
    case Op::kAtLeast: return ordered(i, [](Order o) { return o == Order::kGreater || o == Order::kEqual; });
    case Op::kAdd: return with_two(i, [&](const Value& a, const Value& b) { return grown(add(a, b)); });
    case Op::kSubtract: return with_two(i, subtract);
    case Op::kMultiply: return with_two(i, multiply);
    case Op::kDivide: return with_two(i, divide);
    case Op::kIn: return with_two(i, [](const Value& a, const Value& b) { return contains(b, a); });
    case Op::kIndex: return expected(with_two(i, element), i);
    case Op::kCall: return call(i);
    case Op::kMatches: return with_one(i, [&](const Value& v) { return matched(v, program_.patterns[i.slot]); });
    case Op::kList: return list(i);
    case Op::kMap: return map(i);
    case Op::kLoop: return loop(i);
    case Op::kLet:
    case Op::kBlock: return block(i);
    case Op::kOptionalMap: return optional_map(i);
    case Op::kUnknown: return fault(i.count == 0 ? Fault::kUnknownVariable : Fault::kUnknownFunction, i);
  }
  return fault(Fault::kNoSuchOverload, i);
}

Value Evaluator::loop(const Instruction& i) {
  const Traced traced = unknowns_ ? trace(operand(i, 0)) : Traced{eval_operand(i, 0), {}};
  const Value& range = traced.value;
  if (range.is_fault()) return range;
  if (!range.is(Kind::kList) && !range.is(Kind::kMap)) return fault(Fault::kNoSuchOverload, i);
  Turn turn;
  const bool quantifies = i.macro == Macro::kAll || i.macro == Macro::kExists || i.macro == Macro::kExistsOne;
  turn.result = quantifies ? Value::boolean(i.macro == Macro::kAll) : Value::null();
  const auto entries = range.is(Kind::kMap) ? range.entries() : std::vector<Entry>();
  const size_t count = range.is(Kind::kMap) ? entries.size() : range.size();
  for (size_t n = 0; n < count; ++n) {
    if (!spend(1)) return fault(Fault::kTooCostly, i);
    const bool is_map = range.is(Kind::kMap);
    if (i.local_count == 1) {
      locals_[i.slot] = is_map ? entries[n].first : range.item(n);
    } else {
      locals_[i.slot] = is_map ? entries[n].first : Value::integer(static_cast<int64_t>(n));
      locals_[i.slot + 1] = is_map ? entries[n].second : range.item(n);
    }
    if (unknowns_)
      remember_item(i, traced.path, is_map ? entries[n].first : Value::integer(static_cast<int64_t>(n)), is_map);
    if (!take_turn(i, turn)) break;
  }
  return finish(i, std::move(turn));
}

bool Evaluator::take_turn(const Instruction& i, Turn& turn) {
  const bool has_condition = i.count == 3 || i.macro <= Macro::kExistsOne || i.macro == Macro::kFilter;
  if (has_condition) {
    Value condition = eval_operand(i, 1);
    if (!condition.is(Kind::kBool) && !condition.is_fault()) condition = fault(Fault::kNotBool, i);
    if (i.macro == Macro::kAll || i.macro == Macro::kExists) {
      const bool decisive = i.macro == Macro::kExists;
      if (condition.is(Kind::kBool) && condition.as_bool() != decisive) return true;
      const bool decides = condition.is(Kind::kBool);
      turn.result = decides ? std::move(condition) : absorbed(turn.result, condition);
      return !decides;
    }
    if (is_troubled(condition, turn.result)) return !has_error(turn.result);
    if (!condition.as_bool()) return true;
    ++turn.hits;
    if (i.macro == Macro::kExistsOne) return true;
    if (i.macro == Macro::kFilter) return keep_item(whole(i.slot), turn);
  }
  Value made = eval_operand(i, i.count - 1);
  if (is_troubled(made, turn.result)) return !has_error(turn.result);
  if (i.macro == Macro::kTransformMap) {
    turn.entries.emplace_back(locals_[i.slot], std::move(made));
  } else if (i.macro == Macro::kTransformMapEntry) {
    if (!made.is(Kind::kMap)) return turn.result = fault(Fault::kNoSuchOverload, i), false;
    for (auto& entry : made.entries()) turn.entries.push_back(std::move(entry));
  } else {
    turn.items.push_back(std::move(made));
  }
  return true;
}

bool Evaluator::keep_item(Value item, Turn& turn) {
  if (is_troubled(item, turn.result)) return !has_error(turn.result);
  turn.items.push_back(std::move(item));
  return true;
}

Value Evaluator::finish(const Instruction& i, Turn turn) {
  if (turn.result.is_fault()) return turn.result;
  switch (i.macro) {
    case Macro::kAll:
    case Macro::kExists: return turn.result;
    case Macro::kExistsOne: return Value::boolean(turn.hits == 1);
    case Macro::kTransformMap:
    case Macro::kTransformMapEntry: return placed(checked_map(std::move(turn.entries)), i);
    default: return Value::list(std::move(turn.items));
  }
}

// An attribute as a value: unknown too where something in it is, for who takes the whole may look at all of it.
Value Evaluator::read(const Instruction& i, uint32_t index) {
  if (i.op == Op::kHas) {
    const Traced object = trace(operand(i, 0));
    if (object.value.is_fault()) return object.value;
    Path path = object.path;
    if (!path.empty()) path.push_back(step_of_name(program_.names[i.name]));
    return unknowns_->covers(path) ? unknowns_->value_of(path) : placed(has(object.value, i), i);
  }
  const Traced traced = trace(index);
  const bool is_partly_unknown =
      !traced.value.is_fault() && !traced.path.empty() && unknowns_->covers_part_of(traced.path);
  return is_partly_unknown ? unknowns_->value_of(traced.path) : traced.value;
}

Evaluator::Traced Evaluator::trace(uint32_t index) {
  const Instruction& i = program_.code[index];
  if (!is_attribute(i.op)) return {eval(index), {}};
  if (i.op == Op::kLocal) return {locals_[i.slot], unknowns_->local_paths[i.slot]};
  if (i.op != Op::kVariable) return trace_below(i);
  Path path = path_of_variable(program_.names[i.name]);
  if (unknowns_->covers(path)) return {unknowns_->value_of(path), {}};
  return {expected(variable(i), i), std::move(path)};
}

Evaluator::Traced Evaluator::trace_below(const Instruction& i) {
  Traced traced = trace(operand(i, 0));
  if (has_error(traced.value)) return {traced.value, {}};
  const Value key = i.op == Op::kIndex ? eval_operand(i, 1) : Value::borrowed_text(program_.names[i.name]);
  if (traced.value.is_fault() || key.is_fault()) return {worse(traced.value, key), {}};
  if (!traced.path.empty()) traced.path.push_back(step_of_key(key));
  if (unknowns_->covers(traced.path)) return {unknowns_->value_of(traced.path), {}};
  traced.value = below(traced.value, key, i);
  return traced;
}

Value Evaluator::below(const Value& object, const Value& key, const Instruction& i) {
  if (i.op == Op::kOptionalMember) return placed(optional_member(object, program_.names[i.name]), i);
  if (i.op == Op::kIndex) return expected(placed(element(object, key), i), i);
  return expected(placed(i.op == Op::kField ? field(object, i) : member(object, program_.names[i.name]), i), i);
}

void Evaluator::bind_local(uint32_t local, uint32_t code) {
  if (!unknowns_) {
    locals_[local] = eval(code);
    return;
  }
  Traced traced = trace(code);
  locals_[local] = std::move(traced.value);
  remember(local, std::move(traced.path));
}

// The last of a loop's locals stands for the item, but a single one over a map for its key.
void Evaluator::remember_item(const Instruction& i, const Path& range, const Value& key, bool is_map) {
  for (uint32_t n = 0; n < i.local_count; ++n) remember(i.slot + n, {});
  if (range.empty() || (is_map && i.local_count == 1)) return;
  Path item = range;
  item.push_back(step_of_key(key));
  const uint32_t local = i.slot + i.local_count - 1;
  if (unknowns_->covers(item)) locals_[local] = unknowns_->value_of(item);
  remember(local, std::move(item));
}

// A local's value to be kept whole.
Value Evaluator::whole(uint32_t local) {
  if (!unknowns_ || locals_[local].is_fault()) return locals_[local];
  const Path& path = unknowns_->local_paths[local];
  return !path.empty() && unknowns_->covers_part_of(path) ? unknowns_->value_of(path) : locals_[local];
}

Value run(const Program& program, uint32_t root, std::span<const Value> bindings, uint64_t& budget) {
  return Evaluator(program, bindings, budget).run(root);
}

Value run(const Program& program, std::span<const Value> bindings) {
  uint64_t budget = program.cost_bound;
  return run(program, program.root, bindings, budget);
}

Value run(const Program& program, std::span<const Value> bindings, Unknowns& unknowns) {
  uint64_t budget = program.cost_bound;
  return Evaluator(program, bindings, budget, &unknowns).run(program.root);
}

}  // namespace amity::expressions
