// Events, customers, accounts and features: every documented answer is given as documented.
#include "app/contract_fixture.h"

namespace amity::app {
namespace {

class ContractOfCustomers : public Contract {
 protected:
  void read() {
    get("/v1/events/{seq}", "/v1/events/1");
    get("/v1/customers", "/v1/customers?query=" + api::percent_encoded(customer_));
    get("/v1/customers/{customer}", customer_path_);
    get("/v1/customers/{customer}", customer_path_ + "?at=2024-01-20");
    get("/v1/customers/{customer}/timeline", customer_path_ + "/timeline?limit=200");
    get("/v1/customers/{customer}/consents", customer_path_ + "/consents");
    get("/v1/accounts/{account}", account_path_);
    get("/v1/accounts/{account}/features", account_path_ + "/features");
    get("/v1/features", "/v1/features");
  }
  void change() {
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
    merge(event);
  }
  // The customer of this event with another.
  void merge(json::object event) {
    event["id"] = "c-3";
    event["subject"] = "customer/twin";
    post(200, "/v1/events", "/v1/events", event);
    const json::object body{{"other", "twin"}, {"basis", "ticket 1"}};
    const std::string path = "/v1/customers/another";
    post(201, "/v1/customers/{customer}/merge", path + "/merge", body);
    post(422, "/v1/customers/{customer}/merge", path + "/merge", body);
    EXPECT_EQ(get("/v1/customers/{customer}", path).at("merged").at(0).at("customer"), "twin");
    post(201, "/v1/customers/{customer}/unmerge", path + "/unmerge", body);
    post(422, "/v1/customers/{customer}/unmerge", path + "/unmerge", body);
  }
  // A hundred and more accounts: more than one event can name.
  void erase() {
    lend();
    const auto erased =
        post(200, "/v1/customers/{customer}/erasure", customer_path_ + "/erasure", json::object{{"basis", "r-1"}});
    EXPECT_GE(erased.at("accounts_erased").as_int64(), 120);
    EXPECT_TRUE(erased.at("frozen").is_null());
  }
  void freeze() {
    const json::object event{{"specversion", "1.0"},
                             {"source", "test"},
                             {"id", "c-2"},
                             {"type", "customer.registered"},
                             {"subject", "customer/company"},
                             {"time", "2024-01-01T00:00:00Z"},
                             {"data", json::object{{"kind", "organisation"}}}};
    post(200, "/v1/events", "/v1/events", event);
    const std::string path = "/v1/customers/company";
    const auto answer =
        post(200, "/v1/customers/{customer}/erasure", path + "/erasure", json::object{{"basis", "r-2"}});
    EXPECT_TRUE(answer.at("erased_at").is_null());
    EXPECT_EQ(answer.at("frozen").at("duties").at(0).at("name"), "d1");
    auto officer = local_operator();
    officer.purpose = security::Purpose::kLegalHold;
    Call hold{.method = Method::kGet, .pattern = "/v1/customers/{customer}", .target = path, .caller = officer};
    EXPECT_TRUE(expect(200, hold).as_object().contains("frozen_until"));
    hold.caller = local_operator();
    expect(404, hold);
  }
  void refuse_what_only_some_routes_refuse() {
    // Erased by now.
    const json::object event{{"specversion", "1.0"},
                             {"source", "test"},
                             {"id", "late"},
                             {"type", "customer.updated"},
                             {"subject", "customer/" + customer_},
                             {"time", "2024-01-01T00:00:00Z"},
                             {"data", json::object{{"kind", "person"}}}};
    post(422, "/v1/events", "/v1/events", event);
  }
};

TEST_P(ContractOfCustomers, every_documented_answer_is_given_as_documented) {
  fill();
  read();
  change();
  erase();
  freeze();
  refuse_what_only_some_routes_refuse();
  refuse_what_all_refuse(kCustomers);
  expect_all_given(kCustomers);
}

AMITY_ON_BOTH_DATABASES(ContractOfCustomers);

}  // namespace
}  // namespace amity::app
