// For tests: what the migrations say their columns hold of persons (docs/formats/migrations.md).
#pragma once

// g++ 12 with the address sanitizer takes a member inside std::regex for uninitialised.
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "store/migrations.h"

namespace amity::store {

// A definition stands on one line; a table ends at a line that starts with `)`.
class ColumnMarks {
 public:
  void read(const std::string& script) {
    std::istringstream lines(script);
    for (std::string line; std::getline(lines, line);) read_line(line);
  }

  // What is wrong with the columns; empty where every one says what person data it holds.
  std::vector<std::string> wrong_columns() const {
    std::vector<std::string> wrong;
    for (const auto& [column, comment] : columns_) {
      static const std::regex good("class (none|C1|C1; eraser [a-z_]+|C[23]; eraser [a-z_]+)(: .*)?");
      if (!std::regex_match(comment, good)) wrong.push_back(column + ": '" + comment + "'");
    }
    return wrong;
  }
  // By table.column what stands behind it ("class C2; eraser key"). One that was dropped may stay.
  const std::map<std::string, std::string>& by_column() const { return columns_; }

 private:
  void read_line(const std::string& line) {
    static const std::regex table(R"(^\s*CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\w+) \((.*)$)",
                                  std::regex::icase);
    static const std::regex marked(R"(^-- mark (\w+\.\w+): (.*)$)");
    static const std::regex added(R"(^\s*ALTER TABLE (\w+) ADD COLUMN (.*)$)", std::regex::icase);
    std::smatch found;
    if (std::regex_match(line, found, table)) {
      table_ = found[1];
      const std::string rest = found[2];
      if (rest.find_first_not_of(" ") != std::string::npos && !rest.starts_with(" --"))
        columns_[table_] = "one column a line";
      if (rest.find(')') != std::string::npos) table_.clear();
    } else if (std::regex_match(line, found, marked)) {
      columns_[found[1]] = made_.contains(found[1]) ? found[2].str() : "marked, and nowhere made";
    } else if (std::regex_match(line, found, added)) {
      note(found[1], found[2]);
    } else if (line.starts_with(")")) {
      table_.clear();
    } else if (!table_.empty()) {
      note(table_, line);
    }
  }

  void note(const std::string& table, const std::string& definition) {
    static const std::regex column(R"(^\s*(\w+) [^-]*?(?:-- (.*?)\s*)?$)");
    static const std::set<std::string> no_columns = {"PRIMARY", "UNIQUE",     "CHECK",
                                                     "FOREIGN", "CONSTRAINT", "REFERENCES"};
    std::smatch found;
    if (!std::regex_match(definition, found, column) || no_columns.contains(found[1])) return;
    const auto name = table + "." + found[1].str();
    made_.insert(name);
    std::string& comment = columns_[name];
    if (found[2].matched) comment = found[2];
  }

  std::string table_;
  std::map<std::string, std::string> columns_;
  std::set<std::string> made_;
};

inline ColumnMarks marks_of(const std::string& migrations) {
  ColumnMarks marks;
  marks.read(script_for(Dialect::kSqlite, migrations));
  marks.read(script_for(Dialect::kPostgresql, migrations));
  return marks;
}

// The migrations of a folder of the sources as one text, in the order they are applied: a later one may mark anew.
inline std::string migrations_in(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(AMITY_SOURCE_DIR) / folder)) {
    std::ifstream file(entry.path());
    files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
  }
  std::string all;
  for (const auto& [name, text] : files) all += text + "\n";
  return all;
}

}  // namespace amity::store
