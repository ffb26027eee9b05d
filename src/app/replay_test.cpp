// Replay where events that a decision read have been erased since (docs/decisions/0011).
#include "app/replay.h"

#include "app/bank_fixture.h"

namespace amity::app {
namespace {

constexpr store::Statement kReplaceRecord("test.replace_record",
                                          "UPDATE decisions SET sealed_record = $2 WHERE decision_id = $1");

// Holds the third payment at a merchant, whoever pays.
constexpr std::string_view kBusyMerchant = R"(policy: payment.fraud
on: payment.requested
purpose: fraud_prevention
basis: legal_obligation
features: [merchant.payment_count_30d, merchant.payment_mean_30d, merchant.fraud_rate_30d, account.payment_sum_30d]
outcomes: [allow, hold]
otherwise: allow
fallback: hold
rules:
  - name: busy
    when: "has(features.merchant.payment_count_30d) && features.merchant.payment_count_30d >= 2.0"
    outcome: hold
    reason: payment_velocity
)";

class ReplayTest : public BankTest {
 protected:
  void SetUp() override {
    BankTest::SetUp();
    auto officer = local_operator();
    officer.user = UserId{Uuid{.bytes = {7}}};
    auto& policies = engine_->services().policies;
    const auto draft = policies.draft(officer, kBusyMerchant);
    ASSERT_TRUE(draft) << draft.error().text();
    ASSERT_TRUE(policies.activate(local_operator(), "payment.fraud", draft->version));
    must_take({registered("lin"), registered("wu"), opened("l1", {"lin"}), opened("w1", {"wu"})});
  }

  Event paid(const std::string& account, const std::string& merchant, int64_t amount_minor = 0) {
    if (amount_minor == 0) amount_minor = 500 + event_count_;  // no two alike
    return event_of("payment.requested", {EntityKind::kAccount, account},
                    {{"amount", {{"amount_minor", amount_minor}, {"currency", "CNY"}}},
                     {"channel", "card_online"},
                     {"merchant", merchant}});
  }
  // The outcome, and the id of the decision.
  std::pair<std::string, DecisionId> pay(const std::string& account, const std::string& merchant,
                                         int64_t amount_minor = 0) {
    const auto answer = send(paid(account, merchant, amount_minor));
    EXPECT_TRUE(answer) << answer.error().text();
    const auto& decision = answer->at("decisions").at(0);
    return {std::string(decision.at("outcome").as_string()),
            *parse_id<DecisionId>(std::string_view(decision.at("id").as_string()))};
  }
  Event labelled(const std::string& account, const std::string& merchant, bool is_fraud) {
    return event_of("payment.labelled", {EntityKind::kAccount, account},
                    {{"payment", "p"}, {"fraud", is_fraud}, {"merchant", merchant}});
  }
  void let_pass(int days) { event_count_ += 24 * days; }  // an hour an event
  // "made again, about erased people, differences, values from records, decisions with such values"
  std::string replayed() {
    const auto report = engine_->replay(local_operator(), {});
    EXPECT_TRUE(report) << report.error().text();
    std::string text;
    for (const auto* name : {"decisions", "erased", "difference_count", "recorded_values", "resting_on_record"}) {
      text += (text.empty() ? "" : " ") + write_json(report->at(name));
    }
    return text;
  }

