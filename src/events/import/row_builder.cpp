#include "events/import/row_builder.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace amity::events {
namespace {

// The places of errors by now: "amount/amount_minor" of a row, "mapping /files/0/..." of the mapping.
template <class T>
Result<T> placed(Result<T> result, std::string_view place) {
  if (result) return *std::move(result);
  auto error = std::move(result.error());
  error.place = place;
  return std::unexpected(std::move(error));
}

// "mapping /files/0/events/1/when, line 1, column 5"
Result<RowExpression> in_mapping(Result<RowExpression> result, const std::string& place) {
  if (result) return result;
  return std::unexpected(std::move(result.error()).within("mapping " + place + ", "));
}

Result<json::value> integer_from(std::string_view text) {
  int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return invalid("not a whole number");
  return json::value(number);
}

Result<json::value> number_from(std::string_view text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole_text = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  if (!is_whole_text || !std::isfinite(number)) return invalid("not a number");
  return json::value(number);
}

Result<json::value> boolean_from(std::string_view text) {
  if (text == "true") return json::value(true);
  if (text == "false") return json::value(false);
  return invalid("not true or false: give codes for it");
}

Result<json::value> money_from(std::string text, const ValueSpec& spec, Currency currency) {
  if (spec.decimal_point != '.') {
    if (text.find('.') != std::string::npos) return invalid("not an amount: its decimals stand behind another sign");
    std::ranges::replace(text, spec.decimal_point, '.');
  }
  const int64_t minor = TRY(parse_amount_minor(text, currency));
  return json::value{{"amount_minor", minor}, {"currency", currency.code()}};
}

Result<json::value> convert(FieldKind kind, std::string text, const ValueSpec& spec) {
  switch (kind) {
    case FieldKind::kInteger: return integer_from(text);
    case FieldKind::kNumber: return number_from(text);
    case FieldKind::kBoolean: return boolean_from(text);
    case FieldKind::kDate: return json::value(format(date_of(TRY(spec.format->read(text)))));
    case FieldKind::kTimestamp: return json::value(format(TRY(spec.format->read(text))));
    default: return json::value(text);
  }
}

// "/data/amount/amount_minor" -> "amount/amount_minor"
std::string field_in(std::string_view pointer) {
  if (pointer.starts_with("/data/")) pointer.remove_prefix(6);
  if (pointer.starts_with('/')) pointer.remove_prefix(1);
  return std::string(pointer);
}

const Row kBlankRow;

Result<TableIndex::Keeps> condition_of(const JoinSpec& spec, const Table& table) {
  if (spec.where.empty()) return [](const Row&) { return Result<bool>(true); };
  const RowScope scope{{{"row", table.columns()}}};
  const auto where = TRY(in_mapping(RowExpression::condition(spec.where, scope), spec.place + "/where"));
  return [where](const Row& row) -> Result<bool> {
    const Row* rows[] = {&row};
    return where.truth(rows);
  };
}

}  // namespace

Result<std::shared_ptr<JoinedTable>> JoinedTables::open(const JoinSpec& spec) {
  auto& known = tables_[spec.file + "\n" + spec.key + "\n" + spec.where];
  if (known) return known;
  auto table = TRY(Table::open(folder_, spec.file, spec.format));
  const auto key = table.find_column(spec.key);
  if (!key) return invalid(fmt::format("{} has no such column", spec.file), "mapping " + spec.place + "/key");
  auto index = TRY(TableIndex::build(table, *key, TRY(condition_of(spec, table))));
  known = std::make_shared<JoinedTable>(JoinedTable{std::move(table), std::move(index)});
  return known;
}

Result<RowBuilder> RowBuilder::bind(const MappingSpec& mapping, const FileSpec& file, const Table& table,
                                    JoinedTables& joined) {
  RowBuilder builder(mapping, file);
  for (const auto& key : file.key) {
    const auto column = table.find_column(key);
    if (!column) return invalid(fmt::format("{} has no such column", file.file), "mapping " + file.place + "/key");
    builder.key_columns_.push_back(*column);
  }
  TRY(builder.bind_joins(table, joined));
  for (const auto& event : file.events) builder.events_.push_back(TRY(builder.bind_event(event)));
  return builder;
}

