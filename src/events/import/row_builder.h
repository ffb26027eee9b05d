// One file's part of a mapping, bound to the files' columns: a row goes in, its events come out.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/event.h"
#include "events/import/mapping.h"
#include "events/import/row_expression.h"
#include "events/import/table.h"

namespace amity::events {

struct ColumnPlace {
  size_t table = 0;  // 0 the row, then the joins
  size_t column = 0;
};

struct BoundValue {
  const ValueSpec* spec = nullptr;
  ColumnPlace column;
  std::optional<RowExpression> expression;
  std::optional<RowExpression> when;
  std::optional<ColumnPlace> currency;  // of money, where a column holds it
};

struct BoundField {
  const FieldSpec* spec = nullptr;
  BoundValue value;
  size_t each = 0;  // of holders: the join
  BoundValue customer;
  BoundValue role;
};

struct BoundEvent {
  const EventSpec* spec = nullptr;
  std::optional<RowExpression> when;
  BoundValue subject;
  std::optional<BoundValue> time;
  std::vector<BoundField> fields;
};

struct JoinedTable {
  Table table;
  TableIndex index;
};

struct BoundJoin {
  const JoinSpec* spec = nullptr;
  std::shared_ptr<JoinedTable> joined;
  ColumnPlace by;
  std::vector<Row> matches;  // for the present row
};

// The joined files of one import, each read and indexed once.
class JoinedTables {
 public:
  explicit JoinedTables(std::string folder) : folder_(std::move(folder)) {}
  Result<std::shared_ptr<JoinedTable>> open(const JoinSpec& spec);

 private:
  std::string folder_;
  std::map<std::string, std::shared_ptr<JoinedTable>> tables_;  // by file, key and condition
};

class RowBuilder {
 public:
  // `mapping` and `file` must live as long as the builder. Errors name the place in the mapping.
  static Result<RowBuilder> bind(const MappingSpec& mapping, const FileSpec& file, const Table& table,
                                 JoinedTables& joined);

  // Finds the rows joined to `row`, which must live until the last build of it. An error's place is the column or
  // field; `unavailable` means the files, anything else this row.
  Result<void> begin(const Row& row);
  size_t event_count() const { return events_.size(); }
  // The event of one kind from the row begun, or nothing where its condition is false.
  Result<std::optional<Event>> build(size_t event);

 private:
  RowBuilder(const MappingSpec& mapping, const FileSpec& file) : mapping_(&mapping), file_(&file) {}
  Result<void> bind_joins(const Table& table, JoinedTables& joined);
  Result<BoundEvent> bind_event(const EventSpec& spec) const;
  Result<BoundField> bind_field(const FieldSpec& spec) const;
  Result<BoundValue> bind_value(const ValueSpec& spec) const;
  std::optional<ColumnPlace> find_column(std::string_view name) const;
  Result<ColumnPlace> column_at(std::string_view name, std::string_view place) const;
  Result<void> find_matches(BoundJoin& join);
  std::string_view cell(ColumnPlace place) const;
  Result<std::optional<std::string>> text_of(const BoundValue& value) const;
  Result<std::string> required_text(const BoundValue& value, std::string_view field) const;
  Result<json::value> holders_of(const BoundField& field);
  Result<std::string> id_of(const EventSpec& spec) const;
  Result<Timestamp> time_of(const BoundEvent& event) const;
  Result<Currency> currency_of(const BoundValue& value) const;
  Result<json::object> data_of(const BoundEvent& event);

  const MappingSpec* mapping_;
  const FileSpec* file_;
  RowScope scope_;
  std::vector<size_t> key_columns_;
  std::vector<BoundJoin> joins_;
  std::vector<BoundEvent> events_;
  std::vector<const Row*> rows_;  // the row begun and what is joined to it
};

}  // namespace amity::events
