// The program's real routes and real answers against openapi.yaml: what is documented is what is answered.
#include "api/contract.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "app/engine_fixture.h"
#include "base/yaml.h"
#include "simulator/bank.h"

namespace amity::app {
namespace {

using api::Method;

json::value openapi() {
  std::ifstream file(AMITY_SOURCE_DIR "/src/api/openapi.yaml");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return parse_yaml(text).value();
}

// As much of JSON Schema as openapi.yaml uses to describe answers: $ref, allOf, type, enum, required, properties,
// items.
class Schemas {
 public:
  // One line per place where the value is not what the schema says.
  std::vector<std::string> differences(const json::value& value, const json::value& schema) {
    found_.clear();
    check(value, schema, "");
    return std::move(found_);
  }

  const json::value& document() const { return document_; }
  const json::value& resolved(const json::value& schema) const {
    const auto* reference = schema.as_object().if_contains("$ref");
    return reference == nullptr ? schema : document_.at_pointer(std::string_view(reference->as_string()).substr(1));
  }

 private:
  void check(const json::value& value, const json::value& given, const std::string& at) {
    const auto& schema = resolved(given).as_object();
    if (const auto* type = schema.if_contains("type"); type != nullptr && !is_type(value, *type)) {
      found_.push_back(at + ": another type than " + write_json(*type));
      return;
    }
    if (const auto* words = schema.if_contains("enum");
        words != nullptr && std::ranges::count(words->as_array(), value) == 0) {
      found_.push_back(at + ": not one of " + write_json(*words));
    }
    if (value.is_object()) check_object(value.as_object(), schema, at);
    const auto* items = schema.if_contains("items");
    if (value.is_array() && items != nullptr) {
      for (const auto& item : value.as_array()) check(item, *items, at + "/*");
    }
  }

  void check_object(const json::object& object, const json::object& schema, const std::string& at) {
    std::map<std::string, json::value> properties;
    collect(object, schema, at, properties);
    const auto* others = schema.if_contains("additionalProperties");
    for (const auto& field : object) {
      const auto known = properties.find(std::string(field.key()));
      const auto place = at + "/" + std::string(field.key());
      if (known != properties.end()) {
        check(field.value(), known->second, place);
      } else if (others != nullptr && others->is_object()) {
        check(field.value(), *others, at + "/*");
      } else if (!properties.empty()) {
        found_.push_back(place + ": not documented");
      }
    }
  }

  // The properties of a schema and of all it is made of; what they require must be there.
  void collect(const json::object& object, const json::object& schema, const std::string& at,
               std::map<std::string, json::value>& properties) {
    if (const auto* parts = schema.if_contains("allOf")) {
      for (const auto& part : parts->as_array()) collect(object, resolved(part).as_object(), at, properties);
    }
    if (const auto* own = schema.if_contains("properties")) {
      for (const auto& field : own->as_object()) properties[std::string(field.key())] = field.value();
    }
    if (const auto* required = schema.if_contains("required")) {
      for (const auto& name : required->as_array()) {
        if (!object.contains(name.as_string()))
          found_.push_back(at + ": " + std::string(name.as_string()) + " is missing");
      }
    }
  }

  static bool is_type(const json::value& value, const json::value& type) {
    if (type.is_array())
      return std::ranges::any_of(type.as_array(), [&](const auto& one) { return is_type(value, one); });
    const std::string_view name = type.as_string();
    if (name == "object") return value.is_object();
    if (name == "array") return value.is_array();
    if (name == "string") return value.is_string();
    if (name == "boolean") return value.is_bool();
    if (name == "null") return value.is_null();
    if (name == "integer") return value.is_int64() || value.is_uint64();
    return value.is_number();
  }

  json::value document_ = openapi();
  std::vector<std::string> found_;
};

class Contract : public EngineTest {
 protected:
  Contract() : router_(router_parts()) {}

