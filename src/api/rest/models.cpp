#include "api/rest/routes.h"

#include <map>

#include "models/scorecard_export.h"

namespace amity::api {
namespace {

using security::Permission;

json::object shown(const models::ModelRecord& record) {
  auto out = models::to_json(record);
  return out;
}

Result<Response> list_features(const Services& services, const Request&) {
  json::array list;
  const auto set = services.feature_set();
  for (const auto& feature : set.definitions()) {
    json::array on;
    for (const auto& type : feature.on) on.push_back(json::string(type));
    json::object one{{"name", feature.name},
                     {"entity", features::name_of(feature.entity)},
                     {"aggregate", features::name_of(feature.aggregate)},
                     {"on", std::move(on)},
                     {"where", feature.where},
                     {"value", feature.value},
                     {"unit", feature.unit},
                     {"description_en", feature.description_en},
                     {"description_zh", feature.description_zh}};
    if (feature.window) one["window"] = std::to_string(feature.window->us / 1'000'000) + "s";
    list.push_back(std::move(one));
  }
  return json_response(json::object{{"features", std::move(list)}});
}

Result<Response> list(const Services& services, const Request& request) {
  std::map<std::string, json::array> by_name;
  for (const auto& record : TRY(services.models.list(request.who()))) by_name[record.name].push_back(shown(record));
  json::array models;
  for (auto& [name, versions] : by_name) models.push_back({{"name", name}, {"versions", std::move(versions)}});
  return json_response(json::object{{"models", std::move(models)}});
}

Result<Response> one(const Services& services, const Request& request) {
  json::array versions;
  for (const auto& record : TRY(services.models.list(request.who(), request.parameter("name")))) {
    versions.push_back(shown(record));
  }
  if (versions.empty()) return not_found("no model of this name has been trained");
  return json_response(json::object{{"name", request.parameter("name")}, {"versions", std::move(versions)}});
}

Result<Response> train(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  json::object options{{"until", in.text_or("until", "", 64)}, {"seed", in.integer_or("seed", 0, INT64_MAX, -1)}};
  TRY(in.finish());
  return json_response(TRY(services.train(request.who(), request.parameter("name"), options)), 201);
}

Result<Response> evaluate(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  json::object options{{"repeats", in.integer_or("repeats", 1, 20, 5)},
                       {"folds", in.integer_or("folds", 2, 20, 5)},
                       {"since", in.text_or("since", "", 64)}};
  TRY(in.finish());
  return json_response(TRY(services.evaluate(request.who(), request.parameter("name"), options)));
}

// The one version of the model whose fingerprint begins with the digits given.
Result<models::ModelRecord> version_named(const Services& services, const Request& request) {
  const auto digits = request.parameter("fingerprint");
  std::vector<models::ModelRecord> found;
  for (auto& record : TRY(services.models.list(request.who(), request.parameter("name")))) {
    if (to_hex(record.fingerprint).starts_with(digits)) found.push_back(std::move(record));
  }
  if (digits.size() < 8) return invalid("give at least eight digits of the fingerprint", "path:fingerprint");
  if (found.empty()) return not_found("no version of the model has this fingerprint");
  if (found.size() > 1) return invalid("several versions begin so: give more digits", "path:fingerprint");
  return found.front();
}

// Approving is done by a second person and makes the version live; each stage passed is a step of its own on record.
Result<Response> approve(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  const auto note = in.text_or("note", "", 1000);
  TRY(in.finish());
  auto record = TRY(version_named(services, request));
  using models::Action;
  using models::Stage;
  if (record.stage == Stage::kInReview) {
    record = TRY(services.models.take_step(request.who(), record.fingerprint, Action::kApprove, note));
  }
  return json_response(
      shown(TRY(services.models.take_step(request.who(), record.fingerprint, Action::kActivate, note))));
}

Result<Response> exported(const Services& services, const Request& request) {
  const auto form = models::parse_export_form(request.query_value("format").value_or("table"));
  if (!form) return invalid(form.error().message, "?format");
  const auto record = TRY(version_named(services, request));
  const auto registered = TRY(services.models.load(record.fingerprint));
  static const models::Texts kNone;
  const auto found = services.texts.find(request.language);
  const auto text =
      TRY(*form == models::ExportForm::kSql
              ? models::scorecard_sql(registered->model)
              : models::scorecard_table(registered->model, found == services.texts.end() ? kNone : found->second));
  return json_response(
      json::object{{"format", models::name_of(*form)}, {"fingerprint", to_hex(record.fingerprint)}, {"text", text}});
}

}  // namespace

std::vector<Route> feature_routes(const Services& services) {
  return {{.method = Method::kGet,
           .pattern = "/v1/features",
           .permission = Permission::kReadModels,
           .handler = [&services](const Request& request) { return list_features(services, request); }}};
}

std::vector<Route> model_routes(const Services& services) {
  const auto to = [&services](Result<Response> (*handler)(const Services&, const Request&)) -> Handler {
    return [&services, handler](const Request& request) { return handler(services, request); };
  };
  return {
      {.method = Method::kGet, .pattern = "/v1/models", .permission = Permission::kReadModels, .handler = to(list)},
      {.method = Method::kGet,
       .pattern = "/v1/models/{name}",
       .permission = Permission::kReadModels,
       .handler = to(one)},
      {.method = Method::kPost,
       .pattern = "/v1/models/{name}/train",
       .permission = Permission::kTrainModels,
       .handler = to(train),
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kPost,
       .pattern = "/v1/models/{name}/evaluate",
       .permission = Permission::kTrainModels,
       .handler = to(evaluate)},
      {.method = Method::kGet,
       .pattern = "/v1/models/{name}/versions/{fingerprint}/export",
       .permission = Permission::kReadModels,
       .handler = to(exported),
       .query = {"format"}},
      {.method = Method::kPost,
       .pattern = "/v1/models/{name}/versions/{fingerprint}/approval",
       .permission = Permission::kApproveModels,
       .handler = to(approve),
       .repeat = Repeat::kNeedsKey},
  };
}

}  // namespace amity::api
