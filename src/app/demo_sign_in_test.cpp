// How a newcomer signs in: with what the demo prints, over REST, as ./dev run would have them do it.
#include "api/client.h"
#include "app/served_fixture.h"
#include "base/json.h"

namespace amity::app {
namespace {

const std::string kPassword = "correct horse battery";

class DemoSignIn : public Served {
 protected:
  void start_demo() { start({"demo", "--customers", "5", "--days", "40", "--listen", "127.0.0.1:0"}); }

  // What stands in what was said between two marks.
  std::string printed(const std::string& before, const std::string& after) const {
    const auto text = said();
    const size_t begin = text.find(before);
    const size_t end = begin == std::string::npos ? begin : text.find(after, begin + before.size());
    EXPECT_NE(end, std::string::npos) << before << " is not in: " << text;
    return end == std::string::npos ? "" : text.substr(begin + before.size(), end - begin - before.size());
  }
  // The body of the request that is printed, with a password of one's own.
  json::object printed_request(const std::string& password) const {
    auto body = parse_json(printed("/v1/passwords -H 'Content-Type: application/json' \\\n    -d '", "'"));
    EXPECT_TRUE(body) << said();
    if (!body) return {};
    EXPECT_EQ(body->at("name"), "admin");
    EXPECT_EQ(body->at("new_password"), "...");
    body->as_object()["new_password"] = password;
    return body->as_object();
  }
  api::Response ask(api::Method method, const std::string& target, const json::value& body,
                    const std::string& token = "") const {
    const auto port = printed("Serving on http://127.0.0.1:", "\n");
    const auto transport = api::http_transport(
        {.port = static_cast<uint16_t>(std::stoi(port)), .authorization = token.empty() ? "" : "Bearer " + token});
    api::Request request;
    request.method = method;
    request.target = target;
    if (!body.is_null()) request.body = write_json(body);
    if (!body.is_null()) request.headers = {{"content-type", "application/json"}};
    auto response = transport->send(std::move(request));
    EXPECT_TRUE(response) << response.error().text();
    return response ? *response : api::Response{};
  }
  int signed_in(const std::string& name, const std::string& password) const {
    return ask(api::Method::kPost, "/v1/sessions", json::object{{"name", name}, {"password", password}}).status;
  }
};

TEST_F(DemoSignIn, what_is_printed_for_the_first_administrator_signs_in_exactly_once) {
  start_demo();
  const auto redeemed = ask(api::Method::kPost, "/v1/passwords", printed_request(kPassword));
  ASSERT_EQ(redeemed.status, 201) << redeemed.body;
  const auto token = std::string(parse_json(redeemed.body)->at("token").as_string());
  const auto users = ask(api::Method::kGet, "/v1/users", nullptr, token);
  EXPECT_EQ(users.status, 200) << users.body;
  EXPECT_NE(users.body.find("demo.analyst"), std::string::npos) << users.body;

  const auto again = ask(api::Method::kPost, "/v1/passwords", printed_request("another horse battery"));
  EXPECT_EQ(again.status, 401) << again.body;
  EXPECT_EQ(signed_in("admin", "another horse battery"), 401);
  EXPECT_EQ(signed_in("admin", kPassword), 201);

  EXPECT_EQ(stop(), 0);
  start_demo();  // who has a password is given no new code
  EXPECT_EQ(said().find("First administrator"), std::string::npos) << said();
  EXPECT_EQ(signed_in("admin", kPassword), 201);
}

// A code nobody used is replaced at the next start, and the old one is worth nothing then.
TEST_F(DemoSignIn, a_code_of_an_earlier_start_is_replaced) {
  start_demo();
  const auto earlier = printed_request(kPassword);
  EXPECT_EQ(stop(), 0);
  start_demo();
  EXPECT_EQ(ask(api::Method::kPost, "/v1/passwords", earlier).status, 401);
  EXPECT_EQ(ask(api::Method::kPost, "/v1/passwords", printed_request(kPassword)).status, 201);
}

TEST_F(DemoSignIn, every_demo_user_signs_in_with_the_printed_password) {
  start_demo();
  const auto password = printed("Demo users, all with the password ", ":\n");
  for (const auto* name : {"demo.manager", "demo.agent", "demo.marketer", "demo.analyst", "demo.compliance",
                           "demo.scientist", "demo.admin", "demo.customer"}) {
    EXPECT_NE(said().find(std::string("  ") + name + " "), std::string::npos) << said();
    EXPECT_EQ(signed_in(name, password), 201) << name;
  }
}

// Somebody of the demo bank, who sees nothing of the staff's.
TEST_F(DemoSignIn, the_demo_customer_is_one_of_the_bank_and_no_member_of_its_staff) {
  start_demo();
  const auto password = printed("Demo users, all with the password ", ":\n");
  const auto who = printed("demo.customer     customer ", "\n");
  const auto as = [&](const char* name) {
    const auto session = ask(api::Method::kPost, "/v1/sessions", json::object{{"name", name}, {"password", password}});
    const auto token = std::string(parse_json(session.body)->at("token").as_string());
    return ask(api::Method::kGet, "/v1/customers/" + who, nullptr, token).status;
  };
  EXPECT_EQ(as("demo.manager"), 200);
  EXPECT_EQ(as("demo.customer"), 403);
}

}  // namespace
}  // namespace amity::app
