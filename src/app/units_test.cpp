// Who sees only a part of the institution sends events about that part only, whatever the events say.
#include "api/metrics.h"
#include "app/bank_fixture.h"

namespace amity::app {
namespace {

using security::Caller;

Caller agent_of(const std::string& unit) {
  Caller caller;
  const auto digest = amity::digest(as_bytes("agent of " + unit));
  caller.user = UserId{make_uuid_v8(std::span<const uint8_t, 16>(digest.data(), 16))};
  caller.name = "agent";
  caller.roles = {security::Role::kServiceAgent};
  caller.unit = unit;
  return caller;
}

class UnitsTest : public BankTest {
 protected:
  void SetUp() override {
    BankTest::SetUp();
    ASSERT_EQ(sent(north_, registered_in("wang", "/north")), "taken");
    ASSERT_EQ(sent(north_, opened("w1", {"wang"})), "taken");
    ASSERT_EQ(sent(south_, registered_in("li", "/south")), "taken");
    ASSERT_EQ(sent(south_, opened("l1", {"li"})), "taken");
  }

  Event registered_in(const std::string& key, const std::string& unit) {
    return event_of("customer.registered", customer(key), {{"name", "name of " + key}, {"unit", unit}});
  }
  Event related(const std::string& key, const std::string& other) {
    return event_of("relationship.recorded", customer(key), {{"other", other}, {"relationship", "spouse"}});
  }
  Event posted(const std::string& key) {
    return event_of("transaction.posted", account(key),
                    {{"amount", {{"amount_minor", 5}, {"currency", "CNY"}}}, {"direction", "debit"}});
  }
  Event joined(const std::string& key, const std::string& who) {
    return event_of("account.holder_added", account(key), {{"customer", who}, {"role", "owner"}});
  }
  // "taken", or the code and the place of the refusal.
  std::string sent(const Caller& caller, Event event) {
    const auto answer = engine_->pipeline().submit(caller, {std::move(event)}).front();
    return answer ? "taken" : std::string(name_of(answer.error().code)) + " " + answer.error().place;
  }
  std::string unit_of(const Caller& caller, const std::string& key) {
    const auto profile = engine_->customers().profile(caller, key);
    if (!profile) return std::string(name_of(profile.error().code));
    return std::string(profile->at("values").at("unit").at("value").as_string());
  }

