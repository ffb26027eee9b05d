#include "events/statements.h"

#include <algorithm>

#include <fmt/format.h>

#include "events/import/statement_file.h"

namespace amity::events {
namespace {

void add(StatementPart& part, size_t column, std::string_view text) {
  if (!text.empty()) part.columns.emplace_back(statement_columns()[column], text);
}

StatementPart statement_part(const StatementRows::Statement& statement) {
  StatementPart part{StatementPart::Kind::kStatement, statement.line, {}};
  for (size_t column = 0; column < statement.head.size(); ++column) add(part, column, statement.head[column]);
  part.columns.emplace_back("entries", fmt::format("{}", statement.entries));
  return part;
}

StatementPart entry_part(const Row& row, int64_t line) {
  StatementPart part{StatementPart::Kind::kEntry, line, {}};
  add(part, kAccount, row.cells[kAccount]);
  for (size_t column = kStatementOnly; column < row.cells.size(); ++column) add(part, column, row.cells[column]);
  return part;
}

StatementPart problem_part(const Row& row, int64_t line) {
  StatementPart part{StatementPart::Kind::kProblem, line, {}};
  if (!row.problem_field.empty()) part.columns.emplace_back("field", row.problem_field);
  part.columns.emplace_back("reason", row.problem);
  return part;
}

void give_rows(const StatementRows& rows, size_t begin, size_t end,
               const std::function<void(const StatementPart&)>& give) {
  Row row;
  for (size_t i = begin; i < end; ++i) {
    rows.read(i, row);
    if (!row.cells[kAmount].empty()) give(entry_part(row, rows.line(i)));
    if (!row.problem.empty()) give(problem_part(row, rows.line(i)));
  }
}

}  // namespace

std::string_view StatementPart::column(std::string_view name) const {
  const auto found = std::ranges::find(columns, name, [](const auto& each) { return each.first; });
  return found == columns.end() ? std::string_view{} : std::string_view(found->second);
}

Result<void> read_statements(const std::string& path, std::string_view encoding,
                             const std::function<void(const StatementPart&)>& give) {
  const auto named = parse_file_encoding(encoding);
  if (!named) return std::unexpected(Error(named.error()).within("--encoding"));
  auto file = TextFile::open(path);
  if (!file) return std::unexpected(std::move(file.error()).within(path));
  const StatementReading reading{.message = {}, .checks_balances = true, .leaves_out_refused = false};
  const auto rows = read_statement_file(*file, *named, reading);
  if (!rows) return std::unexpected(Error(rows.error()).within(rows.error().place.empty() ? path : path + ":"));
  const auto& statements = rows->statements();
  for (size_t i = 0; i < statements.size(); ++i) {
    give(statement_part(statements[i]));
    const size_t end = i + 1 < statements.size() ? statements[i + 1].first_row : rows->size();
    give_rows(*rows, statements[i].first_row, end, give);
  }
  return {};
}

}  // namespace amity::events
