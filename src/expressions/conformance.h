// Runs conformance tests of the language, kept as JSON lines (one test a line: id, group, expr, bindings, type_env,
// container, disable_check, check_only, expected), and says which fail.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace amity::expressions {

struct ConformanceCount {
  size_t passed = 0;
  size_t failed = 0;
};

struct ConformanceReport {
  size_t passed = 0;
  std::vector<std::string> failed_ids;               // in the file's order
  std::vector<std::string> reasons;                  // why, beside failed_ids
  std::map<std::string, ConformanceCount> by_group;  // "core", "extensions", ...
};

// A line that is not a test is an error; its place names the line.
Result<ConformanceReport> run_conformance(std::string_view json_lines);

}  // namespace amity::expressions
