// For tests: a small route table, a caller by token, and requests in one line.
#pragma once

#include <memory>
#include <string>

#include "api/caller_limits.h"
#include "api/router.h"
#include "base/clock.h"
#include "base/crypto.h"

namespace amity::api {

inline security::Caller caller_with(security::Role role) {
  security::Caller caller;
  caller.user = UserId{make_uuid_v8(std::span<const uint8_t, 16>(digest(as_bytes(name_of(role))).data(), 16))};
  caller.name = name_of(role);
  caller.roles = {role};
  caller.unit = "/";
  return caller;
}

// The token "agent" is a service agent, "administrator" an administrator; all others are nobody.
inline Result<security::Caller> caller_of(std::string_view token) {
  if (token == "agent") return caller_with(security::Role::kServiceAgent);
  if (token == "administrator") return caller_with(security::Role::kAdministrator);
  return fail(Code::kUnauthenticated, "the session has ended or never was; sign in");
}

inline Request request_to(Method method, std::string target, std::string body = {}) {
  Request request;
  request.method = method;
  request.target = std::move(target);
  request.headers = {{"authorization", "Bearer agent"}};
  if (!body.empty()) request.headers.push_back({"content-type", "application/json"});
  request.body = std::move(body);
  return request;
}

// Answers with what the handler saw.
inline Result<Response> echo(const Request& request) {
  json::object parameters;
  for (const auto& field : request.path_parameters) parameters[field.name] = field.value;
  json::object query;
  for (const auto& field : request.query) query[field.name] = field.value;
  return json_response(json::object{{"parameters", parameters}, {"query", query}, {"body", request.body}});
}

}  // namespace amity::api
