#include "expressions/conformance.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/json.h"
#include "expressions/expression.h"
#include "expressions/functions/text.h"
#include "expressions/functions/time.h"

namespace amity::expressions {
namespace {

constexpr Limits kLimits{.max_text_bytes = 64 * 1024, .max_cost = UINT64_MAX};

std::string_view text(const json::value& v) {
  return v.is_string() ? std::string_view(v.get_string()) : std::string_view();
}

std::string_view field(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found ? text(*found) : std::string_view();
}

bool flag(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found && found->is_bool() && found->get_bool();
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return bytes;
}

Result<Value> read_value(const json::value& typed);

Result<Value> read_items(const json::array& array) {
  std::vector<Value> items;
  for (const auto& item : array) items.push_back(TRY(read_value(item)));
  return Value::list(std::move(items));
}

Result<Value> read_entries(const json::array& array) {
  std::vector<Entry> entries;
  for (const auto& pair : array) {
    if (!pair.is_array() || pair.get_array().size() != 2) return invalid("not a map's entry");
    Value key = TRY(read_value(pair.get_array()[0]));
    entries.emplace_back(std::move(key), TRY(read_value(pair.get_array()[1])));
  }
  return Value::map(std::move(entries));
}

// The type values that expectations name live in the program, so that a Value may refer to them.
Result<Value> read_type_value(std::string_view name) {
  const auto expression = compile(name, {});
  if (!expression) return invalid("an unknown type");
  return expression->evaluate({});
}

Result<Value> read_scalar(std::string_view kind, const json::value& v) {
  const std::string_view written = text(v);
  if (kind == "null") return Value::null();
  if (kind == "bool" && v.is_bool()) return Value::boolean(v.get_bool());
  if (kind == "string") return Value::text(std::string(written));
  if (kind == "bytes") return Value::bytes(from_hex(written));
  if (kind == "int") return Value::integer(std::strtoll(std::string(written).c_str(), nullptr, 10));
  if (kind == "uint") return Value::unsigned_integer(std::strtoull(std::string(written).c_str(), nullptr, 10));
  if (kind == "type") return read_type_value(written);
  std::optional<Value> read;
  if (kind == "timestamp") read = timestamp_from(written);
  if (kind == "duration") read = duration_from(written);
  if (const auto number = kind == "double" ? double_from(written) : std::nullopt) read = Value::number(*number);
  if (!read) return invalid("a kind of value that is not here: " + std::string(kind));
  return *read;
}

Result<Value> read_value(const json::value& typed) {
  if (!typed.is_object() || typed.get_object().size() != 1) return invalid("not a typed value");
  const auto& [kind, v] = *typed.get_object().begin();
  if (kind == "list" && v.is_array()) return read_items(v.get_array());
  if (kind == "map" && v.is_array()) return read_entries(v.get_array());
  return read_scalar(kind, v);
}

Result<Type> read_type(const json::value& written);

Result<std::vector<Type>> read_types(const json::value& written) {
  std::vector<Type> types;
  if (!written.is_array()) return types;
  for (const auto& type : written.get_array()) types.push_back(TRY(read_type(type)));
  return types;
}

Result<Type> read_abstract(const json::value& v) {
  if (!v.is_object()) return invalid("not an abstract type");
  Type type{.kind = TypeKind::kAbstract, .name = std::string(field(v.get_object(), "name"))};
  if (const auto* parameters = v.get_object().if_contains("params")) type.parameters = TRY(read_types(*parameters));
  return type;
}

Result<Type> read_type(const json::value& written) {
  if (written.is_string()) {
    const std::string_view name = text(written);
    return name == "any" ? Result<Type>(dyn_type()) : parse_type(name);
  }
  if (!written.is_object() || written.get_object().size() != 1) return invalid("not a type");
  const auto& [kind, v] = *written.get_object().begin();
  if (kind == "list") return list_of(TRY(read_type(v)));
  if (kind == "map") {
    auto parts = TRY(read_types(v));
    return parts.size() == 2 ? Result<Type>(map_of(parts[0], parts[1])) : invalid("not a map's type");
  }
  if (kind == "wrapper") return Type{.kind = TypeKind::kWrapper, .parameters = {TRY(read_type(v))}};
  if (kind == "type") return Type{.kind = TypeKind::kType, .parameters = {TRY(read_type(v))}};
  if (kind == "param") return Type{.kind = TypeKind::kParameter, .name = std::string(text(v))};
  if (kind == "abstract") return read_abstract(v);
  return invalid("a type that is not here: " + std::string(kind));
}

Result<void> declare_functions(const std::string& name, const json::array& overloads, Declarations& declarations) {
  for (const auto& overload : overloads) {
    if (!overload.is_object()) return invalid("not a function");
    const auto& o = overload.get_object();
    FunctionDeclaration function{.name = name};
    if (const auto* parameters = o.if_contains("params")) function.parameters = TRY(read_types(*parameters));
    if (const auto* result = o.if_contains("result")) function.result = TRY(read_type(*result));
    function.member = flag(o, "member");
    declarations.functions.push_back(std::move(function));
  }
  return {};
}

Result<Declarations> declarations_of(const json::object& test) {
  Declarations declarations{.container = std::string(field(test, "container"))};
  const json::value* environment = test.if_contains("type_env");
  if (environment && environment->is_array()) {
    for (const auto& entry : environment->get_array()) {
      const std::string name(field(entry.as_object(), "name"));
      if (const auto* type = entry.as_object().if_contains("type")) {
        declarations.variables.push_back({name, TRY(read_type(*type))});
      } else if (const auto* overloads = entry.as_object().if_contains("function")) {
        TRY(declare_functions(name, overloads->as_array(), declarations));
      }
    }
  }
  return declarations;
}

// Bound variables that nobody declared are dyn.
Result<std::vector<Value>> bind(const json::object& test, Declarations& declarations) {
  std::vector<Value> values(declarations.variables.size(), Value::missing());
  const json::value* bindings = test.if_contains("bindings");
  if (!bindings || !bindings->is_object()) return values;
  for (const auto& [key, typed] : bindings->get_object()) {
    const std::string name(key);
    const auto known = std::find_if(declarations.variables.begin(), declarations.variables.end(),
                                    [&](const Variable& v) { return v.name == name; });
    const auto slot = static_cast<size_t>(known - declarations.variables.begin());
    if (known == declarations.variables.end()) {
      declarations.variables.push_back({name, dyn_type()});
      values.push_back(Value::missing());
    }
    values[slot] = TRY(read_value(typed));
  }
  return values;
}

// The same value with the same types all through.
bool same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::kDouble)) {
    return (std::isnan(a.as_double()) && std::isnan(b.as_double())) || a.as_double() == b.as_double();
  }
  if (a.is(Kind::kList)) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (!same(a.item(i), b.item(i))) return false;
    }
    return true;
  }
  if (!a.is(Kind::kMap)) return equal(a, b);
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.entries()) {
    const auto other = b.find(key);
    if (!other || !same(value, *other)) return false;
  }
  return true;
}

