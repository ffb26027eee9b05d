#include "events/import/row.h"

#include <fmt/format.h>

#include "base/json.h"
#include "events/text.h"

namespace amity::events {
namespace {

size_t length_of_line(std::string_view text) {
  const size_t end = text.find('\n');
  return end == std::string_view::npos ? text.size() : end + 1;
}

void refuse(std::string_view text, Row& row, std::string problem) {
  row.cells.clear();
  row.bytes = length_of_line(text);
  row.lines = 1;
  row.problem = std::move(problem);
}

void trim(std::string& cell) {
  const size_t begin = cell.find_first_not_of(" \t");
  if (begin == std::string::npos) return cell.clear();
  cell.erase(cell.find_last_not_of(" \t") + 1);
  cell.erase(0, begin);
}

// Walks over one row of CSV; `at` is behind what has been read.
class CsvWalk {
 public:
  CsvWalk(std::string_view text, const CsvFormat& format, Row& row) : text_(text), format_(format), row_(row) {}

  // False with a problem set, or true behind the line end.
  bool walk() {
    row_.lines = 1;
    for (size_t cell = 0;; ++cell) {
      if (cell >= kMaxColumns) return problem(fmt::format("more than {} columns", kMaxColumns));
      if (row_.cells.size() <= cell) row_.cells.emplace_back();
      auto& into = row_.cells[cell];
      into.clear();
      const bool is_quoted = at_ < text_.size() && text_[at_] == format_.quote;
      if (!(is_quoted ? quoted(into) : plain(into))) return false;
      trim(into);
      if (at_ < text_.size() && text_[at_] == format_.separator) {
        ++at_;
        continue;
      }
      row_.cells.resize(cell + 1);
      return line_end();
    }
  }

  size_t at() const { return at_; }
  std::string take_problem() { return std::move(problem_); }

 private:
  bool problem(std::string text) {
    problem_ = std::move(text);
    return false;
  }

  bool plain(std::string& into) {
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != format_.separator && text_[at_] != '\n' && text_[at_] != '\r') {
      if (text_[at_] == format_.quote) return problem("a quote stands inside a cell that does not begin with one");
      ++at_;
    }
    into.assign(text_.substr(begin, at_ - begin));
    return true;
  }

  bool quoted(std::string& into) {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == format_.quote) {
        const bool is_doubled = at_ + 1 < text_.size() && text_[at_ + 1] == format_.quote;
        if (!is_doubled) {
          ++at_;
          return ends_cell() || problem("text follows a closing quote");
        }
        ++at_;
      }
      if (c == '\n') ++row_.lines;
      into += c;
    }
    return problem("a quote is never closed");
  }

  bool ends_cell() const {
    return at_ >= text_.size() || text_[at_] == format_.separator || text_[at_] == '\n' || text_[at_] == '\r';
  }

  bool line_end() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ >= text_.size()) return true;
    if (text_[at_] != '\n') return problem("a carriage return without a new line");
    ++at_;
    return true;
  }

  std::string_view text_;
  const CsvFormat& format_;
  Row& row_;
  size_t at_ = 0;
  std::string problem_;
};

// Why these bytes are no text, or nothing.
std::string problem_of_bytes(std::string_view text) {
  if (text.size() > kMaxRowBytes) return fmt::format("longer than {} bytes", kMaxRowBytes);
  if (text.find('\0') != std::string_view::npos) return "holds NUL bytes: convert the file to UTF-8";
  if (!is_utf8(text)) return "not text of the file's encoding: name it in the mapping";
  return {};
}

const json::value* find_column(const json::value& document, std::string_view column) {
  const json::value* value = &document;
  while (value != nullptr && !column.empty()) {
    const auto* object = value->if_object();
    if (object == nullptr) return nullptr;
    const size_t point = std::min(column.find('.'), column.size());
    value = object->if_contains(column.substr(0, point));
    column.remove_prefix(std::min(point + 1, column.size()));
  }
  return value;
}

}  // namespace

void read_csv_row(std::string_view text, const CsvFormat& format, Row& row) {
  row.problem.clear();
  text = text.substr(0, kMaxRowBytes + 1);
  CsvWalk walk(text, format, row);
  if (!walk.walk()) return refuse(text, row, walk.take_problem());
  row.bytes = walk.at();
  if (auto problem = problem_of_bytes(text.substr(0, row.bytes)); !problem.empty()) {
    refuse(text, row, std::move(problem));
  }
}

void read_json_row(std::string_view text, const std::vector<std::string>& columns, Row& row) {
  row.problem.clear();
  row.bytes = length_of_line(text);
  row.lines = 1;
  const auto line = text.substr(0, row.bytes);
  if (auto problem = problem_of_bytes(line); !problem.empty()) return refuse(text, row, std::move(problem));
  const auto document = parse_json(line, kMaxRowBytes);
  if (!document) return refuse(text, row, document.error().text());
  if (!document->is_object()) return refuse(text, row, "an object is expected on each line");
  row.cells.resize(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    auto& cell = row.cells[i];
    cell.clear();
    const auto* value = find_column(*document, columns[i]);
    if (value == nullptr || value->is_null()) continue;
    if (value->is_structured()) return refuse(text, row, fmt::format("{} is a list or object", columns[i]));
    if (value->is_string()) {
      cell = std::string_view(value->get_string());
    } else {
      cell = write_json(*value);
    }
    trim(cell);
  }
}

}  // namespace amity::events
