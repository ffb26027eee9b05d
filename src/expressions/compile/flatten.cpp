// From instructions to flat code. Tests are made from the last to the first, so that each knows where it leads.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "expressions/compile/flat.h"

namespace amity::expressions {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kExact = 9007199254740992.0;  // 2^53: below it a whole number and its double are one

// A constant as a double or an int that compares with every value of that type as the constant itself does.
std::optional<double> as_double(const Value& v) {
  if (v.is(Kind::kDouble)) return v.as_double();
  if (v.is(Kind::kInt) && std::abs(static_cast<double>(v.as_int())) < kExact) return static_cast<double>(v.as_int());
  if (v.is(Kind::kUint) && static_cast<double>(v.as_uint()) < kExact) return static_cast<double>(v.as_uint());
  return std::nullopt;
}

std::optional<int64_t> as_int(const Value& v) {
  if (v.is(Kind::kInt)) return v.as_int();
  if (v.is(Kind::kUint) && v.as_uint() <= INT64_MAX) return static_cast<int64_t>(v.as_uint());
  if (!v.is(Kind::kDouble) || !(std::abs(v.as_double()) < kExact)) return std::nullopt;
  const auto whole = static_cast<int64_t>(v.as_double());
  return static_cast<double>(whole) == v.as_double() ? std::optional(whole) : std::nullopt;
}

Op flipped(Op op) {
  switch (op) {
    case Op::kLess: return Op::kGreater;
    case Op::kAtMost: return Op::kAtLeast;
    case Op::kGreater: return Op::kLess;
    case Op::kAtLeast: return Op::kAtMost;
    default: return op;
  }
}

bool is_comparison(Op op) { return op >= Op::kEqual && op <= Op::kAtLeast; }

class Flattening {
 public:
  Flattening(const Program& program, uint32_t index, FlatTable& table)
      : program_(program), index_(index), table_(table) {}

  std::optional<FlatCode> run() {
    const Instruction& root = program_.code[program_.root];
    if (root.op == Op::kConstant || root.result != Kind::kBool) return std::nullopt;
    const FlatTable before = table_;
    code_.entry = condition(program_.root, kHolds, kFails);
    const bool is_one_part = code_.steps.size() == 1 && code_.steps[0].test == Test::kTruth;
    if (!has_room_ || (is_one_part && !table_.inputs[code_.steps[0].input].is_field)) {
      table_ = before;
      return std::nullopt;
    }
    return std::move(code_);
  }

 private:
  const Instruction& at(uint32_t code) const { return program_.code[code]; }
  uint32_t operand(const Instruction& i, uint32_t n) const { return program_.operands[i.first + n]; }
  const Value* constant(uint32_t code) const {
    return at(code).op == Op::kConstant ? &program_.constants[at(code).slot] : nullptr;
  }

  Target emit(Step step, Target on_true, Target on_false) {
    step.on_true = on_true;
    step.on_false = on_false;
    code_.steps.push_back(step);
    if (code_.steps.size() >= kFails) has_room_ = false;
    return static_cast<Target>(code_.steps.size() - 1);
  }

  // "event.amount" for a path of declared fields; empty for everything else.
  std::string path_of(uint32_t code) const {
    const Instruction& i = at(code);
    if (i.op == Op::kVariable) return std::to_string(i.slot);
    if (i.op != Op::kField) return {};
    const std::string object = path_of(operand(i, 0));
    return object.empty() ? object : object + "." + program_.names[i.name];
  }

  uint16_t input(uint32_t code) {
    const Instruction& i = at(code);
    Input made{.program = index_, .code = code, .kind = i.result, .path = path_of(code)};
    const auto same = std::ranges::find_if(
        table_.inputs, [&](const Input& known) { return !made.path.empty() && known.path == made.path; });
    if (same != table_.inputs.end()) return static_cast<uint16_t>(same - table_.inputs.begin());
    if (i.op == Op::kField && at(operand(i, 0)).op == Op::kVariable) {
      made.is_field = true;
      made.variable = at(operand(i, 0)).slot;
      made.slot = i.slot;
      made.shape = i.shape;
      made.name = program_.names[i.name];
    }
    if (table_.inputs.size() == kMaxInputs) return has_room_ = false, uint16_t{0};
    table_.inputs.push_back(std::move(made));
    return static_cast<uint16_t>(table_.inputs.size() - 1);
  }

