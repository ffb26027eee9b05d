// The mapping file as written (docs/formats/mapping.md), checked against the catalogue but not yet against the files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "events/catalogue.h"
#include "events/import/moment_format.h"
#include "events/import/table.h"

namespace amity::events {

// Where a text comes from, before it becomes a field.
struct SourceSpec {
  enum class Kind { kColumn, kExpression, kConstant };
  Kind kind = Kind::kColumn;
  std::string text;  // the column ("amount", "disp.client_id"), the CEL expression, or the constant
};

struct ValueSpec {
  SourceSpec source;
  std::optional<std::map<std::string, std::string>> codes;  // of the file -> of the catalogue
  std::optional<std::string> otherwise;                     // for what `codes` does not name
  std::optional<MomentFormat> format;                       // of dates and times
  std::optional<Currency> currency;                         // of money
  std::string currency_column;                              // which holds it, instead
  char decimal_point = '.';
  std::string when;   // CEL; the field is left out where it is false
  std::string place;  // in the mapping: "/files/0/events/0/data/amount"
};

// A list of holders from all matches of a join.
struct HoldersSpec {
  std::string each;  // the join
  ValueSpec customer;
  ValueSpec role;
};

struct FieldSpec {
  const Field* field = nullptr;  // of the catalogue
  ValueSpec value;
  std::optional<HoldersSpec> holders;  // instead of `value`, for kHolders
};

struct EventSpec {
  const Type* type = nullptr;
  std::string name;  // told apart in ids where a file makes one type twice
  std::string when;  // CEL; no event where it is false
  ValueSpec subject;
  std::optional<ValueSpec> time;  // the snapshot's date where there is none
  std::vector<FieldSpec> fields;
  std::string place;
};

struct JoinSpec {
  std::string name;
  std::string file;
  TableFormat format;
  std::string key;    // column of the joined file
  std::string by;     // column of the row, or "name.column" of an earlier join
  std::string where;  // CEL over the joined row, called `row`
  bool is_many = false;
  bool is_optional = false;
  std::string place;
};

struct FileSpec {
  std::string file;
  TableFormat format;
  std::vector<std::string> key;  // columns
  std::vector<JoinSpec> joins;
  std::vector<EventSpec> events;
  std::string place;
};

struct MappingSpec {
  std::string source;
  Timestamp snapshot;
  std::vector<std::string> blanks;  // texts that mean "nothing"
  std::vector<FileSpec> files;
};

// The first mistake is the error, its place "mapping /files/2/key" (or a line and column where the YAML is broken).
Result<MappingSpec> parse_mapping(std::string_view yaml);

}  // namespace amity::events
