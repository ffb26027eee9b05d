// The groups of routes, one source each.
#pragma once

#include "api/rest.h"

namespace amity::api {

std::vector<Route> session_routes(const Services& services);
std::vector<Route> user_routes(const Services& services);
std::vector<Route> event_routes(const Services& services);
std::vector<Route> customer_routes(const Services& services);
std::vector<Route> feature_routes(const Services& services);
std::vector<Route> model_routes(const Services& services);
std::vector<Route> policy_routes(const Services& services);
std::vector<Route> decision_routes(const Services& services);
std::vector<Route> audit_routes(const Services& services);

// "reasons" of a decision, each with its words in the request's language; a code without a text is told by its code.
json::array worded(const Texts& texts, const json::array& reasons, std::string_view language);
// The summary of a decision (decisions::summary_of) as people and programs get it: its outcome in words too.
json::object worded_summary(const Texts& texts, const json::object& summary, std::string_view language);
// What a parameter of the path was read as, its place named where it is none.
template <class T>
Result<T> in_path(Result<T> result, std::string_view name) {
  if (result) return result;
  return invalid(std::move(result.error().message), "path:" + std::string(name));
}
json::value null_or(const std::optional<std::string>& text);

}  // namespace amity::api
