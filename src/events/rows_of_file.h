// A CSV file read whole, for commands that work on a table and keep nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace amity::events {

struct FileRows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // each as long as columns
  std::vector<int64_t> lines;                  // where each row begins
  bool has_header = true;
  int64_t unreadable = 0;     // rows left out because they do not fit
  int64_t unreadable_at = 0;  // line of the first of them
  std::string problem;        // and what is wrong with it
};

// The separator (, ; tab or |) is the one most met in the first line. That line is the header unless it looks like a
// row (a blank cell, a number, an e-mail address): then the columns are called "1", "2" and so on. Errors have the
// place FILE or FILE:LINE. `encoding`: empty, "auto" or a name, as in a mapping (docs/formats/mapping.md). invalid:
// empty, no row can be read, no encoding (with the place --encoding). limit: more than `max_rows` rows.
Result<FileRows> read_rows_of_file(const std::string& path, std::string_view encoding, size_t max_rows);

}  // namespace amity::events
