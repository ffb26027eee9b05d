#include "api/first_answers.h"

#include "api/router_fixture.h"
#include "security/keys_fixture.h"

namespace amity::api {
namespace {

constexpr store::Statement kEverything("test.everything", "SELECT slot, answer FROM first_answers");

class FirstAnswersTest : public security::KeyedDatabaseTest {
 protected:
  void SetUp() override {
    KeyedDatabaseTest::SetUp();
    restart();
  }
  // As after a restart: what was only in memory is gone.
  void restart() {
    answers = std::make_unique<FirstAnswers>(*database_, clock_, *keys_);
    metrics = std::make_unique<Metrics>();
    const auto act = [this](const Request& request) -> Result<Response> {
      ++done;
      if (outcome) return std::unexpected(*outcome);
      auto response = created("/v1/things/1", json::object{{"count", done}, {"body", request.body}});
      response.about = about;
      if (erased_meanwhile) std::ignore = keys_->destroy(*erased_meanwhile, Uuid{});
      return response;
    };
    std::vector<Route> routes = {
        {.method = Method::kPost, .pattern = "/v1/needs", .handler = act, .repeat = Repeat::kNeedsKey, .query = {"x"}},
        {.method = Method::kPost, .pattern = "/v1/takes", .handler = act, .repeat = Repeat::kTakesKey},
    };
    router = std::make_unique<Router>(RouterParts{.routes = std::move(routes),
                                                  .authenticate = caller_of,
                                                  .clock = &clock_,
                                                  .metrics = metrics.get(),
                                                  .first_answers = answers.get()});
  }
  Response post(std::string target, std::string key_text, std::string body, std::string token = "agent") {
    auto request = request_to(Method::kPost, std::move(target), std::move(body));
    request.headers[0].value = "Bearer " + token;
    if (!key_text.empty()) request.headers.push_back({"idempotency-key", std::move(key_text)});
    return router->handle(std::move(request));
  }

  // Pseudonyms of customers whose keys exist.
  std::vector<Uuid> known(std::initializer_list<uint8_t> numbers) {
    std::vector<Uuid> ids;
    for (const auto number : numbers) ids.push_back(Uuid{.bytes = {number}});
    EXPECT_TRUE(keys_->ensure(ids));
    return ids;
  }
  // "201", or what a conflict says.
  std::string posted(std::string key_text, std::string body) {
    const auto response = post("/v1/needs", std::move(key_text), std::move(body));
    if (response.status != 409) return std::to_string(response.status);
    const auto error = error_of_problem(response);
    EXPECT_EQ(error.place, "header:idempotency-key");
    return error.message;
  }

  std::unique_ptr<FirstAnswers> answers;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<Router> router;
  std::optional<Error> outcome;
  std::vector<Uuid> about;  // of the answers to come
  std::optional<Uuid> erased_meanwhile;
  int done = 0;
};

TEST_P(FirstAnswersTest, give_the_first_answer_again_byte_for_byte) {
  const auto first = post("/v1/needs", "k1", "{}");
  restart();
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
  restart();
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
  clock_.advance(days(7));
  EXPECT_EQ(post("/v1/needs", "k1", "{}").status, 201);
  EXPECT_EQ(done, 3);
  EXPECT_EQ(answers->forget_old().value(), 0);  // k2 is exactly seven days old
  clock_.advance(microseconds(1));
  EXPECT_EQ(answers->forget_old().value(), 1);
  EXPECT_EQ(post("/v1/needs", "k1", "{}").status, 201);  // the new k1 is still known
  EXPECT_EQ(done, 3);
}

TEST_P(FirstAnswersTest, go_with_any_of_those_they_tell_of_and_nothing_is_done_again) {
  about = known({1, 2});
  post("/v1/needs", "both", "{}");
  about = known({3});
  post("/v1/needs", "another", "{}");
  EXPECT_EQ(posted("both", "{}"), "201");
  ASSERT_TRUE(keys_->destroy(Uuid{.bytes = {2}}, Uuid{}));
  restart();
  EXPECT_NE(posted("both", "{}").find("has been erased"), std::string::npos);
  EXPECT_EQ(posted("another", "{}"), "201");
  EXPECT_EQ(done, 2);
}

TEST_P(FirstAnswersTest, say_nothing_of_the_request_any_more_where_they_are_gone) {
  about = known({1});
  post("/v1/needs", "k1", R"({"name":"Lin"})");
  ASSERT_TRUE(keys_->destroy(about, Uuid{}));
  EXPECT_EQ(posted("k1", R"({"name":"Lin"})"), posted("k1", R"({"name":"Wu"})"));
  outcome = Error{Code::kTimeout, "no answer in time", ""};
  post("/v1/needs", "k2", R"({"name":"Lin"})");
  EXPECT_EQ(posted("k2", R"({"name":"Lin"})"), posted("k2", R"({"name":"Wu"})"));
  EXPECT_EQ(done, 2);
}

TEST_P(FirstAnswersTest, are_not_kept_where_somebody_was_erased_while_the_request_ran) {
  about = known({1, 2});
  erased_meanwhile = about[1];
  EXPECT_EQ(posted("k1", "{}"), "201");
  EXPECT_NE(posted("k1", "{}").find("has been erased"), std::string::npos);
  EXPECT_EQ(done, 1);
}

TEST_P(FirstAnswersTest, about_somebody_nobody_knows_are_kept) {
  about = {Uuid{.bytes = {9}}};
  post("/v1/needs", "k1", "{}");
  EXPECT_EQ(posted("k1", "{}"), "201");
  EXPECT_EQ(done, 1);
}

TEST_P(FirstAnswersTest, leave_nothing_readable_in_the_table) {
  about = known({1});
  post("/v1/needs", "k1-canary", "{\"name\":\"canary\"}");
  std::string everything;
  ASSERT_TRUE(database_->read([&](store::Reader& reader) {
    return reader.query(kEverything, {}, [&](const store::Row& row) -> Result<void> {
      for (int column = 0; column < 2; ++column) everything += as_text(row.bytes(column));
      return {};
    });
  }));
  EXPECT_GT(everything.size(), 64u);
  EXPECT_EQ(everything.find("canary"), std::string::npos);
}

AMITY_ON_BOTH_DATABASES(FirstAnswersTest);

}  // namespace
}  // namespace amity::api