  // Whoever holds all keys changes a record, and seals it well.
  void change_record(DecisionId id, const Reference& owner, const std::function<void(json::object&)>& change) {
    const auto written = engine_->database().write([&](store::Transaction& transaction) -> Result<void> {
      auto record = TRY(engine_->services().desk.record(transaction, id));
      change(record);
      const auto key = TRY(engine_->keys().key_of(id_of(owner)));
      const auto sealed = seal(key, as_bytes(write_json(record)), "decisions.sealed_record:" + format(id.value));
      const store::Value parameters[] = {ByteView(id.value.bytes), ByteView(sealed)};
      EXPECT_EQ(TRY(transaction.execute(kReplaceRecord, parameters)), 1);
      return {};
    });
    ASSERT_TRUE(written) << written.error().text();
  }
};

// Lin pays twice at m1, so that Wu's payment there is held. m2 nobody erased ever saw.
TEST_P(ReplayTest, takes_what_counted_erased_events_from_the_record_and_everything_else_from_the_log) {
  pay("l1", "m1");
  pay("l1", "m1");
  EXPECT_EQ(pay("w1", "m1").first, "hold");
  EXPECT_EQ(pay("w1", "m2").first, "allow");
  EXPECT_EQ(replayed(), "4 0 0 0 0");
  ASSERT_TRUE(erase("lin"));
  EXPECT_EQ(replayed(), "2 2 0 2 1");        // count and mean of the merchant
  EXPECT_EQ(pay("w1", "m1").first, "hold");  // the merchant's state goes on as it was
  EXPECT_EQ(replayed(), "3 2 0 4 2");
  open_engine();
  EXPECT_EQ(replayed(), "3 2 0 4 2");
}

TEST_P(ReplayTest, accepts_no_value_from_a_record_the_audit_chain_does_not_vouch_for) {
  pay("l1", "m1");
  pay("l1", "m1");
  const auto [outcome, id] = pay("w1", "m1");
  ASSERT_TRUE(erase("lin"));
  change_record(id, account("w1"), [](json::object& record) {
    record["features"].at("merchant").as_object()["payment_mean_30d"] = 999.5;
  });
  const auto report = engine_->replay(local_operator(), {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->at("difference_count"), 1);
  EXPECT_EQ(report->at("differences").at(0).at("field"), "features");
}

TEST_P(ReplayTest, still_finds_a_difference_in_what_no_erased_event_touched) {
  pay("l1", "m1");
  const auto [outcome, id] = pay("w1", "m1");
  EXPECT_EQ(outcome, "allow");
  const auto [other_outcome, other] = pay("w1", "m2");
  ASSERT_TRUE(erase("lin"));
  ASSERT_EQ(replayed(), "2 1 0 2 1");
  change_record(id, account("w1"), [](json::object& record) { record["outcome"] = "hold"; });
  EXPECT_EQ(replayed(), "2 1 1 2 1");
  change_record(other, account("w1"),
                [](json::object& record) { record["features"].at("account").as_object()["payment_sum_30d"] = 1; });
  EXPECT_EQ(replayed(), "2 1 2 2 1");
}

TEST_P(ReplayTest, takes_a_ratio_of_what_counted_erased_events_from_the_record) {
  must_take({labelled("l1", "m1", true), labelled("w1", "m1", false)});
  let_pass(10);  // labels count after a week
  pay("w1", "m1");
  ASSERT_TRUE(erase("lin"));
  EXPECT_EQ(replayed(), "1 0 0 1 1");
}

TEST_P(ReplayTest, computes_again_what_the_events_left_give_alike) {
  pay("w1", "m1", 700);
  pay("l1", "m1", 700);
  pay("w1", "m1", 700);
  ASSERT_TRUE(erase("lin"));
  EXPECT_EQ(replayed(), "2 1 0 1 1");  // the mean is what it was, the count is not
}

// A number that no erased event can have touched is not excused where its record was changed.
TEST_P(ReplayTest, takes_nothing_from_the_record_once_the_window_has_passed_the_erased_events) {
  pay("l1", "m1");
  let_pass(100);
  const auto [outcome, id] = pay("w1", "m1");
  ASSERT_TRUE(erase("lin"));
  EXPECT_EQ(replayed(), "1 1 0 0 0");
  change_record(id, account("w1"),
                [](json::object& record) { record["features"].at("merchant").as_object()["payment_count_30d"] = 7.5; });
  EXPECT_EQ(replayed(), "1 1 1 0 0");
}

TEST_P(ReplayTest, takes_nothing_from_the_record_for_erased_events_that_came_after_the_decision) {
  const auto late = paid("l1", "m1");  // happened before, is told of after
  const auto [outcome, id] = pay("w1", "m1");
  must_take({late});
  ASSERT_TRUE(erase("lin"));
  EXPECT_EQ(replayed(), "1 1 0 0 0");
  change_record(id, account("w1"),
                [](json::object& record) { record["features"].at("merchant").as_object()["payment_count_30d"] = 7.5; });
  EXPECT_EQ(replayed(), "1 1 1 0 0");
}

AMITY_ON_BOTH_DATABASES(ReplayTest);

}  // namespace
}  // namespace amity::app
