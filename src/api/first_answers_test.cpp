#include "api/first_answers.h"

#include "api/router_fixture.h"
#include "store/database_fixture.h"

namespace amity::api {
namespace {

constexpr store::Statement kEverything("test.everything", "SELECT slot, request_digest, answer FROM first_answers");

class FirstAnswersTest : public store::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    database = open();
    reopen();
  }
  // As after a restart: what was only in memory is gone.
  void reopen() {
    answers = std::make_unique<FirstAnswers>(*database, clock, key);
    metrics = std::make_unique<Metrics>();
    const auto act = [this](const Request& request) -> Result<Response> {
      ++done;
      if (outcome) return std::unexpected(*outcome);
      return created("/v1/things/1", json::object{{"count", done}, {"body", request.body}});
    };
    std::vector<Route> routes = {
        {.method = Method::kPost, .pattern = "/v1/needs", .handler = act, .repeat = Repeat::kNeedsKey, .query = {"x"}},
        {.method = Method::kPost, .pattern = "/v1/takes", .handler = act, .repeat = Repeat::kTakesKey},
    };
    router = std::make_unique<Router>(RouterParts{.routes = std::move(routes),
                                                  .authenticate = caller_of,
                                                  .clock = &clock,
                                                  .metrics = metrics.get(),
                                                  .first_answers = answers.get()});
  }
  Response post(std::string target, std::string key_text, std::string body, std::string token = "agent") {
    auto request = request_to(Method::kPost, std::move(target), std::move(body));
    request.headers[0].value = "Bearer " + token;
    if (!key_text.empty()) request.headers.push_back({"idempotency-key", std::move(key_text)});
    return router->handle(std::move(request));
  }

  ManualClock clock{parse_timestamp("2026-01-01T00:00:00Z").value()};
  SecretKey key = SecretKey::random();
  std::unique_ptr<store::Database> database;
  std::unique_ptr<FirstAnswers> answers;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<Router> router;
  std::optional<Error> outcome;
  int done = 0;
};

TEST_P(FirstAnswersTest, give_the_first_answer_again_byte_for_byte) {
  const auto first = post("/v1/needs", "k1", "{}");
  reopen();
  const auto again = post("/v1/needs", "k1", "{}");
  EXPECT_EQ(done, 1);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("location"), "/v1/things/1");
}

TEST_P(FirstAnswersTest, refuse_the_key_with_another_request) {
  post("/v1/needs", "k1", "{}");
  EXPECT_EQ(post("/v1/needs", "k1", "{ }").status, 409);
  EXPECT_EQ(post("/v1/needs?x=1", "k1", "{}").status, 409);
  EXPECT_EQ(done, 1);
}

TEST_P(FirstAnswersTest, are_kept_per_caller_and_route) {
  post("/v1/needs", "k1", "{}");
  EXPECT_EQ(post("/v1/takes", "k1", "{}").status, 201);
  EXPECT_EQ(post("/v1/needs", "k1", "{}", "administrator").status, 201);
  EXPECT_EQ(done, 3);
}

TEST_P(FirstAnswersTest, need_a_key_only_where_the_route_says_so) {
  EXPECT_EQ(post("/v1/needs", "", "{}").status, 400);
  EXPECT_EQ(post("/v1/needs", std::string(129, 'k'), "{}").status, 400);
  EXPECT_EQ(post("/v1/needs", "a b", "{}").status, 400);
  EXPECT_EQ(done, 0);
  post("/v1/takes", "", "{}");
  post("/v1/takes", "", "{}");
  EXPECT_EQ(done, 2);
}

TEST_P(FirstAnswersTest, keep_refusals_too) {
  outcome = Error{Code::kUnprocessable, "not allowed", "/x"};
  const auto first = post("/v1/needs", "k1", "{}");
  outcome.reset();
  EXPECT_EQ(post("/v1/needs", "k1", "{}").body, first.body);
  EXPECT_EQ(done, 1);
}

TEST_P(FirstAnswersTest, let_a_key_be_used_again_when_nothing_was_done) {
  outcome = Error{Code::kUnavailable, "the disk is full", ""};
  EXPECT_EQ(post("/v1/needs", "k1", "{}").status, 503);
  outcome.reset();
  EXPECT_EQ(post("/v1/needs", "k1", "{}").status, 201);
}

TEST_P(FirstAnswersTest, never_do_twice_what_may_have_been_done) {
  outcome = Error{Code::kTimeout, "no answer in time", ""};
  EXPECT_EQ(post("/v1/needs", "k1", "{}").status, 504);
  outcome.reset();
  EXPECT_EQ(post("/v1/needs", "k1", "{}").status, 409);
  reopen();
  EXPECT_EQ(post("/v1/needs", "k1", "{}").status, 409);
  EXPECT_EQ(done, 1);
}

TEST_P(FirstAnswersTest, refuse_a_key_whose_first_request_still_runs) {
  const RepeatedCall call{"user", "POST /v1/needs", "k1", "/v1/needs", "{}"};
  ASSERT_TRUE(std::holds_alternative<FirstAnswers::Ticket>(answers->begin(call).value()));
  EXPECT_EQ(answers->begin(call).error().code, Code::kConflict);
}

TEST_P(FirstAnswersTest, are_forgotten_after_seven_days) {
  post("/v1/needs", "k1", "{}");
  post("/v1/needs", "k2", "{}");
  clock.advance(days(7));
  EXPECT_EQ(post("/v1/needs", "k1", "{}").status, 201);
  EXPECT_EQ(done, 3);
  EXPECT_EQ(answers->forget_old().value(), 0);  // k2 is exactly seven days old
  clock.advance(microseconds(1));
  EXPECT_EQ(answers->forget_old().value(), 1);
  EXPECT_EQ(post("/v1/needs", "k1", "{}").status, 201);  // the new k1 is still known
  EXPECT_EQ(done, 3);
}

TEST_P(FirstAnswersTest, leave_nothing_readable_in_the_table) {
  post("/v1/needs", "k1-canary", "{\"name\":\"canary\"}");
  std::string everything;
  ASSERT_TRUE(database->read([&](store::Reader& reader) {
    return reader.query(kEverything, {}, [&](const store::Row& row) -> Result<void> {
      for (int column = 0; column < 3; ++column) everything += as_text(row.bytes(column));
      return {};
    });
  }));
  EXPECT_GT(everything.size(), 64u);
  EXPECT_EQ(everything.find("canary"), std::string::npos);
}

AMITY_ON_BOTH_DATABASES(FirstAnswersTest);

}  // namespace
}  // namespace amity::api
