// Batches whose fate is not known: the answer of the commit is lost on its way. And more than may wait.
#include "app/pipeline.h"

#include <atomic>
#include <future>

#include "app/bank_fixture.h"
#include "events/decode.h"

namespace amity::app {
namespace {

// A database that commits and, when told to, loses the answer, as PostgreSQL does when the connection breaks.
class LosesAnswers : public store::Database {
 public:
  explicit LosesAnswers(store::Database& real) : real_(real) {}
  void lose_next() { loses_next_ = true; }

  store::Dialect dialect() const override { return real_.dialect(); }
  Result<void> read(const std::function<Result<void>(store::Reader&)>& work) override { return real_.read(work); }
  Result<void> write(const std::function<Result<void>(store::Transaction&)>& work) override {
    TRY(real_.write(work));
    if (loses_next_.exchange(false)) return fail(Code::kTimeout, "the fate of the commit is not known");
    return {};
  }
  Result<void> health() const override { return real_.health(); }
  Result<void> forget_deleted() override { return real_.forget_deleted(); }
  Result<void> announce(std::string_view address) override { return real_.announce(address); }
  Result<void> backup_to(const std::string& path) override { return real_.backup_to(path); }

 private:
  store::Database& real_;
  std::atomic<bool> loses_next_ = false;
};

constexpr int64_t kNeverSettles = INT64_MAX;

class PipelineTest : public BankTest {
 protected:
  void SetUp() override {
    BankTest::SetUp();
    database_ = std::make_unique<LosesAnswers>(engine_->database());
    const auto& rooms = engine_->rooms();
    // Its own: the engine's pipeline looks after the engine's between batches, on another thread.
    settling_ = std::make_unique<Settling>(Settling::Parts{*database_, rooms.log, rooms.records}, kNeverSettles);
    pipeline_ = std::make_unique<Pipeline>(
        Rooms{*database_, rooms.pseudonyms, rooms.log, rooms.records, rooms.features, rooms.policies, rooms.desk,
              rooms.audit, rooms.clock, *settling_, rooms.model_features, rooms.erase},
        Pipeline::Limits{}, [](Rooms& shared) { return shared.settling.step(*shared.features); });
  }
  void TearDown() override {
    pipeline_.reset();
    BankTest::TearDown();
  }

  Answer submit(Event event) { return pipeline_->submit(local_operator(), {std::move(event)}).front(); }
  Event paid() {
    return event_of("payment.requested", account("l1"),
                    {{"amount", {{"amount_minor", 500}, {"currency", "CNY"}}}, {"channel", "transfer"}});
  }
  double payment_count() {
    const auto answer =
        engine_->services().read_features(local_operator(), account("l1"), *parse_timestamp("2026-01-02T00:00:00Z"));
    EXPECT_TRUE(answer);
    for (const auto& [name, value] : answer->values) {
      if (name == "account.payment_count_30d") return value;
    }
    return -1;
  }