  Target condition(uint32_t code, Target yes, Target no) {
    const Instruction& i = at(code);
    switch (i.op) {
      case Op::kConstant:
        if (constant(code)->is(Kind::kBool)) return constant(code)->as_bool() ? yes : no;
        break;
      case Op::kNot: return condition(operand(i, 0), no, yes);
      case Op::kAnd:
        for (uint32_t n = i.count; n > 0; --n) yes = condition(operand(i, n - 1), yes, no);
        return yes;
      case Op::kOr:
        for (uint32_t n = i.count; n > 0; --n) no = condition(operand(i, n - 1), yes, no);
        return no;
      case Op::kChoose: {
        const Target then = condition(operand(i, 1), yes, no);
        const Target otherwise = condition(operand(i, 2), yes, no);
        return condition(operand(i, 0), then, otherwise);
      }
      case Op::kHas: return present(code, yes, no);
      case Op::kIn:
        if (const auto made = membership(i, yes, no)) return *made;
        break;
      default:
        if (!is_comparison(i.op)) break;
        if (const auto made = comparison(i, yes, no)) return *made;
    }
    return emit({.input = input(code)}, yes, no);
  }

  // has(): true where the field can be read; where not, the instruction says whether it is absent or a fault.
  Target present(uint32_t code, Target yes, Target no) {
    const Instruction& i = at(code);
    const Instruction& object = at(operand(i, 0));
    if (!i.shape || object.op != Op::kVariable || !i.is_absent_when_null) {
      return emit({.input = input(code)}, yes, no);
    }
    for (size_t n = 0; n < table_.inputs.size(); ++n) {
      const Input& known = table_.inputs[n];
      if (!known.is_field || known.variable != object.slot || known.slot != i.slot) continue;
      Step step{.test = Test::kPresent, .kind = known.kind, .input = static_cast<uint16_t>(n)};
      step.other = input(code);
      return emit(step, yes, no);
    }
    return emit({.input = input(code)}, yes, no);
  }

  std::optional<Target> comparison(const Instruction& i, Target yes, Target no) {
    uint32_t left = operand(i, 0);
    uint32_t right = operand(i, 1);
    Op op = i.op;
    if (constant(left)) std::swap(left, right), op = flipped(op);
    if (op == Op::kUnequal) std::swap(yes, no), op = Op::kEqual;
    if (constant(right)) return with_constant(op, left, *constant(right), yes, no);
    return with_other(op, left, right, yes, no);
  }

  std::optional<Target> with_constant(Op op, uint32_t left, const Value& c, Target yes, Target no) {
    switch (at(left).result) {
      case Kind::kDouble:
        if (const auto d = as_double(c)) return emit(within(op, left, *d), yes, no);
        break;
      case Kind::kInt:
        if (const auto n = as_int(c)) return emit(within(op, left, *n), yes, no);
        break;
      case Kind::kDuration:
        if (c.is(Kind::kDuration)) return emit(within(op, left, c.duration_nanoseconds()), yes, no);
        break;
      case Kind::kUint:
        if (c.is(Kind::kUint)) return emit(within_natural(op, left, c.as_uint()), yes, no);
        break;
      case Kind::kString:
        if (op != Op::kEqual || !c.is(Kind::kString)) break;
        return emit({.test = Test::kTextIs, .kind = Kind::kString, .input = input(left), .word = word_of(c.as_text())},
                    yes, no);
      case Kind::kBool:
        if (op == Op::kEqual && c.is(Kind::kBool)) {
          return c.as_bool() ? condition(left, yes, no) : condition(left, no, yes);
        }
        break;
      default: break;
    }
    return std::nullopt;
  }

  Step within(Op op, uint32_t left, double c) {
    Step step{.test = Test::kDoubleWithin, .kind = Kind::kDouble, .input = input(left)};
    step.low.real = -kInfinity, step.high.real = kInfinity;
    if (op == Op::kAtMost || op == Op::kEqual) step.high.real = c;
    if (op == Op::kAtLeast || op == Op::kEqual) step.low.real = c;
    if (op == Op::kLess) step.high.real = std::nextafter(c, -kInfinity);
    if (op == Op::kGreater) step.low.real = std::nextafter(c, kInfinity);
    const bool never = std::isnan(c) || (op == Op::kLess && c == -kInfinity) || (op == Op::kGreater && c == kInfinity);
    if (never) step.low.real = kInfinity, step.high.real = -kInfinity;
    return step;
  }

