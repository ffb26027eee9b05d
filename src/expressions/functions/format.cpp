#include "expressions/functions/format.h"

#include <charconv>
#include <cmath>

#include "expressions/functions/library.h"
#include "expressions/functions/text.h"

namespace amity::expressions {
namespace {

using Piece = std::optional<std::string>;

constexpr int kMaxPrecision = 100;

Piece decimal(const Value& v) {
  if (v.is(Kind::kInt) || v.is(Kind::kUint)) return text_of(v);
  if (!v.is(Kind::kDouble)) return std::nullopt;
  if (!std::isfinite(v.as_double())) return text_of(v);
  if (!(std::abs(v.as_double()) < 9e15) || std::trunc(v.as_double()) != v.as_double()) return std::nullopt;
  return std::to_string(static_cast<int64_t>(v.as_double()));
}

std::optional<double> real(const Value& v) {
  if (v.is(Kind::kDouble)) return v.as_double();
  if (v.is(Kind::kInt)) return static_cast<double>(v.as_int());
  if (v.is(Kind::kUint)) return static_cast<double>(v.as_uint());
  return std::nullopt;
}

Piece floating(const Value& v, int precision, std::chars_format format) {
  const auto number = real(v);
  if (!number) return std::nullopt;
  if (!std::isfinite(*number)) return text_of(Value::number(*number));
  char buffer[512];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, *number, format, precision);
  return error == std::errc{} ? Piece(std::string(buffer, end)) : std::nullopt;
}

Piece in_base(const Value& v, int base) {
  char buffer[80];
  char* end = buffer;
  if (v.is(Kind::kInt)) {
    end = std::to_chars(buffer, buffer + sizeof buffer, v.as_int(), base).ptr;
  } else if (v.is(Kind::kUint)) {
    end = std::to_chars(buffer, buffer + sizeof buffer, v.as_uint(), base).ptr;
  } else if (v.is(Kind::kBool) && base == 2) {
    return v.as_bool() ? "1" : "0";
  } else {
    return std::nullopt;
  }
  return std::string(buffer, end);
}

Piece hexadecimal(const Value& v, bool upper) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  if (v.is(Kind::kString) || v.is(Kind::kBytes)) {
    for (char c : v.as_text()) {
      text += kDigits[static_cast<uint8_t>(c) >> 4];
      text += kDigits[static_cast<uint8_t>(c) & 15];
    }
  } else if (const Piece number = in_base(v, 16)) {
    text = *number;
  } else {
    return std::nullopt;
  }
  if (upper) {
    for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 32 : c);
  }
  return text;
}

bool has_text(const Value& v) { return !v.is(Kind::kFault) && !v.is(Kind::kOptional) && !v.is(Kind::kMissing); }

Piece clause(char letter, int precision, const Value& v) {
  const int digits = precision < 0 ? 6 : precision;
  switch (letter) {
    case 's': return has_text(v) ? Piece(text_of(v)) : std::nullopt;
    case 'd': return decimal(v);
    case 'f': return floating(v, digits, std::chars_format::fixed);
    case 'e': return floating(v, digits, std::chars_format::scientific);
    case 'b': return in_base(v, 2);
    case 'o': return in_base(v, 8);
    case 'x': return hexadecimal(v, false);
    case 'X': return hexadecimal(v, true);
    default: return std::nullopt;
  }
}

// ".12" after a percent sign; -1 where none stands, nothing where it is malformed.
std::optional<int> take_precision(std::string_view& rest) {
  if (!rest.starts_with('.')) return -1;
  int precision = 0;
  const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), precision);
  if (error != std::errc{} || precision < 0 || precision > kMaxPrecision) return std::nullopt;
  rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  return precision;
}

}  // namespace

Value format_text(std::span<const Value> a) {
  if (!a[0].is(Kind::kString) || !a[1].is(Kind::kList)) return no_overload();
  std::string_view rest = a[0].as_text();
  std::string text;
  size_t next = 0;
  while (true) {
    const size_t percent = rest.find('%');
    text += rest.substr(0, percent);
    if (percent == std::string_view::npos) return Value::text(std::move(text));
    rest.remove_prefix(percent + 1);
    if (rest.starts_with('%')) {
      text += '%';
      rest.remove_prefix(1);
      continue;
    }
    const auto precision = take_precision(rest);
    if (!precision || rest.empty() || next >= a[1].size()) return bad_argument();
    const Piece piece = clause(rest[0], *precision, a[1].item(next++));
    if (!piece) return bad_argument();
    text += *piece;
    rest.remove_prefix(1);
  }
}

}  // namespace amity::expressions
