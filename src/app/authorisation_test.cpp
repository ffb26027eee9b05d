// Every route asked by every role, with a request that would otherwise pass: what is denied is denied before anything
// else is looked at, and leaves nothing behind but its own entry in the audit chain.
#include <map>

#include "app/engine_fixture.h"
#include "security/intrusion.h"

namespace amity::app {
namespace {

using api::Method;
using security::Role;

constexpr Role kRoles[] = {Role::kAdministrator, Role::kRelationshipManager, Role::kServiceAgent,  Role::kMarketer,
                           Role::kRiskAnalyst,   Role::kComplianceOfficer,   Role::kDataScientist, Role::kCustomer};

security::Caller caller_of(Role role) {
  security::Caller caller;
  const auto digest = amity::digest(as_bytes(name_of(role)));
  caller.user = UserId{make_uuid_v8(std::span<const uint8_t, 16>(digest.data(), 16))};
  caller.name = name_of(role);
  caller.roles = {role};
  caller.unit = "/";
  if (role == Role::kMarketer) caller.purpose = security::Purpose::kMarketing;
  return caller;
}

// "/v1/users/{user}" -> "/v1/users/1"
std::string target_of(std::string_view pattern) {
  std::string target(pattern);
  for (size_t open = 0; (open = target.find('{')) != std::string::npos;) {
    target.replace(open, target.find('}') - open + 1, "1");
  }
  return target;
}

api::Request request_of(const api::Route& route, Role role, int number) {
  api::Request request;
  request.method = route.method;
  request.target = target_of(route.pattern);
  request.caller = caller_of(role);
  if (route.method != Method::kGet && route.method != Method::kDelete) {
    request.headers.push_back({"content-type", "application/json"});
    request.body = "{}";
  }
  request.headers.push_back({"idempotency-key", "matrix-" + std::to_string(number)});
  return request;
}

struct Recorded {
  int64_t events = 0;
  std::map<std::string, int64_t> audit_entries;  // by action
  bool operator==(const Recorded&) const = default;
};

class Authorisation : public EngineTest {
 protected:
  Recorded recorded() {
    Recorded out{engine_->event_count().value(), {}};
    const auto counted = engine_->database().read([&](store::Reader& reader) -> Result<void> {
      for (const auto& entry : TRY(security::read_audit(reader, local_operator(), {.limit = 500}))) {
        ++out.audit_entries[entry.action];
      }
      return {};
    });
    EXPECT_TRUE(counted.has_value());
    return out;
  }
};

TEST_P(Authorisation, every_route_is_denied_exactly_to_the_roles_without_its_permission) {
  const api::Router router(router_parts());
  int number = 0;
  int denied = 0;
  for (const auto& route : router.routes()) {
    for (const auto role : kRoles) {
      const bool is_allowed = route.is_open || !route.permission || security::may(role, *route.permission);
      if (is_allowed && route.pattern == std::string_view("/v1/backups")) continue;  // would only take time
      const auto response = router.handle(request_of(route, role, ++number));
      const auto what = std::string(name_of(route.method)) + " " + std::string(route.pattern) + " as " +
                        std::string(security::name_of(role)) + ": " + response.body;
      EXPECT_EQ(response.status == 403, !is_allowed) << what;
      EXPECT_LT(response.status, 500) << what;
      denied += is_allowed ? 0 : 1;
    }
  }
  EXPECT_GT(denied, 100);
}

// What a customer did not consent to is not had by calling it something else.
TEST_P(Authorisation, a_purpose_is_denied_to_roles_that_do_not_act_for_it) {
  using security::Purpose;
  const api::Router router(router_parts());
  const auto status = [&](Role role, std::string_view purpose) {
    api::Request request;
    request.target = "/v1/customers?query=wang";
    request.caller = caller_of(role);
    if (!purpose.empty()) request.headers.push_back({"amity-purpose", std::string(purpose)});
    return router.handle(std::move(request)).status;
  };
  for (const auto* purpose : {"service", "credit_decision", "compliance", "operation", "model_development"}) {
    EXPECT_EQ(status(Role::kMarketer, purpose), 403) << purpose;
    EXPECT_EQ(status(Role::kServiceAgent, purpose), 200) << purpose;
  }
  EXPECT_EQ(status(Role::kMarketer, ""), 200);
  EXPECT_EQ(status(Role::kMarketer, "marketing"), 200);
  EXPECT_EQ(status(Role::kServiceAgent, "legal_hold"), 403);
  EXPECT_EQ(status(Role::kComplianceOfficer, "legal_hold"), 200);
}

TEST_P(Authorisation, reading_decisions_is_audited_once_a_request) {
  const api::Router router(router_parts());
  api::Request request;
  request.target = "/v1/decisions";
  request.caller = caller_of(Role::kRiskAnalyst);
  const auto before = recorded().audit_entries["decisions.listed"];
  EXPECT_EQ(router.handle(request).status, 200);
  EXPECT_EQ(recorded().audit_entries["decisions.listed"], before + 1);
}

// An administrator imports and sends events, and sees no customer: nor how likely they are to default.
TEST_P(Authorisation, who_may_not_read_decisions_is_told_their_ids_alone) {
  const api::Router router(router_parts());
  const auto sent_by = [&](security::Caller caller, const std::string& id, const json::array& documents) {
    json::array events;
    for (const auto& document : documents) {
      json::object event{{"specversion", "1.0"}, {"source", "core"}, {"id", id}, {"time", "2026-01-02T00:00:00Z"}};
      for (const auto& field : document.as_object()) event[field.key()] = field.value();
      event["id"] = id + "/" + std::to_string(events.size());
      events.push_back(std::move(event));
    }
    api::Request request;
    request.method = Method::kPost;
    request.target = "/v1/events";
    request.caller = std::move(caller);
    request.headers = {{"content-type", "application/json"}};
    request.body = write_json(events);
    const auto response = router.handle(std::move(request));
    EXPECT_EQ(response.status, 200) << response.body;
    return parse_json(response.body)->at("results").as_array();
  };
  const auto admin = caller_of(Role::kAdministrator);
  const json::array holders{{{"customer", "lin"}, {"role", "owner"}}};
  sent_by(admin, "bank",
          {{{"type", "customer.registered"}, {"subject", "customer/lin"}, {"data", {{"name", "Lin"}}}},
           {{"type", "account.opened"},
            {"subject", "account/a"},
            {"data", {{"type", "loan"}, {"currency", "CNY"}, {"holders", holders}}}}});
  const json::array applied{
      {{"type", "credit.application"},
       {"subject", "account/a"},
       {"data", {{"application", "1"}, {"amount", {{"amount_minor", 100}, {"currency", "CNY"}}}, {"months", 12}}}}};
  auto sender = caller_of(Role::kServiceAgent);
  sender.key_scopes = {security::Permission::kWriteEvents};
  for (const auto& caller : {admin, sender}) {
    const auto result = sent_by(caller, "apply as " + caller.name, applied).front().as_object();
    EXPECT_EQ(result.size(), 4U) << write_json(result);
    EXPECT_TRUE(result.contains("seq"));
    EXPECT_EQ(result.at("decision_id").as_string().size(), 36U);
  }
  for (const auto role : {Role::kServiceAgent, Role::kRelationshipManager}) {
    const auto result = sent_by(caller_of(role), "apply as " + std::string(name_of(role)), applied).front().as_object();
    EXPECT_FALSE(result.contains("decision_id"));
    EXPECT_EQ(result.at("decision").at("outcome").as_string(), "refer");
  }
}

TEST_P(Authorisation, a_denied_call_changes_nothing) {
  const api::Router router(router_parts());
  const auto before = recorded();
  int number = 0;
  for (const auto& route : router.routes()) {
    for (const auto role : kRoles) {
      if (route.is_open || !route.permission || security::may(role, *route.permission)) continue;
      EXPECT_EQ(router.handle(request_of(route, role, ++number)).status, 403);
    }
  }
  EXPECT_EQ(recorded(), before);
}

TEST_P(Authorisation, every_call_without_a_caller_is_turned_away) {
  const api::Router router(router_parts());
  for (const auto& route : router.routes()) {
    auto request = request_of(route, Role::kAdministrator, 1);
    request.caller.reset();
    EXPECT_EQ(router.handle(std::move(request)).status == 401, !route.is_open) << route.pattern;
  }
}

TEST_P(Authorisation, denials_are_audited_and_ten_of_one_user_make_a_security_event) {
  security::IntrusionWatch watch(engine_->database(), engine_->audit(), clock_);
  auto parts = router_parts();
  parts.on_denied = [&](const security::Caller& caller, std::string_view route) {
    EXPECT_TRUE(watch.denied(caller, route).has_value());
  };
  const api::Router router(std::move(parts));
  api::Request request;
  request.target = "/v1/audit/entries";
  request.caller = caller_of(Role::kMarketer);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(router.handle(request).status, 403);
  const auto after = recorded();
  EXPECT_EQ(after.audit_entries.at("access.denied"), 9);
  EXPECT_EQ(after.audit_entries.at("security.event"), 1);
}

AMITY_ON_BOTH_DATABASES(Authorisation);

}  // namespace
}  // namespace amity::app
