#include "events/import/mapping.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "base/yaml.h"
#include "events/text.h"

namespace amity::events {
namespace {

constexpr size_t kMaxFiles = 64;
constexpr size_t kMaxJoins = 16;
constexpr size_t kMaxEvents = 64;

// What a file or value takes over where it says nothing itself.
struct Defaults {
  TableFormat format;
  std::optional<Currency> currency;
  std::string currency_column;
  char decimal_point = '.';
  int first_year = 1900;
  std::string moment_pattern = "ISO";
};

template <class T>
Result<T> placed(Result<T> result, std::string place) {
  if (result) return result;
  return std::unexpected(std::move(result.error()).within(place));
}

// A scalar of YAML as text: 42 and "42" mean the same here.
Result<std::string> scalar_text(const json::value& value, std::string_view place) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_structured() || value.is_null()) return invalid("a single value is expected here", std::string(place));
  return write_json(value);
}

Result<char> single_character(std::string_view text, std::string place) {
  const bool is_ascii = text.size() == 1 && text[0] > 0 && text[0] != '\n' && text[0] != '\r';
  if (!is_ascii) return invalid("one ASCII character is expected here", std::move(place));
  return text[0];
}

Result<std::string> file_name(std::string name, std::string place) {
  const bool leaves =
      name.starts_with('/') || name.find("..") != std::string::npos || name.find('\0') != std::string::npos;
  if (leaves) return invalid("a file inside the folder is expected: no leading / and no ..", std::move(place));
  return name;
}

Result<std::vector<std::string>> texts_in(const json::value& value, const std::string& place) {
  std::vector<std::string> texts;
  if (!value.is_array()) {
    texts.push_back(TRY(scalar_text(value, place)));
    return texts;
  }
  for (const auto& item : value.get_array()) texts.push_back(TRY(scalar_text(item, place)));
  return texts;
}

constexpr std::array<std::string_view, 5> kStatementMessages = {"camt.052", "camt.053", "camt.054", "mt940", "mt942"};

Result<void> read_kind(JsonReader& in, TableFormat& format, const std::string& place) {
  const auto kind = in.text_or("format", "");
  if (kind.empty()) return {};
  const auto message = std::ranges::find(kStatementMessages, kind);
  const bool is_message = message != kStatementMessages.end();
  if (kind != "csv" && kind != "jsonl" && kind != "statement" && !is_message) {
    return invalid("must be csv, jsonl, statement, camt.052, camt.053, camt.054, mt940 or mt942", place);
  }
  format.kind = kind == "csv" ? RowKind::kCsv : kind == "jsonl" ? RowKind::kJsonLines : RowKind::kStatement;
  format.statements.message = is_message ? *message : std::string_view{};
  return {};
}

Result<void> read_encoding(JsonReader& in, FileEncoding& encoding, const std::string& place) {
  const auto name = in.text_or("encoding", "");
  if (!name.empty()) encoding = TRY(placed(parse_file_encoding(name), place));
  return {};
}

// "format", "encoding", "separator", "quote", "columns", "balances" of the mapping, a file or a join.
Result<TableFormat> read_format(JsonReader& in, TableFormat format, const std::string& place) {
  TRY(read_kind(in, format, place + "/format"));
  TRY(read_encoding(in, format.encoding, place + "/encoding"));
  auto& checks = format.statements.checks_balances;
  const auto balances = in.text_or("balances", checks ? "check" : "ignore");
  if (balances != "check" && balances != "ignore") return invalid("must be check or ignore", place + "/balances");
  checks = balances == "check";
  const auto separator = in.text_or("separator", std::string_view(&format.csv.separator, 1));
  format.csv.separator = TRY(single_character(separator, place + "/separator"));
  const auto quote = in.text_or("quote", std::string_view(&format.csv.quote, 1));
  format.csv.quote = TRY(single_character(quote, place + "/quote"));
  if (const auto& columns = in.any_or_null("columns"); !columns.is_null()) {
    format.columns = TRY(texts_in(columns, place + "/columns"));
  }
  return format;
}

