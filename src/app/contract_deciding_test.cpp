// Models, policies and decisions: every documented answer is given as documented.
#include "app/contract_fixture.h"

namespace amity::app {
namespace {

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

class ContractOfDeciding : public Contract {
 protected:
  void decide() {
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
  void learn() {
    lend();
    const auto trained =
        post(201, "/v1/models/{name}/train", "/v1/models/credit.quick/train", json::object{{"seed", 7}});
    post(200, "/v1/models/{name}/evaluate", "/v1/models/credit.quick/evaluate",
         json::object{{"repeats", 1}, {"folds", 2}});
    get("/v1/models/{name}", "/v1/models/credit.quick");
    const Call approval{.method = Method::kPost,
                        .pattern = "/v1/models/{name}/versions/{fingerprint}/approval",
                        .target = "/v1/models/credit.quick/versions/" +
                                  std::string(trained.at("fingerprint").as_string()) + "/approval",
                        .body = json::object{{"note", "looked at"}}};
    expect(403, approval);  // the one who trained it
    auto by_another = approval;
    by_another.caller = caller_with(security::Role::kRiskAnalyst);
    EXPECT_EQ(expect(200, by_another).at("stage"), "live");
    expect(409, by_another);
    export_a_scorecard(std::string(trained.at("fingerprint").as_string()));
    get("/v1/models", "/v1/models");
  }
  void export_a_scorecard(const std::string& forest) {
    const auto trained = post(201, "/v1/models/{name}/train", "/v1/models/credit.card/train", json::object{});
    EXPECT_EQ(trained.at("report").at("algorithm"), "scorecard") << write_json(trained);
    const auto path =
        "/v1/models/credit.card/versions/" + std::string(trained.at("fingerprint").as_string()) + "/export";
    const Call table{
        .method = Method::kGet, .pattern = "/v1/models/{name}/versions/{fingerprint}/export", .target = path};
    EXPECT_NE(expect(200, table).at("text").as_string().find("| Points |"), std::string::npos);
    auto sql = table;
    sql.target = path + "?format=sql";
    EXPECT_TRUE(expect(200, sql).at("text").as_string().starts_with("SELECT "));
    sql.target = path + "?format=cobol";
    expect(400, sql);
    sql.target = "/v1/models/credit.quick/versions/" + forest + "/export";
    expect(422, sql);
  }
  void write_policies() {
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
  void refuse_what_only_some_routes_refuse() {
    post(422, "/v1/decisions", "/v1/decisions",
         json::object{{"type", "credit.application"}, {"subject", "account/unknown"}, {"data", json::object{}}});
    post(422, "/v1/models/{name}/train", "/v1/models/fraud.payment/train", json::object{});
    post(422, "/v1/models/{name}/evaluate", "/v1/models/fraud.payment/evaluate", json::object{});
    std::string policy(kPolicy);
    post(422, "/v1/policies", "/v1/policies", json::object{{"definition", policy + "model: no.such.model\n"}});
    policy.replace(policy.find("[]"), 2, "[no.such.feature]");
    post(422, "/v1/policies", "/v1/policies", json::object{{"definition", policy}});
  }
};

TEST_P(ContractOfDeciding, every_documented_answer_is_given_as_documented) {
  fill();
  for (const auto* path : {"/v1/models", "/v1/policies", "/v1/decisions"}) get(path, path);
  get("/v1/policies/{policy}", "/v1/policies/credit.application");
  decide();
  learn();
  write_policies();
  refuse_what_only_some_routes_refuse();
  refuse_what_all_refuse(kDeciding);
  expect_all_given(kDeciding);
}

AMITY_ON_BOTH_DATABASES(ContractOfDeciding);

}  // namespace
}  // namespace amity::app
