// The functions of the language, as tables: a row is one overload with the types the checker reads and the code the
// evaluator calls. One function answers for all its overloads and tells them apart by the kinds it is given; a kind it
// does not know is Fault::kNoSuchOverload.
//
// The growth column says how large a result may be for given sizes of the arguments (bytes of a text, items of a
// list), which is what the cost bound needs.
#pragma once

#include <span>
#include <string_view>

#include "expressions/value.h"

namespace amity::expressions {

using Function = Value (*)(std::span<const Value> arguments);

enum class Growth : uint8_t {
  kFixed,    // a number, a truth, a short text
  kFirst,    // at most the first argument
  kSum,      // all arguments together
  kProduct,  // each part of one argument may become another argument
  kRange,    // kMaxRange items
};

constexpr int64_t kMaxRange = 10'000;

struct Overload {
  std::string_view name;
  bool member;
  std::string_view parameters;  // "string, int"; empty for none
  std::string_view result;
  Function function;
  Growth growth = Growth::kFixed;
};

std::span<const Overload> operator_functions();  // "+", "==", "in", "[]" ...: called by the evaluator's own code
std::span<const Overload> standard_functions();  // conversions, size, contains ...
std::span<const Overload> time_functions();      // getFullYear ...
std::span<const Overload> text_functions();      // charAt, split, format ...: the strings extension
std::span<const Overload> math_functions();      // math.*
std::span<const Overload> encoder_functions();   // base64.*
std::span<const Overload> optional_functions();  // optional.of, orValue ...
std::span<const Overload> network_functions();   // ip, cidr ...
std::span<const Overload> list_functions();      // distinct, flatten, slice, sort ...: the lists extension

inline Value no_overload() { return Value::fault(Fault::kNoSuchOverload); }
inline Value bad_argument() { return Value::fault(Fault::kBadArgument); }

// Arithmetic and membership, shared by the evaluator and the tables.
Value add(const Value& a, const Value& b);
Value subtract(const Value& a, const Value& b);
Value multiply(const Value& a, const Value& b);
Value divide(const Value& a, const Value& b);
Value modulo(const Value& a, const Value& b);
Value negate(const Value& a);
Value contains(const Value& list_or_map, const Value& element);
Value element(const Value& list_or_map, const Value& index);           // a[i]
Value optional_element(const Value& list_or_map, const Value& index);  // a[?i]
Value member(const Value& object, std::string_view field);             // a.b
Value optional_member(const Value& object, std::string_view field);    // a.?b
Value has_member(const Value& object, std::string_view field);

Value reversed_list(const Value& list);

// a.matches(pattern) for a pattern only known while it runs.
Value matches(std::span<const Value> arguments);

}  // namespace amity::expressions