Result<void> require_columns(const TableFormat& format, const std::string& place) {
  if (format.kind == RowKind::kStatement && !format.columns.empty()) {
    return invalid("statements have columns of their own (docs/formats/statements.md)", place + "/columns");
  }
  if (format.kind != RowKind::kJsonLines || !format.columns.empty()) return {};
  return invalid("JSON lines have no header: name the fields that are read", place + "/columns");
}

struct CurrencySpec {
  std::optional<Currency> currency;
  std::string column;
};

// A code, or {column: NAME}.
Result<CurrencySpec> read_currency(const json::value& value, const std::string& place) {
  CurrencySpec spec;
  if (!value.is_object()) {
    spec.currency = TRY(placed(Currency::parse(TRY(scalar_text(value, place))), place));
    return spec;
  }
  JsonReader in(value, place);
  spec.column = in.text("column");
  TRY(in.finish());
  return spec;
}

Result<SourceSpec> read_source(JsonReader& in, const std::string& place) {
  const int count = in.has("column") + in.has("cel") + in.has("constant");
  const auto column = in.text_or("column", "");
  const auto expression = in.text_or("cel", "");
  const auto& constant = in.any_or_null("constant");
  if (count != 1) return invalid("exactly one of column, cel and constant is expected here", place);
  if (!column.empty()) return SourceSpec{SourceSpec::Kind::kColumn, column};
  if (!expression.empty()) return SourceSpec{SourceSpec::Kind::kExpression, expression};
  return SourceSpec{SourceSpec::Kind::kConstant, TRY(scalar_text(constant, place + "/constant"))};
}

Result<std::map<std::string, std::string>> read_codes(const json::value& codes, const std::string& place) {
  if (!codes.is_object()) return invalid("a list of code: meaning is expected here", place);
  std::map<std::string, std::string> result;
  for (const auto& [from, to] : codes.get_object()) {
    if (!to.is_null()) result[from] = TRY(scalar_text(to, place));
    if (to.is_null()) result[from] = "";
  }
  return result;
}

Result<ValueSpec> read_value(const json::value& value, const Defaults& defaults, const std::string& place) {
  ValueSpec spec;
  spec.place = place;
  spec.currency = defaults.currency;
  spec.currency_column = defaults.currency_column;
  spec.decimal_point = defaults.decimal_point;
  if (!value.is_object()) {
    spec.source.text = TRY(scalar_text(value, place));
    spec.format = TRY(MomentFormat::parse(defaults.moment_pattern, defaults.first_year));
    return spec;
  }
  JsonReader in(value, place);
  const auto source = read_source(in, place);
  const auto& codes = in.any_or_null("codes");
  const auto& otherwise = in.any_or_null("otherwise");
  const auto pattern = in.text_or("format", defaults.moment_pattern, 64);
  const auto& currency = in.any_or_null("currency");
  const auto point = in.text_or("decimal_point", std::string_view(&defaults.decimal_point, 1));
  spec.when = in.text_or("when", "");
  TRY(in.finish());
  spec.source = TRY(source);
  if (!codes.is_null()) spec.codes = TRY(read_codes(codes, place + "/codes"));
  if (!otherwise.is_null()) spec.otherwise = TRY(scalar_text(otherwise, place + "/otherwise"));
  if (spec.otherwise && !spec.codes) return invalid("otherwise needs codes beside it", place + "/otherwise");
  spec.format = TRY(placed(MomentFormat::parse(pattern, defaults.first_year), place + "/format"));
  if (!currency.is_null()) {
    auto named = TRY(read_currency(currency, place + "/currency"));
    spec.currency = named.currency;
    spec.currency_column = std::move(named.column);
  }
  spec.decimal_point = TRY(single_character(point, place + "/decimal_point"));
  return spec;
}

bool allows(std::string_view codes, std::string_view code) {
  const std::string listed = "|" + std::string(codes) + "|";
  return !code.empty() && listed.find("|" + std::string(code) + "|") != std::string::npos;
}

// What the mapping itself gives out must be a code of the catalogue; what columns hold is checked row by row.
Result<void> check_codes(const ValueSpec& value, std::string_view codes) {
  const auto check = [&](std::string_view code, std::string_view where) -> Result<void> {
    if (code.empty() || allows(codes, code)) return {};
    return invalid(fmt::format("\"{}\" is not one of {}", code, codes), value.place + std::string(where));
  };
  if (value.source.kind == SourceSpec::Kind::kConstant && !value.codes) TRY(check(value.source.text, "/constant"));
  if (value.otherwise) TRY(check(*value.otherwise, "/otherwise"));
  if (!value.codes) return {};
  for (const auto& [from, to] : *value.codes) TRY(check(to, "/codes"));
  return {};
}

