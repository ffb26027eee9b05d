// Texts: UTF-8, numbers as text, the text form of every value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expressions/value.h"

namespace amity::expressions {

bool is_utf8(std::string_view text);
size_t count_code_points(std::string_view text);  // of valid UTF-8
void append_utf8(std::string& text, uint32_t code_point);
std::vector<uint32_t> code_points(std::string_view text);  // of valid UTF-8
// The byte offset of code point `index`, which may be one past the last.
std::optional<size_t> byte_offset(std::string_view text, int64_t index);

// A whole text as a number: decimal digits, a point, an exponent; "NaN" and "Infinity" with a sign. Values beyond the
// range become infinite or zero, as strtod does, independent of the locale.
std::optional<double> double_from(std::string_view text);
std::string text_of_double(double value);  // the shortest that reads back

std::string base64_of(std::string_view bytes);
std::optional<std::string> bytes_of_base64(std::string_view text);  // with or without padding

// What string() gives; for lists and maps what format's %s gives.
std::string text_of(const Value& value);

}  // namespace amity::expressions