  const Caller north_ = agent_of("/north");
  const Caller south_ = agent_of("/south");
};

TEST_P(UnitsTest, take_nobody_over_from_another_unit) {
  const auto before = engine_->event_count().value();
  EXPECT_EQ(sent(south_, registered_in("wang", "/south")), "forbidden /subject");
  EXPECT_EQ(sent(south_, event_of("customer.updated", customer("wang"), {{"unit", "/south"}})), "forbidden /subject");
  EXPECT_EQ(sent(south_, posted("w1")), "forbidden /subject");
  EXPECT_EQ(sent(south_, joined("w1", "li")), "forbidden /subject");
  EXPECT_EQ(sent(south_, opened("w1", {"li"})), "forbidden /subject");
  EXPECT_EQ(engine_->event_count().value(), before);
  EXPECT_EQ(unit_of(north_, "wang"), "/north");
  EXPECT_EQ(unit_of(south_, "wang"), "not_found");
}

TEST_P(UnitsTest, name_nobody_of_another_unit_and_learn_not_whether_there_is_one) {
  for (const std::string other : {"wang", "nobody"}) {
    EXPECT_EQ(sent(south_, related("li", other)), "forbidden /data/other");
    EXPECT_EQ(sent(south_, opened("l2", {"li", other})), "forbidden /data/holders");
    EXPECT_EQ(sent(south_, joined("l1", other)), "forbidden /data/customer");
    EXPECT_EQ(sent(south_, event_of("customer.updated", customer(other), {{"name", "X"}})), "forbidden /subject");
  }
  EXPECT_EQ(sent(local_operator(), joined("l1", "wang")), "taken");  // whoever sees both
}

TEST_P(UnitsTest, place_nobody_outside_their_own) {
  for (const std::string unit : {"/south", "/", "/northern"}) {
    EXPECT_EQ(sent(north_, event_of("customer.updated", customer("wang"), {{"unit", unit}})), "forbidden /data/unit");
    EXPECT_EQ(sent(north_, registered_in("zhao", unit)), "forbidden /data/unit");
  }
  EXPECT_EQ(sent(north_, registered("zhao")), "forbidden /subject");  // of no unit: the whole institution's
  EXPECT_EQ(sent(north_, event_of("customer.updated", customer("wang"), {{"unit", "/north/1"}})), "taken");
  EXPECT_EQ(unit_of(north_, "wang"), "/north/1");
}

// A joint holder's branch serves its customer with all there is; the account is acted on where its first owner is.
TEST_P(UnitsTest, read_an_account_of_any_holder_and_act_on_those_of_their_own_first_owners) {
  const auto reads = [&](const Caller& caller) {
    const auto read = engine_->customers().account(caller, "w1");
    return read ? "ok" : std::string(name_of(read.error().code));
  };
  EXPECT_EQ(reads(south_), "not_found");
  ASSERT_EQ(sent(local_operator(), joined("w1", "li")), "taken");
  EXPECT_EQ(reads(south_), "ok");
  EXPECT_EQ(reads(north_), "ok");
  EXPECT_EQ(sent(south_, posted("w1")), "forbidden /subject");
  EXPECT_EQ(sent(south_, joined("w1", "li")), "forbidden /subject");
  EXPECT_EQ(sent(north_, posted("w1")), "taken");
  ASSERT_EQ(sent(local_operator(), event_of("account.holder_removed", account("w1"), {{"customer", "wang"}})), "taken");
  EXPECT_EQ(reads(north_), "not_found");  // of a former holder's branch
  EXPECT_EQ(sent(north_, posted("w1")), "taken");
  EXPECT_EQ(sent(south_, posted("w1")), "forbidden /subject");
}

TEST_P(UnitsTest, of_one_batch_see_who_was_registered_before_and_by_whom) {
  const auto answers = engine_->pipeline().submit(
      south_, {registered_in("sun", "/south"), opened("s1", {"sun"}), posted("s1"), registered_in("wang", "/south")});
  ASSERT_EQ(answers.size(), 4U);
  for (const size_t i : {0, 1, 2}) EXPECT_TRUE(answers[i]) << i << answers[i].error().text();
  ASSERT_FALSE(answers[3]);
  EXPECT_EQ(answers[3].error().code, Code::kForbidden);
}

TEST_P(UnitsTest, are_told_so_over_rest_and_each_attempt_counts_as_a_denial) {
  int denials = 0;
  api::FirstAnswers first_answers(engine_->database(), clock_, engine_->keys());
  api::Metrics metrics;
  const api::Router router(
      {.routes = api::rest_routes(engine_->services()),
       .authenticate = [](std::string_view) -> Result<Caller> { return fail(Code::kUnauthenticated, "sign in"); },
       .clock = &clock_,
       .metrics = &metrics,
       .first_answers = &first_answers,
       .on_denied = [&](const Caller&, std::string_view) { ++denials; }});
  const auto post = [&](const json::value& body) {
    api::Request request;
    request.method = api::Method::kPost;
    request.target = "/v1/events";
    request.caller = south_;
    request.headers = {{"content-type", "application/json"}};
    request.body = write_json(body);
    return router.handle(std::move(request));
  };
  const auto document = [](const std::string& id, const std::string& key) {
    return json::object{
        {"specversion", "1.0"},          {"source", "teller"},           {"id", id},
        {"type", "customer.registered"}, {"subject", "customer/" + key}, {"time", "2026-01-02T00:00:00Z"},
        {"data", {{"unit", "/south"}}}};
  };
  const auto alone = post(document("1", "wang"));
  EXPECT_EQ(alone.status, 403) << alone.body;
  EXPECT_NE(alone.body.find(R"("pointer":"/subject")"), std::string::npos) << alone.body;
  EXPECT_EQ(denials, 1);
  const auto batch = post(json::array{document("2", "wang"), document("3", "qian")});
  EXPECT_EQ(batch.status, 200) << batch.body;
  EXPECT_NE(batch.body.find(R"("status":403)"), std::string::npos) << batch.body;
  EXPECT_EQ(denials, 2);
  EXPECT_EQ(unit_of(south_, "qian"), "/south");
}

AMITY_ON_BOTH_DATABASES(UnitsTest);

}  // namespace
}  // namespace amity::app