Result<HoldersSpec> read_holders(const json::value& value, const Defaults& defaults, std::string_view roles,
                                 const std::string& place) {
  JsonReader in(value, place);
  HoldersSpec holders;
  holders.each = in.text("each");
  const auto& customer = in.any("customer");
  const auto& role = in.any("role");
  TRY(in.finish());
  holders.customer = TRY(read_value(customer, defaults, place + "/customer"));
  holders.role = TRY(read_value(role, defaults, place + "/role"));
  TRY(check_codes(holders.role, roles));
  return holders;
}

Result<FieldSpec> read_field(const Field& field, const json::value& value, const Defaults& defaults,
                             const std::string& place) {
  FieldSpec spec;
  spec.field = &field;
  if (field.kind == FieldKind::kHolders) {
    spec.holders = TRY(read_holders(value, defaults, field.codes, place));
    return spec;
  }
  spec.value = TRY(read_value(value, defaults, place));
  if (field.kind == FieldKind::kCode) TRY(check_codes(spec.value, field.codes));
  if (field.kind == FieldKind::kMoney && !spec.value.currency && spec.value.currency_column.empty()) {
    return invalid("name the currency, here or for the whole mapping", place + "/currency");
  }
  return spec;
}

Result<std::vector<FieldSpec>> read_fields(const json::object& data, const Type& type, const Defaults& defaults,
                                           const std::string& place) {
  std::vector<FieldSpec> fields;
  for (const auto& [name, value] : data) {
    const auto field = std::ranges::find(type.fields, std::string_view(name), &Field::name);
    const auto field_place = fmt::format("{}/{}", place, std::string_view(name));
    if (field == type.fields.end()) return invalid(fmt::format("{} has no such field", type.name), field_place);
    fields.push_back(TRY(read_field(*field, value, defaults, field_place)));
  }
  for (const auto& field : type.fields) {
    if (field.required && !data.contains(field.name)) {
      return invalid(fmt::format("{} needs the field {}", type.name, field.name), place);
    }
  }
  return fields;
}

Result<EventSpec> read_event(const json::value& value, const Defaults& defaults, const std::string& place) {
  JsonReader in(value, place);
  const auto type = in.text("type");
  EventSpec event;
  event.place = place;
  event.name = in.text_or("name", "", 64);
  event.when = in.text_or("when", "");
  const auto& subject = in.any("subject");
  const auto& time = in.any_or_null("time");
  const auto& data = in.object("data");
  TRY(in.finish());
  event.type = find_type(type);
  if (event.type == nullptr || event.type->internal) {
    return invalid("not a type of event that may come from outside", place + "/type");
  }
  event.subject = TRY(read_value(subject, defaults, place + "/subject"));
  if (!time.is_null()) event.time = TRY(read_value(time, defaults, place + "/time"));
  event.fields = TRY(read_fields(data, *event.type, defaults, place + "/data"));
  return event;
}

