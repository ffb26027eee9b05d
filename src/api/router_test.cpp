#include "api/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "api/router_fixture.h"

namespace amity::api {
namespace {

using security::Permission;

std::vector<Route> test_routes() {
  const auto version_3 = [](const Request&) -> Result<Response> { return with_etag(json_response({{"v", 3}}), "3"); };
  const auto change = [](const Request& request) -> Result<Response> {
    TRY(require_match(request, "3"));
    return no_content();
  };
  const auto broken = [](const Request&) -> Result<Response> { throw std::runtime_error("name of a customer"); };
  const auto refused = [](const Request&) -> Result<Response> { return invalid("is missing", "/data/amount"); };
  return {
      {.method = Method::kGet,
       .pattern = "/v1/things/{thing}",
       .permission = Permission::kReadCustomers,
       .handler = echo,
       .query = {"at", "name"}},
      {.method = Method::kGet, .pattern = "/v1/things/newest", .handler = echo},
      {.method = Method::kPost, .pattern = "/v1/things", .handler = echo, .body_bytes_max = 100},
      {.method = Method::kDelete,
       .pattern = "/v1/things/{thing}",
       .permission = Permission::kManageUsers,
       .handler = echo},
      {.method = Method::kGet, .pattern = "/v1/policy", .handler = version_3},
      {.method = Method::kPatch, .pattern = "/v1/policy", .handler = change},
      {.method = Method::kPost, .pattern = "/v1/refused", .handler = refused},
      {.method = Method::kGet, .pattern = "/v1/broken", .handler = broken, .is_open = true},
      {.method = Method::kGet, .pattern = "/open", .handler = echo, .is_open = true},
  };
}

class RouterTest : public testing::Test {
 protected:
  Response get(std::string target) { return router.handle(request_to(Method::kGet, std::move(target))); }
  static json::value body_of(const Response& response) { return parse_json(response.body).value(); }

  ManualClock clock{parse_timestamp("1994-11-06T08:49:37Z").value()};
  Metrics metrics;
  Router router{{.routes = test_routes(), .authenticate = caller_of, .clock = &clock, .metrics = &metrics}};
};

TEST_F(RouterTest, gives_the_handler_decoded_parameters_and_query) {
  const auto response = get("/v1/things/a%2Fb%20c?at=1998-01-01&name=%E5%BC%A0+%E4%BC%9F");
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(body_of(response).at("parameters").at("thing"), "a/b c");
  EXPECT_EQ(body_of(response).at("query").at("name"), "张 伟");
}

TEST_F(RouterTest, tells_a_query_value_it_does_not_take_by_its_number_and_the_known_ones) {
  const auto response = get("/v1/things/newest?colour=red");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(body_of(response).at("detail"), "name 1 of the query is unknown; known here: none");
  EXPECT_EQ(body_of(response).at_pointer("/errors/0/place"), "query");
}

TEST_F(RouterTest, prefers_a_literal_segment_to_a_parameter) {
  EXPECT_TRUE(body_of(get("/v1/things/newest")).at("parameters").as_object().empty());
}

TEST_F(RouterTest, says_404_for_a_path_it_does_not_have) { EXPECT_EQ(get("/v1/nothing").status, 404); }

TEST_F(RouterTest, says_405_with_the_methods_a_path_has) {
  const auto response = router.handle(request_to(Method::kPut, "/v1/things/7"));
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.header("allow"), "GET, HEAD, DELETE");
  EXPECT_EQ(router.handle(request_to(Method::kOther, "/v1/policy")).status, 405);
}

TEST_F(RouterTest, refuses_targets_that_two_readers_could_understand_differently) {
  for (const auto* target : {"/v1/../secret", "/v1/%2e%2e/secret", "//v1", "/v1/things/", "/v1/things/%zz",
                             "/v1/%C0%AF", "/v1/things/%00", "http://other/", "*", "", "/a#b", "/v1/things/1?at=1&at=2",
                             "/a?=1", "/v1/things/\x80", "/v1/things/%ED%A0%80"}) {
    EXPECT_EQ(get(target).status, 400) << target;
  }
}

TEST_F(RouterTest, refuses_an_address_over_eight_kibibytes) {
  EXPECT_EQ(get("/v1/things/" + std::string(9000, 'a')).status, 414);
}

TEST_F(RouterTest, lets_nobody_in_without_a_credential) {
  Request request = request_to(Method::kGet, "/v1/things/7");
  request.headers.clear();
  EXPECT_EQ(router.handle(request).status, 401);
  request.headers = {{"authorization", "Bearer stranger"}};
  const auto response = router.handle(request);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.header("www-authenticate"), "Bearer realm=\"amity\"");
  request.headers = {{"authorization", "bearer agent"}};  // the scheme's case does not matter (RFC 9110 section 11.1)
  EXPECT_EQ(router.handle(request).status, 200);
}

