#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "expressions/compile/program.h"
#include "expressions/functions/text.h"
#include "expressions/functions/time.h"

namespace amity::expressions {
namespace {

// The locals live on the stack; only as many as the program names are made.
class Frame {
 public:
  explicit Frame(uint32_t count) : count_(count) { std::uninitialized_default_construct_n(values(), count_); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() { std::destroy_n(values(), count_); }
  Value& operator[](uint32_t slot) { return values()[slot]; }

 private:
  Value* values() { return reinterpret_cast<Value*>(bytes_); }
  alignas(Value) std::byte bytes_[kMaxLocals * sizeof(Value)];
  uint32_t count_;
};

// JSON knows fewer kinds than the language: whole numbers stand for doubles, texts for times and bytes.
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

class Evaluator {
 public:
  Evaluator(const Program& program, std::span<const Value> bindings, uint64_t& budget)
      : program_(program), bindings_(bindings), budget_(budget), locals_(program.local_count) {}

  Value run(uint32_t root) {
    Value result = eval(root);
    return is_exhausted_ ? Value::fault(Fault::kTooCostly) : result;
  }

 private:
  uint32_t operand(const Instruction& i, uint32_t n) const { return program_.operands[i.first + n]; }
  Value eval_operand(const Instruction& i, uint32_t n) { return eval(operand(i, n)); }
  std::span<const uint32_t> operands(const Instruction& i) const {
    return {program_.operands.data() + i.first, i.count};
  }

  static Value placed(Value v, const Instruction& i) {
    if (v.is_fault() && v.fault_place() == 0) v.set_fault_place(i.place);
    return v;
  }
  static Value fault(Fault fault, const Instruction& i) { return Value::fault(fault, i.place); }

  bool spend(uint64_t work) {
    if (work <= budget_) {
      budget_ -= work;
      return true;
    }
    is_exhausted_ = true;
    budget_ = 0;
    return false;
  }

  Value eval(uint32_t index) {
    const Instruction& i = program_.code[index];
    switch (i.op) {
      case Op::kConstant: return program_.constants[i.slot].borrow();
      case Op::kVariable: return expected(variable(i), i);
      case Op::kLocal: return locals_[i.slot];
      case Op::kField: return expected(field(i), i);
      case Op::kMember:
        return expected(with_one(i, [&](const Value& v) { return member(v, program_.names[i.name]); }), i);
      case Op::kOptionalMember:
        return with_one(i, [&](const Value& v) { return optional_member(v, program_.names[i.name]); });
      case Op::kHas: return with_one(i, [&](const Value& v) { return has(v, i); });
      case Op::kNot:
        return with_one(
            i, [](const Value& v) { return v.is(Kind::kBool) ? Value::boolean(!v.as_bool()) : no_overload(); });
      case Op::kAnd: return logic(i, false);
      case Op::kOr: return logic(i, true);
      case Op::kChoose: return choose(i);
      case Op::kEqual: return with_two(i, [](const Value& a, const Value& b) { return Value::boolean(equal(a, b)); });
      case Op::kUnequal:
        return with_two(i, [](const Value& a, const Value& b) { return Value::boolean(!equal(a, b)); });
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
      case Op::kLet: locals_[i.slot] = eval_operand(i, 0); return eval_operand(i, 1);
      case Op::kBlock: return block(i);
      case Op::kOptionalMap: return optional_map(i);
      case Op::kUnknown: return fault(i.count == 0 ? Fault::kUnknownVariable : Fault::kUnknownFunction, i);
    }
    return fault(Fault::kNoSuchOverload, i);
  }

  template <class Operation>
  Value with_one(const Instruction& i, Operation operation) {
    const Value v = eval_operand(i, 0);
    return v.is_fault() ? v : placed(operation(v), i);
  }
  template <class Operation>
  Value with_two(const Instruction& i, Operation operation) {
    const Value a = eval_operand(i, 0);
    if (a.is_fault()) return a;
    const Value b = eval_operand(i, 1);
    return b.is_fault() ? b : placed(operation(a, b), i);
  }

