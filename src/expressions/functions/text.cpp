#include "expressions/functions/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "expressions/functions/network.h"
#include "expressions/functions/time.h"

namespace amity::expressions {
namespace {

// Length of the valid sequence at the head of `text`, 0 where there is none (RFC 3629, table in section 4).
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t first = byte(0);
  const uint8_t second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

size_t count_code_points(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<uint8_t>(c) & 0xC0) != 0x80;
  return count;
}

void append_utf8(std::string& text, uint32_t c) {
  const auto put = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  if (c < 0x10000) return put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
}

std::vector<uint32_t> code_points(std::string_view text) {
  std::vector<uint32_t> points;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xC0) == 0x80 && !points.empty()) {
      points.back() = points.back() << 6 | (byte & 0x3F);
    } else {
      points.push_back(byte < 0x80 ? byte : byte < 0xE0 ? byte & 0x1F : byte < 0xF0 ? byte & 0x0F : byte & 0x07);
    }
  }
  return points;
}

std::optional<size_t> byte_offset(std::string_view text, int64_t index) {
  if (index < 0) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<uint8_t>(text[i]) & 0xC0) != 0x80;
    if (starts && index-- == 0) return i;
  }
  return index == 0 ? std::optional(text.size()) : std::nullopt;
}

std::optional<double> double_from(std::string_view text) {
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  if (digits == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (digits == "Infinity" || digits == "Inf") {
    value = std::numeric_limits<double>::infinity();
  } else {
    if (digits.empty() || std::string_view("0123456789.").find(digits[0]) == std::string_view::npos)
      return std::nullopt;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (end != digits.data() + digits.size() || error == std::errc::invalid_argument) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
      const size_t exponent = digits.find_first_of("eE");
      const bool tiny =
          exponent != std::string_view::npos ? digits[exponent + 1] == '-' : digits[0] == '0' || digits[0] == '.';
      value = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    }
  }
  return negative ? -value : value;
}

std::string text_of_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char buffer[32];
  const double magnitude = std::abs(value);
  const bool plain = magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e21);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr};
}

namespace {
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string base64_of(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](size_t j) { return i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : uint8_t{0}; };
    const uint32_t group = uint32_t{byte(0)} << 16 | uint32_t{byte(1)} << 8 | byte(2);
    for (size_t j = 0; j < 4; ++j) text += i + j <= bytes.size() ? kBase64[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::optional<std::string> bytes_of_base64(std::string_view text) {
  if (text.size() % 4 == 0 && text.ends_with("=="))
    text.remove_suffix(2);
  else if (text.size() % 4 == 0 && text.ends_with('='))
    text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  uint32_t group = 0;
  int bits = 0;
  for (char c : text) {
    const size_t digit = kBase64.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    group = group << 6 | static_cast<uint32_t>(digit);
    bits += 6;
    if (bits >= 8) bytes += static_cast<char>(group >> (bits -= 8) & 0xFF);
  }
  return bytes;
}

namespace {

std::string text_of_list(const Value& list) {
  std::string text = "[";
  for (size_t i = 0; i < list.size(); ++i) text += (i ? ", " : "") + text_of(list.item(i));
  return text + "]";
}

// Sorted by the keys' text, so that one map has one text.
std::string text_of_map(const Value& map) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (const auto& [key, value] : map.entries()) parts.emplace_back(text_of(key), text_of(value));
  std::sort(parts.begin(), parts.end());
  std::string text = "{";
  for (const auto& [key, value] : parts) text += (text.size() > 1 ? ", " : "") + key + ": " + value;
  return text + "}";
}

}  // namespace

std::string text_of(const Value& value) {
  switch (value.kind()) {
    case Kind::kFault:
    case Kind::kMissing: return "error";
    case Kind::kNull: return "null";
    case Kind::kBool: return value.as_bool() ? "true" : "false";
    case Kind::kInt: return std::to_string(value.as_int());
    case Kind::kUint: return std::to_string(value.as_uint());
    case Kind::kDouble: return text_of_double(value.as_double());
    case Kind::kList: return text_of_list(value);
    case Kind::kMap: return text_of_map(value);
    case Kind::kTimestamp: return text_of_timestamp(value);
    case Kind::kDuration: return text_of_duration(value);
    case Kind::kOptional: return value.inside() ? "optional(" + text_of(*value.inside()) + ")" : "optional.none()";
    case Kind::kIp: return text_of_ip(value.as_text());
    case Kind::kCidr: return text_of_ip(value.as_text()) + "/" + std::to_string(value.prefix());
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType: return std::string(value.as_text());
  }
  return "error";
}

}  // namespace amity::expressions
