#include "api/rest/routes.h"

#include <charconv>

#include "events/decode.h"

namespace amity::api {
namespace {

using security::Permission;

// "outcome.refer" in words; "refer" where the institution has given it none.
std::string word_of(const Texts& texts, std::string_view language, const std::string& key) {
  const auto spoken = texts.find(language);
  if (spoken != texts.end()) {
    if (const auto text = spoken->second.find(key); text != spoken->second.end()) return text->second;
  }
  return key.substr(key.find('.') + 1);
}

// The whole record, its reasons in words and what it read under `facts`.
std::string words_of(const Texts& texts, std::string_view language, const std::string& code, const std::string& value) {
  constexpr std::string_view kPlace = "{value}";
  const auto spoken = texts.find(language);
  if (spoken == texts.end()) return code;
  auto text = spoken->second.find("reason." + code + (value.empty() ? ".missing" : ""));
  if (text == spoken->second.end()) text = spoken->second.find("reason." + code);
  if (text == spoken->second.end()) return code;
  std::string words = text->second;
  const size_t at = words.find(kPlace);
  if (at != std::string::npos) words.replace(at, kPlace.size(), value);
  return words;
}

json::object shown(const Services& services, const Request& request, const json::object& record) {
  json::object out = worded_summary(services.texts, decisions::summary_of(record), request.language);
  for (const auto* name :
       {"seq", "time", "event_type", "subject", "policy_fingerprint", "features_fingerprint", "purpose", "basis"}) {
    out[name] = record.at(name);
  }
  json::object facts;
  for (const auto* name : {"event", "features", "customer", "product"}) facts[name] = record.at(name);
  out["facts"] = std::move(facts);
  const auto* score = record.if_contains("score");
  out["score"] = score == nullptr ? json::value() : *score;
  out["verdict"] = {{"outcome", record.at("outcome")}, {"hits", record.at("hits")}};
  return out;
}

Result<events::Entity> subject_of(const json::object& record) {
  const std::string_view subject = record.at("subject").as_string();
  const size_t slash = subject.find('/');
  return events::Entity{TRY(events::parse_entity_kind(subject.substr(0, slash))),
                        TRY(parse_uuid(subject.substr(slash + 1)))};
}

// A decision about somebody outside the caller's unit reads as not found.
Result<json::object> record_of(const Services& services, const Request& request, DecisionId id) {
  json::object record;
  TRY(services.database.read([&](store::Reader& reader) -> Result<void> {
    record = TRY(services.desk.record(reader, id));
    if (TRY(services.customers.may_read(request.who(), reader, TRY(subject_of(record))))) return {};
    return not_found("no decision with this id");
  }));
  return record;
}

// A decision asked for is an event submitted: recorded, walked and answered like any other.
Result<Response> decide(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  const auto type = in.text("type", 128);
  const auto subject = in.text("subject", 256);
  const auto data = in.object("data");
  const auto at = in.text_or("at", "", 64);
  TRY(in.finish());
  auto time = at.empty() ? Result<Timestamp>(services.clock.now()) : parse_moment(at);
  if (!time) return invalid(time.error().message, "/at");
  if (*time > services.clock.now() + events::kMaxAhead)
    return invalid("lies more than a day in the future: nothing is decided ahead of time", "/at");
  if (!services.policies.active_for(type)) {
    return fail(Code::kUnprocessable, "no active policy decides events of this type", "/type");
  }
  auto reference = events::parse_reference(subject);
  if (!reference) return std::unexpected(std::move(reference).error().within("/subject"));
  TRY(services.database.read([&](store::Reader& reader) -> Result<void> {
    if (TRY(services.customers.may_see(request.who(), reader, services.pseudonyms.of(*reference)))) return {};
    return fail(Code::kUnprocessable, "nobody is registered under this reference, or not in your unit", "/subject");
  }));
  auto made_event = events::make_event({.source = "amity/decisions/" + format(request.who().user),
                                        .id = std::string(request.header("idempotency-key")),
                                        .type = type,
                                        .subject = *reference,
                                        .time = *time,
                                        .data = data});
  if (!made_event && made_event.error().place == "/time") made_event.error().place = "/at";  // as it was asked
  const auto event = TRY(std::move(made_event));
  const auto answers = services.submit(request.who(), {event});
  if (!answers.front()) return std::unexpected(answers.front().error());
  const auto& made = answers.front()->at("decisions").as_array();
  if (made.empty()) return fail(Code::kUnprocessable, "the event was recorded, but no policy decided it", "/type");
  const auto id = TRY(parse_id<DecisionId>(made.front().at("id").as_string()));
  auto response = json_response(shown(services, request, TRY(record_of(services, request, id))), 201);
  const int64_t seq[] = {answers.front()->at("seq").as_int64()};
  response.about = TRY(services.customers.concerned_by(seq));
  return response;
}

Result<Response> list(const Services& services, const Request& request) {
  const auto limit = static_cast<int>(TRY(query_integer(request, "limit", 1, 200, 50)));
  const auto before = TRY(query_integer(request, "cursor", 1, INT64_MAX, INT64_MAX));
  std::optional<Uuid> subject;
  if (const auto text = request.query_value("subject")) {
    auto reference = events::parse_reference(*text);
    if (!reference) return invalid(reference.error().message, "?subject");
    subject = services.pseudonyms.of(*reference).id;
  }
  std::vector<json::object> records;
  int64_t last_seq = 0;
  int64_t read_count = 0;
  TRY(services.database.read([&](store::Reader& reader) -> Result<void> {
    for (auto& record : TRY(services.desk.records(reader, subject, before, limit))) {
      last_seq = record.at("seq").as_int64();
      ++read_count;
      if (TRY(services.customers.may_read(request.who(), reader, TRY(subject_of(record)))))
        records.push_back(std::move(record));
    }
    return {};
  }));
  TRY(services.database.write([&](store::Transaction& transaction) {
    const auto object = subject ? "decisions/" + format(*subject) : std::string("decisions");
    return services.audit.record(transaction, request.who(), security::AuditEntry{"decisions.listed", object, {}});
  }));
  json::array shown_list;
  const auto policy = request.query_value("policy");
  for (const auto& record : records) {
    if (policy && record.at("policy").as_string() != *policy) continue;
    shown_list.push_back(worded_summary(services.texts, decisions::summary_of(record), request.language));
  }
  std::optional<std::string> next;
  if (read_count == limit) next = std::to_string(last_seq);
  return json_response(json::object{{"decisions", std::move(shown_list)}, {"next", null_or(next)}});
}

Result<Response> one(const Services& services, const Request& request) {
  const auto id = TRY(in_path(parse_id<DecisionId>(request.parameter("decision")), "decision"));
  auto record = TRY(record_of(services, request, id));
  TRY(services.database.write([&](store::Transaction& transaction) {
    return services.audit.record(transaction, request.who(),
                                 security::AuditEntry{"decision.read", "decision/" + format(id), {}});
  }));
  return json_response(shown(services, request, record));
}

Result<Response> replay_one(const Services& services, const Request& request) {
  const auto id = TRY(in_path(parse_id<DecisionId>(request.parameter("decision")), "decision"));
  TRY(record_of(services, request, id));
  const auto report = TRY(services.replay(request.who(), id));
  json::array fields;
  for (const auto& difference : report.at("differences").as_array()) {
    fields.push_back(json::string("/" + std::string(difference.at("field").as_string())));
  }
  return json_response(json::object{{"is_equal", report.at("difference_count").as_int64() == 0},
                                    {"recorded_values", report.at("recorded_values")},
                                    {"differences", std::move(fields)}});
}

Result<Response> replay_all(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  TRY(JsonReader(body, "").finish());
  const auto report = TRY(services.replay(request.who(), std::nullopt));
  json::array different;
  for (const auto& difference : report.at("differences").as_array()) different.push_back(difference.at("decision"));
  return json_response(json::object{{"decisions", report.at("decisions")},
                                    {"events", report.at("events")},
                                    {"erased", report.at("erased")},
                                    {"recorded_values", report.at("recorded_values")},
                                    {"resting_on_record", report.at("resting_on_record")},
                                    {"differences", report.at("difference_count")},
                                    {"different", std::move(different)}});
}

}  // namespace

json::array worded(const Texts& texts, const json::array& reasons, std::string_view language) {
  json::array out;
  for (const auto& reason : reasons) {
    const auto code = std::string(reason.at("code").as_string());
    const auto* value = reason.as_object().if_contains("value");
    out.push_back({{"code", code},
                   {"text", words_of(texts, language, code, value == nullptr ? "" : std::string(value->as_string()))}});
  }
  return out;
}

json::object worded_summary(const Texts& texts, const json::object& summary, std::string_view language) {
  json::object out = summary;
  out["outcome_text"] = word_of(texts, language, "outcome." + std::string(summary.at("outcome").as_string()));
  out["reasons"] = worded(texts, summary.at("reasons").as_array(), language);
  return out;
}

json::value null_or(const std::optional<std::string>& text) { return text ? json::value(*text) : json::value(); }

std::vector<Route> decision_routes(const Services& services) {
  const auto to = [&services](Result<Response> (*handler)(const Services&, const Request&)) -> Handler {
    return [&services, handler](const Request& request) { return handler(services, request); };
  };
  return {
      {.method = Method::kPost,
       .pattern = "/v1/decisions",
       .permission = Permission::kDecide,
       .handler = to(decide),
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kGet,
       .pattern = "/v1/decisions",
       .permission = Permission::kReadDecisions,
       .handler = to(list),
       .query = {"subject", "policy", "cursor", "limit"}},
      {.method = Method::kGet,
       .pattern = "/v1/decisions/{decision}",
       .permission = Permission::kReadDecisions,
       .handler = to(one)},
      {.method = Method::kPost,
       .pattern = "/v1/decisions/{decision}/replay",
       .permission = Permission::kReplay,
       .handler = to(replay_one)},
      {.method = Method::kPost, .pattern = "/v1/replays", .permission = Permission::kReplay, .handler = to(replay_all)},
  };
}

}  // namespace amity::api