  Value ordered(const Instruction& i, bool (*holds)(Order)) {
    return with_two(i, [&](const Value& a, const Value& b) {
      const Order order = compare(a, b);
      return order == Order::kIncomparable ? no_overload() : Value::boolean(holds(order));
    });
  }

  Value grown(Value v) { return spend(weight(v)) ? v : Value::fault(Fault::kTooCostly); }

  Value variable(const Instruction& i) {
    if (i.slot >= bindings_.size() || bindings_[i.slot].is(Kind::kMissing)) return fault(Fault::kUnknownVariable, i);
    return bindings_[i.slot].borrow();
  }

  // Holds what came from outside to the kind its declaration promises.
  static Value expected(Value v, const Instruction& i) {
    if (i.expects == Kind::kFault || v.is(i.expects) || v.is_fault() || (i.is_nullable && v.is(Kind::kNull))) return v;
    if (v.is(Kind::kNull) && i.is_absent_when_null) return fault(Fault::kNoSuchField, i);
    return placed(converted(v, i.expects), i);
  }

  Value field(const Instruction& i) {
    const Value object = eval_operand(i, 0);
    if (object.is_fault()) return object;
    const Row* row = object.is(Kind::kMap) ? object.row() : nullptr;
    if (!row || &row->shape() != i.shape) return placed(member(object, program_.names[i.name]), i);
    Value v = row->field(i.slot);
    return v.is(Kind::kMissing) ? fault(Fault::kNoSuchField, i) : v;
  }

  Value has(const Value& object, const Instruction& i) {
    const Row* row = i.shape && object.is(Kind::kMap) ? object.row() : nullptr;
    if (row && &row->shape() == i.shape) {
      const Value v = row->field(i.slot);
      return Value::boolean(!v.is(Kind::kMissing) && !(i.is_absent_when_null && v.is(Kind::kNull)));
    }
    if (!i.is_absent_when_null || !object.is(Kind::kMap)) return has_member(object, program_.names[i.name]);
    const auto found = object.find(program_.names[i.name]);
    return Value::boolean(found && !found->is(Kind::kNull));
  }

  // && (decisive false) and || (decisive true): a decisive part decides whatever else goes wrong.
  Value logic(const Instruction& i, bool decisive) {
    Value trouble;
    for (uint32_t part : operands(i)) {
      Value v = eval(part);
      if (v.is(Kind::kBool)) {
        if (v.as_bool() == decisive) return v;
      } else if (!trouble.is_fault()) {
        trouble = v.is_fault() ? std::move(v) : fault(Fault::kNotBool, i);
      }
    }
    return trouble.is_fault() ? trouble : Value::boolean(!decisive);
  }

  Value choose(const Instruction& i) {
    const Value condition = eval_operand(i, 0);
    if (condition.is_fault()) return condition;
    if (!condition.is(Kind::kBool)) return fault(Fault::kNotBool, i);
    return eval_operand(i, condition.as_bool() ? 1 : 2);
  }

  static Value matched(const Value& v, const Pattern& pattern) {
    return v.is(Kind::kString) ? Value::boolean(pattern.found_in(v.as_text())) : no_overload();
  }

  Value call(const Instruction& i) {
    constexpr uint32_t kInPlace = 4;
    if (i.count <= kInPlace) {
      std::array<Value, kInPlace> arguments;
      return call_with(i, arguments.data());
    }
    std::vector<Value> arguments(i.count);
    return call_with(i, arguments.data());
  }

  Value call_with(const Instruction& i, Value* arguments) {
    for (uint32_t n = 0; n < i.count; ++n) {
      arguments[n] = eval_operand(i, n);
      if (arguments[n].is_fault()) return arguments[n];
    }
    Value result = i.function(std::span<const Value>(arguments, i.count));
    return placed(i.grows ? grown(std::move(result)) : std::move(result), i);
  }

  bool is_optional_part(const Instruction& i, size_t n) const {
    return i.slot > 0 && program_.optional_parts[i.slot - 1][n];
  }

