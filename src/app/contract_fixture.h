// For tests: the program's real routes and real answers against openapi.yaml. Each part of the paths has a suite that
// gives every documented answer of its routes once; contract_test.cpp sees that no path is left out.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <span>

#include "api/caller_limits.h"
#include "api/client.h"
#include "app/engine_fixture.h"
#include "app/schema_fixture.h"
#include "simulator/bank.h"

namespace amity::app {

using api::Method;
namespace fs = std::filesystem;

// The beginnings of the paths that one suite tries.
using Part = std::span<const std::string_view>;
inline constexpr std::array<std::string_view, 4> kPeople = {"/v1/users", "/v1/sessions", "/v1/passwords",
                                                            "/v1/api-keys"};
inline constexpr std::array<std::string_view, 4> kCustomers = {"/v1/events", "/v1/customers", "/v1/accounts",
                                                               "/v1/features"};
inline constexpr std::array<std::string_view, 4> kDeciding = {"/v1/models", "/v1/policies", "/v1/decisions",
                                                              "/v1/replays"};
inline constexpr std::array<std::string_view, 6> kOperation = {"/v1/audit", "/v1/backups", "/v1/rebuilds",
                                                               "/healthz",  "/readyz",     "/metrics"};

inline bool is_of(std::string_view path, Part part) {
  return std::ranges::any_of(part, [&](const auto begin) { return path.starts_with(begin); });
}

// A model that learns from a hundred applications in a moment.
inline constexpr std::string_view kQuickModel = R"(
name: credit.quick
sample: { on: credit.application, key: application }
label: { on: loan.status_recorded, key: loan, bad: "event.status == 'defaulted'" }
group: account
features:
  - { name: application.amount, reason: amount_high }
  - { name: application.months, reason: term_long }
training: { trials: 1, folds: 2, blend: false, seed: 1 }
)";
// The same as a scorecard.
inline constexpr std::string_view kQuickScorecard = R"(
name: credit.card
sample: { on: credit.application, key: application }
label: { on: loan.status_recorded, key: loan, bad: "event.status == 'defaulted'" }
group: account
features:
  - { name: application.amount, reason: amount_high }
  - { name: application.months, reason: term_long }
algorithm: scorecard
scorecard: { base_score: 500, reference: best }
training: { folds: 2 }
)";
inline std::string verb_of(Method method) {
  std::string verb(name_of(method));
  for (char& c : verb) c = static_cast<char>(c + 32);
  return verb;
}

inline security::Caller caller_with(security::Role role, uint8_t number = 1) {
  security::Caller caller;
  caller.user = UserId{make_uuid_v8(std::array<uint8_t, 16>{number})};
  caller.name = name_of(role);
  caller.roles = {role};
  caller.unit = "/";
  return caller;
}

struct Call {
  Method method;
  std::string pattern;
  std::string target;
  json::value body = nullptr;
  std::optional<security::Caller> caller = local_operator();
  std::string token = {};  // of a session or an API key; then nobody is the caller yet
  std::string key = {};    // Idempotency-Key; empty: a new one
  std::string etag = {};
};

inline constexpr auto kOrganisationsAreKept = R"(duties:
  - name: d1
    title: {en: keeping, zh: 保存}
    basis: {en: Article 1, zh: 第一条}
    holds: {customers: [organisation], events: [customer.registered]}
    from: event
    keep: 100 years
)";

// "/v1/users/{user}/password-reset": nobody's and nothing's.
inline std::string target_of(std::string_view pattern) {
  std::string target(pattern);
  for (size_t open = 0; (open = target.find('{')) != std::string::npos;) {
    const size_t size = target.find('}') - open + 1;
    const auto name = target.substr(open, size);
    const bool is_id = name == "{user}" || name == "{session}" || name == "{key}" || name == "{decision}";
    target.replace(open, size, is_id ? format(Uuid{}) : name == "{fingerprint}" ? std::string(64, '0') : "999999");
  }
  return target;
}

// A body that route and document both take for well formed where they take one at all.
inline json::value body_of(const api::Route& route) {
  const std::string_view pattern = route.pattern;
  if (pattern.ends_with("/consents")) return json::object{{"purpose", "marketing"}, {"given", false}};
  if (pattern.ends_with("/merge") || pattern.ends_with("/unmerge")) {
    return json::object{{"other", "twin"}, {"basis", "ticket 1"}};
  }
  if (pattern.ends_with("/erasure")) return json::object{{"basis", "r-2"}};
  return json::object{};
}

inline std::optional<security::Role> role_without(security::Permission permission) {
  for (int role = 0; role <= static_cast<int>(security::Role::kCustomer); ++role) {
    if (!security::may(static_cast<security::Role>(role), permission)) return static_cast<security::Role>(role);
  }
  return std::nullopt;
}

