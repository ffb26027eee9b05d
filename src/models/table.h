// Columns to learn from or to score: from a file of anybody's, or from a matrix of named features.
//
// A column read from a file keeps its distinct texts and a code per row, because only training decides what it is: a
// number where every value that is present reads as one, else a category. The same file format is read for training
// and for scoring; a model binds its features to the columns by name (models/features.h).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"

namespace amity::models {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

struct Column {
  std::string name;
  // Of a file: distinct texts in order of appearance and each row's index into them.
  std::vector<std::string> texts{};
  std::vector<uint32_t> codes{};
  // Of a matrix, or of a file where every text is a number or missing: NaN is missing.
  std::vector<double> numbers{};

  bool is_numeric() const { return !numbers.empty(); }
};

struct Table {
  std::vector<Column> columns;
  size_t row_count = 0;
  std::vector<uint64_t> lines;  // where each row begins in its file; empty for a matrix
  Digest fingerprint{};         // of the content: names and cells

  const Column* find(std::string_view name) const;
  std::string place_of(const Column& column, size_t row) const;  // "line 7, column AGE"
};

// "", NA, N/A, NaN, null, ? and . say that a value is missing (any case, blanks around them ignored).
bool is_missing(std::string_view text);

struct CsvLimits {
  size_t row_count = 5'000'000;
  size_t column_count = 4'096;
  size_t field_bytes = 65'536;
  size_t memory_bytes = size_t{4} << 30;  // codes and distinct texts
};

// Reads a CSV (RFC 4180; `,` or `;` told by the header, LF or CRLF, quoted fields may hold both), plain or as a single
// .xz stream, in pieces. Refused with the line: invalid UTF-8, NUL, a wrong number of fields, a stray or open quote,
// two columns of one name, anything beyond the limits.
Result<Table> read_table(const std::string& path, const CsvLimits& limits = {});
// The same from memory (tests, fuzzing).
Result<Table> parse_table(std::string_view text, const CsvLimits& limits = {});

// `cells` holds rows one after the other, names.size() cells each; NaN is missing.
Result<Table> table_of(const std::vector<std::string>& names, std::span<const double> cells);

// Rows by index, in that order.
Table select_rows(const Table& table, std::span<const uint32_t> rows);

// One number for each row: equal where the rows' values in this column are. Empty for an empty name.
std::vector<uint32_t> group_ids(const Table& table, const std::string& column);

// The number that a file's text is ("+1", "2.5e3", blanks around it ignored), if it is one.
std::optional<double> number_in(std::string_view text);

// What is to be learnt: two values in one column.
struct Target {
  std::vector<uint8_t> labels;  // 1 is the positive (bad, yes) value
  std::string positive;
  std::string negative;
};

// `positive` may be declared; else it is inferred: the one of a known pair (1 of 0/1, yes of yes/no, bad of good/bad,
// true, y, 1 of -1/1), else the rarer value. Refused: no such column, a missing value (with its line), one value or
// more than two.
Result<Target> read_target(const Table& table, std::string_view column, std::optional<std::string_view> positive = {});

// 1 where the column holds `positive`, 0 where `negative` (numbers by value: 1 is 1.0). Refused with its line: a
// missing or any other value.
Result<std::vector<uint8_t>> read_labels(const Table& table, std::string_view column, const std::string& positive,
                                         const std::string& negative);

}  // namespace amity::models