  api::Response send(Method method, std::string target, const json::value& body = nullptr) {
    api::Request request;
    request.method = method;
    request.target = std::move(target);
    request.caller = local_operator();
    request.headers.push_back({"idempotency-key", "contract-" + std::to_string(++number_)});
    if (!body.is_null()) {
      request.headers.push_back({"content-type", "application/json"});
      request.body = write_json(body);
    }
    return router_.handle(std::move(request));
  }

  // Sends, and holds the answer against the response that openapi.yaml documents for `pattern`.
  json::value expect_documented(Method method, const std::string& pattern, const std::string& target,
                                const json::value& body = nullptr) {
    const auto response = send(method, target, body);
    std::string verb(name_of(method));
    std::ranges::transform(verb, verb.begin(), [](char c) { return static_cast<char>(c + 32); });
    const auto& documented = schemas_.document().at("paths").at(pattern).at(verb).at("responses").as_object();
    const auto* answer = documented.if_contains(std::to_string(response.status));
    EXPECT_NE(answer, nullptr) << verb << ' ' << target << " answered " << response.status << ' ' << response.body;
    if (answer == nullptr || response.body.empty()) return nullptr;
    const auto value = parse_json(response.body).value();
    const auto& content = schemas_.resolved(*answer).at("content").as_object();
    EXPECT_TRUE(content.contains(response.content_type)) << verb << ' ' << target << ' ' << response.content_type;
    for (const auto& difference : schemas_.differences(value, content.begin()->value().at("schema"))) {
      ADD_FAILURE() << verb << ' ' << target << ' ' << difference;
    }
    if (response.status < 300) answered_.insert(verb + " " + pattern);
    return value;
  }

  // Forty days of a small simulated bank; remembers one customer and one account.
  void fill() {
    auto bank = simulator::Bank::create({.customers = 20, .days = 40, .seed = 1}).value();
    while (!bank.is_over()) {
      auto day = bank.next_day();
      for (auto& event : day.events) {
        event.is_history = true;
        if (event.type == "customer.registered") customer_ = event.subject.key;
        if (event.type == "account.opened") account_ = event.subject.key;
      }
      for (const auto& answer : engine_->pipeline().submit(local_operator(), std::move(day.events))) {
        ASSERT_TRUE(answer.has_value()) << answer.error().text();
      }
    }
  }