bool is_name(std::string_view name) {
  const bool begins = !name.empty() && (std::isalpha(static_cast<unsigned char>(name[0])) != 0 || name[0] == '_');
  return begins && name != "row" &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

Result<JoinSpec> read_join(const json::value& value, const Defaults& defaults, const std::string& place) {
  JsonReader in(value, place);
  JoinSpec join;
  join.place = place;
  join.name = in.text("name", 64);
  const auto file = in.text("file");
  join.key = in.text("key");
  join.by = in.text("by");
  join.where = in.text_or("where", "");
  join.is_many = in.boolean_or("many", false);
  join.is_optional = in.boolean_or("optional", false);
  const auto format = read_format(in, defaults.format, place);
  TRY(in.finish());
  join.file = TRY(file_name(file, place + "/file"));
  join.format = TRY(format);
  TRY(require_columns(join.format, place));
  if (!is_name(join.name)) return invalid("letters, digits and _ make a name; row is taken", place + "/name");
  return join;
}

Result<void> check_distinct(const FileSpec& file) {
  std::set<std::string> names;
  for (const auto& join : file.joins) {
    if (!names.insert(join.name).second) return invalid("two joins have this name", join.place + "/name");
  }
  std::set<std::pair<const Type*, std::string>> events;
  for (const auto& event : file.events) {
    if (!events.insert({event.type, event.name}).second) {
      return invalid("this file makes this type twice: tell them apart by a name", event.place + "/name");
    }
  }
  return {};
}

Result<FileSpec> read_file(const json::value& value, const Defaults& defaults, const std::string& place) {
  JsonReader in(value, place);
  FileSpec file;
  file.place = place;
  const auto name = in.text("file");
  const auto& key = in.any("key");
  const auto& joins = in.any_or_null("joins");
  const auto& events = in.array("events");
  const auto format = read_format(in, defaults.format, place);
  TRY(in.finish());
  file.file = TRY(file_name(name, place + "/file"));
  file.format = TRY(format);
  TRY(require_columns(file.format, place));
  file.key = TRY(texts_in(key, place + "/key"));
  if (!joins.is_null() && !joins.is_array()) return invalid("a list of joins is expected here", place + "/joins");
  const auto join_count = joins.is_array() ? joins.get_array().size() : 0;
  if (file.key.empty() || join_count > kMaxJoins || events.empty() || events.size() > kMaxEvents) {
    return invalid(fmt::format("a key, at most {} joins and 1 to {} events", kMaxJoins, kMaxEvents), place);
  }
  for (size_t i = 0; i < join_count; ++i) {
    file.joins.push_back(TRY(read_join(joins.get_array()[i], defaults, fmt::format("{}/joins/{}", place, i))));
  }
  for (size_t i = 0; i < events.size(); ++i) {
    file.events.push_back(TRY(read_event(events[i], defaults, fmt::format("{}/events/{}", place, i))));
  }
  TRY(check_distinct(file));
  return file;
}

Result<Defaults> read_defaults(JsonReader& in) {
  Defaults defaults;
  defaults.format = TRY(read_format(in, {}, ""));
  if (const auto& currency = in.any_or_null("currency"); !currency.is_null()) {
    auto named = TRY(read_currency(currency, "/currency"));
    defaults.currency = named.currency;
    defaults.currency_column = std::move(named.column);
  }
  defaults.first_year = static_cast<int>(in.integer_or("first_year", 1800, 2100, 1900));
  defaults.decimal_point = TRY(single_character(in.text_or("decimal_point", "."), "/decimal_point"));
  defaults.moment_pattern = in.text_or("dates", "ISO", 64);
  TRY(placed(MomentFormat::parse(defaults.moment_pattern, defaults.first_year), "/dates"));
  return defaults;
}

Result<MappingSpec> read_mapping(const json::value& document) {
  JsonReader in(document, "");
  MappingSpec mapping;
  in.integer("mapping", 1, 1);
  mapping.source = in.text("source", 128);
  const auto snapshot = in.text("snapshot");
  const auto defaults = read_defaults(in);
  const auto& blanks = in.any_or_null("blanks");
  const auto& files = in.array("files");
  TRY(in.finish());
  mapping.snapshot = TRY(placed(parse_moment(snapshot), "/snapshot"));
  TRY(placed(check_text(mapping.source, 128, false), "/source"));
  if (!blanks.is_null()) mapping.blanks = TRY(texts_in(blanks, "/blanks"));
  if (files.empty() || files.size() > kMaxFiles) {
    return invalid(fmt::format("1 to {} files are expected", kMaxFiles), "/files");
  }
  const auto usable = TRY(defaults);
  for (size_t i = 0; i < files.size(); ++i) {
    mapping.files.push_back(TRY(read_file(files[i], usable, fmt::format("/files/{}", i))));
  }
  return mapping;
}

}  // namespace

Result<MappingSpec> parse_mapping(std::string_view yaml) {
  const auto document = parse_yaml(yaml);
  if (!document) return std::unexpected(Error(document.error()).within("mapping "));
  return placed(read_mapping(*document), "mapping ");
}

}  // namespace amity::events
