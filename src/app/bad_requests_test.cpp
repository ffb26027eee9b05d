// Bad bodies, queries and paths of the other routes: each refused with its place, and nothing is changed.
#include "app/bad_input_fixture.h"

namespace amity::app {
namespace {

class BadRequests : public BadInput {};

// A key may be anything, a name and a telephone number too.
TEST_P(BadRequests, keys_nobody_knows_are_told_by_their_number_and_never_repeated) {
  const std::string key = "\"Canary \u5f20\u4e09 13800138000\":1,";
  const auto after = [&](std::string_view mark) { return with(mark, std::string(mark) + key); };
  const std::vector<Bad> events = {
      {"of the envelope", after("{"), ""},
      {"of the data", after("\"data\":{"), "pointer /data"},
      {"of money", after("\"income\":{"), "pointer /data/income"},
      {"of a holder",
       R"({"specversion":"1.0","source":"test","id":"h","type":"account.opened","subject":"account/a",)"
       R"("time":"2024-01-01T00:00:00Z","data":{"type":"deposit","currency":"CNY",)"
       R"("holders":[{"customer":"c","role":"owner","Canary 13800138000":1}]}})",
       "pointer /data/holders/0"},
      {"of one of a list", "[" + good_event("e-0") + "," + after("\"data\":{") + "]", "pointer /1/data"},
  };
  expect_events_refused(events);
  const auto body = [&](const std::string& rest) { return "{" + key + rest + "}"; };
  for (const auto& [target, rest] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/decisions", R"("type":"credit.application","subject":"account/a","data":{})"},
           {"/v1/models/credit.default/train", R"("seed":1)"},
           {"/v1/models/credit.default/evaluate", R"("folds":2)"},
           {"/v1/replays", R"("all":1)"},
           {"/v1/rebuilds", R"("is_check":true)"},
           {"/v1/backups", R"("name":"a")"},
           {"/v1/users", R"("name":"a","roles":["marketer"])"},
           {"/v1/sessions", R"("name":"a","password":"b")"},
           {"/v1/policies", R"("definition":"policy: a")"},
           {"/v1/policies/credit.application/versions/1/activation", R"("note":"a")"},
           {"/v1/customers/Canary-Wang-13800138000/consents", R"("purpose":"marketing","given":false)"},
           {"/v1/customers/Canary-Wang-13800138000/erasure", R"("basis":"a")"}}) {
    expect_refused({target, body(rest), ""}, Method::kPost, target);
  }
  expect_refused({"of a policy",
                  R"({"definition":"Canary 13800138000: 1\npolicy: a\non: consent.given\nfeatures: []\n)"
                  R"(purpose: service\nbasis: contract\noutcomes: [a]\notherwise: a\nfallback: a\n"})",
                  "pointer /definition"},
                 Method::kPost, "/v1/policies");
}

TEST_P(BadRequests, names_of_a_query_nobody_knows_or_twice_are_never_repeated) {
  for (const auto* target : {"/v1/customers?query=a&Canary%2013800138000=1", "/v1/models?Canary=1",
                             "/v1/customers?Canary=1&query=a&Canary=2", "/healthz?Canary"}) {
    expect_refused({target, "", "place query"}, Method::kGet, target);
  }
}

TEST_P(BadRequests, an_expression_that_is_too_much_is_refused_for_good) {
  const auto policy = [](const std::string& when) {
    return write_json({{"definition",
                        "policy: a\non: credit.application\npurpose: service\nbasis: contract\nfeatures: []\n"
                        "outcomes: [b]\notherwise: b\nfallback: b\nrules: [{name: c, outcome: b, reason: d, when: '" +
                            when + "'}]\n"}});
  };
  const auto nested = std::string(300, '(') + "true" + std::string(300, ')');
  expect_refused({"nested", policy(nested), "pointer /definition"}, Method::kPost, "/v1/policies");
  expect_refused({"long", policy(std::string(9000, ' ') + "true"), "pointer /definition"}, Method::kPost,
                 "/v1/policies");
  const auto good = send(Method::kPost, "/v1/policies", policy("true"));
  EXPECT_EQ(good.status, 201) << good.body;
}

TEST_P(BadRequests, the_moment_of_a_decision_is_named_as_it_was_asked) {
  ASSERT_EQ(send(Method::kPost, "/v1/events", good_event()).status, 200);
  const auto asked = [](const char* at) {
    return write_json({{"type", "credit.application"},
                       {"subject", "customer/" + std::string(kCanary)},
                       {"at", at},
                       {"data", {{"application", "1"}}}});
  };
  for (const auto* at : {"1700-01-01", "2999-01-01", "2026-02-30"}) {
    expect_refused({at, asked(at), "pointer /at"}, Method::kPost, "/v1/decisions");
  }
  expect_refused({"another kind", asked("2024-01-02"), "pointer /subject"}, Method::kPost, "/v1/decisions");
}

TEST_P(BadRequests, what_is_not_yet_is_not_answered_as_if_it_were_known) {
  ASSERT_EQ(send(Method::kPost, "/v1/events", good_event()).status, 200);
  const auto customer = "/v1/customers/" + std::string(kCanary) + "?at=";
  for (const auto& path :
       {customer, std::string("/v1/accounts/Canary?at="), std::string("/v1/accounts/Canary/features?at=")}) {
    for (const auto& ahead : {std::string("2999-01-01"), format(clock_.now() + hours(25))}) {
      expect_refused({path + ahead, "", "query at"}, Method::kGet, path + ahead);
    }
  }
  EXPECT_EQ(send(Method::kGet, customer + format(clock_.now() + hours(23)), "").status, 200);
}

