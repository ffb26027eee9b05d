#include "models/table.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "models/table/csv.h"
#include "models/table/text_source.h"

namespace amity::models {
namespace {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

// Collects records into columns.
class TableBuilder {
 public:
  explicit TableBuilder(const CsvLimits& limits) : limits_(limits) {}

  Result<void> take(const CsvRecord& record) { return has_header_ ? row(record) : header(record); }

  Result<Table> finish() {
    if (!has_header_) return invalid("the file is empty: a header line with the columns' names is expected", "line 1");
    if (table_.row_count == 0) return invalid("the file has a header but no rows", "line 2");
    for (auto& column : table_.columns) find_numbers(column);
    table_.fingerprint = digest_.finish();
    return std::move(table_);
  }

 private:
  Result<void> header(const CsvRecord& record) {
    has_header_ = true;
    std::set<std::string_view> seen;
    for (size_t i = 0; i < record.count; ++i) {
      const auto name = trimmed(record.fields[i]);
      table_.columns.push_back({.name = name.empty() ? fmt::format("column_{}", i + 1) : std::string(name)});
      digest_.add(table_.columns.back().name);
    }
    for (size_t i = 0; i < table_.columns.size(); ++i) {
      // The name is not repeated: where the header is missing it is somebody's data.
      if (!seen.insert(table_.columns[i].name).second) {
        return invalid("two columns have the same name: rename one; is the header line missing?",
                       fmt::format("line 1, field {}", i + 1));
      }
    }
    indexes_.resize(record.count);
    return {};
  }

  Result<void> row(const CsvRecord& record) {
    const auto place = [&] { return fmt::format("line {}", record.line); };
    if (record.count != table_.columns.size()) {
      return invalid(fmt::format("{} fields where the header names {}: is a field with the delimiter in it not quoted?",
                                 record.count, table_.columns.size()),
                     place());
    }
    if (++table_.row_count > limits_.row_count) {
      return fail(Code::kLimit, fmt::format("more than {} rows", limits_.row_count), place());
    }
    for (size_t i = 0; i < record.count; ++i) table_.columns[i].codes.push_back(code_of(i, record.fields[i]));
    table_.lines.push_back(record.line);
    bytes_ += record.count * sizeof(uint32_t) + sizeof(uint64_t);
    if (bytes_ > limits_.memory_bytes) return fail(Code::kLimit, "the file needs too much memory: split it", place());
    return {};
  }

  uint32_t code_of(size_t i, const std::string& text) {
    digest_.add(text);
    auto& column = table_.columns[i];
    const auto found = indexes_[i].find(std::string_view(text));
    if (found != indexes_[i].end()) return found->second;
    const auto code = static_cast<uint32_t>(column.texts.size());
    column.texts.push_back(text);
    indexes_[i].emplace(text, code);
    bytes_ += 2 * text.size() + 128;
    return code;
  }

  static void find_numbers(Column& column) {
    std::vector<double> of_text;
    bool has_number = false;
    for (const auto& text : column.texts) {
      const auto number = is_missing(text) ? kMissing : number_in(text);
      if (!number) return;
      has_number |= !std::isnan(*number);
      of_text.push_back(*number);
    }
    if (!has_number) return;
    column.numbers.reserve(column.codes.size());
    for (const uint32_t code : column.codes) column.numbers.push_back(of_text[code]);
  }

