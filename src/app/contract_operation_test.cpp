// The audit chain, backups, rebuilds and the state of the program: every documented answer is given as documented.
#include "app/contract_fixture.h"

namespace amity::app {
namespace {

class ContractOfOperation : public Contract {
 protected:
  void read() {
    get("/v1/audit/entries", "/v1/audit/entries?limit=200");
    get("/v1/audit/verification", "/v1/audit/verification");
    get("/healthz", "/healthz");
    get("/readyz", "/readyz");
    get("/metrics", "/metrics");
  }
  void change() {
    expect(201, {.method = Method::kPost,
                 .pattern = "/v1/customers/{customer}/consents",
                 .target = customer_path_ + "/consents",
                 .body = json::object{
                     {"purpose", "marketing"}, {"given", true}, {"notice_version", "2026-01"}, {"language", "zh"}}});
    post(201, "/v1/audit/checkpoints", "/v1/audit/checkpoints");
    get("/v1/audit/verification", "/v1/audit/verification");
    const auto rebuilt = post(200, "/v1/rebuilds", "/v1/rebuilds", json::object{{"is_check", true}});
    EXPECT_EQ(rebuilt.at("differences"), 0);
    post(201, "/v1/backups", "/v1/backups", json::object{{"name", "one"}});
    post(409, "/v1/backups", "/v1/backups", json::object{{"name", "one"}});
  }
  void lose_the_database() {
    auto parts = router_parts();
    parts.routes = api::operation_routes([] { return fail(Code::kUnavailable, "no database"); }, metrics_);
    expect(503, "/readyz", api::Router(parts),
           request_of({.method = Method::kGet, .pattern = "", .target = "/readyz"}));
  }
};

TEST_P(ContractOfOperation, every_documented_answer_is_given_as_documented) {
  fill();
  change();
  read();
  lose_the_database();
  refuse_what_all_refuse(kOperation);
  expect_all_given(kOperation);
}

AMITY_ON_BOTH_DATABASES(ContractOfOperation);

}  // namespace
}  // namespace amity::app
