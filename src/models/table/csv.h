// CSV text in pieces of any size -> records of fields, strictly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/table.h"

namespace amity::models {

// One record; the fields' memory is reused for the next.
struct CsvRecord {
  std::vector<std::string> fields;
  size_t count = 0;  // fields in use
  uint64_t line = 0;
};

// Push parser: `feed` pieces, then `finish`. `take` gets each record in turn.
class CsvParser {
 public:
  CsvParser(const CsvLimits& limits) : limits_(limits) { start_field(); }

  template <class Take>
  Result<void> feed(std::string_view piece, Take&& take) {
    for (const char c : piece) {
      if (TRY(accept(c))) TRY(deliver(take));
    }
    return {};
  }
  template <class Take>
  Result<void> finish(Take&& take) {
    if (TRY(accept_end())) TRY(deliver(take));
    return {};
  }

 private:
  enum class State { kFieldStart, kPlain, kQuoted, kQuoteInQuoted, kCarriageReturn };

  template <class Take>
  Result<void> deliver(Take& take) {
    const bool is_blank = record_.count == 1 && record_.fields[0].empty();
    if (!is_blank) TRY(take(record_));
    record_.count = 0;
    start_field();
    return {};
  }

  Result<bool> accept(char c);  // true: a record is complete
  Result<bool> accept_end();
  Result<bool> outside_quotes(char c);
  Result<void> append(char c);
  Result<void> check_utf8(uint8_t c);
  void start_field();
  void detect_delimiter(char c);
  std::string place() const;

  const CsvLimits limits_;
  State state_ = State::kFieldStart;
  CsvRecord record_;
  uint64_t line_ = 1;
  char delimiter_ = 0;  // told by the first `,` or `;` outside quotes
  int utf8_left_ = 0;
  uint8_t utf8_least_ = 0x80, utf8_most_ = 0xBF;
  size_t bytes_ = 0;  // seen so far, as long as a byte order mark may come
};

}  // namespace amity::models
