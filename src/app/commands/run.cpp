#include <fmt/format.h>
#include <unistd.h>

#include <map>

#include "app/commands.h"
#include "base/log.h"

namespace amity::app {
namespace {

using WithSession = Result<int> (*)(Session&);
using Alone = Result<int> (*)(const CommandLine&);

const std::map<std::string, WithSession, std::less<>>& with_session() {
  static const std::map<std::string, WithSession, std::less<>> kCommands = {
      {"import", import_files},
      {"simulate", simulate},
      {"train", train},
      {"evaluate", evaluate},
      {"model list", list_models},
      {"model export", export_model},
      {"model approve", approve_model},
      {"policy list", list_policies},
      {"policy draft", draft_policy},
      {"policy activate", activate_policy},
      {"decide", decide},
      {"decision show", show_decision},
      {"replay", replay},
      {"customer show", show_customer},
      {"customer find", find_customer},
      {"customer timeline", show_timeline},
      {"customer erase", erase_customer},
      {"customer merge", merge_customers},
      {"customer unmerge", unmerge_customers},
      {"audit verify", verify_audit},
      {"audit checkpoint", make_checkpoint},
      {"user add", add_user},
      {"user list", list_users},
      {"user set-password", set_password},
      {"backup", back_up},
      {"rebuild", rebuild},
      {"doctor", doctor},
  };
  return kCommands;
}

const std::map<std::string, Alone, std::less<>>& alone() {
  static const std::map<std::string, Alone, std::less<>> kCommands = {{"serve", serve},
                                                                      {"demo", demo},
                                                                      {"restore", restore},
                                                                      {"expression test", test_expressions},
                                                                      {"statement show", show_statement},
                                                                      {"match", match_rows}};
  return kCommands;
}

void warn_of_unknown_variables() {
  const auto unknown = unknown_variables(environ);
  if (unknown.empty()) return;
  log(Level::kWarn, "not a setting of the program, so it is ignored: see amity --help for the list",
      {{"variables", fmt::format("{}", fmt::join(unknown, ", "))}});
}

}  // namespace

Result<int> run_command(const CommandLine& line) {
  if (line.command != "doctor") warn_of_unknown_variables();  // it lists them as defects
  if (const auto found = alone().find(line.command); found != alone().end()) return found->second(line);
  static const SystemClock clock;
  const auto session = TRY(Session::open(line, clock));
  auto code = with_session().at(line.command)(*session);
  if (code || code.error().code != Code::kForbidden) return code;
  const bool is_the_customers = code.error().place == customers::kConsentPlace;  // whoever asks
  if (!is_the_customers && line.value("as").empty()) {
    code.error().message += "; --as NAME acts as another person";
  }
  return code;
}

}  // namespace amity::app
