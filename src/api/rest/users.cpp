#include "api/rest/routes.h"

namespace amity::api {
namespace {

using security::Permission;
using security::Users;

constexpr int kPageUsers = 200;

json::object to_json(const security::User& user) {
  json::array roles;
  for (const auto role : user.roles) roles.push_back(json::string(security::name_of(role)));
  return {{"id", format(user.id)},           {"name", user.name},
          {"roles", std::move(roles)},       {"unit", user.unit},
          {"is_disabled", user.is_disabled}, {"has_password", user.has_password},
          {"created", format(user.created)}};
}

std::vector<security::Role> roles_of(const json::array& list, JsonReader& in) {
  std::vector<security::Role> roles;
  for (const auto& item : list) {
    const auto role = item.is_string() ? security::parse_role(std::string_view(item.get_string())) : invalid("text");
    if (role) roles.push_back(*role);
    if (!role) in.refuse("roles", "not a role of the program");
  }
  return roles;
}

// The path has the id; the room finds by name.
Result<security::User> user_by_id(Users& users, const Request& request) {
  const auto id = TRY(in_path(parse_id<UserId>(request.parameter("user")), "user"));
  std::string after;
  for (;;) {
    const auto page = TRY(users.list(request.who(), after, kPageUsers));
    for (const auto& user : page) {
      if (user.id == id) return user;
    }
    if (page.size() < static_cast<size_t>(kPageUsers)) return not_found("no user with this id");
    after = page.back().name;
  }
}

Result<Response> list_users(Users& users, const Request& request) {
  const auto limit = static_cast<int>(TRY(query_integer(request, "limit", 1, 200, 50)));
  const auto page = TRY(users.list(request.who(), request.query_value("cursor").value_or(""), limit));
  json::array list;
  for (const auto& user : page) list.push_back(to_json(user));
  std::optional<std::string> next;
  if (page.size() == static_cast<size_t>(limit)) next = page.back().name;
  return json_response(json::object{{"users", std::move(list)}, {"next", null_or(next)}});
}

Result<Response> one_time_code(const Result<std::string>& code, UserId user, int status) {
  if (!code) return std::unexpected(code.error());
  return json_response(json::object{{"one_time_code", *code}, {"user", format(user)}}, status);
}

Result<Response> add_user(Users& users, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  security::NewUser user;
  user.name = in.text("name", 64);
  user.roles = roles_of(in.array("roles"), in);
  user.unit = in.text_or("unit", "/");
  TRY(in.finish());
  const auto code = users.add(request.who(), user);
  if (!code) return std::unexpected(code.error());
  return one_time_code(code, TRY(users.find(request.who(), user.name)).id, 201);
}

Result<Response> change_user(Users& users, const Request& request) {
  const auto body = TRY(json_body(request));
  const auto user = TRY(user_by_id(users, request));
  TRY(require_match(request, to_hex(digest(as_bytes(write_json(to_json(user)))))));
  JsonReader in(body, "");
  const bool has_roles = in.has("roles");
  const auto roles = has_roles ? roles_of(in.array("roles"), in) : user.roles;
  if (!has_roles) in.any_or_null("roles");
  const auto unit = in.text_or("unit", user.unit);
  const bool is_disabled = in.boolean_or("is_disabled", user.is_disabled);
  TRY(in.finish());
  if (roles != user.roles || unit != user.unit) TRY(users.set_roles(request.who(), user.id, roles, unit));
  if (is_disabled != user.is_disabled) TRY(users.set_disabled(request.who(), user.id, is_disabled));
  const auto changed = to_json(TRY(users.find(request.who(), user.name)));
  return with_etag(json_response(changed), to_hex(digest(as_bytes(write_json(changed)))));
}

Result<Response> get_user(Users& users, const Request& request) {
  const auto user = to_json(TRY(user_by_id(users, request)));
  return with_etag(json_response(user), to_hex(digest(as_bytes(write_json(user)))));
}

Result<Response> reset_password(Users& users, const Request& request) {
  const auto user = TRY(user_by_id(users, request));
  return one_time_code(users.reset_password(request.who(), user.id), user.id, 201);
}

Result<Response> list_keys(Users& users, const Request& request) {
  json::array list;
  for (const auto& key : TRY(users.api_keys(request.who()))) {
    json::array scopes;
    for (const auto scope : key.scopes) scopes.push_back(json::string(security::name_of(scope)));
    list.push_back({{"id", format(key.id)},
                    {"label", key.label},
                    {"scopes", std::move(scopes)},
                    {"created", format(key.created)},
                    {"expires", format(key.expires)}});
  }
  return json_response(json::object{{"api_keys", std::move(list)}});
}

Result<Response> make_key(Users& users, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  security::NewApiKey key;
  key.label = in.text("label", 64);
  for (const auto& item : in.array("scopes")) {
    const auto scope =
        item.is_string() ? security::parse_permission(std::string_view(item.get_string())) : invalid("text");
    if (scope) key.scopes.push_back(*scope);
    if (!scope) in.refuse("scopes", "not a permission of the program");
  }
  const auto expires = parse_moment(in.text("expires"));
  if (!expires) in.refuse("expires", expires.error().message);
  TRY(in.finish());
  key.expires = *expires;
  const auto shown = TRY(users.make_api_key(request.who(), key));
  return json_response(json::object{{"key", shown.key}, {"id", format(shown.id)}}, 201);
}

Result<Response> revoke_key(Users& users, const Request& request) {
  TRY(users.revoke_api_key(request.who(), TRY(in_path(parse_uuid(request.parameter("key")), "key"))));
  return no_content();
}

}  // namespace

std::vector<Route> user_routes(const Services& services) {
  auto& users = services.users;
  const auto manage = Permission::kManageUsers;
  const auto to = [&users](Result<Response> (*handler)(Users&, const Request&)) -> Handler {
    return [&users, handler](const Request& request) { return handler(users, request); };
  };
  return {
      {.method = Method::kGet,
       .pattern = "/v1/users",
       .permission = manage,
       .handler = to(list_users),
       .query = {"cursor", "limit"}},
      {.method = Method::kPost,
       .pattern = "/v1/users",
       .permission = manage,
       .handler = to(add_user),
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kGet, .pattern = "/v1/users/{user}", .permission = manage, .handler = to(get_user)},
      {.method = Method::kPatch, .pattern = "/v1/users/{user}", .permission = manage, .handler = to(change_user)},
      {.method = Method::kPost,
       .pattern = "/v1/users/{user}/password-reset",
       .permission = manage,
       .handler = to(reset_password),
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kGet, .pattern = "/v1/api-keys", .handler = to(list_keys)},
      {.method = Method::kPost, .pattern = "/v1/api-keys", .handler = to(make_key), .repeat = Repeat::kNeedsKey},
      {.method = Method::kDelete, .pattern = "/v1/api-keys/{key}", .handler = to(revoke_key)},
  };
}

}  // namespace amity::api
