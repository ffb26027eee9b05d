#include "app/command_line.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/build_id.h"
#include "app/configuration.h"

namespace amity::app {
namespace {

struct Word {
  std::string_view name;  // "folder" (an argument), "--mapping" (an option), "--all" with kind flag
  std::string_view help;
  enum Kind { kArgument, kOptionalArgument, kOption, kNeededOption, kFlag } kind;
};

struct Command {
  std::string_view name;  // "model approve"
  std::string_view help;
  std::vector<Word> words;
};

const std::vector<Command>& commands() {
  using enum Word::Kind;
  static const Word kPurpose{"purpose", "why it is read: service; legal_hold also finds who is frozen 法定保存",
                             kOption};
  static const Word kAs{"as", "act as this person; the password comes from AMITY_PASSWORD or is asked for", kOption};
  static const std::vector<Command> kCommands = {
      {"serve", "serve the REST API until stopped", {}},
      {"demo",
       "make a demo bank where there is none, then serve it",
       {{"customers", "how many (1000)", kOption},
        {"days", "how long (730)", kOption},
        {"start", "first day (so that the bank ends yesterday)", kOption},
        {"seed", "another bank for each (1)", kOption},
        {"payments-a-day", "of a customer (0.03)", kOption},
        {"prepare-only", "make the bank and stop", kFlag}}},
      {"import",
       "take in a bank's own files",
       {{"folder", "where the files are", kArgument},
        {"mapping", "how they become events (YAML)", kNeededOption},
        {"rejects", "file for rows that do not fit (rejects.csv)", kOption}}},
      {"statement show",
       "show what a file of bank statements holds (camt.052 to camt.054, MT940, MT942), and what is wrong with it",
       {{"file", "the statements", kArgument},
        {"encoding", "of the file, where neither mark nor XML tells it: gbk, cp852, auto, ...", kOption}}},
      {"simulate",
       "take in a simulated bank",
       {{"customers", "how many (1000)", kOption},
        {"days", "how long (365)", kOption},
        {"start", "first day (2024-01-01)", kOption},
        {"seed", "another bank for each (1)", kOption},
        {"payments-a-day", "of a customer (0.5)", kOption},
        {"live-days", "of the end decided as they happen (0)", kOption},
        {"truth", "file for what is true but not told", kOption}}},
      {"train",
       "train a model from the log, or from a file",
       {{"model", "name of institution/models", kOptionalArgument},
        {"data", "a CSV file, plain or .xz", kOption},
        {"target", "its column to predict", kOption},
        {"positive", "the value that counts as bad or yes", kOption},
        {"name", "name for the model", kOption},
        {"algorithm", "boosted_trees, scorecard or multilayer_perceptron, for a file (boosted_trees)", kOption},
        {"until", "only events up to this moment", kOption},
        {"seed", "", kOption},
        kAs}},
      {"evaluate",
       "measure a model, with intervals",
       {{"model", "its name", kArgument},
        {"data", "a CSV file it has never seen", kOption},
        {"target", "the column that was predicted (as trained)", kOption},
        {"predictions", "file for one probability a row", kOption},
        {"since", "train on what was known by this day and measure on what came after it", kOption},
        {"repeats", "of cross-validation (3)", kOption},
        {"folds", "of cross-validation (5)", kOption},
        kAs}},
      {"model list", "models, their versions and stages", {kAs}},
      {"model export",
       "a scorecard as SQL, or as a table people read",
       {{"model", "its name", kArgument},
        {"format", "sql or table (table)", kOption},
        {"fingerprint", "which version (the live one, else the newest)", kOption},
        kAs}},
      {"model approve",
       "approve the version in review and make it live (a second person)",
       {{"model", "its name", kArgument}, {"fingerprint", "which version (the newest in review)", kOption}, kAs}},
      {"policy list", "policies and their versions", {kAs}},
      {"policy draft", "draft a version of a policy", {{"file", "its YAML", kArgument}, kAs}},
      {"policy activate",
       "make a draft the active version (a second person)",
       {{"policy", "its name", kArgument}, {"version", "which", kNeededOption}, kAs}},
      {"decide",
       "decide an event of a type, now or as of a date",
       {{"type", "credit.application, investment.order, ...", kArgument},
        {"account", "whom it is about", kOption},
        {"customer", "whom it is about", kOption},
        {"amount", "as 1234.50", kOption},
        {"currency", "of the amount (the account's)", kOption},
        {"months", "term of the credit", kOption},
        {"payment", "per month", kOption},
        {"product", "of an investment order", kOption},
        {"side", "buy or sell", kOption},
        {"data", "further fields as JSON", kOption},
        {"at", "moment or day (now)", kOption},
        {"id", "of the request: the same id gets the first answer", kOption},
        kAs}},
      {"decision show", "one decision with everything it used", {{"decision", "its id", kArgument}, kAs}},
      {"replay",
       "make decisions again and compare them byte by byte",
       {{"all", "every decision", kFlag}, {"decision", "one of them", kOption}, kAs}},
      {"customer show",
       "all that is known of a customer",
       {{"customer", "the institution's own key", kArgument}, {"at", "as of a moment or day", kOption}, kPurpose, kAs}},
      {"customer find", "by name, phone, account or key", {{"query", "words", kArgument}, kAs}},
      {"customer timeline",
       "the events about a customer, newest first",
       {{"customer", "the institution's own key", kArgument}, {"limit", "how many (20)", kOption}, kPurpose, kAs}},
      {"customer erase",
       "destroy what is known of a customer, for good; what a law keeps is frozen until it may go",
       {{"customer", "the institution's own key", kArgument},
        {"basis", "the record of the person's request", kNeededOption},
        kAs}},
      {"customer merge",
       "say that another reference is the same customer's: from now on both are read as one",
       {{"customer", "the institution's own key, which stays", kArgument},
        {"other", "the other key", kArgument},
        {"basis", "why they are one: never the person's data", kNeededOption},
        kAs}},
      {"customer unmerge",
       "take a merge back: each is again what it was, with what came meanwhile under its own key",
       {{"customer", "the institution's own key, which stayed", kArgument},
        {"other", "the other key", kArgument},
        {"basis", "why they are not one after all: never the person's data", kNeededOption},
        kAs}},
      {"audit verify", "verify the audit chain against the exported checkpoints", {kAs}},
      {"audit checkpoint", "sign the state of the audit chain and export it", {kAs}},
      {"user add",
       "add a user; prints a one-time code",
       {{"name", "for signing in", kArgument},
        {"roles", "separated by commas", kNeededOption},
        {"unit", "organisation unit (/)", kOption},
        kAs}},
      {"user list", "users", {kAs}},
      {"user set-password",
       "set one's own password with a one-time code",
       {{"name", "for signing in", kArgument}, {"code", "the one-time code", kNeededOption}}},
      {"backup", "make a verified copy of the database", {{"name", "of the copy", kArgument}, kAs}},
      {"restore",
       "make a database from a backup and the newest keys",
       {{"backup", "the copy's file", kArgument}, {"keys-backup", "the key store's newest backup", kOption}}},
      {"rebuild",
       "build every record again from the log, beside the running ones, and put right what differs",
       {{"check", "only compare", kFlag}, kAs}},
      {"doctor", "look whether everything is in order", {}},
      {"match",
       "find rows of a CSV file that tell of the same person or company, with reasons",
       {{"file", "CSV", kArgument},
        {"against", "a second file: only pairs of a row here and a row there", kOption},
        {"columns", "COLUMN=KIND,... where a column is not recognised by its header or values", kOption},
        {"threshold", "the least probability of a match (0.5)", kOption},
        {"candidates", "kept for each row (10); with --json they are shown", kOption},
        {"limit", "how many pairs are printed (20)", kOption},
        {"truth", "a column that tells who is the same: measures instead of compares it", kOption},
        {"truth-pattern", "the part of it that counts, a regular expression", kOption},
        {"encoding", "of the files, where no mark tells it: gbk, auto, ...", kOption}}},
      {"expression test", "run a file of CEL conformance tests", {{"file", "JSON lines", kArgument}}},
  };
  return kCommands;
}

// CLI11 writes into these; one set a command.
struct Parsed {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::map<std::string, std::string> values;
  std::map<std::string, bool> flags;
};

void declare(CLI::App& app, Parsed& parsed) {
  for (const auto& word : parsed.command->words) {
    const std::string name(word.name);
    const std::string help(word.help);
    switch (word.kind) {
      case Word::kArgument: app.add_option(name, parsed.values[name], help)->required(); break;
      case Word::kOptionalArgument: app.add_option(name, parsed.values[name], help); break;
      case Word::kOption: app.add_option("--" + name, parsed.values[name], help); break;
      case Word::kNeededOption: app.add_option("--" + name, parsed.values[name], help)->required(); break;
      case Word::kFlag: app.add_flag("--" + name, parsed.flags[name], help); break;
    }
  }
  app.add_flag("--json", parsed.flags["json"], "answer as JSON");
  app.add_option("--language", parsed.values["language"], "of what is said: en or zh (en)")
      ->check(CLI::IsMember({"en", "zh"}));
}

// "list, approve": what stands below a word.
std::string help_of_group(const std::string& group) {
  std::string names;
  for (const auto& command : commands()) {
    if (!command.name.starts_with(group + " ")) continue;
    names += (names.empty() ? "" : ", ") + std::string(command.name.substr(group.size() + 1));
  }
  return names;
}

// "model approve" stands below "model".
CLI::App* place_for(CLI::App& root, std::map<std::string, CLI::App*>& groups, const Command& command) {
  const std::string name(command.name);
  const size_t space = name.find(' ');
  if (space == std::string::npos) return root.add_subcommand(name, std::string(command.help));
  auto*& group = groups[name.substr(0, space)];
  if (group == nullptr) {
    group = root.add_subcommand(name.substr(0, space), help_of_group(name.substr(0, space)))->require_subcommand(1);
    group->fallthrough();
  }
  return group->add_subcommand(name.substr(space + 1), std::string(command.help));
}

}  // namespace

std::string CommandLine::value(std::string_view name, std::string_view otherwise) const {
  const auto found = values.find(std::string(name));
  return found == values.end() || found->second.empty() ? std::string(otherwise) : found->second;
}

Result<int64_t> CommandLine::number(std::string_view name, int64_t least, int64_t most, int64_t otherwise) const {
  const auto text = value(name);
  if (text.empty()) return otherwise;
  int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || number < least || number > most) {
    return invalid(fmt::format("a whole number between {} and {} is expected", least, most), "--" + std::string(name));
  }
  return number;
}

