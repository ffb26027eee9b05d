// A file of rows with named columns: read from the beginning, at an offset, or by a key. Text that is not UTF-8 is
// decoded, and statements are read, when the table is opened, and then kept in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/import/row.h"
#include "events/import/statement.h"
#include "events/import/text_file.h"

namespace amity::events {

enum class RowKind { kCsv, kJsonLines, kStatement };

struct TableFormat {
  RowKind kind = RowKind::kCsv;
  CsvFormat csv;
  std::vector<std::string> columns;  // of JSON lines, and of a CSV file without a header line
  FileEncoding encoding;
  StatementReading statements;
};

class Table {
 public:
  // Reads the header. Errors have the place "trans.asc:1".
  static Result<Table> open(const std::string& folder, const std::string& file, const TableFormat& format);

  const std::string& file() const { return file_; }
  const std::vector<std::string>& columns() const { return format_.columns; }
  std::optional<size_t> find_column(std::string_view name) const;
  // Offsets are bytes of the text, or rows of statements.
  uint64_t size() const { return statements_ ? statements_->size() : source_.size(); }
  uint64_t first_row() const { return first_row_; }  // offset
  int64_t first_line() const { return first_line_; }

  // The row at an offset below size(). A row that does not fit has a problem; an error is one of the file.
  Result<void> read(uint64_t offset, Row& row);

 private:
  Table(std::string file, TextFile source, TableFormat format)
      : file_(std::move(file)), source_(std::move(source)), format_(std::move(format)) {}
  Result<void> read_start();
  Result<void> read_statements();
  Result<void> read_header();
  Result<void> skip_rest_of_line(uint64_t offset, Row& row);

  std::string file_;
  TextFile source_;
  TableFormat format_;
  std::shared_ptr<const StatementRows> statements_;
  uint64_t first_row_ = 0;
  int64_t first_line_ = 1;
};

// Where the rows of a table with a given key stand: 16 bytes a row.
class TableIndex {
 public:
  using Keeps = std::function<Result<bool>(const Row&)>;  // which rows count, such as those of owners

  // Reads the whole table. Rows with a problem or a blank key are not found later.
  static Result<TableIndex> build(Table& table, size_t key_column, const Keeps& keeps);
  // Offsets of the rows with this key, in the file's order; `table` is the one of build, read through `scratch`.
  Result<std::vector<uint64_t>> find(Table& table, std::string_view key, Row& scratch) const;

 private:
  struct Entry {
    uint64_t hash;
    uint64_t offset;
    auto operator<=>(const Entry&) const = default;
  };
  size_t key_column_ = 0;
  std::vector<Entry> entries_;  // sorted
};

}  // namespace amity::events
