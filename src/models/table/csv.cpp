#include "models/table/csv.h"

#include <fmt/format.h>

namespace amity::models {

std::string CsvParser::place() const { return fmt::format("line {}", line_); }

void CsvParser::start_field() {
  if (record_.fields.size() <= record_.count) record_.fields.emplace_back();
  record_.fields[record_.count++].clear();
  if (record_.count == 1) record_.line = line_;
  state_ = State::kFieldStart;
}

Result<void> CsvParser::append(char c) {
  auto& field = record_.fields[record_.count - 1];
  if (field.size() >= limits_.field_bytes) {
    return fail(Code::kLimit, fmt::format("a field is longer than {} bytes: is a quote missing?", limits_.field_bytes),
                fmt::format("line {}", record_.line));
  }
  field += c;
  return {};
}

// RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF.
Result<void> CsvParser::check_utf8(uint8_t c) {
  const auto refuse = [&] { return invalid("not UTF-8: convert the file, for example with iconv", place()); };
  if (utf8_left_ > 0) {
    if (c < utf8_least_ || c > utf8_most_) return refuse();
    --utf8_left_;
    utf8_least_ = 0x80, utf8_most_ = 0xBF;
    return {};
  }
  if (c == 0) return invalid("a NUL byte: this is not a text file", place());
  if (c < 0x80) return {};
  if (c < 0xC2 || c > 0xF4) return refuse();
  utf8_left_ = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
  if (c == 0xE0) utf8_least_ = 0xA0;
  if (c == 0xED) utf8_most_ = 0x9F;
  if (c == 0xF0) utf8_least_ = 0x90;
  if (c == 0xF4) utf8_most_ = 0x8F;
  return {};
}

void CsvParser::detect_delimiter(char c) {
  if (delimiter_ == 0 && (c == ',' || c == ';')) delimiter_ = c;
}

Result<bool> CsvParser::outside_quotes(char c) {
  detect_delimiter(c);
  if (c == delimiter_) {
    if (record_.count >= limits_.column_count) {
      return fail(Code::kLimit, fmt::format("more than {} fields", limits_.column_count), place());
    }
    start_field();
    return false;
  }
  if (c == '\n') {
    ++line_;
    return true;
  }
  if (c == '\r') {
    state_ = State::kCarriageReturn;
    return false;
  }
  if (state_ == State::kQuoteInQuoted) return invalid("text follows a closing quote", place());
  if (c == '"' && state_ == State::kPlain) return invalid("a quote inside a field that is not quoted", place());
  if (c == '"') {
    state_ = State::kQuoted;
    return false;
  }
  state_ = State::kPlain;
  TRY(append(c));
  return false;
}

Result<bool> CsvParser::accept(char c) {
  TRY(check_utf8(static_cast<uint8_t>(c)));
  if (++bytes_ == 3 && record_.count == 1 && record_.fields[0] == "\xEF\xBB" && c == '\xBF') {  // byte order mark
    record_.fields[0].clear();
    state_ = State::kFieldStart;
    return false;
  }
  switch (state_) {
    case State::kCarriageReturn:
      if (c != '\n') return invalid("a carriage return that ends no line", place());
      ++line_;
      return true;
    case State::kQuoted:
      if (c == '"') {
        state_ = State::kQuoteInQuoted;
        return false;
      }
      if (c == '\n') ++line_;
      TRY(append(c));
      return false;
    case State::kQuoteInQuoted:
      if (c != '"') return outside_quotes(c);
      state_ = State::kQuoted;
      TRY(append(c));
      return false;
    case State::kFieldStart:
    case State::kPlain: return outside_quotes(c);
  }
  return false;
}

Result<bool> CsvParser::accept_end() {
  if (utf8_left_ > 0) return invalid("the file ends inside a UTF-8 character", place());
  if (state_ == State::kQuoted) {
    return invalid("a quote is opened and never closed", fmt::format("line {}", record_.line));
  }
  return true;
}

}  // namespace amity::models