  std::unique_ptr<LosesAnswers> database_;
  std::unique_ptr<Settling> settling_;
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_P(PipelineTest, reads_its_memory_anew_where_the_fate_of_a_commit_is_not_known) {
  ASSERT_TRUE(submit(registered("lin")));
  ASSERT_TRUE(submit(opened("l1", {"lin"})));
  ASSERT_TRUE(submit(paid()));
  const auto lost_payment = paid();
  const auto lost_update = event_of("customer.updated", customer("lin"), {{"district", "north"}});
  for (const auto& lost : {lost_payment, lost_update}) {
    database_->lose_next();
    EXPECT_EQ(submit(lost).error().code, Code::kTimeout);
  }
  ASSERT_TRUE(submit(paid()));
  ASSERT_TRUE(submit(event_of("customer.updated", customer("lin"), {{"occupation", "baker"}})));
  EXPECT_EQ(payment_count(), 3);
  const auto lin = engine_->customers().profile(local_operator(), "lin");
  ASSERT_TRUE(lin);
  EXPECT_EQ(lin->at("values").at("district").at("value"), "north");
  EXPECT_EQ(engine_->rebuild(local_operator(), true)->difference_count, 0);
  EXPECT_EQ(engine_->replay(local_operator(), {})->at("difference_count"), 0);
}

TEST_P(PipelineTest, answers_the_repeat_of_a_lost_answer_and_takes_it_once) {
  ASSERT_TRUE(submit(registered("lin")));
  ASSERT_TRUE(submit(opened("l1", {"lin"})));
  const auto payment = paid();
  database_->lose_next();
  EXPECT_FALSE(submit(payment));
  const auto count = engine_->event_count().value();
  const auto answer = submit(payment);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->at("seq"), count);
  EXPECT_EQ(answer->at("decisions").as_array().size(), 1U);
  EXPECT_EQ(engine_->event_count().value(), count);
}

AMITY_ON_BOTH_DATABASES(PipelineTest);

// A bank where four events may wait, whose writer is held up for as long as a test likes.
class FullPipeline : public BankTest {
 protected:
  void SetUp() override {
    BankTest::SetUp();
    let_wait(4);
  }
  void let_wait(int64_t events) {
    configuration_.waiting_events = events;
    open_engine();
  }
  void TearDown() override {
    let_go();
    BankTest::TearDown();
  }

  void hold_up() {
    std::promise<void> begun;
    holder_ = std::async(std::launch::async, [&] {
      return engine_->pipeline().alone(local_operator(), [&](Rooms&) -> Answer {
        begun.set_value();
        go_on_.get_future().wait();
        return json::object();
      });
    });
    begun.get_future().wait();
  }
  void let_go() {
    if (!holder_.valid()) return;
    go_on_.set_value();
    EXPECT_TRUE(holder_.get());
  }
  json::array registered_all(std::initializer_list<const char*> keys) {
    json::array batch;
    for (const auto* key : keys) batch.push_back(events::encode_event(registered(key)));
    return batch;
  }

 private:
  std::promise<void> go_on_;
  std::future<Answer> holder_;
};

TEST_P(FullPipeline, refuses_more_than_may_wait_with_a_time_to_come_again_and_keeps_nothing_of_it) {
  const auto some = registered_all({"ann", "bo", "cy"});
  const auto many = registered_all({"di", "ed", "fay", "gil"});
  const auto before = engine_->event_count().value();
  hold_up();
  const auto refused = post("/v1/events", many, "many");
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_NE(refused.body.find("too many events are waiting"), std::string::npos) << refused.body;
  auto waiting = std::async(std::launch::async, [&] { return post("/v1/events", some, "some"); });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);  // there is room for them
  const auto late = post("/v1/events", registered_all({"hal"}), "late");
  EXPECT_EQ(late.status, 429) << late.body;

  let_go();
  const auto taken = waiting.get();
  EXPECT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(engine_->event_count().value(), before + 3);
  const auto again = post("/v1/events", many, "many");  // the key is free, and the events are new
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.body.find("problem"), std::string::npos) << again.body;
  EXPECT_EQ(engine_->event_count().value(), before + 7);
}

TEST_P(FullPipeline, takes_the_largest_batch_where_as_few_may_wait_as_the_settings_allow) {
  let_wait(std::ranges::find(configuration_keys(), "waiting-events", &ConfigurationKey::name)->least);
  json::array batch;
  for (size_t i = 0; i < events::kMaxBatchEvents; ++i) {
    batch.push_back(events::encode_event(registered("c" + std::to_string(i))));
  }
  const auto before = engine_->event_count().value();
  const auto taken = post("/v1/events", batch, "largest");
  EXPECT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(engine_->event_count().value(), before + static_cast<int64_t>(batch.size()));
}

AMITY_ON_BOTH_DATABASES(FullPipeline);

}  // namespace
}  // namespace amity::app
