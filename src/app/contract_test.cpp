// The program's real routes and real answers against openapi.yaml: what is documented is what is answered, and every
// documented answer of every route is given once here.
#include "api/contract.h"

#include <sys/resource.h>

#include <array>
#include <csignal>
#include <set>
#include <thread>

#include "api/caller_limits.h"
#include "app/engine_fixture.h"
#include "app/schema_fixture.h"
#include "simulator/bank.h"

namespace amity::app {
namespace {

using api::Method;
namespace fs = std::filesystem;

// A model that learns from a hundred applications in a moment.
constexpr std::string_view kQuickModel = R"(
name: credit.quick
sample: { on: credit.application, key: application }
label: { on: loan.status_recorded, key: loan, bad: "event.status == 'defaulted'" }
group: account
features:
  - { name: application.amount, reason: amount_high }
  - { name: application.months, reason: term_long }
training: { trials: 1, folds: 2, blend: false, seed: 1 }
)";
constexpr std::string_view kPolicy = R"(
policy: consent.notice
on: consent.given
purpose: service
basis: contract
features: []
outcomes: [note]
otherwise: note
fallback: note
)";

// A disk that takes nothing more from this process.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit nothing{0, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &nothing);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

std::string verb_of(Method method) {
  std::string verb(name_of(method));
  for (char& c : verb) c = static_cast<char>(c + 32);
  return verb;
}

security::Caller caller_with(security::Role role, uint8_t number = 1) {
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

constexpr auto kOrganisationsAreKept = R"(duties:
  - name: d1
    title: {en: keeping, zh: 保存}
    basis: {en: Article 1, zh: 第一条}
    holds: {customers: [organisation], events: [customer.registered]}
    from: event
    keep: 100 years
)";

class Contract : public EngineTest {
 protected:
  Contract() : EngineTest([](Configuration& c, const fs::path& folder) { own_institution(c, folder); }) {}

  static void own_institution(Configuration& configuration, const fs::path& folder) {
    fs::copy(AMITY_SOURCE_DIR "/institution", folder / "institution", fs::copy_options::recursive);
    std::ofstream(folder / "institution/models/credit.quick.yaml") << kQuickModel;
    std::ofstream(folder / "institution/retention.yaml") << kOrganisationsAreKept;
    configuration.institution = (folder / "institution").string();
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
  json::value expect(int status, const Call& call) { return expect(status, call.pattern, router_, request_of(call)); }
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

  void read_the_bank();
  void decide();
  void change_the_bank();
  void manage_users();
  void change_a_password_twice_at_once();
  void meet_a_full_disk();
  void use_sessions_and_keys();
  void learn();
  void write_policies();
  void lock_out(const std::string& route, const json::object& guess);
  void refuse_what_only_some_routes_refuse();
  void refuse_what_all_refuse();
  void erase_and_back_up();
  void freeze();
  void refuse(const api::Route& route, int status);
  std::string token_of(const std::string& name, const std::vector<std::string>& roles);

  api::Router router_{real_parts()};
  Schemas schemas_;
  api::Response last_;
  int number_ = 0;
  std::string customer_, account_, customer_path_, account_path_;
  std::string model_path_;       // of the version that waits for approval
  std::set<std::string> given_;  // "get /v1/users 200"
};

void Contract::read_the_bank() {
  for (const auto& [pattern, target] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/events/{seq}", "/v1/events/1"},
           {"/v1/customers", "/v1/customers?query=" + api::percent_encoded(customer_)},
           {"/v1/customers/{customer}", customer_path_},
           {"/v1/customers/{customer}", customer_path_ + "?at=2024-01-20"},
           {"/v1/customers/{customer}/timeline", customer_path_ + "/timeline?limit=200"},
           {"/v1/customers/{customer}/consents", customer_path_ + "/consents"},
           {"/v1/accounts/{account}", account_path_},
           {"/v1/accounts/{account}/features", account_path_ + "/features"},
           {"/v1/features", "/v1/features"},
           {"/v1/models", "/v1/models"},
           {"/v1/policies", "/v1/policies"},
           {"/v1/policies/{policy}", "/v1/policies/credit.application"},
           {"/v1/decisions", "/v1/decisions"},
           {"/v1/audit/entries", "/v1/audit/entries?limit=200"},
           {"/v1/audit/verification", "/v1/audit/verification"},
           {"/v1/users", "/v1/users"},
           {"/v1/sessions", "/v1/sessions"},
           {"/v1/api-keys", "/v1/api-keys"},
           {"/healthz", "/healthz"},
           {"/readyz", "/readyz"},
           {"/metrics", "/metrics"}}) {
    get(pattern, target);
  }
}