// Empty where the test passes, else why not.
std::string compare_outcome(const json::object& expected, const Result<Value>& outcome) {
  if (expected.contains("error")) return outcome ? "an error was expected" : "";
  if (!outcome) return outcome.error().text();
  const json::object& holder = expected.contains("typed") ? expected.at("typed").as_object() : expected;
  if (!holder.contains("value")) return "";
  const auto wanted = read_value(holder.at("value"));
  if (!wanted) return wanted.error().text();
  return same(*wanted, *outcome) ? "" : "got " + std::string(outcome->type_name()) + " " + text_of(*outcome);
}

std::string compare_type(const json::object& expected, const Expression& expression) {
  if (!expected.contains("typed")) return "";
  const auto wanted = read_type(expected.at("typed").as_object().at("type"));
  if (!wanted) return wanted.error().text();
  return text_of(*wanted) == text_of(expression.type()) ? "" : "the type is " + text_of(expression.type());
}

std::string run_test(const json::object& test) {
  auto declarations = declarations_of(test);
  if (!declarations) return declarations.error().text();
  const auto values = bind(test, *declarations);
  if (!values) return values.error().text();
  const json::object& expected = test.at("expected").as_object();
  const std::string_view source = field(test, "expr");
  const auto expression = flag(test, "disable_check") ? compile_unchecked(source, *declarations, kLimits)
                                                      : compile(source, *declarations, kLimits);
  if (!expression) return expected.contains("error") ? "" : expression.error().text();
  if (std::string why = compare_type(expected, *expression); !why.empty()) return why;
  if (flag(test, "check_only")) return "";
  return compare_outcome(expected, expression->evaluate(*values));
}

}  // namespace

Result<ConformanceReport> run_conformance(std::string_view json_lines) {
  ConformanceReport report;
  size_t line_number = 0;
  while (!json_lines.empty()) {
    const size_t end = std::min(json_lines.find('\n'), json_lines.size());
    const std::string_view line = json_lines.substr(0, end);
    json_lines.remove_prefix(std::min(end + 1, json_lines.size()));
    ++line_number;
    if (line.empty()) continue;
    const auto test = parse_json(line);
    const std::string place = "line " + std::to_string(line_number);
    if (!test) return std::unexpected(Error(test.error()).within(place + " "));
    const bool is_test = test->is_object() && test->get_object().contains("expr") &&
                         test->get_object().contains("expected") && test->get_object().at("expected").is_object();
    if (!is_test) return invalid("not a conformance test: it needs expr and expected", place);
    const std::string why = run_test(test->get_object());
    auto& group = report.by_group[std::string(field(test->get_object(), "group"))];
    ++(why.empty() ? group.passed : group.failed);
    if (why.empty()) {
      ++report.passed;
    } else {
      report.failed_ids.emplace_back(field(test->get_object(), "id"));
      report.reasons.push_back(why);
    }
  }
  return report;
}

}  // namespace amity::expressions
