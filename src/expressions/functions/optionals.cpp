// The optionals and encoders extensions.
#include "expressions/functions/library.h"
#include "expressions/functions/text.h"

namespace amity::expressions {
namespace {

using Arguments = std::span<const Value>;

Value encode(Arguments a) { return a[0].is(Kind::kBytes) ? Value::text(base64_of(a[0].as_text())) : no_overload(); }

Value decode(Arguments a) {
  if (!a[0].is(Kind::kString)) return no_overload();
  auto bytes = bytes_of_base64(a[0].as_text());
  return bytes ? Value::bytes(std::move(*bytes)) : bad_argument();
}

bool is_zero(const Value& v) {
  switch (v.kind()) {
    case Kind::kNull: return true;
    case Kind::kBool: return !v.as_bool();
    case Kind::kInt:
    case Kind::kDuration: return v.as_int() == 0;
    case Kind::kUint: return v.as_uint() == 0;
    case Kind::kDouble: return v.as_double() == 0;
    case Kind::kString:
    case Kind::kBytes: return v.as_text().empty();
    case Kind::kList:
    case Kind::kMap: return v.size() == 0;
    case Kind::kTimestamp: return v.seconds() == 0 && v.nanoseconds() == 0;
    case Kind::kOptional: return v.inside() == nullptr;
    default: return false;
  }
}

Value some(Arguments a) { return Value::optional(a[0]); }
Value some_unless_zero(Arguments a) { return is_zero(a[0]) ? Value::empty_optional() : Value::optional(a[0]); }
Value none(Arguments) { return Value::empty_optional(); }
Value has_value(Arguments a) { return a[0].is(Kind::kOptional) ? Value::boolean(a[0].inside()) : no_overload(); }

Value value_of(Arguments a) {
  if (!a[0].is(Kind::kOptional)) return no_overload();
  return a[0].inside() ? *a[0].inside() : Value::fault(Fault::kEmptyOptional);
}
Value otherwise(Arguments a) {
  if (!a[0].is(Kind::kOptional) || !a[1].is(Kind::kOptional)) return no_overload();
  return a[0].inside() ? a[0] : a[1];
}
Value value_or(Arguments a) {
  if (!a[0].is(Kind::kOptional)) return no_overload();
  return a[0].inside() ? *a[0].inside() : a[1];
}

Value unwrap(Arguments a) {
  if (!a[0].is(Kind::kList)) return no_overload();
  std::vector<Value> items;
  for (size_t i = 0; i < a[0].size(); ++i) {
    const Value item = a[0].item(i);
    if (!item.is(Kind::kOptional)) return no_overload();
    if (item.inside()) items.push_back(*item.inside());
  }
  return Value::list(std::move(items));
}

constexpr Overload kOptional[] = {
    {"optional.of", false, "A", "optional_type(A)", some, Growth::kFirst},
    {"optional.ofNonZeroValue", false, "A", "optional_type(A)", some_unless_zero, Growth::kFirst},
    {"optional.none", false, "", "optional_type(A)", none},
    {"optional.unwrap", false, "list(optional_type(A))", "list(A)", unwrap, Growth::kFirst},
    {"unwrapOpt", true, "list(optional_type(A))", "list(A)", unwrap, Growth::kFirst},
    {"hasValue", true, "optional_type(A)", "bool", has_value},
    {"value", true, "optional_type(A)", "A", value_of, Growth::kFirst},
    {"or", true, "optional_type(A), optional_type(A)", "optional_type(A)", otherwise, Growth::kSum},
    {"orValue", true, "optional_type(A), A", "A", value_or, Growth::kSum},
};

constexpr Overload kEncoders[] = {
    {"base64.encode", false, "bytes", "string", encode, Growth::kProduct},
    {"base64.decode", false, "string", "bytes", decode, Growth::kFirst},
};

}  // namespace

std::span<const Overload> optional_functions() { return kOptional; }
std::span<const Overload> encoder_functions() { return kEncoders; }

}  // namespace amity::expressions