void Contract::decide() {
  const json::object application{
      {"application", "a-1"}, {"amount", {{"amount_minor", 9'000'000}, {"currency", "CNY"}}}, {"months", 12}};
  const json::object asked{{"type", "credit.application"}, {"subject", "account/" + account_}, {"data", application}};
  const auto decision = post(201, "/v1/decisions", "/v1/decisions", asked);
  ASSERT_TRUE(decision.is_object() && decision.as_object().contains("id")) << write_json(decision);
  const auto path = "/v1/decisions/" + std::string(decision.at("id").as_string());
  get("/v1/decisions/{decision}", path);
  get("/v1/decisions", "/v1/decisions?limit=1");
  EXPECT_TRUE(post(200, "/v1/decisions/{decision}/replay", path + "/replay").at("is_equal").as_bool());
  const auto replayed = post(200, "/v1/replays", "/v1/replays", json::object{});
  EXPECT_EQ(replayed.at("decisions"), 1);
  EXPECT_EQ(replayed.at("differences"), 0);
}

void Contract::change_the_bank() {
  const json::object event{{"specversion", "1.0"},
                           {"source", "test"},
                           {"id", "c-1"},
                           {"type", "customer.registered"},
                           {"subject", "customer/another"},
                           {"time", "2024-01-01T00:00:00Z"},
                           {"data", json::object{{"kind", "person"}}}};
  post(200, "/v1/events", "/v1/events", event);
  post(200, "/v1/events", "/v1/events?history=true", json::array{event});
  auto other = event;
  other["data"] = json::object{{"kind", "organisation"}};
  post(409, "/v1/events", "/v1/events", other);
  const json::object consent{
      {"purpose", "marketing"}, {"given", true}, {"notice_version", "2026-01"}, {"language", "zh"}};
  post(201, "/v1/customers/{customer}/consents", customer_path_ + "/consents", consent);
  get("/v1/customers/{customer}/consents", customer_path_ + "/consents");
  post(201, "/v1/audit/checkpoints", "/v1/audit/checkpoints");
  get("/v1/audit/verification", "/v1/audit/verification");
  const auto rebuilt = post(200, "/v1/rebuilds", "/v1/rebuilds", json::object{{"is_check", true}});
  EXPECT_EQ(rebuilt.at("differences"), 0);
}

void Contract::erase_and_back_up() {
  post(201, "/v1/backups", "/v1/backups", json::object{{"name", "one"}});
  post(409, "/v1/backups", "/v1/backups", json::object{{"name", "one"}});
  // A hundred and more accounts: more than one event can name.
  const auto erased =
      post(200, "/v1/customers/{customer}/erasure", customer_path_ + "/erasure", json::object{{"basis", "r-1"}});
  EXPECT_GE(erased.at("accounts_erased").as_int64(), 120);
  EXPECT_TRUE(erased.at("frozen").is_null());
}

void Contract::freeze() {
  const json::object event{{"specversion", "1.0"},
                           {"source", "test"},
                           {"id", "c-2"},
                           {"type", "customer.registered"},
                           {"subject", "customer/company"},
                           {"time", "2024-01-01T00:00:00Z"},
                           {"data", json::object{{"kind", "organisation"}}}};
  post(200, "/v1/events", "/v1/events", event);
  const std::string path = "/v1/customers/company";
  const auto answer = post(200, "/v1/customers/{customer}/erasure", path + "/erasure", json::object{{"basis", "r-2"}});
  EXPECT_TRUE(answer.at("erased_at").is_null());
  EXPECT_EQ(answer.at("frozen").at("duties").at(0).at("name"), "d1");
  auto officer = local_operator();
  officer.purpose = security::Purpose::kLegalHold;
  Call hold{.method = Method::kGet, .pattern = "/v1/customers/{customer}", .target = path, .caller = officer};
  EXPECT_TRUE(expect(200, hold).as_object().contains("frozen_until"));
  hold.caller = local_operator();
  expect(404, hold);
}

