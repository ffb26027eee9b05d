// The math extension. No transcendental functions: what they give may differ by processor.
#include <cmath>
#include <limits>

#include "expressions/functions/library.h"

namespace amity::expressions {
namespace {

using Arguments = std::span<const Value>;

// The first of the greatest (or least), of the arguments or of the one list.
Value extreme(Arguments a, Order wanted) {
  std::vector<Value> items;
  const bool from_list = a.size() == 1 && a[0].is(Kind::kList);
  const size_t count = from_list ? a[0].size() : a.size();
  if (count == 0) return bad_argument();
  Value best = from_list ? a[0].item(0) : a[0];
  if (!best.is_number()) return no_overload();
  for (size_t i = 1; i < count; ++i) {
    Value next = from_list ? a[0].item(i) : a[i];
    if (!next.is_number()) return no_overload();
    if (compare(next, best) == wanted) best = std::move(next);
  }
  return best;
}

Value greatest(Arguments a) { return extreme(a, Order::kGreater); }
Value least(Arguments a) { return extreme(a, Order::kLess); }

Value on_double(const Value& v, double (*function)(double)) {
  return v.is(Kind::kDouble) ? Value::number(function(v.as_double())) : no_overload();
}
Value ceiling(Arguments a) {
  return on_double(a[0], [](double d) { return std::ceil(d); });
}
Value floor_of(Arguments a) {
  return on_double(a[0], [](double d) { return std::floor(d); });
}
Value rounded(Arguments a) {
  return on_double(a[0], [](double d) { return std::round(d); });
}
Value truncated(Arguments a) {
  return on_double(a[0], [](double d) { return std::trunc(d); });
}

Value root(Arguments a) {
  if (a[0].is(Kind::kDouble)) return Value::number(std::sqrt(a[0].as_double()));
  if (a[0].is(Kind::kInt)) return Value::number(std::sqrt(static_cast<double>(a[0].as_int())));
  return a[0].is(Kind::kUint) ? Value::number(std::sqrt(static_cast<double>(a[0].as_uint()))) : no_overload();
}

Value absolute(Arguments a) {
  const Value& v = a[0];
  if (v.is(Kind::kUint)) return v;
  if (v.is(Kind::kDouble)) return Value::number(std::abs(v.as_double()));
  if (!v.is(Kind::kInt)) return no_overload();
  return v.as_int() < 0 ? negate(v) : v;
}

Value sign(Arguments a) {
  const Value& v = a[0];
  if (v.is(Kind::kUint)) return Value::unsigned_integer(v.as_uint() > 0);
  if (v.is(Kind::kInt)) return Value::integer((v.as_int() > 0) - (v.as_int() < 0));
  if (!v.is(Kind::kDouble)) return no_overload();
  const double d = v.as_double();
  return Value::number(std::isnan(d) ? d : static_cast<double>((d > 0) - (d < 0)));
}

Value is_nan(Arguments a) {
  return a[0].is(Kind::kDouble) ? Value::boolean(std::isnan(a[0].as_double())) : no_overload();
}
Value is_inf(Arguments a) {
  return a[0].is(Kind::kDouble) ? Value::boolean(std::isinf(a[0].as_double())) : no_overload();
}
Value is_finite(Arguments a) {
  return a[0].is(Kind::kDouble) ? Value::boolean(std::isfinite(a[0].as_double())) : no_overload();
}

// Bits of an int or a uint, as the type it had.
Value on_bits(Arguments a, uint64_t (*function)(uint64_t, uint64_t)) {
  if (a[0].kind() != a[1].kind()) return no_overload();
  if (a[0].is(Kind::kUint)) return Value::unsigned_integer(function(a[0].as_uint(), a[1].as_uint()));
  if (!a[0].is(Kind::kInt)) return no_overload();
  return Value::integer(
      static_cast<int64_t>(function(static_cast<uint64_t>(a[0].as_int()), static_cast<uint64_t>(a[1].as_int()))));
}
Value bit_and(Arguments a) {
  return on_bits(a, [](uint64_t x, uint64_t y) { return x & y; });
}
Value bit_or(Arguments a) {
  return on_bits(a, [](uint64_t x, uint64_t y) { return x | y; });
}
Value bit_xor(Arguments a) {
  return on_bits(a, [](uint64_t x, uint64_t y) { return x ^ y; });
}

Value bit_not(Arguments a) {
  if (a[0].is(Kind::kInt)) return Value::integer(~a[0].as_int());
  return a[0].is(Kind::kUint) ? Value::unsigned_integer(~a[0].as_uint()) : no_overload();
}

Value shift(Arguments a, uint64_t (*function)(uint64_t, int64_t)) {
  if (!a[1].is(Kind::kInt) || !(a[0].is(Kind::kInt) || a[0].is(Kind::kUint))) return no_overload();
  const int64_t by = a[1].as_int();
  if (by < 0) return bad_argument();
  const bool is_signed = a[0].is(Kind::kInt);
  const uint64_t bits = is_signed ? static_cast<uint64_t>(a[0].as_int()) : a[0].as_uint();
  const uint64_t shifted = by > 63 ? 0 : function(bits, by);
  return is_signed ? Value::integer(static_cast<int64_t>(shifted)) : Value::unsigned_integer(shifted);
}
Value shift_left(Arguments a) {
  return shift(a, [](uint64_t x, int64_t by) { return x << by; });
}
Value shift_right(Arguments a) {
  return shift(a, [](uint64_t x, int64_t by) { return x >> by; });
}

// greatest and least take any number of arguments of any numbers; the checker knows N... as "one or more numbers".
constexpr Overload kTable[] = {
    {"math.greatest", false, "N...", "N", greatest},
    {"math.greatest", false, "list(A)", "A", greatest},
    {"math.least", false, "N...", "N", least},
    {"math.least", false, "list(A)", "A", least},
    {"math.ceil", false, "double", "double", ceiling},
    {"math.floor", false, "double", "double", floor_of},
    {"math.round", false, "double", "double", rounded},
    {"math.trunc", false, "double", "double", truncated},
    {"math.sqrt", false, "double", "double", root},
    {"math.sqrt", false, "int", "double", root},
    {"math.sqrt", false, "uint", "double", root},
    {"math.abs", false, "int", "int", absolute},
    {"math.abs", false, "uint", "uint", absolute},
    {"math.abs", false, "double", "double", absolute},
    {"math.sign", false, "int", "int", sign},
    {"math.sign", false, "uint", "uint", sign},
    {"math.sign", false, "double", "double", sign},
    {"math.isNaN", false, "double", "bool", is_nan},
    {"math.isInf", false, "double", "bool", is_inf},
    {"math.isFinite", false, "double", "bool", is_finite},
    {"math.bitAnd", false, "int, int", "int", bit_and},
    {"math.bitAnd", false, "uint, uint", "uint", bit_and},
    {"math.bitOr", false, "int, int", "int", bit_or},
    {"math.bitOr", false, "uint, uint", "uint", bit_or},
    {"math.bitXor", false, "int, int", "int", bit_xor},
    {"math.bitXor", false, "uint, uint", "uint", bit_xor},
    {"math.bitNot", false, "int", "int", bit_not},
    {"math.bitNot", false, "uint", "uint", bit_not},
    {"math.bitShiftLeft", false, "int, int", "int", shift_left},
    {"math.bitShiftLeft", false, "uint, int", "uint", shift_left},
    {"math.bitShiftRight", false, "int, int", "int", shift_right},
    {"math.bitShiftRight", false, "uint, int", "uint", shift_right},
};

}  // namespace

std::span<const Overload> math_functions() { return kTable; }

}  // namespace amity::expressions