TEST_P(BadRequests, query_values_and_paths_name_what_is_wrong) {
  ASSERT_EQ(send(Method::kPost, "/v1/events", good_event()).status, 200);
  const auto customer = "/v1/customers/" + std::string(kCanary);
  std::vector<std::pair<std::string, std::string>> targets;  // and the place
  for (const auto* moment : {"2026-02-30", "2026-01-01T25:00:00Z", "0000-01-01", "2026-01-01T00:00:00%2B99:00",
                             "2016-12-31T23:59:60Z", "today", ""}) {
    targets.emplace_back(customer + "?at=" + moment, "query at");
    targets.emplace_back("/v1/accounts/Canary?at=" + std::string(moment), "query at");
    targets.emplace_back("/v1/accounts/Canary/features?at=" + std::string(moment), "query at");
  }
  for (const auto* limit : {"0", "-1", "201", "1e2", "99999999999999999999", "ten", ""}) {
    for (const auto& path :
         {std::string("/v1/customers?query=Canary&"), customer + "/timeline?", std::string("/v1/decisions?"),
          std::string("/v1/audit/entries?"), std::string("/v1/users?")}) {
      targets.emplace_back(path + "limit=" + limit, "query limit");
    }
  }
  for (const auto* path : {"/v1/decisions?", "/v1/audit/entries?"}) {
    targets.emplace_back(std::string(path) + "cursor=Canary", "query cursor");
  }
  targets.emplace_back(customer + "/timeline?cursor=Canary", "query cursor");
  targets.emplace_back("/v1/customers?query=", "query query");
  targets.emplace_back("/v1/customers?query=" + std::string(201, 'x'), "query query");
  targets.emplace_back("/v1/decisions?subject=Canary", "query subject");
  targets.emplace_back("/v1/decisions?colour=Canary", "place query");
  targets.emplace_back("/v1/decisions/Canary", "path decision");
  targets.emplace_back("/v1/users/Canary", "path user");
  targets.emplace_back("/v1/events/Canary", "path seq");
  targets.emplace_back("/v1/events/0", "path seq");
  targets.emplace_back("/v1/events/99999999999999999999", "path seq");
  for (const auto* bytes : {"%FF", "%00", "%C0%AF", "%ED%A0%80", "%1B", "%zz", "%"}) {
    targets.emplace_back("/v1/customers/Canary" + std::string(bytes), "");
    targets.emplace_back("/v1/customers?query=Canary" + std::string(bytes), "");
  }
  for (const auto& [target, place] : targets) expect_refused({target, "", place}, Method::kGet, target);
}

TEST_P(BadRequests, what_other_routes_take_is_refused_as_well) {
  ASSERT_EQ(send(Method::kPost, "/v1/events", good_event()).status, 200);
  const auto customer = "customer/" + std::string(kCanary);
  const auto decision = [&](const json::object& data, const std::string& at) {
    return write_json(json::object{{"type", "credit.application"}, {"subject", customer}, {"data", data}, {"at", at}});
  };
  const auto post = [&](const std::string& target, const Bad& bad) { expect_refused(bad, Method::kPost, target); };
  post("/v1/decisions", {"impossible day", decision({}, "2026-02-30"), "pointer /at"});
  post("/v1/decisions", {"impossible hour", decision({}, "2026-01-01T25:00:00Z"), "pointer /at"});
  post("/v1/decisions", {"days ahead", decision({}, "2999-01-01"), "pointer /at"});
  post("/v1/decisions",
       {"a subject of another kind", decision({{"application", kCanary}}, "2024-01-02"), "pointer /subject"});
  post("/v1/decisions", {"unknown customer", R"({"type":"credit.application","subject":"account/Canary","data":{}})",
                         "pointer /subject", 422});
  post("/v1/decisions",
       {"a subject that is none", R"({"type":"credit.application","subject":"Canary","data":{}})", "pointer /subject"});
  post("/v1/models/credit.default/train", {"impossible day", R"({"until":"2026-02-30"})", "pointer /until"});
  post("/v1/models/credit.default/train", {"seed", R"({"seed":-1})", "pointer /seed"});
  post("/v1/models/credit.default/evaluate", {"folds", R"({"folds":1})", "pointer /folds"});
  post("/v1/customers/" + std::string(kCanary) + "/consents",
       {"purpose", R"({"purpose":"Canary","given":false})", "pointer /data/purpose"});
  post("/v1/customers/" + std::string(kCanary) + "/erasure", {"basis", R"({"basis":""})", "pointer /basis"});
  post("/v1/policies", {"not yaml", R"({"definition":"policy: ["})", "pointer /definition"});
  post("/v1/policies", {"no policy", R"({"definition":"Canary: 1"})", "pointer /definition"});
  post("/v1/api-keys",
       {"impossible day", R"({"label":"a","scopes":["decide"],"expires":"2026-02-30"})", "pointer /expires"});
  post("/v1/users", {"a name with blanks", R"({"name":"Canary Wang","roles":["marketer"]})", "pointer /name"});
  post("/v1/users", {"a role that is none", R"({"name":"a","roles":["Canary"]})", "pointer /roles"});
  post("/v1/backups", {"a path for a name", R"({"name":"../Canary"})", "pointer /name"});
  post("/v1/sessions", {"a number for a password", R"({"name":"Canary","password":13800138000})", "pointer /password"});
  EXPECT_EQ(engine_->event_count().value(), 1);
}

AMITY_ON_BOTH_DATABASES(BadRequests);

}  // namespace
}  // namespace amity::app