// "get /v1/users 200" of all that openapi.yaml declares for a part.
inline std::set<std::string> declared_answers(const json::value& document, Part part) {
  std::set<std::string> declared;
  for (const auto& [path, item] : document.at("paths").as_object()) {
    if (!is_of(path, part)) continue;
    for (const auto& [verb, operation] : item.as_object()) {
      if (!operation.is_object()) continue;
      for (const auto& [status, answer] : operation.at("responses").as_object()) {
        declared.insert(std::string(verb) + " " + std::string(path) + " " + std::string(status));
      }
    }
  }
  return declared;
}

class Contract : public EngineTest {
 protected:
  void configure() override {
    const auto own = folder() / "institution";
    fs::copy(AMITY_SOURCE_DIR "/institution", own, fs::copy_options::recursive);
    std::ofstream(own / "models/credit.quick.yaml") << kQuickModel;
    std::ofstream(own / "models/credit.card.yaml") << kQuickScorecard;
    std::ofstream(own / "retention.yaml") << kOrganisationsAreKept;
    configuration_.institution = own.string();
  }
  void SetUp() override {
    EngineTest::SetUp();
    if (!HasFatalFailure()) router_.emplace(real_parts());
  }

  api::RouterParts real_parts() {
    auto parts = router_parts();
    parts.authenticate = [this](std::string_view token) { return engine_->users().authenticate(token); };
    return parts;
  }

  api::Request request_of(const Call& call) {
    api::Request request;
    request.method = call.method;
    request.target = call.target;
    if (call.token.empty()) request.caller = call.caller;
    if (!call.token.empty()) request.headers.push_back({"authorization", "Bearer " + call.token});
    if (!call.etag.empty()) request.headers.push_back({"if-match", call.etag});
    const auto key = call.key.empty() ? "contract-" + std::to_string(++number_) : call.key;
    request.headers.push_back({"idempotency-key", key});
    if (!call.body.is_null()) {
      request.headers.push_back({"content-type", "application/json"});
      request.body = write_json(call.body);
    }
    return request;
  }

  // Sends, holds the answer against what openapi.yaml documents for it, and remembers that it was given.
  json::value expect(int status, const Call& call) { return expect(status, call.pattern, *router_, request_of(call)); }
  json::value expect(int status, const std::string& pattern, const api::Router& router, const api::Request& request) {
    return expect(status, pattern, request, router.handle(request));
  }
  json::value expect(int status, const std::string& pattern, const api::Request& request, api::Response response) {
    const auto what = verb_of(request.method) + " " + request.target.substr(0, 200);
    const auto verb = verb_of(request.method);
    last_ = std::move(response);
    EXPECT_EQ(last_.status, status) << what << ' ' << last_.body;
    const auto& documented = schemas_.document().at("paths").at(pattern).at(verb).at("responses").as_object();
    const auto* answer = documented.if_contains(std::to_string(last_.status));
    EXPECT_NE(answer, nullptr) << what << " answered what is not documented: " << last_.status << ' ' << last_.body;
    if (answer == nullptr) return nullptr;
    given_.insert(verb + " " + pattern + " " + std::to_string(last_.status));
    const auto* content = schemas_.resolved(*answer).as_object().if_contains("content");
    EXPECT_EQ(content == nullptr, last_.body.empty()) << what;
    if (content == nullptr || last_.content_type.starts_with("text/plain")) return nullptr;
    const auto* described = content->as_object().if_contains(last_.content_type);
    EXPECT_NE(described, nullptr) << what << ' ' << last_.content_type;
    const auto value = parse_json(last_.body).value();
    if (described == nullptr) return value;
    for (const auto& difference : schemas_.differences(value, described->at("schema"))) {
      ADD_FAILURE() << what << ' ' << difference;
    }
    return value;
  }

  json::value get(const std::string& pattern, const std::string& target) {
    return expect(200, {.method = Method::kGet, .pattern = pattern, .target = target});
  }
  json::value post(int status, const std::string& pattern, const std::string& target, json::value body = nullptr) {
    return expect(status, {.method = Method::kPost, .pattern = pattern, .target = target, .body = std::move(body)});
  }

