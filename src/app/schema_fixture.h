// For tests: src/api/openapi.yaml, and whether a value is what one of its schemas says.
#pragma once

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/yaml.h"

namespace amity::app {

inline json::value openapi() {
  std::ifstream file(AMITY_SOURCE_DIR "/src/api/openapi.yaml");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return parse_yaml(text).value();
}

// As much of JSON Schema as openapi.yaml uses to describe answers: $ref, allOf, type, enum, required, properties,
// items.
class Schemas {
 public:
  // One line per place where the value is not what the schema says.
  std::vector<std::string> differences(const json::value& value, const json::value& schema) {
    found_.clear();
    check(value, schema, "");
    return std::move(found_);
  }

  const json::value& document() const { return document_; }
  const json::value& resolved(const json::value& schema) const {
    const auto* reference = schema.as_object().if_contains("$ref");
    return reference == nullptr ? schema : document_.at_pointer(std::string_view(reference->as_string()).substr(1));
  }

 private:
  void check(const json::value& value, const json::value& given, const std::string& at) {
    const auto& schema = resolved(given).as_object();
    if (const auto* type = schema.if_contains("type"); type != nullptr && !is_type(value, *type)) {
      found_.push_back(at + ": another type than " + write_json(*type));
      return;
    }
    if (const auto* words = schema.if_contains("enum");
        words != nullptr && std::ranges::count(words->as_array(), value) == 0) {
      found_.push_back(at + ": not one of " + write_json(*words));
    }
    if (value.is_object()) check_object(value.as_object(), schema, at);
    const auto* items = schema.if_contains("items");
    if (value.is_array() && items != nullptr) {
      for (const auto& item : value.as_array()) check(item, *items, at + "/*");
    }
  }

  void check_object(const json::object& object, const json::object& schema, const std::string& at) {
    std::map<std::string, json::value> properties;
    collect(object, schema, at, properties);
    const auto* others = schema.if_contains("additionalProperties");
    for (const auto& field : object) {
      const auto known = properties.find(std::string(field.key()));
      const auto place = at + "/" + std::string(field.key());
      if (known != properties.end()) {
        check(field.value(), known->second, place);
      } else if (others != nullptr && others->is_object()) {
        check(field.value(), *others, at + "/*");
      } else if (!properties.empty()) {
        found_.push_back(place + ": not documented");
      }
    }
  }

  // The properties of a schema and of all it is made of; what they require must be there.
  void collect(const json::object& object, const json::object& schema, const std::string& at,
               std::map<std::string, json::value>& properties) {
    if (const auto* parts = schema.if_contains("allOf")) {
      for (const auto& part : parts->as_array()) collect(object, resolved(part).as_object(), at, properties);
    }
    if (const auto* own = schema.if_contains("properties")) {
      for (const auto& field : own->as_object()) properties[std::string(field.key())] = field.value();
    }
    if (const auto* required = schema.if_contains("required")) {
      for (const auto& name : required->as_array()) {
        if (!object.contains(name.as_string()))
          found_.push_back(at + ": " + std::string(name.as_string()) + " is missing");
      }
    }
  }

  static bool is_type(const json::value& value, const json::value& type) {
    if (type.is_array())
      return std::ranges::any_of(type.as_array(), [&](const auto& one) { return is_type(value, one); });
    const std::string_view name = type.as_string();
    if (name == "object") return value.is_object();
    if (name == "array") return value.is_array();
    if (name == "string") return value.is_string();
    if (name == "boolean") return value.is_bool();
    if (name == "null") return value.is_null();
    if (name == "integer") return value.is_int64() || value.is_uint64();
    return value.is_number();
  }

  json::value document_ = openapi();
  std::vector<std::string> found_;
};

}  // namespace amity::app
