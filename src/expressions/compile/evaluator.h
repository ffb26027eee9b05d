// Runs the instructions of a program: one visit an instruction, values passed by hand, locals on the stack. What goes
// wrong is a value of kind kFault, which `&&`, `||` and loops may absorb.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "expressions/compile/program.h"
#include "expressions/compile/unknowns.h"

namespace amity::expressions {

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
Value converted(const Value& v, Kind wanted);
uint64_t weight(const Value& v);  // the work of having made it

class Evaluator {
 public:
  // `unknowns` null: everything is known.
  Evaluator(const Program& program, std::span<const Value> bindings, uint64_t& budget, Unknowns* unknowns = nullptr)
      : program_(program), bindings_(bindings), budget_(budget), unknowns_(unknowns), locals_(program.local_count) {
    if (unknowns_) unknowns_->local_paths.resize(program.local_count);
  }

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

  Value eval(uint32_t index);

  template <class Operation>
  Value with_one(const Instruction& i, Operation operation) {
    const Value v = eval_operand(i, 0);
    return v.is_fault() ? v : placed(operation(v), i);
  }
  template <class Operation>
  Value with_two(const Instruction& i, Operation operation) {
    const Value a = eval_operand(i, 0);
    if (a.is_fault() && !is_unknown(a)) return a;
    const Value b = eval_operand(i, 1);
    if (a.is_fault() || b.is_fault()) return worse(a, b);
    return placed(operation(a, b), i);
  }

  // Of strict parts an error goes before what is unknown; unknowns are put together.
  Value worse(const Value& a, const Value& b) {
    if (!a.is_fault() || !b.is_fault()) return a.is_fault() ? a : b;
    if (is_unknown(a) && is_unknown(b)) return unknowns_->merged(a, b);
    return is_unknown(a) ? b : a;
  }
  // Of parts that one other could have decided, what is unknown goes before an error.
  Value absorbed(const Value& a, const Value& b) {
    if (!a.is_fault() || !b.is_fault()) return a.is_fault() ? a : b;
    if (is_unknown(a) && is_unknown(b)) return unknowns_->merged(a, b);
    return is_unknown(b) ? b : a;
  }
  // Whether a strict part went wrong; `trouble` is what has so far, and an error in it ends the matter.
  bool is_troubled(const Value& part, Value& trouble) {
    if (part.is_fault()) trouble = worse(trouble, part);
    return part.is_fault();
  }
  static bool has_error(const Value& trouble) { return trouble.is_fault() && !is_unknown(trouble); }

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

  Value field(const Value& object, const Instruction& i) {
    const Row* row = object.is(Kind::kMap) ? object.row() : nullptr;
    if (!row || &row->shape() != i.shape) return member(object, program_.names[i.name]);
    Value v = row->field(i.slot);
    return v.is(Kind::kMissing) ? Value::fault(Fault::kNoSuchField) : v;
  }

  // What the attributes an instruction reads are, and where they lie.
  struct Traced {
    Value value;
    Path path;
  };
  static bool is_attribute(Op op) {
    return op == Op::kVariable || op == Op::kLocal || op == Op::kField || op == Op::kMember ||
           op == Op::kOptionalMember || op == Op::kIndex;
  }
  Value read(const Instruction& i, uint32_t index);
  Traced trace(uint32_t index);
  Traced trace_below(const Instruction& i);
  Value below(const Value& object, const Value& key, const Instruction& i);
  void remember(uint32_t local, Path path) {
    if (unknowns_) unknowns_->local_paths[local] = std::move(path);
  }
  void bind_local(uint32_t local, uint32_t code);
  Value whole(uint32_t local);
  void remember_item(const Instruction& i, const Path& range, const Value& key, bool is_map);

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
      } else {
        trouble = absorbed(trouble, v.is_fault() ? v : fault(Fault::kNotBool, i));
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
    Value trouble;
    for (uint32_t n = 0; n < i.count; ++n) {
      arguments[n] = eval_operand(i, n);
      if (is_troubled(arguments[n], trouble) && has_error(trouble)) return trouble;
    }
    if (trouble.is_fault()) return trouble;
    Value result = i.function(std::span<const Value>(arguments, i.count));
    return placed(i.grows ? grown(std::move(result)) : std::move(result), i);
  }

  bool is_optional_part(const Instruction& i, size_t n) const {
    return i.slot > 0 && program_.optional_parts[i.slot - 1][n];
  }

  Value list(const Instruction& i) {
    std::vector<Value> items;
    items.reserve(i.count);
    Value trouble;
    for (uint32_t n = 0; n < i.count; ++n) {
      Value v = eval_operand(i, n);
      if (is_troubled(v, trouble)) {
        if (has_error(trouble)) return trouble;
      } else if (is_optional_part(i, n)) {
        if (!v.is(Kind::kOptional)) return fault(Fault::kNoSuchOverload, i);
        if (v.inside()) items.push_back(*v.inside());
      } else {
        items.push_back(std::move(v));
      }
    }
    return trouble.is_fault() ? trouble : Value::list(std::move(items));
  }

  Value map(const Instruction& i) {
    std::vector<Entry> entries;
    Value trouble;
    for (uint32_t n = 0; n + 1 < i.count; n += 2) {
      Value key = eval_operand(i, n);
      if (is_troubled(key, trouble) && has_error(trouble)) return trouble;
      Value value = eval_operand(i, n + 1);
      if (is_troubled(value, trouble) && has_error(trouble)) return trouble;
      if (trouble.is_fault()) continue;
      if (is_optional_part(i, n / 2)) {
        if (!value.is(Kind::kOptional)) return fault(Fault::kNoSuchOverload, i);
        if (!value.inside()) continue;
        value = Value(*value.inside());
      }
      entries.emplace_back(std::move(key), std::move(value));
    }
    return trouble.is_fault() ? trouble : placed(checked_map(std::move(entries)), i);
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
  bool keep_item(Value item, Turn& turn);
  Value finish(const Instruction& i, Turn turn);

  Value block(const Instruction& i) {
    for (uint32_t n = 0; n + 1 < i.count; ++n) bind_local(i.slot + n, operand(i, n));
    return eval_operand(i, i.count - 1);
  }

  Value optional_map(const Instruction& i) {
    const Value object = eval_operand(i, 0);
    if (object.is_fault()) return object;
    if (!object.is(Kind::kOptional)) return fault(Fault::kNoSuchOverload, i);
    if (!object.inside()) return object;
    locals_[i.slot] = *object.inside();
    remember(i.slot, {});
    Value result = eval_operand(i, 1);
    if (result.is_fault()) return result;
    if (!i.is_flat) return Value::optional(std::move(result));
    return result.is(Kind::kOptional) ? result : fault(Fault::kNoSuchOverload, i);
  }

  const Program& program_;
  std::span<const Value> bindings_;
  uint64_t& budget_;
  Unknowns* unknowns_;
  bool is_exhausted_ = false;
  Frame locals_;
};

}  // namespace amity::expressions
