#include <cstdio>

#include <fmt/format.h>

#include "app/commands.h"

namespace {

// What a script can tell apart: 1 a check found a defect, 2 wrong usage, 3 not allowed, 4 not there, 5 refused by a
// rule or contradicting what is recorded, 6 not available now, 7 our own mistake.
int exit_code_of(amity::Code code) {
  switch (code) {
    case amity::Code::kInvalid: return 2;
    case amity::Code::kUnauthenticated:
    case amity::Code::kForbidden: return 3;
    case amity::Code::kNotFound: return 4;
    case amity::Code::kConflict:
    case amity::Code::kUnprocessable: return 5;
    case amity::Code::kLimit:
    case amity::Code::kUnavailable:
    case amity::Code::kTimeout: return 6;
    case amity::Code::kInternal: return 7;
  }
  return 7;
}

int say(const amity::Error& error) {
  fmt::print(stderr, "amity: {}\n", error.text());
  return exit_code_of(error.code);
}

}  // namespace

int main(int argument_count, char** arguments) {
  const auto line = amity::app::parse_command_line(argument_count, arguments);
  if (!line) return say(line.error());
  if (!*line) return 0;
  const auto code = amity::app::run_command(**line);
  return code ? *code : say(code.error());
}
