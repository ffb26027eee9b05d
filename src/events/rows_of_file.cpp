#include "events/rows_of_file.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "events/import/table.h"

namespace amity::events {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

Result<Row> first_row_of(const std::string& path, const FileEncoding& encoding, CsvFormat& format) {
  auto file = TextFile::open(path);
  if (!file) return std::unexpected(std::move(file.error()).within(std::filesystem::path(path).filename().string()));
  TRY(decode(*file, encoding));
  auto text = TRY(file->view(0, kMaxRowBytes + 1));
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto header = text.substr(0, text.find('\n'));
  for (const char separator : {';', '\t', '|'}) {
    if (std::ranges::count(header, separator) > std::ranges::count(header, format.separator))
      format.separator = separator;
  }
  Row row;
  if (!text.empty()) read_csv_row(text, format, row);
  return row;
}

// A number, a date, an e-mail address: what nobody calls a column.
bool is_value(std::string_view cell) {
  const auto digits = std::ranges::count_if(cell, [](char c) { return c >= '0' && c <= '9'; });
  const auto letters = std::ranges::count_if(cell, [](char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; });
  return (digits > 0 && letters == 0 && std::ranges::all_of(cell, [](char c) { return (c & 0x80) == 0; })) ||
         cell.contains('@') || digits >= 5 || cell == "-0-";
}

// A blank or repeated name stands in careless headers too, so that of those at least a third of the cells is needed.
bool is_header(const std::vector<std::string>& cells) {
  if (std::ranges::any_of(cells, is_value)) return false;
  return static_cast<size_t>(std::ranges::count(cells, "")) * 3 < cells.size() || cells.size() == 1;
}

std::vector<std::string> numbered(size_t columns) {
  std::vector<std::string> names;
  for (size_t i = 1; i <= columns; ++i) names.push_back(std::to_string(i));
  return names;
}

// Blank and repeated names of columns become their number.
std::vector<std::string> told_apart(std::vector<std::string> names) {
  for (size_t i = 0; i < names.size(); ++i) {
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(i);
    if (names[i].empty() || std::find(names.begin(), end, names[i]) != end) names[i] = std::to_string(i + 1);
  }
  return names;
}

Result<void> read_rows(Table& table, size_t max_rows, FileRows& found) {
  Row row;
  int64_t line = table.first_line();
  uint64_t offset = table.first_row();
  for (bool skips = found.has_header; offset < table.size(); offset += row.bytes) {
    TRY(table.read(offset, row));
    const auto begin = line;
    line += row.lines;
    if (row.is_blank || std::exchange(skips, false)) continue;
    if (!row.problem.empty()) {
      if (found.unreadable++ == 0) {
        found.unreadable_at = begin;
        found.problem = row.problem;
      }
      continue;
    }
    if (found.rows.size() == max_rows) {
      return fail(Code::kLimit, "the file has more rows than can be compared", table.file());
    }
    found.rows.push_back(row.cells);
    found.lines.push_back(begin);
  }
  return {};
}

}  // namespace

Result<FileRows> read_rows_of_file(const std::string& path, std::string_view encoding, size_t max_rows) {
  const auto known = parse_file_encoding(encoding);
  if (!known) return std::unexpected(Error(known.error()).within("--encoding"));
  const std::filesystem::path place(path);
  const auto folder = place.parent_path().string();
  TableFormat format;
  format.encoding = *known;
  const auto first = TRY(first_row_of(path, *known, format.csv));
  FileRows found;
  if (!first.cells.empty() && first.problem.empty()) {
    found.has_header = is_header(first.cells);
    format.columns = found.has_header ? told_apart(first.cells) : numbered(first.cells.size());
  }
  // Without columns it is Table that says what is wrong with the first line.
  auto table = TRY(Table::open(folder.empty() ? "." : folder, place.filename().string(), format));
  found.columns = table.columns();
  TRY(read_rows(table, max_rows, found));
  if (found.rows.empty() && found.unreadable > 0) {
    return invalid("no row can be read: " + found.problem, fmt::format("{}:{}", table.file(), found.unreadable_at));
  }
  return found;
}

}  // namespace amity::events
