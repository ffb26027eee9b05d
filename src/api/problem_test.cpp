#include "api/problem.h"

#include <gtest/gtest.h>

namespace amity::api {
namespace {

TEST(Problem, has_the_members_of_rfc_9457) {
  Request request;
  request.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const auto response = problem(request, Error{Code::kInvalid, "is missing", "/data/amount"});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"detail":"is missing","errors":[{"detail":"is missing","pointer":"/data/amount"}],)"
            R"("status":400,"title":"The request is malformed","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"
            R"("type":"/problems/invalid"})");
}

TEST(Problem, gives_each_code_its_status) {
  const std::pair<Code, int> expected[] = {
      {Code::kInvalid, 400},     {Code::kUnauthenticated, 401}, {Code::kForbidden, 403}, {Code::kNotFound, 404},
      {Code::kConflict, 409},    {Code::kUnprocessable, 422},   {Code::kLimit, 429},     {Code::kInternal, 500},
      {Code::kUnavailable, 503}, {Code::kTimeout, 504},
  };
  for (const auto& [code, status] : expected) EXPECT_EQ(status_of(Error{code, "", ""}), status) << name_of(code);
}

TEST(Problem, says_its_title_in_the_language_asked_for) {
  Request request;
  request.language = "zh";
  const auto response = problem(request, Error{Code::kNotFound, "no such customer", ""});
  EXPECT_NE(response.body.find("未找到所请求的内容"), std::string::npos);
  EXPECT_EQ(response.header("content-language"), "zh");
}

TEST(Problem, prefers_the_language_of_higher_quality) {
  EXPECT_EQ(preferred_language(""), "en");
  EXPECT_EQ(preferred_language("zh-CN,zh;q=0.9,en;q=0.8"), "zh");
  EXPECT_EQ(preferred_language("en-GB, zh;q=0.5"), "en");
  EXPECT_EQ(preferred_language("en;q=0.2, zh;q=0.7"), "zh");
  EXPECT_EQ(preferred_language("fr"), "en");
  EXPECT_EQ(preferred_language("zh;q=nonsense"), "en");
}

TEST(Problem, tells_when_to_come_again) {
  EXPECT_EQ(problem({}, Error{Code::kUnavailable, "", ""}).header("retry-after"), "1");
  EXPECT_EQ(problem({}, Error{Code::kLimit, "", ""}).header("retry-after"), "1");
}

TEST(Problem, of_a_whole_batch_has_no_place) {
  const Error errors[] = {{Code::kInvalid, "the batch is empty", ""}};
  const auto response = problem({}, errors);
  EXPECT_NE(response.body.find(R"("errors":[{"detail":"the batch is empty"}])"), std::string::npos) << response.body;
  EXPECT_EQ(error_of_problem(response).place, "");
}

TEST(Problem, keeps_our_own_mistakes_inside) {
  EXPECT_EQ(problem({}, Error{Code::kInternal, "row 7 of customers", "/x"}).body.find("customers"), std::string::npos);
}

TEST(Problem, reads_back_as_the_error_it_was) {
  for (const auto* place : {"/data/amount", "?at", "header:if-match", "trans.asc:120 amount"}) {
    const Error sent{Code::kUnprocessable, "is not allowed", place};
    const auto got = error_of_problem(problem({}, sent));
    EXPECT_EQ(got.code, sent.code);
    EXPECT_EQ(got.message, sent.message);
    EXPECT_EQ(got.place, sent.place);
  }
  EXPECT_EQ(error_of_problem(problem({}, Refusal::kContentTooLarge, "at most 5")).code, Code::kInvalid);
  Response strange;
  strange.status = 502;
  strange.body = "<html>";
  EXPECT_EQ(error_of_problem(strange).code, Code::kInternal);
}

}  // namespace
}  // namespace amity::api