Result<void> RowBuilder::bind_joins(const Table& table, JoinedTables& joined) {
  scope_.variables.push_back({"row", table.columns()});
  for (const auto& spec : file_->joins) {
    BoundJoin join;
    join.spec = &spec;
    join.by = TRY(column_at(spec.by, spec.place + "/by"));
    join.joined = TRY(joined.open(spec));
    scope_.variables.push_back({spec.name, join.joined->table.columns()});
    joins_.push_back(std::move(join));
  }
  rows_.resize(scope_.variables.size());
  return {};
}

Result<BoundEvent> RowBuilder::bind_event(const EventSpec& spec) const {
  BoundEvent event;
  event.spec = &spec;
  if (!spec.when.empty()) {
    event.when = TRY(in_mapping(RowExpression::condition(spec.when, scope_), spec.place + "/when"));
  }
  event.subject = TRY(bind_value(spec.subject));
  if (spec.time) event.time = TRY(bind_value(*spec.time));
  for (const auto& field : spec.fields) event.fields.push_back(TRY(bind_field(field)));
  return event;
}

Result<BoundField> RowBuilder::bind_field(const FieldSpec& spec) const {
  BoundField field;
  field.spec = &spec;
  if (!spec.holders) {
    field.value = TRY(bind_value(spec.value));
    const auto& currency = spec.value.currency_column;
    if (spec.field->kind == FieldKind::kMoney && !currency.empty()) {
      field.value.currency = TRY(column_at(currency, spec.value.place + "/currency"));
    }
    return field;
  }
  const auto found = std::ranges::find(file_->joins, spec.holders->each, &JoinSpec::name);
  if (found == file_->joins.end()) {
    return invalid("each names a join of this file", "mapping " + spec.holders->customer.place);
  }
  field.each = static_cast<size_t>(found - file_->joins.begin());
  field.customer = TRY(bind_value(spec.holders->customer));
  field.role = TRY(bind_value(spec.holders->role));
  return field;
}

Result<BoundValue> RowBuilder::bind_value(const ValueSpec& spec) const {
  BoundValue value;
  value.spec = &spec;
  if (spec.source.kind == SourceSpec::Kind::kColumn) {
    value.column = TRY(column_at(spec.source.text, spec.place));
  }
  if (spec.source.kind == SourceSpec::Kind::kExpression) {
    value.expression = TRY(in_mapping(RowExpression::value(spec.source.text, scope_), spec.place + "/cel"));
  }
  if (!spec.when.empty()) {
    value.when = TRY(in_mapping(RowExpression::condition(spec.when, scope_), spec.place + "/when"));
  }
  return value;
}

std::optional<ColumnPlace> RowBuilder::find_column(std::string_view name) const {
  const size_t point = name.find('.');
  for (size_t table = 0; table < scope_.variables.size(); ++table) {
    const auto& [variable, columns] = scope_.variables[table];
    const bool is_qualified = table > 0 && point != std::string_view::npos && name.substr(0, point) == variable;
    if (table > 0 && !is_qualified) continue;
    const auto column = std::ranges::find(columns, is_qualified ? name.substr(point + 1) : name);
    if (column != columns.end()) return ColumnPlace{table, static_cast<size_t>(column - columns.begin())};
  }
  return std::nullopt;
}

Result<ColumnPlace> RowBuilder::column_at(std::string_view name, std::string_view place) const {
  const auto found = find_column(name);
  if (found) return *found;
  return invalid(fmt::format("{} has no column \"{}\", nor is it a column of a join", file_->file, name),
                 fmt::format("mapping {}", place));
}

Result<void> RowBuilder::begin(const Row& row) {
  rows_[0] = &row;
  for (auto& join : joins_) {
    TRY(find_matches(join));
    rows_[static_cast<size_t>(&join - joins_.data()) + 1] = join.matches.empty() ? &kBlankRow : &join.matches[0];
  }
  return {};
}

Result<void> RowBuilder::find_matches(BoundJoin& join) {
  const auto& spec = *join.spec;
  join.matches.clear();
  const auto key = cell(join.by);
  if (!key.empty()) {
    Row scratch;
    auto& [table, index] = *join.joined;
    for (const uint64_t offset : TRY(index.find(table, key, scratch))) {
      TRY(table.read(offset, join.matches.emplace_back()));
    }
  }
  if (join.matches.empty() && !spec.is_optional) {
    return fail(Code::kNotFound, fmt::format("no row of {} belongs to this one", spec.file), spec.by);
  }
  if (join.matches.size() > 1 && !spec.is_many) {
    return invalid(fmt::format("several rows of {} belong to this one: narrow them with where", spec.file), spec.by);
  }
  return {};
}

