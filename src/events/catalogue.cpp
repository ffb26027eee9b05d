#include "events/catalogue.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/money.h"
#include "base/time.h"
#include "base/unknown_field.h"
#include "events/text.h"
#include "security/caller.h"

namespace amity::events {
namespace {

constexpr size_t kMaxHolders = 32;
constexpr int kFirstYear = 1900;
constexpr int kLastYear = 2100;

bool has_code(std::string_view codes, std::string_view code) {
  if (code.empty() || code.find('|') != std::string_view::npos) return false;
  for (size_t at = 0; at <= codes.size();) {
    const size_t end = std::min(codes.find('|', at), codes.size());
    if (codes.substr(at, end - at) == code) return true;
    at = end + 1;
  }
  return false;
}

std::string listed(std::string_view codes) {
  std::string text(codes);
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, ", ");
  return text;
}

Result<std::string_view> text_in(const json::value& value) {
  if (!value.is_string()) return invalid("text is expected here");
  return std::string_view(value.get_string());
}

Result<void> check_within(int64_t number, int64_t least, int64_t most) {
  if (number >= least && number <= most) return {};
  return invalid(fmt::format("must lie between {} and {}", least, most));
}

Result<void> check_year(int year) {
  if (year >= kFirstYear && year <= kLastYear) return {};
  return invalid(fmt::format("the year must lie between {} and {}", kFirstYear, kLastYear));
}

Result<void> check_code(const json::value& value, std::string_view codes) {
  if (has_code(codes, TRY(text_in(value)))) return {};
  return invalid("must be one of: " + listed(codes));
}

Result<void> check_integer(const json::value& value, int64_t least, int64_t most) {
  if (value.is_uint64()) return check_within(INT64_MAX, least, std::min(most, INT64_MAX - 1));
  if (!value.is_int64()) return invalid("a whole number is expected here");
  return check_within(value.get_int64(), least, most);
}

Result<void> check_money(const json::value& value, const Field& field) {
  JsonReader in(value, "");
  in.integer("amount_minor", std::max(field.least, -kMaxAmountMinor), std::min(field.most, kMaxAmountMinor));
  const auto code = in.text("currency", 3);
  TRY(in.finish());
  if (auto currency = Currency::parse(code); !currency)
    return std::unexpected(std::move(currency.error()).within("/currency"));
  return {};
}

Result<void> check_date(const json::value& value) {
  const auto date = TRY(parse_date(TRY(text_in(value))));
  return check_year(year_month_day(date).year);
}

Result<void> check_timestamp(const json::value& value) {
  const auto time = TRY(parse_timestamp(TRY(text_in(value))));
  return check_year(year_month_day(date_of(time)).year);
}

Result<void> check_holder(const json::value& value, const Field& field) {
  JsonReader in(value, "");
  const auto customer = in.text("customer", kMaxKeyBytes);
  const auto role = in.text("role");
  TRY(in.finish());
  if (auto ok = check_text(customer, kMaxKeyBytes, false); !ok)
    return std::unexpected(std::move(ok.error()).within("/customer"));
  if (!has_code(field.codes, role)) return invalid("must be one of: " + listed(field.codes), "/role");
  return {};
}

Result<void> check_holders(const json::value& value, const Field& field) {
  const auto* holders = value.if_array();
  if (holders == nullptr || holders->empty() || holders->size() > kMaxHolders) {
    return invalid(fmt::format("a list of 1 to {} holders is expected here", kMaxHolders));
  }
  for (size_t i = 0; i < holders->size(); ++i) {
    if (auto ok = check_holder((*holders)[i], field); !ok) {
      return std::unexpected(std::move(ok.error()).within(fmt::format("/{}", i)));
    }
    for (size_t j = 0; j < i; ++j) {
      if ((*holders)[i].at("customer") == (*holders)[j].at("customer")) {
        return invalid("this customer stands twice among the holders", fmt::format("/{}/customer", i));
      }
    }
  }
  return {};
}

Result<void> check_value(const json::value& value, const Field& field) {
  switch (field.kind) {
    case FieldKind::kText: return check_text(TRY(text_in(value)), kMaxTextBytes, true);
    case FieldKind::kReference: return check_text(TRY(text_in(value)), kMaxKeyBytes, false);
    case FieldKind::kInteger: return check_integer(value, field.least, field.most);
    case FieldKind::kMoney: return check_money(value, field);
    case FieldKind::kDate: return check_date(value);
    case FieldKind::kTimestamp: return check_timestamp(value);
    case FieldKind::kCode: return check_code(value, field.codes);
    case FieldKind::kHolders: return check_holders(value, field);
    case FieldKind::kUnit: return security::check_unit(TRY(text_in(value)));
    case FieldKind::kCurrency: TRY(Currency::parse(TRY(text_in(value)))); return {};
    case FieldKind::kNumber:
      if (!value.is_number()) return invalid("a number is expected here");
      return {};
    case FieldKind::kBoolean:
      if (!value.is_bool()) return invalid("true or false is expected here");
      return {};
  }
  return fail(Code::kInternal, "a field of unknown kind");
}

const Field* find_field(std::span<const Field> fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

std::vector<std::string_view> names_of(std::span<const Field> fields) {
  std::vector<std::string_view> names;
  for (const auto& field : fields) names.push_back(field.name);
  return names;
}

std::string place_of(std::string_view place, std::string_view field) { return fmt::format("{}/{}", place, field); }

Result<void> check_fields(std::span<const Field> fields, const json::object& data, std::string_view place) {
  size_t position = 0;
  for (const auto& [name, value] : data) {
    ++position;
    const auto* field = find_field(fields, name);
    if (field == nullptr) return unknown_field(position, names_of(fields), place);
    if (auto ok = check_value(value, *field); !ok) {
      return std::unexpected(std::move(ok.error()).within(place_of(place, name)));
    }
  }
  for (const auto& field : fields) {
    if (field.required && !data.contains(field.name)) {
      return invalid("this field is required", place_of(place, field.name));
    }
  }
  return {};
}

const OlderVersion* find_older(const Type& type, int version) {
  const auto found = std::ranges::find(type.older, version, &OlderVersion::version);
  return found == type.older.end() ? nullptr : &*found;
}

}  // namespace

Result<json::object> check_data(const Type& type, int version, const json::value& data, std::string_view place) {
  const auto* older = version == type.version ? nullptr : find_older(type, version);
  if (version != type.version && older == nullptr) {
    return invalid(fmt::format("{} has no schema version {}: the newest is {}", type.name, version, type.version),
                   std::string(place));
  }
  if (!data.is_object()) return invalid("an object is expected here", std::string(place));
  json::object newest = data.get_object();
  TRY(check_fields(older == nullptr ? type.fields : older->fields, newest, place));
  for (; older != nullptr; older = find_older(type, older->version + 1)) newest = older->to_next(std::move(newest));
  return newest;
}

std::vector<Reference> parties_of(const Event& event) {
  std::vector<Reference> parties;
  const auto* type = find_type(event.type);
  if (type == nullptr) return parties;
  for (const auto& field : type->fields) {
    const auto* value = event.data.if_contains(field.name);
    if (value == nullptr) continue;
    if (field.kind == FieldKind::kReference) parties.push_back({field.entity, std::string(value->as_string())});
    if (field.kind != FieldKind::kHolders) continue;
    for (const auto& holder : value->as_array()) {
      parties.push_back({EntityKind::kCustomer, std::string(holder.at("customer").as_string())});
    }
  }
  return parties;
}

}  // namespace amity::events
