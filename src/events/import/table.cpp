#include "events/import/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "events/import/statement_file.h"

namespace amity::events {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// FNV-1a, 64 bits: only spreads keys; equal hashes are told apart by reading the row.
uint64_t hash_of(std::string_view key) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : key) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

Result<void> check_columns(const std::vector<std::string>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].empty()) return invalid(fmt::format("column {} has no name", i + 1));
    // The name is not repeated: where the header line is missing it is somebody's data.
    const auto first = std::ranges::find(columns, columns[i]) - columns.begin();
    if (static_cast<size_t>(first) == i) continue;
    return invalid(fmt::format("columns {} and {} have the same name: is the header line missing?", first + 1, i + 1));
  }
  return {};
}

}  // namespace

Result<Table> Table::open(const std::string& folder, const std::string& file, const TableFormat& format) {
  auto source = TextFile::open(folder + "/" + file);
  if (!source) return std::unexpected(std::move(source.error()).within(file));
  Table table(file, *std::move(source), format);
  if (format.kind == RowKind::kStatement) {
    if (auto ok = table.read_statements(); !ok) {
      return std::unexpected(std::move(ok.error()).within(ok.error().place.empty() ? file : file + ":"));
    }
    return table;
  }
  if (auto ok = table.read_start(); !ok) {
    return std::unexpected(std::move(ok.error()).within(fmt::format("{}:{}", file, table.first_line_)));
  }
  return table;
}

Result<void> Table::read_start() {
  TRY(decode(source_, format_.encoding));
  if (TRY(source_.view(0, 4)).starts_with(kByteOrderMark)) first_row_ = kByteOrderMark.size();
  if (format_.kind == RowKind::kCsv && format_.columns.empty()) return read_header();
  return check_columns(format_.columns);
}

Result<void> Table::read_statements() {
  format_.columns = statement_columns();
  auto rows = TRY(read_statement_file(source_, format_.encoding, format_.statements));
  statements_ = std::make_shared<const StatementRows>(std::move(rows));
  if (statements_->size() > 0) first_line_ = statements_->line(0);
  source_ = TextFile::of_text({});
  return {};
}

Result<void> Table::read_header() {
  Row row;
  if (first_row_ >= size()) return invalid("the file is empty: a header line with the names of columns is expected");
  read_csv_row(TRY(source_.view(first_row_, kMaxRowBytes + 1)), format_.csv, row);
  if (!row.problem.empty()) return invalid("the header cannot be read: " + row.problem);
  TRY(check_columns(row.cells));
  format_.columns = row.cells;
  first_row_ += row.bytes;
  first_line_ += row.lines;
  return {};
}

std::optional<size_t> Table::find_column(std::string_view name) const {
  const auto found = std::ranges::find(format_.columns, name);
  if (found == format_.columns.end()) return std::nullopt;
  return static_cast<size_t>(found - format_.columns.begin());
}

Result<void> Table::read(uint64_t offset, Row& row) {
  if (statements_) {
    statements_->read(static_cast<size_t>(offset), row);
    return {};
  }
  row.problem_field.clear();
  auto text = source_.view(offset, kMaxRowBytes + 1);
  if (!text) return std::unexpected(std::move(text.error()).within(file_));
  row.is_blank = text->starts_with("\n") || text->starts_with("\r\n");
  if (row.is_blank) {
    row.bytes = text->find('\n') + 1;
    row.lines = 1;
    row.problem.clear();
    return {};
  }
  if (format_.kind == RowKind::kCsv) {
    read_csv_row(*text, format_.csv, row);
    const bool fits = row.cells.size() == format_.columns.size();
    if (row.problem.empty() && !fits) {
      row.problem = fmt::format("{} columns where {} are expected", row.cells.size(), format_.columns.size());
    }
  } else {
    read_json_row(text->substr(0, kMaxRowBytes + 1), format_.columns, row);
  }
  if (row.bytes == kMaxRowBytes + 1) return skip_rest_of_line(offset, row);
  return {};
}

Result<void> Table::skip_rest_of_line(uint64_t offset, Row& row) {
  while (offset + row.bytes < size()) {
    const auto more = TRY(source_.view(offset + row.bytes, kMaxRowBytes));
    const size_t end = more.find('\n');
    row.bytes += end == std::string_view::npos ? more.size() : end + 1;
    if (end != std::string_view::npos) break;
  }
  return {};
}

Result<TableIndex> TableIndex::build(Table& table, size_t key_column, const Keeps& keeps) {
  TableIndex index;
  index.key_column_ = key_column;
  Row row;
  for (uint64_t offset = table.first_row(); offset < table.size(); offset += row.bytes) {
    TRY(table.read(offset, row));
    const bool has_key = !row.is_blank && row.problem.empty() && !row.cells[key_column].empty();
    if (!has_key) continue;
    if (TRY(keeps(row))) index.entries_.push_back({hash_of(row.cells[key_column]), offset});
  }
  std::ranges::sort(index.entries_);
  return index;
}

Result<std::vector<uint64_t>> TableIndex::find(Table& table, std::string_view key, Row& scratch) const {
  std::vector<uint64_t> offsets;
  const uint64_t hash = hash_of(key);
  for (auto at = std::ranges::lower_bound(entries_, Entry{hash, 0}); at != entries_.end() && at->hash == hash; ++at) {
    TRY(table.read(at->offset, scratch));
    const bool is_it = scratch.problem.empty() && scratch.cells[key_column_] == key;
    if (is_it) offsets.push_back(at->offset);
  }
  return offsets;
}

}  // namespace amity::events