bool CommandLine::has(std::string_view flag) const {
  const auto found = flags.find(std::string(flag));
  return found != flags.end() && found->second;
}

std::string place_in(const CommandLine& line, const std::string& place) {
  const auto command = std::ranges::find(commands(), line.command, &Command::name);
  if (command == commands().end()) return place;
  const auto told = [&](std::string_view name) -> std::string {  // empty: no word of this command
    const auto word = std::ranges::find(command->words, name, &Word::name);
    if (word == command->words.end()) return {};
    const bool is_argument = word->kind == Word::kArgument || word->kind == Word::kOptionalArgument;
    return (is_argument ? "" : "--") + std::string(name);
  };
  constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
      {"/subject", "account"}, {"/subject", "customer"}, {"/definition", "file"}, {"header:idempotency-key", "id"}};
  for (const auto& [known, name] : kOtherNames) {
    if (place == known && !line.value(name).empty()) return told(name);
  }
  std::string_view rest = place;
  for (const std::string_view kind : {"?", "path:", "header:amity-"}) {
    if (rest.starts_with(kind)) rest.remove_prefix(kind.size());
  }
  if (rest.size() == place.size() && !place.starts_with('/')) return place;
  while (!rest.empty()) {  // "/data/amount/currency": the last part that the command knows
    const size_t slash = rest.rfind('/');
    if (auto word = told(slash == std::string_view::npos ? rest : rest.substr(slash + 1)); !word.empty()) return word;
    rest = rest.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  return place;
}

