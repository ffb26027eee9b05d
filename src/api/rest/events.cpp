#include "api/rest/routes.h"

#include "api/problem.h"
#include "events/decode.h"

namespace amity::api {
namespace {

using security::Permission;

// application/json may hold one event or a list; the CloudEvents types say which.
std::string_view mode_of(const Request& request) {
  const auto type = request.header("content-type");
  if (!type.starts_with("application/json")) return type;
  const auto first = request.body.find_first_not_of(" \t\r\n");
  const bool is_list = first != std::string::npos && request.body[first] == '[';
  return is_list ? "application/cloudevents-batch+json" : "application/cloudevents+json";
}

// Who only sends events, as a system of the institution or the administrator who imports, learns nothing of what was
// decided about anybody.
bool may_know_decisions(const security::Caller& caller) {
  return caller.may(Permission::kReadDecisions) || caller.may(Permission::kDecide);
}

json::object result_of(const events::Event& event, const Result<json::object>& answer, const Services& services,
                       const Request& request) {
  json::object result{{"id", event.id}, {"source", event.source}};
  if (!answer) {
    result["problem"] = parse_json(problem(request, answer.error()).body).value_or(nullptr);
    return result;
  }
  result["seq"] = answer->at("seq");
  for (const auto& decision : answer->at("decisions").as_array()) {
    if (may_know_decisions(request.who())) {
      result["decision"] = worded_summary(services.texts, decision.as_object(), request.language);
    } else {
      result["decision_id"] = decision.at("id");
    }
  }
  return result;
}

// Imported history changes state, decides nothing, and needs a permission of its own.
Result<bool> is_history(const Request& request) {
  const auto value = request.query_value("history").value_or("false");
  if (value != "true" && value != "false") return invalid("true or false is expected", "?history");
  if (value == "true") TRY(security::require(request.who(), Permission::kImport));
  return value == "true";
}

// Whom the results tell of: all that is known of those taken, and the subject of those refused.
Result<std::vector<Uuid>> about_all(const Services& services, const std::vector<events::Event>& events,
                                    const std::vector<int64_t>& taken) {
  auto about = TRY(services.customers.concerned_by(taken));
  for (const auto& event : events) about.push_back(services.pseudonyms.of(event.subject).id);
  return about;
}

Result<Response> submit(const Services& services, const Request& request) {
  const bool history = TRY(is_history(request));
  auto decoded = events::decode_body(mode_of(request), request.body, services.clock.now());
  if (!decoded.problems.empty()) return problem(request, decoded.problems);
  for (auto& event : decoded.events) event.is_history = history;
  const auto answers = services.submit(request.who(), decoded.events);
  json::array results;
  std::vector<int64_t> taken;
  bool is_denied = false;
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto& answer = answers[i];
    const bool whole = !answer && (answer.error().code == Code::kUnavailable || answer.error().code == Code::kLimit ||
                                   answer.error().code == Code::kTimeout || answers.size() == 1);
    if (whole) return std::unexpected(answer.error());
    results.push_back(result_of(decoded.events[i], answer, services, request));
    if (answer) taken.push_back(answer->at("seq").as_int64());
    is_denied = is_denied || (!answer && answer.error().code == Code::kForbidden);
  }
  auto response = json_response(json::object{{"results", std::move(results)}});
  response.is_denied = is_denied;
  if (!request.header("idempotency-key").empty()) response.about = TRY(about_all(services, decoded.events, taken));
  return response;
}

}  // namespace

std::vector<Route> event_routes(const Services& services) {
  return {
      {.method = Method::kPost,
       .pattern = "/v1/events",
       .permission = Permission::kWriteEvents,
       .handler = [&services](const Request& request) { return submit(services, request); },
       .repeat = Repeat::kTakesKey,
       .body_bytes_max = events::kMaxBodyBytes,
       .content_types = {"application/json", "application/cloudevents+json", "application/cloudevents-batch+json"},
       .query = {"history"}},
  };
}

}  // namespace amity::api
