#include "features/engine/event_expression.h"

#include <algorithm>
#include <cmath>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "expressions/expression.h"

namespace amity::features {
namespace {

constexpr double kMaxValue = 1e15;
constexpr double kPowersOfTen[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};

using Plain = std::variant<std::monostate, bool, int64_t, double, std::string_view>;

Plain plain_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::bool_: return value.get_bool();
    case json::kind::int64: return value.get_int64();
    case json::kind::uint64: return static_cast<double>(value.get_uint64());
    case json::kind::double_: return value.get_double();
    case json::kind::string: return std::string_view(value.get_string());
    default: return {};
  }
}

// "amount.amount_minor": read straight from the data.
struct Path {
  std::vector<std::string> fields;

  Plain of(const events::Event& event) const {
    if (fields.size() == 1 && fields[0] == "@id") return std::string_view(event.id);
    const json::value* value = event.data.if_contains(fields[0]);
    for (size_t i = 1; i < fields.size() && value != nullptr; ++i) {
      const auto* object = value->if_object();
      value = object ? object->if_contains(fields[i]) : nullptr;
    }
    return value == nullptr ? Plain{} : plain_of(*value);
  }
};

bool is_path(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; };
  return !text.empty() && std::ranges::all_of(text, fits) && text.front() >= 'a' && text.back() != '.' &&
         text.find("..") == std::string_view::npos;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    parts.emplace_back(text.substr(0, dot));
    text.remove_prefix(dot + 1);
  }
  parts.emplace_back(text);
  return parts;
}

const events::Field* field_of(const events::Type& type, std::string_view name) {
  const auto found = std::ranges::find(type.fields, name, &events::Field::name);
  return found == type.fields.end() ? nullptr : &*found;
}

Result<Path> path_in(std::string_view text, std::span<const events::Type* const> types) {
  if (text == "event.id") return Path{{"@id"}};
  if (text.starts_with("event.")) text.remove_prefix(6);
  Path path{split(text)};
  for (const auto* type : types) {
    const auto* field = field_of(*type, path.fields[0]);
    if (field == nullptr) {
      return invalid(fmt::format("\"{}\" is no field of {}", path.fields[0], type->name), std::string(text));
    }
    const bool is_money = field->kind == events::FieldKind::kMoney;
    const bool fits =
        is_money ? path.fields.size() == 2 && (path.fields[1] == "amount_minor" || path.fields[1] == "currency")
                 : path.fields.size() == 1;
    if (!fits) {
      return invalid(is_money ? "money is read as .amount_minor or .currency" : "this field has no fields of its own",
                     std::string(text));
    }
  }
  return path;
}

expressions::Type type_of(const events::Field& field) {
  using enum expressions::TypeKind;
  switch (field.kind) {
    case events::FieldKind::kInteger: return expressions::type_of(kInt);
    case events::FieldKind::kNumber: return expressions::type_of(kDouble);
    case events::FieldKind::kBoolean: return expressions::type_of(kBool);
    case events::FieldKind::kMoney: return expressions::map_of(expressions::type_of(kString), expressions::dyn_type());
    case events::FieldKind::kHolders: return expressions::dyn_type();
    default: return expressions::type_of(kString);
  }
}

constexpr size_t kOwnFields = 3;  // type, id, time: before the data's

// The fields of all the types together; one that means different things in two of them is checked as it runs.
std::shared_ptr<const expressions::Shape> shape_of(std::span<const events::Type* const> types) {
  auto shape = std::make_shared<expressions::Shape>();
  shape->name = "event";
  shape->fields = {{"type", expressions::type_of(expressions::TypeKind::kString), 64},
                   {"id", expressions::type_of(expressions::TypeKind::kString), 128},
                   {"time", expressions::type_of(expressions::TypeKind::kTimestamp)}};
  for (const auto* type : types) {
    for (const auto& field : type->fields) {
      const auto known = shape->index_of(field.name);
      if (!known) shape->fields.push_back({std::string(field.name), type_of(field)});
      if (!known || *known < kOwnFields) continue;
      if (!(shape->fields[*known].type == type_of(field))) shape->fields[*known].type = expressions::dyn_type();
    }
  }
  return shape;
}

// An event as an expression sees it: read where it lies.
class EventRow final : public expressions::Row {
 public:
  EventRow(const events::Event& event, const expressions::Shape& shape) : event_(event), shape_(shape) {}
  const expressions::Shape& shape() const override { return shape_; }
  expressions::Value field(size_t index) const override {
    using expressions::Value;
    if (index == 0) return Value::borrowed_text(event_.type);
    if (index == 1) return Value::borrowed_text(event_.id);
    if (index == 2) return Value::timestamp(event_.time);
    const auto* value = event_.data.if_contains(shape_.fields[index].name);
    if (value == nullptr || value->is_null()) return Value::missing();
    const bool is_double = shape_.fields[index].type.is(expressions::TypeKind::kDouble);
    return is_double && value->is_number() ? Value::number(value->to_number<double>()) : Value::view(*value);
  }

