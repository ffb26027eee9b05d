// Tokens of the language (CEL language definition, "Syntax"). Literals are read here, so that a token carries its
// value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expressions/value.h"

namespace amity::expressions {

enum class TokenKind : uint8_t { kEnd, kName, kQuotedName, kInt, kUint, kDouble, kString, kBytes, kSymbol };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t at = 0;        // byte offset in the source
  std::string text = {};  // a name, a symbol, the bytes of a text, the digits of a whole number
  double number = 0;      // of kDouble
};

Result<std::vector<Token>> lex(std::string_view source);

// "line 1, column 9": lines and code points, counted from 1.
std::string place_in(std::string_view source, size_t offset);

}  // namespace amity::expressions
