// Rows of text files: CSV (RFC 4180 with a declared separator and quote) and JSON lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace amity::events {

constexpr size_t kMaxRowBytes = 64 * 1024;
constexpr size_t kMaxColumns = 512;

struct Row {
  std::vector<std::string> cells;  // trimmed of spaces and tabs; "" where blank
  size_t bytes = 0;                // with its line end
  int64_t lines = 1;               // it covers: a quoted cell may hold line ends
  bool is_blank = false;           // an empty line: no row at all
  std::string problem;             // why it cannot be read; empty for a good row
  std::string problem_field;       // and which part of it, where that is known
};

struct CsvFormat {
  char separator = ',';
  char quote = '"';
};

// Reads the first row of `text` into `row`, whose memory is used again. `text` holds kMaxRowBytes or the file's rest.
// A row that cannot be read (a quote that stands where none may, or is never closed; too long; not UTF-8; NUL bytes)
// has a problem and ends with its first line, so that reading goes on at the next.
void read_csv_row(std::string_view text, const CsvFormat& format, Row& row);

// One JSON object a line; `columns` names its fields, "a.b" one inside an object. Numbers and truth values become their
// text, null and missing fields become blank; a list or object in a named column is a problem.
void read_json_row(std::string_view text, const std::vector<std::string>& columns, Row& row);

}  // namespace amity::events
