#include "api/rest/routes.h"

#include <charconv>
#include <cmath>

#include "events/decode.h"

namespace amity::api {
namespace {

using events::EntityKind;
using security::Permission;

constexpr size_t kMaxKeyBytes = 128;  // of a reference (events/event.h)

// As far ahead as events may lie; beyond it nothing is known.
Result<std::optional<Timestamp>> moment_asked(const Services& services, const Request& request) {
  const auto at = request.query_value("at");
  if (!at) return std::nullopt;
  auto moment = parse_moment(*at);
  if (!moment) return invalid(moment.error().message, "?at");
  if (*moment > services.clock.now() + events::kMaxAhead) {
    return invalid("lies more than a day in the future: nothing is known of it", "?at");
  }
  return *moment;
}

Result<Response> search(const Services& services, const Request& request) {
  const auto query = request.query_value("query");
  if (!query || query->empty() || query->size() > 200) return invalid("1 to 200 bytes are expected", "?query");
  const auto limit = static_cast<int>(TRY(query_integer(request, "limit", 1, 200, 50)));
  json::array list;
  for (const auto& found : TRY(services.customers.search(request.who(), *query, limit))) {
    list.push_back({{"customer", found.customer}, {"name", found.name}});
  }
  return json_response(json::object{{"customers", std::move(list)}, {"next", nullptr}});
}

Result<Response> profile(const Services& services, const Request& request) {
  const auto at = TRY(moment_asked(services, request));
  return json_response(TRY(services.customers.profile(request.who(), request.parameter("customer"), at)));
}

Result<Response> timeline(const Services& services, const Request& request) {
  const auto limit = static_cast<int>(TRY(query_integer(request, "limit", 1, 200, 50)));
  auto page = TRY(
      services.customers.timeline(request.who(), request.parameter("customer"), request.query_value("cursor"), limit));
  json::array events;
  for (auto& event : page.events) events.push_back(std::move(event));
  return json_response(json::object{{"events", std::move(events)}, {"next", null_or(page.next)}});
}

Result<Response> consents(const Services& services, const Request& request) {
  const auto profile = TRY(services.customers.profile(request.who(), request.parameter("customer")));
  return json_response(json::object{{"consents", profile.at("consents")}});
}

// A consent is an event like any other: made unique by the caller's Idempotency-Key.
Result<Response> record_consent(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  json::object data{{"purpose", in.text("purpose", 64)}};
  const bool is_given = in.boolean_or("given", false);
  if (!in.has("given")) in.refuse("given", "this field is required");
  const auto notice = in.text_or("notice_version", "", 64);
  const auto language = in.text_or("language", "", 8);
  const auto channel = in.text_or("channel", "", 64);
  if (is_given && notice.empty()) in.refuse("notice_version", "a consent names the notice that was shown");
  if (is_given && language.empty()) in.refuse("language", "a consent names the language of the notice");
  TRY(in.finish());
  if (is_given) data["notice_version"] = notice, data["language"] = language;
  if (!channel.empty()) data["channel"] = channel;
  auto event = TRY(events::make_event({.source = "amity/consents/" + format(request.who().user),
                                       .id = std::string(request.header("idempotency-key")),
                                       .type = is_given ? "consent.given" : "consent.withdrawn",
                                       .subject = {EntityKind::kCustomer, std::string(request.parameter("customer"))},
                                       .time = services.clock.now(),
                                       .data = std::move(data)}));
  TRY(services.customers.consent(request.who(), request.parameter("customer"),
                                 ""));  // may the caller see the customer?
  const auto answers = services.submit(request.who(), {event});
  if (!answers.front()) return std::unexpected(answers.front().error());
  auto response = json_response(
      json::object{
          {"purpose", event.data.at("purpose")},
          {"given", is_given},
          {"from", {{"seq", answers.front()->at("seq")}, {"time", format(event.time)}, {"source", event.source}}}},
      201);
  response.about = {services.pseudonyms.of(event.subject).id};
  return response;
}

// Both are customers the caller may see; whoever is not reads like nobody.
Result<void> check_both(const Services& services, const Request& request, const std::string& other) {
  TRY(services.customers.consent(request.who(), request.parameter("customer"), ""));
  auto seen = services.customers.consent(request.who(), other, "");
  if (seen || seen.error().code != Code::kNotFound) return seen ? Result<void>() : std::unexpected(seen.error());
  return fail(Code::kUnprocessable, seen.error().message, "/other");
}

// A link, made or taken back, is an event like any other.
Result<Response> link(const Services& services, const Request& request, const char* type) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  const auto other = in.text("other", kMaxKeyBytes);
  const auto basis = in.text("basis", 256);
  TRY(in.finish());
  TRY(check_both(services, request, other));
  auto event = TRY(events::make_event({.source = "amity/merging/" + format(request.who().user),
                                       .id = std::string(request.header("idempotency-key")),
                                       .type = type,
                                       .subject = {EntityKind::kCustomer, std::string(request.parameter("customer"))},
                                       .time = services.clock.now(),
                                       .data = {{"other", other}, {"basis", basis}}}));
  const auto answers = services.submit(request.who(), {event});
  if (!answers.front()) return std::unexpected(answers.front().error());
  auto response =
      json_response(json::object{{"customer", event.subject.key},
                                 {"other", other},
                                 {"from", {{"seq", answers.front()->at("seq")}, {"time", format(event.time)}}}},
                    201);
  response.about = {services.pseudonyms.of(event.subject).id,
                    services.pseudonyms.of({EntityKind::kCustomer, other}).id};
  return response;
}

Result<Response> merge(const Services& services, const Request& request) {
  return link(services, request, "customer.merged");
}

Result<Response> unmerge(const Services& services, const Request& request) {
  return link(services, request, "customer.unmerged");
}

// What a repeat is answered tells of the act: when, and how many accounts. It stays, as whom it was about is gone
// already.
Result<Response> erase(const Services& services, const Request& request) {
  const auto body = TRY(json_body(request));
  JsonReader in(body, "");
  const auto basis = in.text("basis", 256);
  TRY(in.finish());
  return json_response(TRY(services.erase(request.who(), request.parameter("customer"), basis)));
}

Result<Response> account(const Services& services, const Request& request) {
  const auto at = TRY(moment_asked(services, request));
  return json_response(TRY(services.customers.account(request.who(), request.parameter("account"), at)));
}

Result<Response> account_features(const Services& services, const Request& request) {
  const auto at = TRY(moment_asked(services, request));
  TRY(services.customers.account(request.who(), request.parameter("account"), std::nullopt));  // seen and audited
  const events::Reference account{EntityKind::kAccount, std::string(request.parameter("account"))};
  const auto answer = TRY(services.read_features(request.who(), account, at));
  json::object values;
  for (const auto& [name, value] : answer.values) values[name] = std::isnan(value) ? json::value() : json::value(value);
  return json_response(json::object{
      {"at", format(answer.at)}, {"fingerprint", to_hex(answer.fingerprint)}, {"values", std::move(values)}});
}

Result<Response> event(const Services& services, const Request& request) {
  const auto text = request.parameter("seq");
  int64_t seq = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seq);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || seq < 1)
    return invalid("not a place in the log: a whole number from 1", "path:seq");
  return json_response(TRY(services.customers.event(request.who(), seq)));
}

}  // namespace