// A user added, with a password, signed in.
std::string Contract::token_of(const std::string& name, const std::vector<std::string>& roles) {
  const json::object user{{"name", name}, {"roles", json::array(roles.begin(), roles.end())}};
  const auto added = post(201, "/v1/users", "/v1/users", user);
  const json::object redemption{
      {"name", name}, {"one_time_code", added.at("one_time_code")}, {"new_password", "correct horse battery"}};
  const auto signed_in = post(201, "/v1/passwords", "/v1/passwords", redemption);
  return std::string(signed_in.at("token").as_string());
}

void Contract::manage_users() {
  const auto added = post(201, "/v1/users", "/v1/users", json::object{{"name", "li.na"}, {"roles", {"risk_analyst"}}});
  post(409, "/v1/users", "/v1/users", json::object{{"name", "li.na"}, {"roles", {"marketer"}}});
  const auto path = "/v1/users/" + std::string(added.at("user").as_string());
  const Call change{.method = Method::kPatch,
                    .pattern = "/v1/users/{user}",
                    .target = path,
                    .body = json::object{{"roles", {"marketer"}}, {"is_disabled", true}}};
  expect(428, change);
  get("/v1/users/{user}", path);
  auto seen = change;
  seen.etag = last_.header("etag");
  EXPECT_EQ(expect(200, seen).at("is_disabled"), true);
  EXPECT_NE(last_.header("etag"), seen.etag);
  expect(412, seen);
  post(201, "/v1/users/{user}/password-reset", path + "/password-reset");
  EXPECT_EQ(get("/v1/users", "/v1/users").at("users").as_array().size(), 1u);
}

void Contract::use_sessions_and_keys() {
  const auto first = token_of("wang.fang", {"risk_analyst"});
  const json::object credentials{{"name", "wang.fang"}, {"password", "correct horse battery"}};
  const auto second = std::string(post(201, "/v1/sessions", "/v1/sessions", credentials).at("token").as_string());
  const auto as = [](std::string token, Method method, std::string pattern, std::string target,
                     json::value body = nullptr) {
    return Call{.method = method,
                .pattern = std::move(pattern),
                .target = std::move(target),
                .body = std::move(body),
                .token = std::move(token)};
  };
  const auto sessions = expect(200, as(first, Method::kGet, "/v1/sessions", "/v1/sessions")).at("sessions");
  ASSERT_EQ(sessions.as_array().size(), 2u);
  expect(204, as(second, Method::kDelete, "/v1/sessions/current", "/v1/sessions/current"));
  const json::object asked{
      {"label", "reports"}, {"scopes", {"read_models"}}, {"expires", format(clock_.now() + days(30))}};
  const auto made = expect(201, as(first, Method::kPost, "/v1/api-keys", "/v1/api-keys", asked));
  const auto key = std::string(made.at("key").as_string());
  const auto key_path = "/v1/api-keys/" + std::string(made.at("id").as_string());
  expect(200, as(first, Method::kGet, "/v1/api-keys", "/v1/api-keys"));
  expect(200, as(key, Method::kGet, "/v1/models", "/v1/models"));

  // An API key is no session: it makes no keys, ends nothing and changes no password.
  const json::object passwords{{"old_password", "correct horse battery"}, {"new_password", "battery horse correct"}};
  expect(403, as(key, Method::kPost, "/v1/api-keys", "/v1/api-keys", asked));
  expect(403, as(key, Method::kDelete, "/v1/api-keys/{key}", key_path));
  expect(403, as(key, Method::kDelete, "/v1/sessions/current", "/v1/sessions/current"));
  expect(403, as(key, Method::kDelete, "/v1/sessions/{session}", "/v1/sessions/" + format(Uuid{})));
  expect(403, as(key, Method::kPut, "/v1/passwords/current", "/v1/passwords/current", passwords));

  expect(404, as(first, Method::kDelete, "/v1/api-keys/{key}", "/v1/api-keys/" + format(Uuid{})));
  expect(404, as(first, Method::kDelete, "/v1/sessions/{session}", "/v1/sessions/" + format(Uuid{})));
  expect(204, as(first, Method::kDelete, "/v1/api-keys/{key}", key_path));
  const json::object wrong{{"old_password", "battery"}, {"new_password", "battery horse correct"}};
  expect(401, as(first, Method::kPut, "/v1/passwords/current", "/v1/passwords/current", wrong));
  const json::object weak{{"old_password", "correct horse battery"}, {"new_password", "12345678"}};
  expect(422, as(first, Method::kPut, "/v1/passwords/current", "/v1/passwords/current", weak));
  expect(204, as(first, Method::kPut, "/v1/passwords/current", "/v1/passwords/current", passwords));

  const auto one = token_of("zhang.wei", {"marketer"});
  const auto list = expect(200, as(one, Method::kGet, "/v1/sessions", "/v1/sessions")).at("sessions");
  const auto id = std::string(list.at_pointer("/0/id").as_string());
  expect(204, as(one, Method::kDelete, "/v1/sessions/{session}", "/v1/sessions/" + id));
}