  // Forty days of a small simulated bank; remembers one customer and one account.
  void fill() {
    auto bank = simulator::Bank::create({.customers = 20, .days = 40, .seed = 1}).value();
    while (!bank.is_over()) {
      auto day = bank.next_day();
      for (auto& event : day.events) {
        event.is_history = true;
        if (event.type == "customer.registered" && customer_.empty()) customer_ = event.subject.key;
        if (event.type == "account.opened") account_ = event.subject.key;
      }
      submit(std::move(day.events));
    }
    ASSERT_FALSE(customer_.empty() || account_.empty());
    customer_path_ = "/v1/customers/" + api::percent_encoded(customer_);
    account_path_ = "/v1/accounts/" + api::percent_encoded(account_);
  }
  void submit(std::vector<events::Event> events) {
    for (const auto& answer : engine_->pipeline().submit(local_operator(), std::move(events))) {
      ASSERT_TRUE(answer.has_value()) << answer.error().text();
    }
  }
  // An event of the past, unique by type and name.
  static events::Event past(const std::string& type, const std::string& name, json::object data) {
    return events::make_event({.source = "test",
                               .id = type + "/" + name,
                               .type = type,
                               .subject = {events::EntityKind::kAccount, name},
                               .time = parse_moment("2024-01-01").value(),
                               .data = std::move(data),
                               .is_history = true})
        .value();
  }
  // A hundred and twenty applications; the larger half defaults.
  void lend() {
    std::vector<events::Event> events;
    for (int i = 0; i < 120; ++i) {
      const auto name = "loan-" + std::to_string(i);
      const json::object amount{{"amount_minor", 1000 * (1 + i % 20)}, {"currency", "CNY"}};
      events.push_back(past("account.opened", name,
                            {{"type", "loan"},
                             {"currency", "CNY"},
                             {"holders", json::array{json::object{{"customer", customer_}, {"role", "owner"}}}}}));
      events.push_back(past("credit.application", name, {{"application", name}, {"amount", amount}, {"months", 12}}));
      events.push_back(
          past("loan.status_recorded", name, {{"loan", name}, {"status", i % 20 >= 10 ? "defaulted" : "repaid"}}));
    }
    submit(std::move(events));
  }

  // Makes the route answer with `status` in the way in which every route does.
  void refuse(const api::Route& route, int status) {
    const std::string pattern(route.pattern);
    const bool has_body = route.method != Method::kGet && route.method != Method::kDelete;
    Call call{.method = route.method, .pattern = pattern, .target = target_of(pattern)};
    if (has_body) call.body = body_of(route);
    if (route.method == Method::kPatch) call.etag = "\"1\"";
    auto request = request_of(call);
    auto parts = real_parts();
    api::CallerLimits limits({.requests_per_second = 0.001, .burst = 1});
    const auto unavailable = [](std::string_view) -> Result<security::Caller> {
      return fail(Code::kUnavailable, "no database");
    };
    switch (status) {
      case 400: request.target += "?no_such_name=1"; break;
      case 401: request.caller.reset(); break;
      case 403: request.caller = caller_with(*role_without(*route.permission)); break;
      case 404: break;
      case 409:
        std::ignore = router_->handle(request);
        request.body += " ";
        request.headers.push_back({"content-type", "application/json"});
        break;
      case 413: request.body = std::string(route.body_bytes_max + 1, ' '); break;
      case 415:
        std::erase_if(request.headers, [](const auto& field) { return field.name == "content-type"; });
        request.headers.push_back({"content-type", "text/plain"});
        break;
      case 429:
        std::ignore = limits.take(format(request.caller->user), clock_.now());
        parts.caller_limits = &limits;
        break;
      case 503:
        request.caller.reset();
        request.headers.push_back({"authorization", "Bearer anything"});
        parts.authenticate = unavailable;
        break;
      default: ADD_FAILURE() << status;
    }
    expect(status, pattern, api::Router(std::move(parts)), std::move(request));
  }
  // What is documented and not yet given, in the way in which every route refuses.
  void refuse_what_all_refuse(Part part) {
    for (const auto& route : router_->routes()) {
      if (!is_of(route.pattern, part)) continue;
      const auto name = verb_of(route.method) + " " + std::string(route.pattern) + " ";
      const auto& operation = schemas_.document().at("paths").at(route.pattern).at(verb_of(route.method));
      for (const auto& [status, answer] : operation.at("responses").as_object()) {
        const auto one = name + std::string(status);
        const bool needs_a_full_disk = route.is_open && status == "503";
        if (status[0] == '2' || given_.contains(one) || needs_a_full_disk) continue;
        refuse(route, std::stoi(std::string(status)));
      }
    }
  }
  void expect_all_given(Part part) {
    const auto declared = declared_answers(schemas_.document(), part);
    EXPECT_FALSE(declared.empty());
    for (const auto& answer : declared) EXPECT_TRUE(given_.contains(answer)) << answer << " was never given";
  }

  std::optional<api::Router> router_;
  Schemas schemas_;
  api::Response last_;
  int number_ = 0;
  std::string customer_, account_, customer_path_, account_path_;
  std::set<std::string> given_;  // "get /v1/users 200"
};

}  // namespace amity::app