 private:
  const events::Event& event_;
  const expressions::Shape& shape_;
};

struct Cel {
  std::shared_ptr<const expressions::Shape> shape;
  expressions::Expression expression;
};

}  // namespace

struct EventExpression::Compiled {
  std::variant<Path, Cel> form;

  // A text of a Cel's result lives in `kept`.
  Plain of(const events::Event& event, expressions::Value& kept) const {
    if (const auto* path = std::get_if<Path>(&form)) return path->of(event);
    const auto& cel = std::get<Cel>(form);
    const EventRow row(event, *cel.shape);
    const expressions::Value bound[] = {expressions::Value::view(row)};
    auto result = cel.expression.evaluate(bound);
    if (!result) return {};
    kept = *std::move(result);
    switch (kept.kind()) {
      case expressions::Kind::kBool: return kept.as_bool();
      case expressions::Kind::kInt: return kept.as_int();
      case expressions::Kind::kUint: return static_cast<double>(kept.as_uint());
      case expressions::Kind::kDouble: return kept.as_double();
      case expressions::Kind::kString: return kept.as_text();
      default: return {};
    }
  }
};

Result<EventExpression> EventExpression::compile(std::string_view text, std::span<const events::Type* const> types) {
  EventExpression expression;
  if (is_path(text) && text != "event.type" && text != "event.time") {
    expression.compiled_ = std::make_shared<const Compiled>(Compiled{TRY(path_in(text, types))});
    return expression;
  }
  const auto shape = shape_of(types);
  const expressions::Declarations declarations{.variables = {{"event", expressions::record_of(shape)}}};
  auto cel = TRY(expressions::compile(text, declarations));
  expression.compiled_ = std::make_shared<const Compiled>(Compiled{Cel{shape, std::move(cel)}});
  return expression;
}

bool EventExpression::is_true(const events::Event& event) const {
  if (const auto* cel = std::get_if<Cel>(&compiled_->form)) {
    const EventRow row(event, *cel->shape);
    const expressions::Value bound[] = {expressions::Value::view(row)};
    return cel->expression.holds(bound).value_or(false);
  }
  expressions::Value kept;
  const Plain plain = compiled_->of(event, kept);
  const auto* truth = std::get_if<bool>(&plain);
  return truth != nullptr && *truth;
}

std::optional<double> EventExpression::real(const events::Event& event) const {
  expressions::Value kept;
  const Plain plain = compiled_->of(event, kept);
  if (const auto* truth = std::get_if<bool>(&plain)) return *truth ? 1.0 : 0.0;
  if (const auto* whole = std::get_if<int64_t>(&plain)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&plain); number && std::isfinite(*number)) return *number;
  return std::nullopt;
}

std::optional<int64_t> EventExpression::number(const events::Event& event, int decimals) const {
  expressions::Value kept;
  const Plain plain = compiled_->of(event, kept);
  if (const auto* whole = std::get_if<int64_t>(&plain); whole && decimals == 0) {
    return std::abs(static_cast<double>(*whole)) <= kMaxValue ? std::optional(*whole) : std::nullopt;
  }
  const auto value = real(event);
  if (!value) return std::nullopt;
  const double scaled = *value * kPowersOfTen[decimals];
  if (!(std::abs(scaled) <= kMaxValue)) return std::nullopt;
  return static_cast<int64_t>(scaled < 0 ? std::ceil(scaled - 0.5) : std::floor(scaled + 0.5));
}

std::optional<std::string> EventExpression::text(const events::Event& event) const {
  expressions::Value kept;
  const Plain plain = compiled_->of(event, kept);
  if (const auto* text = std::get_if<std::string_view>(&plain)) return std::string(*text);
  if (const auto* whole = std::get_if<int64_t>(&plain)) return std::to_string(*whole);
  if (const auto* truth = std::get_if<bool>(&plain)) return std::string(*truth ? "true" : "false");
  return std::nullopt;
}

std::optional<int64_t> EventExpression::digest(const events::Event& event) const {
  const auto written = text(event);
  if (!written) return std::nullopt;
  const Digest full = amity::digest(as_bytes(*written));
  uint64_t head = 0;
  for (size_t i = 0; i < 8; ++i) head = head << 8 | full[i];
  return static_cast<int64_t>(head);
}

}  // namespace amity::features