std::vector<Route> customer_routes(const Services& services) {
  const auto read = Permission::kReadCustomers;
  const auto to = [&services](Result<Response> (*handler)(const Services&, const Request&)) -> Handler {
    return [&services, handler](const Request& request) { return handler(services, request); };
  };
  return {
      {.method = Method::kGet, .pattern = "/v1/events/{seq}", .permission = read, .handler = to(event)},
      {.method = Method::kGet,
       .pattern = "/v1/customers",
       .permission = read,
       .handler = to(search),
       .query = {"query", "limit"}},
      {.method = Method::kGet,
       .pattern = "/v1/customers/{customer}",
       .permission = read,
       .handler = to(profile),
       .query = {"at"}},
      {.method = Method::kGet,
       .pattern = "/v1/customers/{customer}/timeline",
       .permission = read,
       .handler = to(timeline),
       .query = {"cursor", "limit"}},
      {.method = Method::kGet,
       .pattern = "/v1/customers/{customer}/consents",
       .permission = read,
       .handler = to(consents)},
      {.method = Method::kPost,
       .pattern = "/v1/customers/{customer}/consents",
       .permission = Permission::kManageConsents,
       .handler = to(record_consent),
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kPost,
       .pattern = "/v1/customers/{customer}/erasure",
       .permission = Permission::kEraseCustomers,
       .handler = to(erase),
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kPost,
       .pattern = "/v1/customers/{customer}/merge",
       .permission = Permission::kMergeCustomers,
       .handler = to(merge),
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kPost,
       .pattern = "/v1/customers/{customer}/unmerge",
       .permission = Permission::kMergeCustomers,
       .handler = to(unmerge),
       .repeat = Repeat::kNeedsKey},
      {.method = Method::kGet,
       .pattern = "/v1/accounts/{account}",
       .permission = read,
       .handler = to(account),
       .query = {"at"}},
      {.method = Method::kGet,
       .pattern = "/v1/accounts/{account}/features",
       .permission = read,
       .handler = to(account_features),
       .query = {"at"}},
  };
}

}  // namespace amity::api