  api::Router router_;
  Schemas schemas_;
  int number_ = 0;
  std::string customer_;
  std::string account_;
  std::set<std::string> answered_;
};

TEST_F(Contract, the_route_table_and_the_document_agree_both_ways) {
  EXPECT_EQ(api::contract_differences(router_.routes(), openapi()), std::vector<std::string>{});
}

TEST_F(Contract, what_is_read_of_a_bank_is_as_documented) {
  fill();
  ASSERT_FALSE(customer_.empty() || account_.empty());
  const auto customer = "/v1/customers/" + api::percent_encoded(customer_);
  const auto account = "/v1/accounts/" + api::percent_encoded(account_);
  for (const auto& [pattern, target] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/events/{seq}", "/v1/events/1"},
           {"/v1/customers", "/v1/customers?query=" + api::percent_encoded(customer_)},
           {"/v1/customers/{customer}", customer},
           {"/v1/customers/{customer}", customer + "?at=2024-01-20"},
           {"/v1/customers/{customer}/timeline", customer + "/timeline?limit=200"},
           {"/v1/customers/{customer}/consents", customer + "/consents"},
           {"/v1/accounts/{account}", account},
           {"/v1/accounts/{account}/features", account + "/features"},
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
           {"/readyz", "/readyz"}}) {
    expect_documented(Method::kGet, pattern, target);
    EXPECT_TRUE(answered_.contains("get " + pattern)) << target;
  }
}

TEST_F(Contract, what_a_decision_answers_is_as_documented) {
  fill();
  const json::object application{
      {"application", "a-1"}, {"amount", {{"amount_minor", 9'000'000}, {"currency", "CNY"}}}, {"months", 12}};
  const auto decision = expect_documented(
      Method::kPost, "/v1/decisions", "/v1/decisions",
      json::object{{"type", "credit.application"}, {"subject", "account/" + account_}, {"data", application}});
  ASSERT_TRUE(decision.is_object() && decision.as_object().contains("id")) << write_json(decision);
  const auto path = "/v1/decisions/" + std::string(decision.at("id").as_string());
  expect_documented(Method::kGet, "/v1/decisions/{decision}", path);
  expect_documented(Method::kGet, "/v1/decisions", "/v1/decisions?limit=1");
  EXPECT_TRUE(
      expect_documented(Method::kPost, "/v1/decisions/{decision}/replay", path + "/replay").at("is_equal").as_bool());
  const auto replayed = expect_documented(Method::kPost, "/v1/replays", "/v1/replays", json::object{});
  EXPECT_EQ(replayed.at("decisions"), 1);
  EXPECT_EQ(replayed.at("differences"), 0);
}

TEST_F(Contract, what_changes_the_bank_answers_as_documented) {
  fill();
  const auto customer = "/v1/customers/" + api::percent_encoded(customer_);
  const json::object event{{"specversion", "1.0"},
                           {"source", "test"},
                           {"id", "c-1"},
                           {"type", "customer.registered"},
                           {"subject", "customer/another"},
                           {"time", "2024-01-01T00:00:00Z"},
                           {"data", json::object{{"kind", "person"}}}};
  expect_documented(Method::kPost, "/v1/events", "/v1/events", event);
  expect_documented(Method::kPost, "/v1/events", "/v1/events?history=true", json::array{event});
  const json::object consent{
      {"purpose", "marketing"}, {"given", true}, {"notice_version", "2026-01"}, {"language", "zh"}};
  expect_documented(Method::kPost, "/v1/customers/{customer}/consents", customer + "/consents", consent);
  expect_documented(Method::kGet, "/v1/customers/{customer}/consents", customer + "/consents");
  expect_documented(Method::kPost, "/v1/audit/checkpoints", "/v1/audit/checkpoints");
  expect_documented(Method::kGet, "/v1/audit/verification", "/v1/audit/verification");
  expect_documented(Method::kPost, "/v1/backups", "/v1/backups", json::object{{"name", "one"}});
  expect_documented(Method::kPost, "/v1/customers/{customer}/erasure", customer + "/erasure",
                    json::object{{"basis", "r-1"}});
  EXPECT_EQ(answered_.size(), 7u);
}

TEST_F(Contract, what_concerns_users_answers_as_documented) {
  const auto added = expect_documented(Method::kPost, "/v1/users", "/v1/users",
                                       json::object{{"name", "wang.fang"}, {"roles", {"risk_analyst"}}});
  const json::object redemption{
      {"name", "wang.fang"}, {"one_time_code", added.at("one_time_code")}, {"new_password", "correct horse battery"}};
  expect_documented(Method::kPost, "/v1/passwords", "/v1/passwords", redemption);
  expect_documented(Method::kPost, "/v1/sessions", "/v1/sessions",
                    json::object{{"name", "wang.fang"}, {"password", "correct horse battery"}});
  const auto user = "/v1/users/" + std::string(added.at("user").as_string());
  expect_documented(Method::kGet, "/v1/users/{user}", user);
  expect_documented(Method::kGet, "/v1/users", "/v1/users");
  expect_documented(Method::kPost, "/v1/users/{user}/password-reset", user + "/password-reset");
  EXPECT_EQ(answered_.size(), 6u);
}

TEST_F(Contract, a_refusal_is_a_documented_problem) {
  expect_documented(Method::kGet, "/v1/customers/{customer}", "/v1/customers/nobody");
  expect_documented(Method::kGet, "/v1/customers", "/v1/customers?limit=0");
  expect_documented(Method::kPost, "/v1/policies", "/v1/policies", json::object{{"definition", "policy: ["}});
  expect_documented(Method::kPost, "/v1/models/{name}/train", "/v1/models/no.such/train", json::object{});
  expect_documented(Method::kPost, "/v1/decisions", "/v1/decisions", json::object{{"type", "no.such"}});
  EXPECT_TRUE(answered_.empty());
}

}  // namespace
}  // namespace amity::app