std::string_view RowBuilder::cell(ColumnPlace place) const {
  const auto& cells = rows_[place.table]->cells;
  if (place.column >= cells.size()) return {};
  const std::string_view text = cells[place.column];
  return std::ranges::find(mapping_->blanks, text) == mapping_->blanks.end() ? text : std::string_view{};
}

Result<std::optional<std::string>> RowBuilder::text_of(const BoundValue& value) const {
  if (value.when && !TRY(value.when->truth(rows_))) return std::nullopt;
  const auto& spec = *value.spec;
  std::string text = spec.source.kind == SourceSpec::Kind::kConstant ? spec.source.text
                     : value.expression                              ? TRY(value.expression->text(rows_))
                                                                     : std::string(cell(value.column));
  if (spec.codes) {
    const auto meaning = spec.codes->find(text);
    const bool is_unknown = meaning == spec.codes->end() && !text.empty();
    if (is_unknown && !spec.otherwise) return invalid("not in the list of codes");
    text = meaning != spec.codes->end() ? meaning->second : is_unknown ? *spec.otherwise : text;
  }
  if (text.empty()) return std::nullopt;
  return text;
}

Result<std::string> RowBuilder::required_text(const BoundValue& value, std::string_view field) const {
  auto text = TRY(placed(text_of(value), field));
  if (!text) return invalid("nothing stands here", std::string(field));
  return *std::move(text);
}

Result<std::optional<Event>> RowBuilder::build(size_t event) {
  const auto& bound = events_[event];
  if (bound.when && !TRY(placed(bound.when->truth(rows_), "when"))) return std::nullopt;
  EventParts parts;
  parts.source = mapping_->source;
  parts.id = TRY(id_of(*bound.spec));
  parts.type = bound.spec->type->name;
  parts.subject = {bound.spec->type->subject, TRY(required_text(bound.subject, "subject"))};
  parts.time = TRY(time_of(bound));
  parts.data = TRY(data_of(bound));
  parts.is_history = true;
  auto made = make_event(std::move(parts));
  if (made) return std::optional(*std::move(made));
  return placed(Result<std::optional<Event>>(std::unexpected(made.error())), field_in(made.error().place));
}

Result<std::string> RowBuilder::id_of(const EventSpec& spec) const {
  std::string id = file_->file;
  for (const size_t column : key_columns_) {
    const auto key = cell({0, column});
    if (key.empty()) return invalid("the key is blank", scope_.variables[0].columns[column]);
    id += '/';
    id += key;
  }
  id += '/';
  id += spec.type->name;
  if (!spec.name.empty()) id += '/' + spec.name;
  return id;
}

Result<Timestamp> RowBuilder::time_of(const BoundEvent& event) const {
  if (!event.time) return mapping_->snapshot;
  const auto text = TRY(required_text(*event.time, "time"));
  return placed(event.time->spec->format->read(text), "time");
}

Result<Currency> RowBuilder::currency_of(const BoundValue& value) const {
  if (!value.currency) return *value.spec->currency;
  return Currency::parse(cell(*value.currency));
}

Result<json::object> RowBuilder::data_of(const BoundEvent& event) {
  json::object data;
  for (const auto& field : event.fields) {
    const auto& name = field.spec->field->name;
    if (field.spec->holders) {
      data[name] = TRY(holders_of(field));
      continue;
    }
    auto text = TRY(placed(text_of(field.value), name));
    if (!text) continue;
    const auto& spec = *field.value.spec;
    if (field.spec->field->kind == FieldKind::kMoney) {
      const auto currency = TRY(placed(currency_of(field.value), name));
      data[name] = TRY(placed(money_from(*std::move(text), spec, currency), name));
    } else {
      data[name] = TRY(placed(convert(field.spec->field->kind, *std::move(text), spec), name));
    }
  }
  return data;
}

Result<json::value> RowBuilder::holders_of(const BoundField& field) {
  json::array holders;
  const auto& name = field.spec->field->name;
  const Row*& current = rows_[field.each + 1];
  for (const auto& match : joins_[field.each].matches) {
    current = &match;
    holders.push_back(
        {{"customer", TRY(required_text(field.customer, name))}, {"role", TRY(required_text(field.role, name))}});
  }
  return json::value(std::move(holders));
}

}  // namespace amity::events
