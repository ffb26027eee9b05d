// The files of `amity match`.
#pragma once

#include <string>
#include <vector>

#include "app/command_line.h"
#include "customers/resolution.h"

namespace amity::app {

struct MatchInput {
  customers::ResolutionTable table;  // the rows of FILE, then those of --against
  std::vector<customers::FieldKind> kinds;
  std::vector<int64_t> lines;      // of each row in its own file
  std::vector<std::string> truth;  // of each row; empty where no column of truth is told
  size_t first_list = 0;           // rows of FILE where there is an --against; else 0
  bool has_header = true;
  int64_t unreadable = 0;  // rows left out
  std::string problem;     // of the first of them, with its place
};

Result<MatchInput> read_match_input(const CommandLine& line);

}  // namespace amity::app