// Both have shown the old password when the first of them replaces it. Where a busy machine lets one finish before the
// other begins, they try again.
void Contract::change_a_password_twice_at_once() {
  const std::string target = "/v1/passwords/current";
  std::string password = "correct horse battery";
  std::ignore = token_of("zhao.lei", {"marketer"});
  for (int round = 0; round < 20 && !given_.contains("put " + target + " 409"); ++round) {
    const auto next = "correct horse battery " + std::to_string(round);
    std::array<api::Request, 2> requests;
    std::array<api::Response, 2> responses;
    for (auto& request : requests) {
      const json::object credentials{{"name", "zhao.lei"}, {"password", password}};
      const auto signed_in = post(201, "/v1/sessions", "/v1/sessions", credentials);
      request = request_of({.method = Method::kPut,
                            .pattern = target,
                            .target = target,
                            .body = json::object{{"old_password", password}, {"new_password", next}},
                            .token = std::string(signed_in.at("token").as_string())});
    }
    std::thread other([&] { responses[1] = router_.handle(requests[1]); });
    responses[0] = router_.handle(requests[0]);
    other.join();
    for (size_t i = 0; i < 2; ++i) {
      if (responses[i].status == 409) expect(409, target, requests[i], responses[i]);
    }
    EXPECT_EQ(std::ranges::count(responses, 204, &api::Response::status), 1);
    password = next;
  }
}

// The last of all: whatever is written afterwards is refused.
void Contract::meet_a_full_disk() {
  const FullDisk full;
  post(503, "/v1/sessions", "/v1/sessions", json::object{{"name", "somebody"}, {"password", "correct horse battery"}});
  post(503, "/v1/passwords", "/v1/passwords",
       json::object{{"name", "somebody"}, {"one_time_code", "a"}, {"new_password", "correct horse battery"}});
}

void Contract::learn() {
  lend();
  const auto trained = post(201, "/v1/models/{name}/train", "/v1/models/credit.quick/train", json::object{{"seed", 7}});
  post(200, "/v1/models/{name}/evaluate", "/v1/models/credit.quick/evaluate",
       json::object{{"repeats", 1}, {"folds", 2}});
  get("/v1/models/{name}", "/v1/models/credit.quick");
  const Call approval{
      .method = Method::kPost,
      .pattern = "/v1/models/{name}/versions/{fingerprint}/approval",
      .target = "/v1/models/credit.quick/versions/" + std::string(trained.at("fingerprint").as_string()) + "/approval",
      .body = json::object{{"note", "looked at"}}};
  expect(403, approval);  // the one who trained it
  auto by_another = approval;
  by_another.caller = caller_with(security::Role::kRiskAnalyst);
  EXPECT_EQ(expect(200, by_another).at("stage"), "live");
  expect(409, by_another);
  get("/v1/models", "/v1/models");
}

void Contract::write_policies() {
  const auto drafted = post(201, "/v1/policies", "/v1/policies", json::object{{"definition", kPolicy}});
  EXPECT_EQ(drafted.at("stage"), "draft");
  post(409, "/v1/policies", "/v1/policies", json::object{{"definition", kPolicy}});
  const Call activation{.method = Method::kPost,
                        .pattern = "/v1/policies/{policy}/versions/{version}/activation",
                        .target = "/v1/policies/consent.notice/versions/1/activation",
                        .body = json::object{}};
  expect(403, activation);  // the one who drafted it
  auto by_another = activation;
  by_another.caller = caller_with(security::Role::kComplianceOfficer);
  EXPECT_EQ(expect(200, by_another).at("stage"), "active");
  expect(409, by_another);
  get("/v1/policies/{policy}", "/v1/policies/consent.notice");
}

// Five tries are free; the one after locks, and then nobody is even looked at.
void Contract::lock_out(const std::string& route, const json::object& guess) {
  for (int i = 0; i < 6; ++i) post(401, route, route, guess);
  post(429, route, route, guess);
}

