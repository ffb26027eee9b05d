// Looking at a file of bank statements before it is imported.
#include <fmt/format.h>

#include "app/commands.h"
#include "events/statements.h"

namespace amity::app {
namespace {

using events::StatementPart;

std::string_view kind_of(const StatementPart& part) {
  switch (part.kind) {
    case StatementPart::Kind::kStatement: return "statement";
    case StatementPart::Kind::kEntry: return "entry";
    case StatementPart::Kind::kProblem: return "problem";
  }
  return {};
}

// One object a line, all texts as they stand in the columns.
void print_json(const StatementPart& part) {
  json::object out{{"kind", std::string(kind_of(part))}, {"line", part.line}};
  for (const auto& [name, text] : part.columns) out[name] = text;
  fmt::print("{}\n", write_json(out));
}

void print_entry(const StatementPart& part) {
  const bool is_debit = part.column("direction") == "debit";
  fmt::print("  {:<10} {:>16} {:<3}  {}  {}\n", part.column("booked").substr(0, 10),
             fmt::format("{}{}", is_debit ? "-" : "", part.column("amount")), part.column("currency"),
             part.column("counterparty"), part.column("remittance"));
}

void print_text(const Words& words, const StatementPart& part) {
  const auto text = [&](std::string_view name) {
    const auto found = part.column(name);
    return found.empty() ? std::string("-") : std::string(found);
  };
  switch (part.kind) {
    case StatementPart::Kind::kStatement:
      fmt::print("{}\n", words.say("say.statement", {{"message", text("message")},
                                                     {"account", text("account")},
                                                     {"number", text("statement_number")},
                                                     {"entries", text("entries")}}));
      fmt::print("  {}\n", words.say("say.statement_balances",
                                     {{"opening", text("opening_balance")}, {"closing", text("closing_balance")}}));
      break;
    case StatementPart::Kind::kEntry: print_entry(part); break;
    case StatementPart::Kind::kProblem:
      fmt::print("  {}\n", words.say("say.statement_problem", {{"line", std::to_string(part.line)},
                                                               {"field", text("field")},
                                                               {"reason", text("reason")}}));
      break;
  }
}

}  // namespace

Result<int> show_statement(const CommandLine& line) {
  const auto words = TRY(Words::read("", language_of(line)));
  const bool is_json = line.has("json");
  bool has_problem = false;
  TRY(events::read_statements(line.value("file"), line.value("encoding"), [&](const StatementPart& part) {
    has_problem = has_problem || part.kind == StatementPart::Kind::kProblem;
    if (is_json) print_json(part);
    if (!is_json) print_text(words, part);
  }));
  return has_problem ? 1 : 0;
}

}  // namespace amity::app