  const CsvLimits limits_;
  Table table_;
  bool has_header_ = false;
  size_t bytes_ = 0;
  DigestWriter digest_;
  std::vector<std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>>> indexes_;
};

// The text of a row's cell, a matrix's numbers in their shortest form.
std::string text_at(const Column& column, size_t row) {
  if (!column.codes.empty()) return std::string(trimmed(column.texts[column.codes[row]]));
  return std::isnan(column.numbers[row]) ? std::string() : fmt::format("{}", column.numbers[row]);
}

struct TwoValues {
  std::string first, second;
  size_t first_count = 0, second_count = 0;
};

bool first_is_positive(const TwoValues& found) {
  static constexpr std::string_view kPairs[][2] = {
      // positive, negative
      {"1", "0"}, {"yes", "no"}, {"y", "n"}, {"bad", "good"}, {"true", "false"}, {"1", "-1"}};
  for (const auto& [positive, negative] : kPairs) {
    if (equals_ignoring_case(found.first, positive) && equals_ignoring_case(found.second, negative)) return true;
    if (equals_ignoring_case(found.second, positive) && equals_ignoring_case(found.first, negative)) return false;
  }
  if (found.first_count != found.second_count) return found.first_count < found.second_count;
  return found.first > found.second;
}

Result<TwoValues> two_values(const Table& table, const Column& column) {
  TwoValues found;
  for (size_t row = 0; row < table.row_count; ++row) {
    const auto text = text_at(column, row);
    if (is_missing(text)) return invalid("the target is missing in a row: remove it", table.place_of(column, row));
    if (found.first_count == 0 || text == found.first) {
      found.first = text;
      ++found.first_count;
    } else if (found.second_count == 0 || text == found.second) {
      found.second = text;
      ++found.second_count;
    } else {
      return invalid("the target has more than two values: a yes/no column is expected", table.place_of(column, row));
    }
  }
  if (found.second_count == 0) {
    return fail(Code::kUnprocessable,
                "the target has one value only: nothing can be learnt from it; rows of both values are needed",
                "column " + column.name);
  }
  return found;
}

// Only names that the caller gave are repeated: where a header is missing, its fields are somebody's data.
Result<const Column*> column_named(const Table& table, std::string_view name) {
  if (const auto* column = table.find(name)) return column;
  const auto lower = [](std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
    return out;
  };
  for (const auto& column : table.columns) {
    if (equals_ignoring_case(column.name, lower(name))) {
      return invalid(
          fmt::format("there is no column {}, but one named {}: small and capital letters count", name, column.name),
          "line 1");
    }
  }
  const std::string_view remedy = table.columns.size() == 1
                                      ? "the header has one field only: are the fields divided by , or ; ?"
                                      : "the target must be one of the header's names";
  return invalid(fmt::format("there is no column {}: {}", name, remedy), "line 1");
}

// Which of the two values a text is: 1, 0, or nothing.
std::optional<uint8_t> label_of(std::string_view text, const std::string& positive, const std::string& negative) {
  if (text == positive) return uint8_t{1};
  if (text == negative) return uint8_t{0};
  const auto number = number_in(text);
  if (number && number == number_in(positive)) return uint8_t{1};
  if (number && number == number_in(negative)) return uint8_t{0};
  return {};
}

}  // namespace

const Column* Table::find(std::string_view name) const {
  const auto found = std::ranges::find(columns, name, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

std::string Table::place_of(const Column& column, size_t row) const {
  if (lines.empty()) return fmt::format("row {}, column {}", row + 1, column.name);
  return fmt::format("line {}, column {}", lines[row], column.name);
}

std::optional<double> number_in(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || !std::isfinite(number)) return {};
  return number;
}

bool is_missing(std::string_view text) {
  text = trimmed(text);
  for (const std::string_view word : {"", "na", "n/a", "nan", "null", "?", "."}) {
    if (equals_ignoring_case(text, word)) return true;
  }
  return false;
}

Result<Table> read_table(const std::string& path, const CsvLimits& limits) {
  const auto source = TRY(open_text(path));
  CsvParser parser(limits);
  TableBuilder builder(limits);
  const auto take = [&](const CsvRecord& record) { return builder.take(record); };
  const auto read = [&]() -> Result<Table> {
    while (true) {
      const auto piece = TRY(source->next());
      if (piece.empty()) break;
      TRY(parser.feed(piece, take));
    }
    TRY(parser.finish(take));
    return builder.finish();
  };
  auto table = read();
  if (!table) return std::unexpected(std::move(table).error().within(path + ": "));
  return table;
}

Result<Table> parse_table(std::string_view text, const CsvLimits& limits) {
  CsvParser parser(limits);
  TableBuilder builder(limits);
  const auto take = [&](const CsvRecord& record) { return builder.take(record); };
  TRY(parser.feed(text, take));
  TRY(parser.finish(take));
  return builder.finish();
}

Result<Table> table_of(const std::vector<std::string>& names, std::span<const double> cells) {
  if (names.empty() || cells.size() % names.size() != 0) return invalid("the matrix is not whole rows of its columns");
  Table table;
  table.row_count = cells.size() / names.size();
  if (table.row_count == 0) return invalid("the matrix has no rows");
  DigestWriter digest;
  for (size_t i = 0; i < names.size(); ++i) {
    if (table.find(names[i])) return invalid("two columns are named " + names[i]);
    auto& column = table.columns.emplace_back(Column{.name = names[i]});
    digest.add(names[i]);
    for (size_t row = 0; row < table.row_count; ++row) column.numbers.push_back(cells[row * names.size() + i]);
  }
  for (const double cell : cells) digest.add(std::bit_cast<int64_t>(std::isnan(cell) ? kMissing : cell));
  table.fingerprint = digest.finish();
  return table;
}

Table select_rows(const Table& table, std::span<const uint32_t> rows) {
  Table selected;
  selected.row_count = rows.size();
  selected.fingerprint = table.fingerprint;
  for (const auto& column : table.columns) {
    auto& out = selected.columns.emplace_back(Column{.name = column.name, .texts = column.texts});
    for (const uint32_t row : rows) {
      if (!column.codes.empty()) out.codes.push_back(column.codes[row]);
      if (!column.numbers.empty()) out.numbers.push_back(column.numbers[row]);
    }
  }
  for (const uint32_t row : rows) {
    if (!table.lines.empty()) selected.lines.push_back(table.lines[row]);
  }
  return selected;
}

std::vector<uint32_t> group_ids(const Table& table, const std::string& name) {
  if (name.empty()) return {};
  const auto& column = *table.find(name);
  if (!column.codes.empty()) return column.codes;
  std::map<double, uint32_t> ids;
  std::vector<uint32_t> groups;
  for (const double number : column.numbers) {
    groups.push_back(ids.emplace(number, static_cast<uint32_t>(ids.size())).first->second);
  }
  return groups;
}

Result<Target> read_target(const Table& table, std::string_view name, std::optional<std::string_view> positive) {
  const auto* column = TRY(column_named(table, name));
  auto found = TRY(two_values(table, *column));
  if (positive && *positive != found.first && *positive != found.second) {
    return invalid(fmt::format("the positive value does not occur in column {}", name));
  }
  const bool is_first = positive ? *positive == found.first : first_is_positive(found);
  if (!is_first) std::swap(found.first, found.second);
  Target target{.labels = {}, .positive = found.first, .negative = found.second};
  target.labels.reserve(table.row_count);
  for (size_t row = 0; row < table.row_count; ++row) target.labels.push_back(text_at(*column, row) == found.first);
  return target;
}

Result<std::vector<uint8_t>> read_labels(const Table& table, std::string_view name, const std::string& positive,
                                         const std::string& negative) {
  const auto* column = TRY(column_named(table, name));
  std::vector<uint8_t> labels;
  labels.reserve(table.row_count);
  for (size_t row = 0; row < table.row_count; ++row) {
    const auto text = text_at(*column, row);
    const auto refuse = [&](std::string_view what) {
      return fail(Code::kUnprocessable,
                  fmt::format("{}; the model was trained on the values {} and {}", what, positive, negative),
                  table.place_of(*column, row));
    };
    if (is_missing(text)) return refuse("the target is missing in a row: remove it, or score without the target");
    const auto label = label_of(text, positive, negative);
    if (!label) return refuse("the target has another value here");
    labels.push_back(*label);
  }
  return labels;
}

}  // namespace amity::models