  Step within(Op op, uint32_t left, int64_t c) {
    Step step{.test = Test::kIntWithin, .kind = at(left).result, .input = input(left)};
    step.low.whole = INT64_MIN, step.high.whole = INT64_MAX;
    if (op == Op::kAtMost || op == Op::kEqual) step.high.whole = c;
    if (op == Op::kAtLeast || op == Op::kEqual) step.low.whole = c;
    const bool never = (op == Op::kLess && c == INT64_MIN) || (op == Op::kGreater && c == INT64_MAX);
    if (op == Op::kLess && !never) step.high.whole = c - 1;
    if (op == Op::kGreater && !never) step.low.whole = c + 1;
    if (never) step.low.whole = 1, step.high.whole = 0;
    return step;
  }

  Step within_natural(Op op, uint32_t left, uint64_t c) {
    Step step{.test = Test::kUintWithin, .kind = Kind::kUint, .input = input(left)};
    step.low.natural = 0, step.high.natural = UINT64_MAX;
    if (op == Op::kAtMost || op == Op::kEqual) step.high.natural = c;
    if (op == Op::kAtLeast || op == Op::kEqual) step.low.natural = c;
    const bool never = (op == Op::kLess && c == 0) || (op == Op::kGreater && c == UINT64_MAX);
    if (op == Op::kLess && !never) step.high.natural = c - 1;
    if (op == Op::kGreater && !never) step.low.natural = c + 1;
    if (never) step.low.natural = 1, step.high.natural = 0;
    return step;
  }

  std::optional<Target> with_other(Op op, uint32_t left, uint32_t right, Target yes, Target no) {
    const Kind kind = at(left).result;
    if (kind != at(right).result) return std::nullopt;
    if (op == Op::kGreater || op == Op::kAtLeast) std::swap(left, right), op = flipped(op);
    const auto test = [&](Test below, Test at_most, Test same) {
      const Test chosen = op == Op::kLess ? below : op == Op::kAtMost ? at_most : same;
      const uint16_t first = input(left);
      return emit({.test = chosen, .kind = kind, .input = first, .other = input(right)}, yes, no);
    };
    if (kind == Kind::kDouble) return test(Test::kDoubleBelow, Test::kDoubleAtMost, Test::kDoubleIsOther);
    if (kind == Kind::kInt || kind == Kind::kDuration) {
      return test(Test::kIntBelow, Test::kIntAtMost, Test::kIntIsOther);
    }
    if (kind != Kind::kString || op != Op::kEqual) return std::nullopt;
    return test(Test::kTextIsOther, Test::kTextIsOther, Test::kTextIsOther);
  }

  // `x in [constants]`; nothing where a constant is of another kind than x.
  std::optional<Target> membership(const Instruction& i, Target yes, Target no) {
    const Value* list = constant(operand(i, 1));
    const uint32_t left = operand(i, 0);
    if (!list || !list->is(Kind::kList)) return std::nullopt;
    Step step{.kind = at(left).result};
    step.high.natural = list->size();
    switch (step.kind) {
      case Kind::kString: step.test = Test::kTextAmong; break;
      case Kind::kInt: step.test = Test::kIntAmong; break;
      case Kind::kDouble: step.test = Test::kDoubleAmong; break;
      default: return std::nullopt;
    }
    const auto first = keep(step.test, *list);
    if (!first) return std::nullopt;
    step.low.natural = *first;
    step.input = input(left);
    return emit(step, yes, no);
  }

  std::optional<uint32_t> keep(Test test, const Value& list) {
    const size_t first = test == Test::kTextAmong  ? table_.texts.size()
                         : test == Test::kIntAmong ? table_.ints.size()
                                                   : table_.doubles.size();
    for (size_t n = 0; n < list.size(); ++n) {
      const Value v = list.item(n);
      const auto whole = as_int(v);
      const auto real = as_double(v);
      if (test == Test::kTextAmong && v.is(Kind::kString)) {
        table_.texts.push_back(word_of(v.as_text()));
      } else if (test == Test::kIntAmong && whole) {
        table_.ints.push_back(*whole);
      } else if (test == Test::kDoubleAmong && real) {
        table_.doubles.push_back(*real);
      } else {
        return std::nullopt;
      }
    }
    return static_cast<uint32_t>(first);
  }

  const Program& program_;
  uint32_t index_;
  FlatTable& table_;
  FlatCode code_;
  bool has_room_ = true;
};

}  // namespace

std::optional<FlatCode> flatten(const Program& program, uint32_t program_index, FlatTable& table) {
  return Flattening(program, program_index, table).run();
}

}  // namespace amity::expressions
