// What was typed: `amity COMMAND [ARGUMENTS] [--options]`, checked against the list of commands.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace amity::app {

struct CommandLine {
  std::string command;                          // "model approve"
  std::map<std::string, std::string> values;    // arguments and options by name: "folder", "mapping", "as"
  std::map<std::string, bool> flags;            // "json", "all"
  std::map<std::string, std::string> settings;  // configuration keys given as flags
  std::string configuration_file;

  std::string value(std::string_view name, std::string_view otherwise = "") const;
  Result<int64_t> number(std::string_view name, int64_t least, int64_t most, int64_t otherwise) const;
  bool has(std::string_view flag) const;
};

// Where in the line stands what a route calls "?at", "/data/amount/currency", "header:amity-purpose" or
// "path:decision":
// "--at", "--currency", "--purpose", "decision". As it is where the command has no such word.
std::string place_in(const CommandLine& line, const std::string& place);

// Nothing to run (help or version was asked for and printed): no value. invalid: what is wrong, with a hint.
Result<std::optional<CommandLine>> parse_command_line(int argument_count, const char* const* arguments);

}  // namespace amity::app
