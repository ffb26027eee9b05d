#include "api/rest/routes.h"

#include <charconv>
#include <map>

namespace amity::api {
namespace {

using decisions::PolicyVersion;
using security::Permission;

json::object shown(const PolicyVersion& version, bool with_definition) {
  auto out = decisions::to_json(version);
  out["policy"] = version.name;
  out.erase("name");
  if (with_definition) out["definition"] = version.definition;
  return out;
}

Result<Response> list(const Services& services, const Request& request) {
  std::map<std::string, json::array> by_name;
  for (const auto& version : TRY(services.policies.list(request.who()))) {
    by_name[version.name].push_back(shown(version, false));
  }
  json::array policies;
  for (auto& [name, versions] : by_name) policies.push_back({{"policy", name}, {"versions", std::move(versions)}});
  return json_response(json::object{{"policies", std::move(policies)}});
}

Result<Response> one(const Services& services, const Request& request) {
  json::array versions;
  for (const auto& version : TRY(services.policies.list(request.who()))) {
    if (version.name == request.parameter("policy")) versions.push_back(shown(version, true));
  }
  if (versions.empty()) return not_found("no policy of this name");
  return json_response(json::object{{"policy", request.parameter("policy")}, {"versions", std::move(versions)}});
}

// The pointer ends at the text; where in the text is for people to read.
Error in_definition(Error error) {
  // A text that is too much stays so: nothing is gained by waiting.
  if (error.code == Code::kLimit && !error.place.empty()) error.code = Code::kInvalid;
  const bool is_about_text = error.code == Code::kInvalid || error.code == Code::kUnprocessable;
  if (!is_about_text) return error;
  if (!error.place.empty()) error.message += " (at " + error.place + ")";
  error.place = "/definition";
  return error;
}

Result<Response> draft(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  const auto definition = in.text("definition", 60'000);
  TRY(in.finish());
  auto drafted = services.policies.draft(request.who(), definition);
  if (!drafted) return std::unexpected(in_definition(std::move(drafted).error()));
  return json_response(shown(*drafted, false), 201);
}

Result<Response> activate(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  in.text_or("note", "", 1000);
  TRY(in.finish());
  const auto text = request.parameter("version");
  int64_t version = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), version);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
    return invalid("a version is a whole number", "path:version");
  return json_response(
      shown(TRY(services.policies.activate(request.who(), request.parameter("policy"), version)), false));
}

}  // namespace

std::vector<Route> policy_routes(const Services& services) {
  const auto to = [&services](Result<Response> (*handler)(const Services&, const Request&)) -> Handler {
    return [&services, handler](const Request& request) { return handler(services, request); };
  };
  return {
      {.method = Method::kGet, .pattern = "/v1/policies", .permission = Permission::kReadPolicies, .handler = to(list)},
      {.method = Method::kPost,
       .pattern = "/v1/policies",
       .permission = Permission::kDraftPolicies,
       .handler = to(draft),
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kGet,
       .pattern = "/v1/policies/{policy}",
       .permission = Permission::kReadPolicies,
       .handler = to(one)},
      {.method = Method::kPost,
       .pattern = "/v1/policies/{policy}/versions/{version}/activation",
       .permission = Permission::kActivatePolicies,
       .handler = to(activate),
       .repeat = Repeat::kNeedsKey},
  };
}

}  // namespace amity::api
