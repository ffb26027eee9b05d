#include <cmath>

#include "expressions/functions/library.h"
#include "expressions/functions/time.h"

namespace amity::expressions {
namespace {

Value overflow() { return Value::fault(Fault::kOverflow); }

Value joined_lists(const Value& a, const Value& b) {
  std::vector<Value> items;
  items.reserve(a.size() + b.size());
  for (size_t i = 0; i < a.size(); ++i) items.push_back(a.item(i));
  for (size_t i = 0; i < b.size(); ++i) items.push_back(b.item(i));
  return Value::list(std::move(items));
}

Value joined_text(const Value& a, const Value& b) {
  std::string text;
  text.reserve(a.as_text().size() + b.as_text().size());
  text.append(a.as_text()).append(b.as_text());
  return a.is(Kind::kString) ? Value::text(std::move(text)) : Value::bytes(std::move(text));
}

bool is_pair(const Value& a, const Value& b, Kind first, Kind second) { return a.is(first) && b.is(second); }

}  // namespace

Value add(const Value& a, const Value& b) {
  if (is_pair(a, b, Kind::kDuration, Kind::kTimestamp)) return add(b, a);
  if (is_pair(a, b, Kind::kTimestamp, Kind::kDuration)) {
    return checked_timestamp(nanoseconds_since_1970(a) + b.duration_nanoseconds());
  }
  if (a.kind() != b.kind()) return no_overload();
  int64_t sum = 0;
  uint64_t natural = 0;
  switch (a.kind()) {
    case Kind::kInt: return __builtin_add_overflow(a.as_int(), b.as_int(), &sum) ? overflow() : Value::integer(sum);
    case Kind::kUint:
      return __builtin_add_overflow(a.as_uint(), b.as_uint(), &natural) ? overflow() : Value::unsigned_integer(natural);
    case Kind::kDouble: return Value::number(a.as_double() + b.as_double());
    case Kind::kDuration:
      return __builtin_add_overflow(a.as_int(), b.as_int(), &sum) ? overflow() : Value::duration(sum);
    case Kind::kString:
    case Kind::kBytes: return joined_text(a, b);
    case Kind::kList: return joined_lists(a, b);
    default: return no_overload();
  }
}

Value subtract(const Value& a, const Value& b) {
  if (is_pair(a, b, Kind::kTimestamp, Kind::kDuration)) {
    return checked_timestamp(nanoseconds_since_1970(a) - b.duration_nanoseconds());
  }
  if (a.kind() != b.kind()) return no_overload();
  int64_t rest = 0;
  uint64_t natural = 0;
  switch (a.kind()) {
    case Kind::kInt: return __builtin_sub_overflow(a.as_int(), b.as_int(), &rest) ? overflow() : Value::integer(rest);
    case Kind::kUint:
      return __builtin_sub_overflow(a.as_uint(), b.as_uint(), &natural) ? overflow() : Value::unsigned_integer(natural);
    case Kind::kDouble: return Value::number(a.as_double() - b.as_double());
    case Kind::kDuration:
      return __builtin_sub_overflow(a.as_int(), b.as_int(), &rest) ? overflow() : Value::duration(rest);
    case Kind::kTimestamp: {
      const Wide between = nanoseconds_since_1970(a) - nanoseconds_since_1970(b);
      if (between > INT64_MAX || between < INT64_MIN) return overflow();
      return Value::duration(static_cast<int64_t>(between));
    }
    default: return no_overload();
  }
}

Value multiply(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return no_overload();
  int64_t product = 0;
  uint64_t natural = 0;
  switch (a.kind()) {
    case Kind::kInt:
      return __builtin_mul_overflow(a.as_int(), b.as_int(), &product) ? overflow() : Value::integer(product);
    case Kind::kUint:
      return __builtin_mul_overflow(a.as_uint(), b.as_uint(), &natural) ? overflow() : Value::unsigned_integer(natural);
    case Kind::kDouble: return Value::number(a.as_double() * b.as_double());
    default: return no_overload();
  }
}

Value divide(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return no_overload();
  switch (a.kind()) {
    case Kind::kInt:
      if (b.as_int() == 0) return Value::fault(Fault::kDivisionByZero);
      if (b.as_int() == -1) return negate(a);
      return Value::integer(a.as_int() / b.as_int());
    case Kind::kUint:
      if (b.as_uint() == 0) return Value::fault(Fault::kDivisionByZero);
      return Value::unsigned_integer(a.as_uint() / b.as_uint());
    case Kind::kDouble: return Value::number(a.as_double() / b.as_double());
    default: return no_overload();
  }
}

Value modulo(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return no_overload();
  if (a.is(Kind::kInt)) {
    if (b.as_int() == 0) return Value::fault(Fault::kDivisionByZero);
    if (b.as_int() == -1) return a.as_int() == INT64_MIN ? overflow() : Value::integer(0);
    return Value::integer(a.as_int() % b.as_int());
  }
  if (!a.is(Kind::kUint)) return no_overload();
  if (b.as_uint() == 0) return Value::fault(Fault::kDivisionByZero);
  return Value::unsigned_integer(a.as_uint() % b.as_uint());
}

Value negate(const Value& a) {
  if (a.is(Kind::kDouble)) return Value::number(-a.as_double());
  if (!a.is(Kind::kInt)) return no_overload();
  return a.as_int() == INT64_MIN ? overflow() : Value::integer(-a.as_int());
}

Value contains(const Value& container, const Value& wanted) {
  if (container.is(Kind::kMap)) return Value::boolean(container.find(wanted).has_value());
  if (!container.is(Kind::kList)) return no_overload();
  for (size_t i = 0; i < container.size(); ++i) {
    if (equal(container.item(i), wanted)) return Value::boolean(true);
  }
  return Value::boolean(false);
}

namespace {

// A list's index may be any number that is whole.
std::optional<int64_t> whole(const Value& index) {
  if (index.is(Kind::kInt)) return index.as_int();
  if (index.is(Kind::kUint) && index.as_uint() <= INT64_MAX) return static_cast<int64_t>(index.as_uint());
  if (!index.is(Kind::kDouble) || !(std::abs(index.as_double()) < 9e15)) return std::nullopt;
  const auto i = static_cast<int64_t>(index.as_double());
  return static_cast<double>(i) == index.as_double() ? std::optional(i) : std::nullopt;
}

bool may_be_key(const Value& v) { return v.is_number() || v.is(Kind::kString) || v.is(Kind::kBool); }

Value element_of_list(const Value& list, const Value& index) {
  if (!index.is_number()) return no_overload();
  const auto i = whole(index);
  if (!i || *i < 0 || static_cast<uint64_t>(*i) >= list.size()) return Value::fault(Fault::kIndexOutOfRange);
  return list.item(static_cast<size_t>(*i));
}

Value through_optional(const Value& optional, auto read) {
  if (!optional.inside()) return Value::empty_optional();
  return read(*optional.inside());
}

// Absence becomes an empty optional; every other fault stays one.
Value as_optional(Value found) {
  const bool absent =
      found.is_fault() && (found.fault() == Fault::kNoSuchKey || found.fault() == Fault::kIndexOutOfRange);
  if (absent) return Value::empty_optional();
  return found.is_fault() ? found : Value::optional(std::move(found));
}

}  // namespace

Value element(const Value& container, const Value& index) {
  if (container.is(Kind::kOptional)) return optional_element(container, index);
  if (container.is(Kind::kList)) return element_of_list(container, index);
  if (!container.is(Kind::kMap) || !may_be_key(index)) return no_overload();
  auto found = container.find(index);
  return found ? std::move(*found) : Value::fault(Fault::kNoSuchKey);
}

Value optional_element(const Value& container, const Value& index) {
  if (container.is(Kind::kOptional)) {
    return through_optional(container, [&](const Value& inside) { return optional_element(inside, index); });
  }
  return as_optional(element(container, index));
}

Value member(const Value& object, std::string_view field) {
  if (object.is(Kind::kOptional)) return optional_member(object, field);
  if (!object.is(Kind::kMap)) return no_overload();
  auto found = object.find(field);
  return found ? std::move(*found) : Value::fault(Fault::kNoSuchKey);
}

Value optional_member(const Value& object, std::string_view field) {
  if (object.is(Kind::kOptional)) {
    return through_optional(object, [&](const Value& inside) { return optional_member(inside, field); });
  }
  return as_optional(member(object, field));
}

Value has_member(const Value& object, std::string_view field) {
  if (object.is(Kind::kOptional)) {
    return object.inside() ? has_member(*object.inside(), field) : Value::boolean(false);
  }
  if (!object.is(Kind::kMap)) return no_overload();
  return Value::boolean(object.find(field).has_value());
}

namespace {

using Arguments = std::span<const Value>;

Value compare_with(Arguments a, bool (*holds)(Order)) {
  const Order order = compare(a[0], a[1]);
  return order == Order::kIncomparable ? no_overload() : Value::boolean(holds(order));
}

Value less(Arguments a) {
  return compare_with(a, [](Order o) { return o == Order::kLess; });
}
Value greater(Arguments a) {
  return compare_with(a, [](Order o) { return o == Order::kGreater; });
}
Value at_most(Arguments a) {
  return compare_with(a, [](Order o) { return o == Order::kLess || o == Order::kEqual; });
}
Value at_least(Arguments a) {
  return compare_with(a, [](Order o) { return o == Order::kGreater || o == Order::kEqual; });
}
Value is_equal(Arguments a) { return Value::boolean(equal(a[0], a[1])); }
Value is_unequal(Arguments a) { return Value::boolean(!equal(a[0], a[1])); }
Value plus(Arguments a) { return add(a[0], a[1]); }
Value minus(Arguments a) { return subtract(a[0], a[1]); }
Value times(Arguments a) { return multiply(a[0], a[1]); }
Value over(Arguments a) { return divide(a[0], a[1]); }
Value remainder_of(Arguments a) { return modulo(a[0], a[1]); }
Value negative(Arguments a) { return negate(a[0]); }
Value is_in(Arguments a) { return contains(a[1], a[0]); }
Value at(Arguments a) { return element(a[0], a[1]); }
Value optional_at(Arguments a) { return optional_element(a[0], a[1]); }
Value negation(Arguments a) { return a[0].is(Kind::kBool) ? Value::boolean(!a[0].as_bool()) : no_overload(); }

constexpr Overload kTable[] = {
    {"+", false, "int, int", "int", plus},
    {"+", false, "uint, uint", "uint", plus},
    {"+", false, "double, double", "double", plus},
    {"+", false, "string, string", "string", plus, Growth::kSum},
    {"+", false, "bytes, bytes", "bytes", plus, Growth::kSum},
    {"+", false, "list(A), list(A)", "list(A)", plus, Growth::kSum},
    {"+", false, "timestamp, duration", "timestamp", plus},
    {"+", false, "duration, timestamp", "timestamp", plus},
    {"+", false, "duration, duration", "duration", plus},
    {"-", false, "int, int", "int", minus},
    {"-", false, "uint, uint", "uint", minus},
    {"-", false, "double, double", "double", minus},
    {"-", false, "timestamp, timestamp", "duration", minus},
    {"-", false, "timestamp, duration", "timestamp", minus},
    {"-", false, "duration, duration", "duration", minus},
    {"*", false, "int, int", "int", times},
    {"*", false, "uint, uint", "uint", times},
    {"*", false, "double, double", "double", times},
    {"/", false, "int, int", "int", over},
    {"/", false, "uint, uint", "uint", over},
    {"/", false, "double, double", "double", over},
    {"%", false, "int, int", "int", remainder_of},
    {"%", false, "uint, uint", "uint", remainder_of},
    {"-x", false, "int", "int", negative},
    {"-x", false, "double", "double", negative},
    {"!", false, "bool", "bool", negation},
    {"==", false, "A, A", "bool", is_equal},
    {"!=", false, "A, A", "bool", is_unequal},
    {"<", false, "N, M", "bool", less},
    {">", false, "N, M", "bool", greater},
    {"<=", false, "N, M", "bool", at_most},
    {">=", false, "N, M", "bool", at_least},
    {"in", false, "A, list(A)", "bool", is_in},
    {"in", false, "A, map(A, B)", "bool", is_in},
    {"[]", false, "list(A), int", "A", at, Growth::kFirst},
    {"[]", false, "map(A, B), A", "B", at, Growth::kFirst},
    {"[]", false, "optional_type(list(A)), int", "optional_type(A)", at, Growth::kFirst},
    {"[]", false, "optional_type(map(A, B)), A", "optional_type(B)", at, Growth::kFirst},
    {"[?]", false, "list(A), int", "optional_type(A)", optional_at, Growth::kFirst},
    {"[?]", false, "map(A, B), A", "optional_type(B)", optional_at, Growth::kFirst},
    {"[?]", false, "optional_type(list(A)), int", "optional_type(A)", optional_at, Growth::kFirst},
    {"[?]", false, "optional_type(map(A, B)), A", "optional_type(B)", optional_at, Growth::kFirst},
};

}  // namespace

std::span<const Overload> operator_functions() { return kTable; }

}  // namespace amity::expressions