Result<std::optional<CommandLine>> parse_command_line(int argument_count, const char* const* arguments) {
  CLI::App root("Amity: what an institution knows of its customers, decided, done and explained.", "amity");
  root.require_subcommand(1);
  root.fallthrough();
  root.set_version_flag("--version", build_id());
  CommandLine line;
  root.add_option("--configuration", line.configuration_file, "YAML file of settings");
  std::map<std::string, std::string> settings;
  for (const auto& key : configuration_keys()) {
    root.add_option("--" + std::string(key.name), settings[std::string(key.name)], std::string(key.help));
  }
  std::map<std::string, CLI::App*> groups;
  std::vector<std::unique_ptr<Parsed>> all;
  for (const auto& command : commands()) {
    auto& parsed = *all.emplace_back(std::make_unique<Parsed>());
    parsed.command = &command;
    parsed.app = place_for(root, groups, command);
    parsed.app->fallthrough();
    declare(*parsed.app, parsed);
  }
  try {
    root.parse(argument_count, arguments);
  } catch (const CLI::Success& asked) {  // --help or --version
    root.exit(asked);
    return std::nullopt;
  } catch (const CLI::RequiredError& error) {
    if (const auto unknown = root.remaining(true); !unknown.empty()) {
      return invalid("'" + unknown.front() + "' is no command or option of the program (amity --help lists them)");
    }
    return invalid(std::string(error.what()) + " (amity --help lists the commands)");
  } catch (const CLI::ParseError& error) {
    return invalid(std::string(error.what()) + " (amity --help lists the commands)");
  }
  for (const auto& [name, value] : settings) {
    if (!value.empty()) line.settings[name] = value;
  }
  for (const auto& parsed : all) {
    if (!parsed->app->parsed()) continue;
    line.command = std::string(parsed->command->name);
    line.values = parsed->values;
    line.flags = parsed->flags;
  }
  return line;
}

}  // namespace amity::app
