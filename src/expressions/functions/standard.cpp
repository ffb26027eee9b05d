#include <charconv>
#include <cmath>

#include "expressions/functions/library.h"
#include "expressions/functions/pattern.h"
#include "expressions/functions/text.h"
#include "expressions/functions/time.h"

namespace amity::expressions {
namespace {

using Arguments = std::span<const Value>;

Value overflow() { return Value::fault(Fault::kOverflow); }

template <class Number>
std::optional<Number> whole_from(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Value to_int(Arguments a) {
  const Value& v = a[0];
  switch (v.kind()) {
    case Kind::kInt: return v;
    case Kind::kUint: return v.as_uint() > INT64_MAX ? overflow() : Value::integer(static_cast<int64_t>(v.as_uint()));
    case Kind::kDouble:
      if (!(v.as_double() > -9223372036854775808.0 && v.as_double() < 9223372036854775808.0)) return overflow();
      return Value::integer(static_cast<int64_t>(v.as_double()));
    case Kind::kString: {
      const auto number = whole_from<int64_t>(v.as_text());
      return number ? Value::integer(*number) : bad_argument();
    }
    case Kind::kTimestamp: return Value::integer(v.seconds());
    case Kind::kDuration: return Value::integer(v.duration_nanoseconds() / 1'000'000'000);
    default: return no_overload();
  }
}

Value to_uint(Arguments a) {
  const Value& v = a[0];
  switch (v.kind()) {
    case Kind::kUint: return v;
    case Kind::kInt: return v.as_int() < 0 ? overflow() : Value::unsigned_integer(static_cast<uint64_t>(v.as_int()));
    case Kind::kDouble:
      if (!(v.as_double() >= 0.0 && v.as_double() < 18446744073709551616.0)) return overflow();
      return Value::unsigned_integer(static_cast<uint64_t>(v.as_double()));
    case Kind::kString: {
      const auto number = whole_from<uint64_t>(v.as_text());
      return number ? Value::unsigned_integer(*number) : bad_argument();
    }
    default: return no_overload();
  }
}

Value to_double(Arguments a) {
  const Value& v = a[0];
  switch (v.kind()) {
    case Kind::kDouble: return v;
    case Kind::kInt: return Value::number(static_cast<double>(v.as_int()));
    case Kind::kUint: return Value::number(static_cast<double>(v.as_uint()));
    case Kind::kString: {
      const auto number = double_from(v.as_text());
      return number ? Value::number(*number) : bad_argument();
    }
    default: return no_overload();
  }
}

Value to_string(Arguments a) {
  switch (a[0].kind()) {
    case Kind::kString: return a[0];
    case Kind::kBytes: return is_utf8(a[0].as_text()) ? Value::text(std::string(a[0].as_text())) : bad_argument();
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
    case Kind::kTimestamp:
    case Kind::kDuration:
    case Kind::kIp:
    case Kind::kCidr: return Value::text(text_of(a[0]));
    default: return no_overload();
  }
}

Value to_bytes(Arguments a) {
  if (a[0].is(Kind::kBytes)) return a[0];
  return a[0].is(Kind::kString) ? Value::bytes(std::string(a[0].as_text())) : no_overload();
}

Value to_bool(Arguments a) {
  if (a[0].is(Kind::kBool)) return a[0];
  if (!a[0].is(Kind::kString)) return no_overload();
  for (std::string_view text : {"1", "t", "true", "T", "TRUE", "True"}) {
    if (a[0].as_text() == text) return Value::boolean(true);
  }
  for (std::string_view text : {"0", "f", "false", "F", "FALSE", "False"}) {
    if (a[0].as_text() == text) return Value::boolean(false);
  }
  return bad_argument();
}

Value to_timestamp(Arguments a) {
  if (a[0].is(Kind::kTimestamp)) return a[0];
  if (a[0].is(Kind::kInt)) return checked_timestamp(Wide{a[0].as_int()} * 1'000'000'000);
  if (!a[0].is(Kind::kString)) return no_overload();
  return timestamp_from(a[0].as_text()).value_or(bad_argument());
}

Value to_duration(Arguments a) {
  int64_t nanoseconds = 0;
  if (a[0].is(Kind::kDuration)) return a[0];
  if (a[0].is(Kind::kInt)) {
    return __builtin_mul_overflow(a[0].as_int(), 1'000'000'000, &nanoseconds) ? overflow()
                                                                              : Value::duration(nanoseconds);
  }
  if (!a[0].is(Kind::kString)) return no_overload();
  return duration_from(a[0].as_text()).value_or(bad_argument());
}

Value to_dyn(Arguments a) { return a[0]; }

Value to_type(Arguments a) { return Value::type(a[0].type_name()); }

Value size(Arguments a) {
  switch (a[0].kind()) {
    case Kind::kString: return Value::integer(static_cast<int64_t>(count_code_points(a[0].as_text())));
    case Kind::kBytes: return Value::integer(static_cast<int64_t>(a[0].as_text().size()));
    case Kind::kList:
    case Kind::kMap: return Value::integer(static_cast<int64_t>(a[0].size()));
    default: return no_overload();
  }
}

bool are_texts(Arguments a) { return a[0].is(Kind::kString) && a[1].is(Kind::kString); }

Value contains_text(Arguments a) {
  return are_texts(a) ? Value::boolean(a[0].as_text().find(a[1].as_text()) != std::string_view::npos) : no_overload();
}
Value starts_with(Arguments a) {
  return are_texts(a) ? Value::boolean(a[0].as_text().starts_with(a[1].as_text())) : no_overload();
}
Value ends_with(Arguments a) {
  return are_texts(a) ? Value::boolean(a[0].as_text().ends_with(a[1].as_text())) : no_overload();
}

constexpr Overload kTable[] = {
    {"int", false, "int", "int", to_int},
    {"int", false, "uint", "int", to_int},
    {"int", false, "double", "int", to_int},
    {"int", false, "string", "int", to_int},
    {"int", false, "timestamp", "int", to_int},
    {"int", false, "duration", "int", to_int},
    {"uint", false, "uint", "uint", to_uint},
    {"uint", false, "int", "uint", to_uint},
    {"uint", false, "double", "uint", to_uint},
    {"uint", false, "string", "uint", to_uint},
    {"double", false, "double", "double", to_double},
    {"double", false, "int", "double", to_double},
    {"double", false, "uint", "double", to_double},
    {"double", false, "string", "double", to_double},
    {"string", false, "string", "string", to_string, Growth::kFirst},
    {"string", false, "bytes", "string", to_string, Growth::kFirst},
    {"string", false, "bool", "string", to_string},
    {"string", false, "int", "string", to_string},
    {"string", false, "uint", "string", to_string},
    {"string", false, "double", "string", to_string},
    {"string", false, "timestamp", "string", to_string},
    {"string", false, "duration", "string", to_string},
    {"string", false, "net.IP", "string", to_string},
    {"string", false, "net.CIDR", "string", to_string},
    {"bytes", false, "bytes", "bytes", to_bytes, Growth::kFirst},
    {"bytes", false, "string", "bytes", to_bytes, Growth::kFirst},
    {"bool", false, "bool", "bool", to_bool},
    {"bool", false, "string", "bool", to_bool},
    {"timestamp", false, "timestamp", "timestamp", to_timestamp},
    {"timestamp", false, "string", "timestamp", to_timestamp},
    {"timestamp", false, "int", "timestamp", to_timestamp},
    {"duration", false, "duration", "duration", to_duration},
    {"duration", false, "string", "duration", to_duration},
    {"duration", false, "int", "duration", to_duration},
    {"dyn", false, "A", "dyn", to_dyn, Growth::kFirst},
    {"type", false, "A", "type(A)", to_type},
    {"size", false, "string", "int", size},
    {"size", false, "bytes", "int", size},
    {"size", false, "list(A)", "int", size},
    {"size", false, "map(A, B)", "int", size},
    {"size", true, "string", "int", size},
    {"size", true, "bytes", "int", size},
    {"size", true, "list(A)", "int", size},
    {"size", true, "map(A, B)", "int", size},
    {"contains", true, "string, string", "bool", contains_text},
    {"startsWith", true, "string, string", "bool", starts_with},
    {"endsWith", true, "string, string", "bool", ends_with},
    {"matches", true, "string, string", "bool", matches},
    {"matches", false, "string, string", "bool", matches},
};

}  // namespace

std::span<const Overload> standard_functions() { return kTable; }

}  // namespace amity::expressions
