#include "api/contract.h"

#include <map>
#include <set>

#include <fmt/format.h>

namespace amity::api {
namespace {

// What table and document must agree on, as text: one line tells the difference.
struct Promise {
  std::string permission;       // "read_customers"; "any" for every signed-in caller; "open"
  std::string idempotency_key;  // "none", "taken", "needed"
  std::set<std::string> query;  // names of its values
  bool operator==(const Promise&) const = default;
};
using Promises = std::map<std::string, Promise>;  // by "GET /v1/customers/{customer}"

std::string text_of(const Promise& promise) {
  return fmt::format("permission {}, Idempotency-Key {}, query {{{}}}", promise.permission, promise.idempotency_key,
                     fmt::join(promise.query, ", "));
}

Promise promise_of(const Route& route) {
  constexpr std::string_view kKeys[] = {"none", "taken", "needed"};
  const std::string permission = route.is_open      ? "open"
                                 : route.permission ? std::string(name_of(*route.permission))
                                                    : "any";
  return {permission, std::string(kKeys[static_cast<int>(route.repeat)]), {route.query.begin(), route.query.end()}};
}

Promises promises_of(std::span<const Route> routes) {
  Promises out;
  for (const auto& route : routes) {
    out.emplace(fmt::format("{} {}", name_of(route.method), route.pattern), promise_of(route));
  }
  return out;
}

const json::value* member(const json::value& value, std::string_view name) {
  return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

std::string text_member(const json::value& value, std::string_view name) {
  const auto* found = member(value, name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

// Follows a "$ref" of this document: "#/components/parameters/IdempotencyKey".
const json::value& resolved(const json::value& document, const json::value& value) {
  const auto reference = text_member(value, "$ref");
  if (!reference.starts_with("#/")) return value;
  boost::system::error_code error;
  const auto* target = document.find_pointer(reference.substr(1), error);
  return target == nullptr ? value : *target;
}

std::string idempotency_key_of(const json::value& document, const json::value& operation) {
  const auto* parameters = member(operation, "parameters");
  if (parameters == nullptr || !parameters->is_array()) return "none";
  for (const auto& given : parameters->get_array()) {
    const auto& parameter = resolved(document, given);
    if (text_member(parameter, "name") != "Idempotency-Key") continue;
    const auto* required = member(parameter, "required");
    return required != nullptr && required->is_bool() && required->get_bool() ? "needed" : "taken";
  }
  return "none";
}

std::set<std::string> query_of(const json::value& document, const json::value& operation) {
  std::set<std::string> names;
  const auto* parameters = member(operation, "parameters");
  if (parameters == nullptr || !parameters->is_array()) return names;
  for (const auto& given : parameters->get_array()) {
    const auto& parameter = resolved(document, given);
    if (text_member(parameter, "in") == "query") names.insert(text_member(parameter, "name"));
  }
  return names;
}

Promise promise_of(const json::value& document, const json::value& operation) {
  const auto* security = member(operation, "security");
  const bool is_open = security != nullptr && security->is_array() && security->get_array().empty();
  const auto permission = text_member(operation, "x-permission");
  return {is_open              ? "open"
          : permission.empty() ? "any"
                               : permission,
          idempotency_key_of(document, operation), query_of(document, operation)};
}

Promises promises_of(const json::value& document) {
  Promises out;
  const auto* paths = member(document, "paths");
  if (paths == nullptr || !paths->is_object()) return out;
  for (const auto& [path, item] : paths->get_object()) {
    for (const Method method : {Method::kGet, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
      std::string name(name_of(method));
      for (char& c : name) c = static_cast<char>(c + 32);
      const auto* operation = member(item, name);
      if (operation == nullptr) continue;
      out.emplace(fmt::format("{} {}", name_of(method), std::string_view(path)), promise_of(document, *operation));
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> contract_differences(std::span<const Route> routes, const json::value& openapi) {
  const auto built = promises_of(routes);
  const auto documented = promises_of(openapi);
  std::vector<std::string> differences;
  for (const auto& [name, promise] : built) {
    const auto found = documented.find(name);
    if (found == documented.end()) {
      differences.push_back(name + ": not in openapi.yaml");
    } else if (!(found->second == promise)) {
      differences.push_back(
          fmt::format("{}: {} in the table; {} in openapi.yaml", name, text_of(promise), text_of(found->second)));
    }
  }
  for (const auto& [name, promise] : documented) {
    if (!built.contains(name)) differences.push_back(name + ": in openapi.yaml, but there is no such route");
  }
  return differences;
}

}  // namespace amity::api
