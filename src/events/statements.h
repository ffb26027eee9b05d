// What a file of bank statements holds, looked at without a mapping: camt.052 to camt.054, MT940 and MT942, read by the
// same code as an import (docs/formats/statements.md), but nothing is left out: what is wrong stands beside what could
// be read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace amity::events {

struct StatementPart {
  enum class Kind { kStatement, kEntry, kProblem };
  Kind kind = Kind::kEntry;
  int64_t line = 0;  // of the file, from 1
  // Columns and their texts in the order of the documentation, blank ones left out. An entry has its account too; a
  // statement `entries`, how many it has; a problem `field` and `reason`, without values.
  std::vector<std::pair<std::string_view, std::string>> columns;

  std::string_view column(std::string_view name) const;  // "" where there is none
};

// Each statement, then its entries and what is wrong with them and with it. `encoding` is a name of base/encoding.h,
// "auto", or empty: by the byte-order mark, else UTF-8, or as the XML declares. An error is one of the whole file, its
// place "FILE:LINE"; parts were given for none of it.
Result<void> read_statements(const std::string& path, std::string_view encoding,
                             const std::function<void(const StatementPart&)>& give);

}  // namespace amity::events
