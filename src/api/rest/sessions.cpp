#include "api/rest/routes.h"

namespace amity::api {
namespace {

using security::Users;

Result<Response> signed_in(const Result<security::SignedIn>& result) {
  if (!result) return std::unexpected(result.error());
  return json_response(
      json::object{{"token", result->token}, {"expires", format(result->expires)}, {"user", format(result->user)}},
      201);
}

Result<Response> sign_in(Users& users, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  const auto name = in.text("name", 64);
  const auto password = in.text("password");
  TRY(in.finish());
  return signed_in(users.sign_in(name, password));
}

Result<Response> redeem(Users& users, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  const auto name = in.text("name", 64);
  const auto code = in.text("one_time_code", 128);
  const auto password = in.text("new_password");
  TRY(in.finish());
  return signed_in(users.redeem(name, code, password));
}

Result<Response> change_password(Users& users, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  const auto old_password = in.text("old_password");
  const auto new_password = in.text("new_password");
  TRY(in.finish());
  TRY(users.change_password(request.who(), old_password, new_password));
  return no_content();
}

Result<Response> list_sessions(Users& users, const Request& request) {
  json::array list;
  for (const auto& session : TRY(users.sessions(request.who()))) {
    list.push_back({{"id", format(session.id)},
                    {"created", format(session.created)},
                    {"last_used", format(session.last_used)},
                    {"expires", format(session.expires)}});
  }
  return json_response(json::object{{"sessions", std::move(list)}});
}

Result<Response> sign_out(Users& users, const Request& request) {
  constexpr std::string_view kBearer = "Bearer ";
  const auto header = request.header("authorization");
  if (header.size() <= kBearer.size()) return invalid("only a session can be ended: send its bearer token");
  TRY(users.sign_out(header.substr(kBearer.size())));
  return no_content();
}

Result<Response> end_session(Users& users, const Request& request) {
  TRY(users.end_session(request.who(), TRY(in_path(parse_uuid(request.parameter("session")), "session"))));
  return no_content();
}

}  // namespace

std::vector<Route> session_routes(const Services& services) {
  auto& users = services.users;
  return {
      {.method = Method::kPost,
       .pattern = "/v1/sessions",
       .handler = [&users](const Request& r) { return sign_in(users, r); },
       .is_open = true},
      {.method = Method::kGet,
       .pattern = "/v1/sessions",
       .handler = [&users](const Request& r) { return list_sessions(users, r); }},
      {.method = Method::kDelete,
       .pattern = "/v1/sessions/current",
       .handler = [&users](const Request& r) { return sign_out(users, r); }},
      {.method = Method::kDelete,
       .pattern = "/v1/sessions/{session}",
       .handler = [&users](const Request& r) { return end_session(users, r); }},
      {.method = Method::kPost,
       .pattern = "/v1/passwords",
       .handler = [&users](const Request& r) { return redeem(users, r); },
       .is_open = true},
      {.method = Method::kPut,
       .pattern = "/v1/passwords/current",
       .handler = [&users](const Request& r) { return change_password(users, r); }},
  };
}

}  // namespace amity::api
