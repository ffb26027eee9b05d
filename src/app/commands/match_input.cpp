#include "app/commands/match_input.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <re2/re2.h>

#include "events/rows_of_file.h"

namespace amity::app {
namespace {

using customers::FieldKind;
using customers::ResolutionTable;

Result<size_t> column_named(const ResolutionTable& table, std::string_view name, const std::string& option) {
  const auto found = std::ranges::find(table.columns, name);
  if (found == table.columns.end()) return invalid("the file has no such column", option);
  return static_cast<size_t>(found - table.columns.begin());
}

// "nom=name,tel=phone": the other columns stay as they were recognised.
Result<void> take_told_columns(MatchInput& input, std::string_view told) {
  while (!told.empty()) {
    const auto one = told.substr(0, told.find(','));
    told.remove_prefix(std::min(told.size(), one.size() + 1));
    const auto equals = one.rfind('=');
    const auto kind = equals == std::string_view::npos ? std::nullopt : customers::field_kind(one.substr(equals + 1));
    if (!kind) {
      return invalid(
          "COLUMN=KIND is expected; kinds are name, given_name, family_name, phone, email, address, city, "
          "postcode, number, identity_number, date, category, ignored",
          "--columns");
    }
    input.kinds[TRY(column_named(input.table, one.substr(0, equals), "--columns"))] = *kind;
  }
  return {};
}

MatchInput of_file(events::FileRows file, const std::string& path) {
  MatchInput input;
  input.table = {std::move(file.columns), std::move(file.rows)};
  input.lines = std::move(file.lines);
  input.has_header = file.has_header;
  input.unreadable = file.unreadable;
  if (file.unreadable > 0) {
    const auto name = std::filesystem::path(path).filename().string();
    input.problem = fmt::format("{}:{}: {}", name, file.unreadable_at, file.problem);
  }
  input.kinds = customers::recognise_columns(input.table);
  return input;
}

// For each column of `input` the one of `other` with its name, else the first left of its kind; where there are no
// names also the one at its place, if neither is compared (it may hold what is true).
std::vector<std::optional<size_t>> counterparts(const MatchInput& input, const MatchInput& other) {
  std::vector<std::optional<size_t>> found(input.kinds.size());
  std::vector<bool> is_taken(other.kinds.size());
  const auto take = [&](auto fits) {
    for (size_t i = 0; i < found.size(); ++i) {
      for (size_t j = 0; j < is_taken.size() && !found[i]; ++j) {
        if (is_taken[j] || !fits(i, j)) continue;
        found[i] = j;
        is_taken[j] = true;
      }
    }
  };
  if (input.has_header && other.has_header) {
    take([&](size_t i, size_t j) { return input.table.columns[i] == other.table.columns[j]; });
  }
  take([&](size_t i, size_t j) { return input.kinds[i] != FieldKind::kIgnored && input.kinds[i] == other.kinds[j]; });
  take([&](size_t i, size_t j) {
    return i == j && input.kinds[i] == FieldKind::kIgnored && other.kinds[j] == FieldKind::kIgnored;
  });
  return found;
}

Result<void> add_other(MatchInput& input, MatchInput other) {
  input.first_list = input.table.rows.size();
  if (input.first_list == 0 || other.table.rows.empty()) return invalid("a file without rows", "--against");
  if (input.table.rows.size() + other.table.rows.size() > customers::kMaxResolutionRows) {
    return fail(Code::kLimit, "the files have more rows than can be compared", "--against");
  }
  const auto columns = counterparts(input, other);
  for (auto& row : other.table.rows) {
    std::vector<std::string> cells(columns.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i]) cells[i] = std::move(row[*columns[i]]);
    }
    input.table.rows.push_back(std::move(cells));
  }
  input.lines.insert(input.lines.end(), other.lines.begin(), other.lines.end());
  input.unreadable += other.unreadable;
  if (input.problem.empty()) input.problem = std::move(other.problem);
  return {};
}

Result<void> take_truth(MatchInput& input, const CommandLine& line) {
  if (line.value("truth").empty()) return {};
  const auto column = TRY(column_named(input.table, line.value("truth"), "--truth"));
  input.kinds[column] = FieldKind::kIgnored;
  const auto wanted = line.value("truth-pattern");
  const re2::RE2 pattern(wanted, re2::RE2::Quiet);
  if (!pattern.ok()) return invalid("this is no regular expression", "--truth-pattern");
  for (const auto& row : input.table.rows) {
    const auto& text = row[column];
    re2::StringPiece part;
    const bool is_found = !wanted.empty() && pattern.Match(text, 0, text.size(), re2::RE2::UNANCHORED, &part, 1);
    input.truth.push_back(is_found ? part.as_string() : text);
  }
  return {};
}

Result<MatchInput> read_one(const CommandLine& line, std::string_view which) {
  const auto path = line.value(which);
  return of_file(TRY(events::read_rows_of_file(path, line.value("encoding"), customers::kMaxResolutionRows)), path);
}

}  // namespace

Result<MatchInput> read_match_input(const CommandLine& line) {
  auto input = TRY(read_one(line, "file"));
  TRY(take_told_columns(input, line.value("columns")));
  if (!line.value("against").empty()) TRY(add_other(input, TRY(read_one(line, "against"))));
  TRY(take_truth(input, line));
  return input;
}

}  // namespace amity::app
