#include "expressions/compile/flat.h"

#include <algorithm>
#include <memory>

namespace amity::expressions {
namespace {

bool is_among(const Word& word, std::span<const Word> words) {
  return std::any_of(words.begin(), words.end(), [&](const Word& one) { return same(word, one); });
}

template <class Number>
bool is_among(Number number, std::span<const Number> numbers) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

inline bool holds(const Step& t, const Value& v, const Value& other, const FlatTable& table) {
  switch (t.test) {
    case Test::kTruth: return v.as_bool();
    case Test::kPresent: return true;
    case Test::kDoubleWithin: return v.as_double() >= t.low.real && v.as_double() <= t.high.real;
    case Test::kIntWithin: return v.as_int() >= t.low.whole && v.as_int() <= t.high.whole;
    case Test::kUintWithin: return v.as_uint() >= t.low.natural && v.as_uint() <= t.high.natural;
    case Test::kTextIs: return same(word_of(v.as_text()), t.word);
    case Test::kTextAmong:
      return is_among(word_of(v.as_text()), std::span(table.texts).subspan(t.low.natural, t.high.natural));
    case Test::kIntAmong: return is_among(v.as_int(), std::span(table.ints).subspan(t.low.natural, t.high.natural));
    case Test::kDoubleAmong:
      return is_among(v.as_double(), std::span(table.doubles).subspan(t.low.natural, t.high.natural));
    case Test::kDoubleBelow: return v.as_double() < other.as_double();
    case Test::kDoubleAtMost: return v.as_double() <= other.as_double();
    case Test::kDoubleIsOther: return v.as_double() == other.as_double();
    case Test::kIntBelow: return v.as_int() < other.as_int();
    case Test::kIntAtMost: return v.as_int() <= other.as_int();
    case Test::kIntIsOther: return v.as_int() == other.as_int();
    case Test::kTextIsOther: return v.as_text() == other.as_text();
  }
  return false;
}

// What a JSON value is as a value of that kind; missing where it takes more than a look.
inline Value plain_json(const json::value& v, Kind kind) {
  if (kind == Kind::kDouble && v.is_double()) return Value::number(v.get_double());
  if (kind == Kind::kDouble && v.is_int64()) return Value::number(static_cast<double>(v.get_int64()));
  if (kind == Kind::kInt && v.is_int64()) return Value::integer(v.get_int64());
  if (kind == Kind::kBool && v.is_bool()) return Value::boolean(v.get_bool());
  if (kind != Kind::kString || !v.is_string()) return Value::missing();
  return Value::borrowed_text({v.get_string().data(), v.get_string().size()});
}

}  // namespace

Source source_of(const Input& input, std::span<const Value> bindings) {
  if (!input.is_field || input.variable >= bindings.size()) return {};
  const Value& bound = bindings[input.variable];
  const Row* row = bound.is(Kind::kMap) ? bound.row() : nullptr;
  if (!row) return {.bound = &bound};
  if (&row->shape() != input.shape) return {};
  return {.row = row, .fields = row->fields()};
}

Value plain_field(const Input& input, const Source& source) {
  if (source.fields) {
    const Value& value = source.fields[input.slot];
    return value.is(input.kind) ? value.borrow() : Value::missing();
  }
  if (source.row) {
    Value value = source.row->field(input.slot);
    return value.is(input.kind) ? value : Value::missing();
  }
  const json::value* member = source.bound ? source.bound->document_member(input.name, input.slot) : nullptr;
  return member ? plain_json(*member, input.kind) : Value::missing();
}

FlatInputs::FlatInputs(const FlatTable& table, std::span<const Program* const> programs,
                       std::span<const Value> bindings)
    : table_(table), programs_(programs), bindings_(bindings) {
  std::uninitialized_fill_n(values(), table.inputs.size(), Value::missing());
}

void FlatInputs::let_go() { std::destroy_n(values(), table_.inputs.size()); }

// Reads an input; false where there is none of the wanted kind.
bool FlatInputs::fetch(uint16_t index, Kind wanted) {
  Value& value = values()[index];
  if (!value.is(Kind::kMissing)) return false;
  const Input& input = table_.inputs[index];
  value = plain_field(input, source_of(input, bindings_));
  holds_owned_ |= value.is_owned();
  if (value.is(wanted)) return true;
  value = expressions::run(*programs_[input.program], input.code, bindings_, budget_);
  holds_owned_ |= value.is_owned();
  return value.is(wanted);
}

// A field without a value: has() itself says whether it is absent or cannot be asked for.
Outcome FlatInputs::present(const Step& step) {
  if (!values()[step.other].is(Kind::kBool) && !fetch(step.other, Kind::kBool)) return Outcome::kError;
  return values()[step.other].as_bool() ? Outcome::kYes : Outcome::kNo;
}

Outcome FlatInputs::run(const FlatCode& code, uint64_t budget) {
  budget_ = budget;
  const Step* const steps = code.steps.data();
  const Value* const in = values();
  Target at = code.entry;
  while (at < kFails) {
    const Step& t = steps[at];
    bool is_true = false;
    if (!in[t.input].is(t.kind) && !fetch(t.input, t.kind)) [[unlikely]] {
      const Outcome has = t.test == Test::kPresent ? present(t) : Outcome::kError;
      if (has == Outcome::kError) return has;
      is_true = has == Outcome::kYes;
    } else {
      if (t.test >= Test::kDoubleBelow && !in[t.other].is(t.kind) && !fetch(t.other, t.kind)) return Outcome::kError;
      is_true = holds(t, in[t.input], in[t.other], table_);
    }
    at = is_true ? t.on_true : t.on_false;
  }
  return at == kHolds ? Outcome::kYes : Outcome::kNo;
}

}  // namespace amity::expressions