TEST_F(RouterTest, refuses_a_caller_without_the_permission) {
  EXPECT_EQ(router.handle(request_to(Method::kDelete, "/v1/things/7")).status, 403);
  Request request = request_to(Method::kDelete, "/v1/things/7");
  request.headers[0].value = "Bearer administrator";
  EXPECT_EQ(router.handle(request).status, 200);
}

TEST_F(RouterTest, takes_the_caller_its_maker_set_in_the_same_process) {
  Request request = request_to(Method::kDelete, "/v1/things/7");
  request.headers.clear();
  request.caller = caller_with(security::Role::kAdministrator);
  EXPECT_EQ(router.handle(request).status, 200);
}

TEST_F(RouterTest, gives_the_handler_purpose_and_trace_of_the_request) {
  security::Caller seen;
  const auto see = [&](const Request& request) -> Result<Response> {
    seen = request.who();
    return no_content();
  };
  Metrics own;
  const Router seeing({.routes = {{.method = Method::kGet, .pattern = "/see", .handler = see}},
                       .authenticate = caller_of,
                       .clock = &clock,
                       .metrics = &own});
  auto request = request_to(Method::kGet, "/see");
  request.headers.push_back({"amity-purpose", "credit_decision"});
  request.headers.push_back({"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
  EXPECT_EQ(seeing.handle(request).status, 204);
  EXPECT_EQ(seen.purpose, security::Purpose::kCreditDecision);
  EXPECT_EQ(seen.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  request.headers[1].value = "curiosity";
  EXPECT_EQ(seeing.handle(request).status, 400);
}

TEST_F(RouterTest, takes_bodies_of_the_declared_type_only) {
  const auto status_with = [&](std::string type) {
    auto request = request_to(Method::kPost, "/v1/things", "{}");
    request.headers[1].value = std::move(type);
    return router.handle(request).status;
  };
  EXPECT_EQ(status_with("application/json"), 200);
  EXPECT_EQ(status_with("Application/JSON; charset=UTF-8"), 200);
  EXPECT_EQ(status_with("text/plain"), 415);
  EXPECT_EQ(status_with("application/json; charset=gbk"), 415);
  EXPECT_EQ(status_with("application/jsonp"), 415);
  EXPECT_EQ(status_with(""), 415);
}

TEST_F(RouterTest, takes_bodies_up_to_the_routes_size) {
  EXPECT_EQ(router.handle(request_to(Method::kPost, "/v1/things", std::string(100, ' '))).status, 200);
  EXPECT_EQ(router.handle(request_to(Method::kPost, "/v1/things", std::string(101, ' '))).status, 413);
  EXPECT_EQ(router.handle(request_to(Method::kGet, "/v1/policy", "x")).status, 413);
  EXPECT_EQ(router.body_bytes_max(Method::kPost, "/v1/things?x=1"), 100u);
  EXPECT_EQ(router.body_bytes_max(Method::kGet, "/v1/policy"), 0u);
  EXPECT_EQ(router.body_bytes_max(Method::kPost, "/nowhere"), 0u);
}

TEST_F(RouterTest, puts_security_headers_on_every_answer) {
  for (const auto* target : {"/open", "/v1/policy", "/nowhere", "/v1/broken", "/%"}) {
    const auto response = get(target);
    EXPECT_EQ(response.header("x-content-type-options"), "nosniff") << target;
    EXPECT_EQ(response.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'") << target;
    EXPECT_EQ(response.header("referrer-policy"), "no-referrer") << target;
    EXPECT_EQ(response.header("cache-control"), "no-store") << target;
    EXPECT_EQ(response.header("date"), "Sun, 06 Nov 1994 08:49:37 GMT") << target;  // the example of RFC 9110
  }
}

TEST_F(RouterTest, continues_the_trace_it_is_given) {
  auto request = request_to(Method::kGet, "/open");
  request.headers.push_back({"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
  const auto response = router.handle(request);
  EXPECT_EQ(response.header("traceparent").substr(0, 36), "00-4bf92f3577b34da6a3ce929d0e0e4736-");
}

TEST_F(RouterTest, begins_a_trace_where_the_given_one_is_malformed) {
  for (const auto* parent : {"", "00-0", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                             "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                             "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"}) {
    auto request = request_to(Method::kGet, "/open");
    request.headers.push_back({"traceparent", parent});
    const std::string made(router.handle(request).header("traceparent"));
    EXPECT_EQ(made.size(), 55u) << parent;
    EXPECT_EQ(made.find("4bf92f35"), std::string::npos) << parent;
  }
}

TEST_F(RouterTest, says_304_where_the_caller_has_this_version) {
  auto request = request_to(Method::kGet, "/v1/policy");
  request.headers.push_back({"if-none-match", "\"2\", \"3\""});
  const auto response = router.handle(request);
  EXPECT_EQ(response.status, 304);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(response.header("etag"), "\"3\"");
}

TEST_F(RouterTest, changes_only_the_version_the_caller_has_seen) {
  const auto status_with = [&](std::string tag) {
    auto request = request_to(Method::kPatch, "/v1/policy");
    if (!tag.empty()) request.headers.push_back({"if-match", std::move(tag)});
    return router.handle(request).status;
  };
  EXPECT_EQ(status_with("\"3\""), 204);
  EXPECT_EQ(status_with("\"2\""), 412);
  EXPECT_EQ(status_with(""), 428);
}

TEST_F(RouterTest, names_the_place_of_what_is_wrong) {
  const auto response = router.handle(request_to(Method::kPost, "/v1/refused", "{}"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(body_of(response).at("errors").at(0).at("pointer"), "/data/amount");
}

TEST_F(RouterTest, shows_nothing_of_what_a_handler_threw) {
  const auto response = get("/v1/broken");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("customer"), std::string::npos);
}

TEST_F(RouterTest, counts_by_pattern_and_never_by_path) {
  get("/v1/things/4711");
  get("/v1/things/4712");
  const auto text = metrics.text();
  EXPECT_NE(text.find("amity_http_requests_total{method=\"GET\",route=\"/v1/things/{thing}\",status=\"2xx\"} 2\n"),
            std::string::npos);
  EXPECT_EQ(text.find("4711"), std::string::npos);
}

TEST_F(RouterTest, limits_how_fast_one_caller_may_ask) {
  CallerLimits limits({.requests_per_second = 2, .burst = 3});
  Metrics own;
  const Router limited(
      {.routes = test_routes(), .authenticate = caller_of, .clock = &clock, .metrics = &own, .caller_limits = &limits});
  const auto ask = [&](const char* token) {
    auto request = request_to(Method::kGet, "/v1/policy");
    request.headers[0].value = token;
    return limited.handle(request);
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("Bearer agent").status, 200);
  const auto refused = ask("Bearer agent");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(ask("Bearer administrator").status, 200);  // a bucket each
  clock.advance(microseconds(500'000));                // half a second: one more
  EXPECT_EQ(ask("Bearer agent").status, 200);
  EXPECT_EQ(ask("Bearer agent").status, 429);
  clock.advance(seconds(-3600));  // a clock stepping back gives nothing
  EXPECT_EQ(ask("Bearer agent").status, 429);
}

TEST(CallerLimits, forget_the_least_recently_seen_beyond_their_number) {
  CallerLimits limits({.requests_per_second = 1, .burst = 1, .tracked_max = 2});
  const Timestamp now{};
  EXPECT_TRUE(limits.take("a", now));
  EXPECT_TRUE(limits.take("b", now));
  EXPECT_FALSE(limits.take("b", now));
  EXPECT_TRUE(limits.take("c", now));   // forgets a
  EXPECT_FALSE(limits.take("b", now));  // b is still known
  EXPECT_TRUE(limits.take("a", now));
}

TEST(OperationRoutes, say_alive_ready_and_numbers) {
  ManualClock clock{Timestamp{}};
  Metrics metrics;
  Result<void> ready = {};
  const Router router({.routes = operation_routes([&] { return ready; }, metrics),
                       .authenticate = caller_of,
                       .clock = &clock,
                       .metrics = &metrics});
  EXPECT_EQ(router.handle(request_to(Method::kGet, "/healthz")).status, 200);
  EXPECT_EQ(router.handle(request_to(Method::kGet, "/readyz")).status, 200);
  ready = fail(Code::kUnavailable, "the disk is full; free some space");
  const auto response = router.handle(request_to(Method::kGet, "/readyz"));
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find("the disk is full"), std::string::npos);
  EXPECT_NE(router.handle(request_to(Method::kGet, "/metrics")).body.find("route=\"/readyz\",status=\"5xx\"} 1"),
            std::string::npos);
}

}  // namespace
}  // namespace amity::api