void Contract::refuse_what_only_some_routes_refuse() {
  lock_out("/v1/sessions", {{"name", "nobody"}, {"password", "correct horse battery"}});
  lock_out("/v1/passwords", {{"name", "no.one"}, {"one_time_code", "a"}, {"new_password", "correct horse battery"}});
  const auto added = post(201, "/v1/users", "/v1/users", json::object{{"name", "new"}, {"roles", {"marketer"}}});
  post(422, "/v1/passwords", "/v1/passwords",
       json::object{{"name", "new"}, {"one_time_code", added.at("one_time_code")}, {"new_password", "12345678"}});

  // Erased by now.
  const json::object event{{"specversion", "1.0"},
                           {"source", "test"},
                           {"id", "late"},
                           {"type", "customer.updated"},
                           {"subject", "customer/" + customer_},
                           {"time", "2024-01-01T00:00:00Z"},
                           {"data", json::object{{"kind", "person"}}}};
  post(422, "/v1/events", "/v1/events", event);
  post(422, "/v1/decisions", "/v1/decisions",
       json::object{{"type", "credit.application"}, {"subject", "account/unknown"}, {"data", json::object{}}});
  post(422, "/v1/models/{name}/train", "/v1/models/fraud.payment/train", json::object{});
  post(422, "/v1/models/{name}/evaluate", "/v1/models/fraud.payment/evaluate", json::object{});
  std::string policy(kPolicy);
  post(422, "/v1/policies", "/v1/policies", json::object{{"definition", policy + "model: no.such.model\n"}});
  policy.replace(policy.find("[]"), 2, "[no.such.feature]");
  post(422, "/v1/policies", "/v1/policies", json::object{{"definition", policy}});

  auto parts = router_parts();
  parts.routes = api::operation_routes([] { return fail(Code::kUnavailable, "no database"); }, metrics_);
  expect(503, "/readyz", api::Router(parts), request_of({.method = Method::kGet, .pattern = "", .target = "/readyz"}));
}

// "/v1/users/{user}/password-reset": nobody's and nothing's.
std::string target_of(std::string_view pattern) {
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
json::value body_of(const api::Route& route) {
  const std::string_view pattern = route.pattern;
  if (pattern.ends_with("/consents")) return json::object{{"purpose", "marketing"}, {"given", false}};
  if (pattern.ends_with("/erasure")) return json::object{{"basis", "r-2"}};
  return json::object{};
}

std::optional<security::Role> role_without(security::Permission permission) {
  for (int role = 0; role <= static_cast<int>(security::Role::kCustomer); ++role) {
    if (!security::may(static_cast<security::Role>(role), permission)) return static_cast<security::Role>(role);
  }
  return std::nullopt;
}

// Makes the route answer with `status` in the way in which every route does.
void Contract::refuse(const api::Route& route, int status) {
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
      std::ignore = router_.handle(request);
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
void Contract::refuse_what_all_refuse() {
  for (const auto& route : router_.routes()) {
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

// "get /v1/users 200" of all that openapi.yaml declares.
std::set<std::string> declared_answers(const json::value& document) {
  std::set<std::string> declared;
  for (const auto& [path, item] : document.at("paths").as_object()) {
    for (const auto& [verb, operation] : item.as_object()) {
      if (!operation.is_object()) continue;
      for (const auto& [status, answer] : operation.at("responses").as_object()) {
        declared.insert(std::string(verb) + " " + std::string(path) + " " + std::string(status));
      }
    }
  }
  return declared;
}

TEST_F(Contract, the_route_table_and_the_document_agree_both_ways) {
  EXPECT_EQ(api::contract_differences(router_.routes(), openapi()), std::vector<std::string>{});
}

// One test, so that one process sees all answers: a route or an answer that is documented and not tried fails here.
TEST_F(Contract, every_documented_answer_of_every_route_is_given_as_documented) {
  fill();
  manage_users();
  read_the_bank();
  decide();
  change_the_bank();
  use_sessions_and_keys();
  learn();
  write_policies();
  erase_and_back_up();
  freeze();
  refuse_what_only_some_routes_refuse();
  change_a_password_twice_at_once();
  refuse_what_all_refuse();
  meet_a_full_disk();
  for (const auto& answer : declared_answers(schemas_.document())) {
    EXPECT_TRUE(given_.contains(answer)) << answer << " was never given";
  }
}

}  // namespace
}  // namespace amity::app
