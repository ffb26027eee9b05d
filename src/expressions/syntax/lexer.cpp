#include "expressions/syntax/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "expressions/functions/text.h"

namespace amity::expressions {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    while (true) {
      skip_blanks();
      tokens.push_back(TRY(next()));
      if (tokens.back().kind == TokenKind::kEnd) return tokens;
    }
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  bool starts(std::string_view text) const { return source_.substr(at_).starts_with(text); }
  std::unexpected<Error> wrong(std::string message, size_t at) const {
    return invalid(std::move(message), place_in(source_, at));
  }

  void skip_blanks() {
    while (at_ < source_.size()) {
      if (starts("//")) {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else if (std::string_view(" \t\r\n\f").find(peek()) != std::string_view::npos) {
        ++at_;
      } else {
        return;
      }
    }
  }

  Result<Token> next() {
    Token token{.at = static_cast<uint32_t>(at_)};
    if (at_ == source_.size()) return token;
    if (is_text_start()) return read_text();
    if (is_letter(peek())) return read_name();
    if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) return read_number();
    if (peek() == '`') return read_quoted_name();
    static constexpr std::array<std::string_view, 6> kPairs{"==", "!=", "<=", ">=", "&&", "||"};
    token.kind = TokenKind::kSymbol;
    for (std::string_view pair : kPairs) {
      if (starts(pair)) token.text = pair;
    }
    if (token.text.empty() && std::string_view("+-*/%<>!?:.,()[]{}").find(peek()) != std::string_view::npos) {
      token.text = peek();
    }
    if (token.text.empty()) return wrong("a character that means nothing here", at_);
    at_ += token.text.size();
    return token;
  }

  Token read_name() {
    const size_t begin = at_;
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    return {.kind = TokenKind::kName,
            .at = static_cast<uint32_t>(begin),
            .text = std::string(source_.substr(begin, at_ - begin))};
  }

  Result<Token> read_quoted_name() {
    const size_t begin = at_++;
    while (is_letter(peek()) || is_digit(peek()) || std::string_view("_.-/ ").find(peek()) != std::string_view::npos) {
      if (at_ == source_.size()) break;
      ++at_;
    }
    if (peek() != '`' || at_ == begin + 1)
      return wrong("a quoted name holds letters, digits, _ . - / and spaces", begin);
    ++at_;
    return Token{.kind = TokenKind::kQuotedName,
                 .at = static_cast<uint32_t>(begin),
                 .text = std::string(source_.substr(begin + 1, at_ - begin - 2))};
  }

  Result<Token> read_number() {
    Token token{.kind = TokenKind::kInt, .at = static_cast<uint32_t>(at_)};
    const size_t begin = at_;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      at_ += 2;
      while (hex_digit(peek()) >= 0) ++at_;
      if (at_ == begin + 2) return wrong("a hexadecimal number without digits", begin);
    } else {
      token.kind = skip_decimal();
    }
    token.text = source_.substr(begin, at_ - begin);
    if (token.kind == TokenKind::kInt && (peek() == 'u' || peek() == 'U')) {
      token.kind = TokenKind::kUint;
      ++at_;
    }
    if (is_letter(peek()) || is_digit(peek())) return wrong("a number runs into a name", at_);
    if (token.kind == TokenKind::kDouble) {
      const auto number = double_from(token.text);
      if (!number) return wrong("not a number", begin);
      token.number = *number;
    }
    return token;
  }

  TokenKind skip_decimal() {
    TokenKind kind = TokenKind::kInt;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      kind = TokenKind::kDouble;
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    const size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(1 + sign))) {
      kind = TokenKind::kDouble;
      at_ += 1 + sign;
      while (is_digit(peek())) ++at_;
    }
    return kind;
  }

  // How many prefix letters (r, b, br, rb) stand before a quote here, or none.
  bool is_text_start() const {
    size_t i = 0;
    while (i < 2 && std::string_view("rRbB").find(peek(i)) != std::string_view::npos && peek(i) != '\0') ++i;
    if (i == 2 && ((peek(0) | 0x20) == (peek(1) | 0x20))) return false;
    return peek(i) == '"' || peek(i) == '\'';
  }

  Result<Token> read_text() {
    Token token{.kind = TokenKind::kString, .at = static_cast<uint32_t>(at_)};
    bool raw = false;
    for (; peek() != '"' && peek() != '\''; ++at_) {
      if ((peek() | 0x20) == 'r') raw = true;
      if ((peek() | 0x20) == 'b') token.kind = TokenKind::kBytes;
    }
    const std::string single(1, peek());
    const std::string triple(3, peek());
    const bool long_form = starts(triple);
    const std::string& quote = long_form ? triple : single;
    at_ += quote.size();
    while (!starts(quote)) {
      if (at_ == source_.size()) return wrong("a text that is not closed", token.at);
      if (!long_form && (peek() == '\n' || peek() == '\r'))
        return wrong("a text that is not closed on its line", token.at);
      if (peek() == '\\' && !raw) {
        TRY(read_escape(token));
      } else {
        token.text += source_[at_++];
      }
    }
    at_ += quote.size();
    if (token.kind == TokenKind::kString && !is_utf8(token.text)) return wrong("a text that is not UTF-8", token.at);
    return token;
  }

  Result<void> read_escape(Token& token) {
    static constexpr std::string_view kLetters = "abfnrtv\\?\"'`";
    static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\?\"'`";
    const size_t begin = at_++;
    const char c = peek();
    const bool is_bytes = token.kind == TokenKind::kBytes;
    if (at_ < source_.size() && kLetters.find(c) != std::string_view::npos) {
      ++at_;
      token.text += kMeanings[kLetters.find(c)];
      return {};
    }
    if (c == 'x' || c == 'X') return append_code(token, TRY(code(begin, 1, 2, 16)), begin);
    if (c == 'u' && !is_bytes) return append_code(token, TRY(code(begin, 1, 4, 16)), begin);
    if (c == 'U' && !is_bytes) return append_code(token, TRY(code(begin, 1, 8, 16)), begin);
    if (c >= '0' && c <= '3') return append_code(token, TRY(code(begin, 0, 3, 8)), begin);
    return wrong("an unknown escape: a backslash is written \\\\", begin);
  }

  Result<uint32_t> code(size_t begin, size_t skip, size_t digits, uint32_t base) {
    at_ += skip;
    uint32_t value = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      const int digit = hex_digit(peek());
      if (digit < 0 || digit >= static_cast<int>(base)) return wrong("an escape with too few digits", begin);
      value = value * base + static_cast<uint32_t>(digit);
    }
    return value;
  }

  Result<void> append_code(Token& token, uint32_t code_point, size_t begin) {
    if (token.kind == TokenKind::kBytes) {
      token.text += static_cast<char>(code_point);
      return {};
    }
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000)) {
      return wrong("an escape that is no Unicode character", begin);
    }
    append_utf8(token.text, code_point);
    return {};
  }

  std::string_view source_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> lex(std::string_view source) { return Lexer(source).run(); }

std::string place_in(std::string_view source, size_t offset) {
  const std::string_view before = source.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto column = count_code_points(before.substr(begin)) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace amity::expressions
