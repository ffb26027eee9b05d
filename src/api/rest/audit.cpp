#include "api/rest/routes.h"

namespace amity::api {
namespace {

using security::Permission;

json::object shown(const security::AuditRecord& entry) {
  return {
      {"seq", entry.seq},         {"time", format(entry.time)}, {"user", format(entry.actor)},
      {"name", entry.actor_name}, {"purpose", entry.purpose},   {"action", entry.action},
      {"object", entry.object},   {"trace_id", entry.trace_id}, {"detail", parse_json(entry.detail).value_or(nullptr)}};
}

Result<Response> entries(const Services& services, const Request& request) {
  security::AuditQuery query;
  query.limit = static_cast<int>(TRY(query_integer(request, "limit", 1, 200, 50)));
  const auto before = TRY(query_integer(request, "cursor", 0, INT64_MAX, 0));
  if (before > 0) query.before_seq = before;
  std::vector<security::AuditRecord> records;
  TRY(services.database.read([&](store::Reader& reader) -> Result<void> {
    records = TRY(security::read_audit(reader, request.who(), query));
    return {};
  }));
  json::array list;
  for (const auto& entry : records) list.push_back(shown(entry));
  std::optional<std::string> next;
  if (records.size() == static_cast<size_t>(query.limit)) next = std::to_string(records.back().seq);
  return json_response(json::object{{"entries", std::move(list)}, {"next", null_or(next)}});
}

Result<Response> back_up(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  const auto name = in.text("name", 100);
  const bool is_plain = name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
                            std::string::npos &&
                        !name.starts_with('.') && !name.starts_with('-') && !name.starts_with('_');
  if (!name.empty() && !is_plain)
    in.refuse("name", "letters, digits, point, dash and underscore, beginning with a letter or digit");
  TRY(in.finish());
  return json_response(TRY(services.back_up(request.who(), name)), 201);
}

Result<Response> rebuild(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  const bool is_check = in.boolean_or("is_check", false);
  TRY(in.finish());
  return json_response(customers::to_json(TRY(services.rebuild(request.who(), is_check))));
}

}  // namespace

std::vector<Route> audit_routes(const Services& services) {
  return {
      {.method = Method::kGet,
       .pattern = "/v1/audit/entries",
       .permission = Permission::kReadAudit,
       .handler = [&services](const Request& request) { return entries(services, request); },
       .query = {"cursor", "limit"}},
      {.method = Method::kGet,
       .pattern = "/v1/audit/verification",
       .permission = Permission::kReadAudit,
       .handler = [&services](const Request& request) -> Result<Response> {
         return json_response(TRY(services.verify_audit(request.who())));
       }},
      {.method = Method::kPost,
       .pattern = "/v1/audit/checkpoints",
       .permission = Permission::kOperate,
       .handler = [&services](const Request& request) -> Result<Response> {
         return json_response(TRY(services.make_checkpoint(request.who())), 201);
       },
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kPost,
       .pattern = "/v1/backups",
       .permission = Permission::kBackUp,
       .handler = [&services](const Request& request) { return back_up(services, request); },
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kPost,
       .pattern = "/v1/rebuilds",
       .permission = Permission::kOperate,
       .handler = [&services](const Request& request) { return rebuild(services, request); },
       .repeat = Repeat::kNeedsKey},
  };
}

}  // namespace amity::api
