// The strings extension. Indices count code points.
#include <algorithm>

#include "expressions/functions/format.h"
#include "expressions/functions/library.h"
#include "expressions/functions/text.h"

namespace amity::expressions {
namespace {

using Arguments = std::span<const Value>;

// Whether the arguments have these kinds, one letter each: s text, i int, l list; arguments left out are not asked.
bool have(Arguments a, std::string_view kinds) {
  for (size_t i = 0; i < a.size(); ++i) {
    const Kind wanted = kinds[i] == 's' ? Kind::kString : kinds[i] == 'i' ? Kind::kInt : Kind::kList;
    if (!a[i].is(wanted)) return false;
  }
  return true;
}

Value out_of_range() { return Value::fault(Fault::kIndexOutOfRange); }

Value char_at(Arguments a) {
  if (!have(a, "si")) return no_overload();
  const auto begin = byte_offset(a[0].as_text(), a[1].as_int());
  if (!begin) return out_of_range();
  const auto end = byte_offset(a[0].as_text().substr(*begin), 1);
  return Value::text(std::string(a[0].as_text().substr(*begin, end.value_or(0))));
}

Value index_of_byte(std::string_view text, size_t offset) {
  if (offset == std::string_view::npos) return Value::integer(-1);
  return Value::integer(static_cast<int64_t>(count_code_points(text.substr(0, offset))));
}

Value index_of(Arguments a) {
  if (!have(a, "ssi")) return no_overload();
  const auto from = byte_offset(a[0].as_text(), a.size() == 3 ? a[2].as_int() : 0);
  if (!from) return out_of_range();
  return index_of_byte(a[0].as_text(), a[0].as_text().find(a[1].as_text(), *from));
}

Value last_index_of(Arguments a) {
  if (!have(a, "ssi")) return no_overload();
  const auto from = a.size() == 3 ? byte_offset(a[0].as_text(), a[2].as_int()) : a[0].as_text().size();
  if (!from) return out_of_range();
  return index_of_byte(a[0].as_text(), a[0].as_text().rfind(a[1].as_text(), *from));
}

Value substring(Arguments a) {
  if (!have(a, "sii")) return no_overload();
  const std::string_view text = a[0].as_text();
  const auto begin = byte_offset(text, a[1].as_int());
  const auto end = a.size() == 3 ? byte_offset(text, a[2].as_int()) : text.size();
  if (!begin || !end || *begin > *end) return out_of_range();
  return Value::text(std::string(text.substr(*begin, *end - *begin)));
}

std::string mapped(std::string_view text, char from, char to, int shift) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= from && c <= to ? c + shift : c);
  return result;
}
Value lower_ascii(Arguments a) {
  return have(a, "s") ? Value::text(mapped(a[0].as_text(), 'A', 'Z', 32)) : no_overload();
}
Value upper_ascii(Arguments a) {
  return have(a, "s") ? Value::text(mapped(a[0].as_text(), 'a', 'z', -32)) : no_overload();
}

// The whole code points of a text, as views into it.
std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    while (end < text.size() && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) ++end;
    parts.push_back(text.substr(i, end - i));
    i = end;
  }
  return parts;
}

std::string replaced_between_characters(std::string_view text, std::string_view with, int64_t most) {
  std::string result;
  for (std::string_view character : characters(text)) {
    if (most-- > 0) result += with;
    result += character;
  }
  if (most > 0) result += with;
  return result;
}

Value replace(Arguments a) {
  if (!have(a, "sssi")) return no_overload();
  const std::string_view text = a[0].as_text();
  int64_t most = a.size() == 4 && a[3].as_int() >= 0 ? a[3].as_int() : INT64_MAX;
  if (a[1].as_text().empty()) return Value::text(replaced_between_characters(text, a[2].as_text(), most));
  std::string result;
  size_t at = 0;
  for (; most > 0; --most) {
    const size_t found = text.find(a[1].as_text(), at);
    if (found == std::string_view::npos) break;
    result.append(text.substr(at, found - at)).append(a[2].as_text());
    at = found + a[1].as_text().size();
  }
  return Value::text(result.append(text.substr(at)));
}