  Value list(const Instruction& i) {
    std::vector<Value> items;
    items.reserve(i.count);
    for (uint32_t n = 0; n < i.count; ++n) {
      Value v = eval_operand(i, n);
      if (v.is_fault()) return v;
      if (is_optional_part(i, n)) {
        if (!v.is(Kind::kOptional)) return fault(Fault::kNoSuchOverload, i);
        if (v.inside()) items.push_back(*v.inside());
      } else {
        items.push_back(std::move(v));
      }
    }
    return Value::list(std::move(items));
  }

  Value map(const Instruction& i) {
    std::vector<Entry> entries;
    for (uint32_t n = 0; n + 1 < i.count; n += 2) {
      Value key = eval_operand(i, n);
      if (key.is_fault()) return key;
      Value value = eval_operand(i, n + 1);
      if (value.is_fault()) return value;
      if (is_optional_part(i, n / 2)) {
        if (!value.is(Kind::kOptional)) return fault(Fault::kNoSuchOverload, i);
        if (!value.inside()) continue;
        value = Value(*value.inside());
      }
      entries.emplace_back(std::move(key), std::move(value));
    }
    return placed(checked_map(std::move(entries)), i);
  }

  static Value checked_map(std::vector<Entry> entries) {
    for (const auto& [key, value] : entries) {
      if (!key.is(Kind::kInt) && !key.is(Kind::kUint) && !key.is(Kind::kString) && !key.is(Kind::kBool)) {
        return Value::fault(Fault::kBadKey);
      }
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return sorts_before(a.first, b.first); });
    const auto twice = std::adjacent_find(entries.begin(), entries.end(),
                                          [](const Entry& a, const Entry& b) { return equal(a.first, b.first); });
    if (twice != entries.end()) return Value::fault(Fault::kDuplicateKey);
    return Value::map(std::move(entries));
  }

  Value loop(const Instruction& i);
  // Each turn of a loop: true to go on.
  struct Turn {
    std::vector<Value> items;
    std::vector<Entry> entries;
    Value result;
    uint32_t hits = 0;
  };
  bool take_turn(const Instruction& i, Turn& turn);
  Value finish(const Instruction& i, Turn turn);

  Value block(const Instruction& i) {
    for (uint32_t n = 0; n + 1 < i.count; ++n) locals_[i.slot + n] = eval_operand(i, n);
    return eval_operand(i, i.count - 1);
  }

  Value optional_map(const Instruction& i) {
    const Value object = eval_operand(i, 0);
    if (object.is_fault()) return object;
    if (!object.is(Kind::kOptional)) return fault(Fault::kNoSuchOverload, i);
    if (!object.inside()) return object;
    locals_[i.slot] = *object.inside();
    Value result = eval_operand(i, 1);
    if (result.is_fault()) return result;
    if (!i.is_flat) return Value::optional(std::move(result));
    return result.is(Kind::kOptional) ? result : fault(Fault::kNoSuchOverload, i);
  }

  const Program& program_;
  std::span<const Value> bindings_;
  uint64_t& budget_;
  bool is_exhausted_ = false;
  Frame locals_;
};

Value Evaluator::loop(const Instruction& i) {
  const Value range = eval_operand(i, 0);
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
      if (decides || !turn.result.is_fault()) turn.result = std::move(condition);
      return !decides;
    }
    if (condition.is_fault()) return turn.result = std::move(condition), false;
    if (!condition.as_bool()) return true;
    ++turn.hits;
    if (i.macro == Macro::kExistsOne) return true;
    if (i.macro == Macro::kFilter) return turn.items.push_back(locals_[i.slot]), true;
  }
  Value made = eval_operand(i, i.count - 1);
  if (made.is_fault()) return turn.result = std::move(made), false;
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

}  // namespace

Value run(const Program& program, uint32_t root, std::span<const Value> bindings, uint64_t& budget) {
  return Evaluator(program, bindings, budget).run(root);
}

Value run(const Program& program, std::span<const Value> bindings) {
  uint64_t budget = program.cost_bound;
  return run(program, program.root, bindings, budget);
}

}  // namespace amity::expressions