Value split(Arguments a) {
  if (!have(a, "ssi")) return no_overload();
  const std::string_view text = a[0].as_text();
  const std::string_view separator = a[1].as_text();
  const size_t most = a.size() == 3 && a[2].as_int() >= 0 ? static_cast<size_t>(a[2].as_int()) : SIZE_MAX;
  std::vector<Value> parts;
  if (most == 0) return Value::list(std::move(parts));
  size_t at = 0;
  while (parts.size() + 1 < most) {
    size_t found = text.find(separator, at);
    if (separator.empty()) {
      const auto one = byte_offset(text.substr(at), 1);
      found = one && at + *one < text.size() ? at + *one : std::string_view::npos;
    }
    if (found == std::string_view::npos) break;
    parts.push_back(Value::text(std::string(text.substr(at, found - at))));
    at = found + separator.size();
  }
  if (!separator.empty() || !text.empty()) parts.push_back(Value::text(std::string(text.substr(at))));
  return Value::list(std::move(parts));
}

Value join(Arguments a) {
  if (!have(a, "ls")) return no_overload();
  std::string text;
  for (size_t i = 0; i < a[0].size(); ++i) {
    const Value part = a[0].item(i);
    if (!part.is(Kind::kString)) return no_overload();
    if (i > 0 && a.size() == 2) text += a[1].as_text();
    text += part.as_text();
  }
  return Value::text(std::move(text));
}

// White_Space of the Unicode character database.
bool is_blank(uint32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

Value trim(Arguments a) {
  if (!have(a, "s")) return no_overload();
  const auto parts = characters(a[0].as_text());
  const auto blank = [](std::string_view part) { return is_blank(code_points(part)[0]); };
  const auto first = std::find_if_not(parts.begin(), parts.end(), blank);
  const auto last = std::find_if_not(parts.rbegin(), std::make_reverse_iterator(first), blank).base();
  std::string text;
  for (auto part = first; part != last; ++part) text += *part;
  return Value::text(std::move(text));
}

Value reverse(Arguments a) {
  if (a[0].is(Kind::kList)) return reversed_list(a[0]);
  if (!have(a, "s")) return no_overload();
  const auto parts = characters(a[0].as_text());
  std::string text;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) text += *part;
  return Value::text(std::move(text));
}

Value quote(Arguments a) {
  static constexpr std::string_view kSpecial = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view kLetters = "abfnrtv\\\"";
  if (!have(a, "s")) return no_overload();
  std::string text = "\"";
  for (char c : a[0].as_text()) {
    const size_t special = c == '\0' ? std::string_view::npos : kSpecial.find(c);
    if (special != std::string_view::npos) text += '\\';
    text += special == std::string_view::npos ? c : kLetters[special];
  }
  return Value::text(text + "\"");
}

constexpr Overload kTable[] = {
    {"charAt", true, "string, int", "string", char_at},
    {"indexOf", true, "string, string", "int", index_of},
    {"indexOf", true, "string, string, int", "int", index_of},
    {"lastIndexOf", true, "string, string", "int", last_index_of},
    {"lastIndexOf", true, "string, string, int", "int", last_index_of},
    {"substring", true, "string, int", "string", substring, Growth::kFirst},
    {"substring", true, "string, int, int", "string", substring, Growth::kFirst},
    {"lowerAscii", true, "string", "string", lower_ascii, Growth::kFirst},
    {"upperAscii", true, "string", "string", upper_ascii, Growth::kFirst},
    {"replace", true, "string, string, string", "string", replace, Growth::kProduct},
    {"replace", true, "string, string, string, int", "string", replace, Growth::kProduct},
    {"split", true, "string, string", "list(string)", split, Growth::kFirst},
    {"split", true, "string, string, int", "list(string)", split, Growth::kFirst},
    {"join", true, "list(string)", "string", join, Growth::kProduct},
    {"join", true, "list(string), string", "string", join, Growth::kProduct},
    {"trim", true, "string", "string", trim, Growth::kFirst},
    {"reverse", true, "string", "string", reverse, Growth::kFirst},
    {"reverse", true, "list(A)", "list(A)", reverse, Growth::kFirst},
    {"format", true, "string, list(dyn)", "string", format_text, Growth::kProduct},
    {"strings.quote", false, "string", "string", quote, Growth::kSum},
};

}  // namespace

std::span<const Overload> text_functions() { return kTable; }

}  // namespace amity::expressions
