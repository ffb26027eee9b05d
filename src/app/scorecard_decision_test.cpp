// Decisions by a scorecard and by a network, live and in replay, on both databases.
#include <numbers>
#include <numeric>

#include "app/bank_fixture.h"

namespace amity::app {
namespace {

constexpr std::string_view kCutOff = R"(policy: credit.application
on: credit.application
purpose: credit_decision
basis: contract
model: credit.default
features: []
outcomes: [approve, refer, decline]
otherwise: approve
fallback: refer
rules:
  - name: cut_off
    when: "model != null && model.points < 520"
    outcome: decline
    reason: risk_high
)";

// 500 points, 30 more for at most two years, 40 less for longer.
models::Model card_of_months() {
  models::Model model{.name = "credit.default",
                      .features = {{.name = "application.months", .reason = "term_long"}},
                      .positive = "1",
                      .negative = "0",
                      .forest_share = 0};
  models::Scorecard card{.factor = 20 / std::numbers::ln2, .offset = 487, .base_points = 500, .row_count = 100};
  card.characteristics = {{.cuts = {24.5}, .attributes = {{30}, {-40}, {0}}}};
  card.band_shares = {1};
  model.scorecard = card;
  model.logistic.shapes = {{}};
  return model;
}

models::Model network_of_months() {
  models::Model model = card_of_months();
  model.scorecard.reset();
  model.network = models::Network{.encodings = {{.low = 1, .high = 100, .mean = 20, .scale = 10}}};
  model.network->perceptrons = {
      {.hidden_weights = {1, 0}, .hidden_offsets = {0.5}, .output_weights = {2}, .output_offset = -1}};
  return model;
}

class OtherModels : public BankTest {
 protected:
  void SetUp() override {
    BankTest::SetUp();
    must_take({registered("lin"), opened("l1", {"lin"})});
  }
  void go_live(const models::Model& model) {
    auto& registry = engine_->models();
    const auto draft = registry.add(local_operator(), {.model = model, .provenance = {.code = "test"}});
    ASSERT_TRUE(draft) << draft.error().text();
    for (const auto action : {models::Action::kSubmit, models::Action::kApprove, models::Action::kActivate}) {
      const auto moved = registry.take_step(officer(), draft->fingerprint, action);
      ASSERT_TRUE(moved) << moved.error().text();
    }
  }
  void decide_by(std::string_view policy) {
    auto& policies = engine_->services().policies;
    const auto draft = policies.draft(officer(), policy);
    ASSERT_TRUE(draft) << draft.error().text();
    ASSERT_TRUE(policies.activate(local_operator(), "credit.application", draft->version));
  }
  static security::Caller officer() {
    auto officer = local_operator();
    officer.user = UserId{Uuid{.bytes = {7}}};
    return officer;
  }
  // The record of the decision about an application for so many months.
  json::object applied(int months) {
    const auto answer = send(event_of("credit.application", account("l1"),
                                      {{"application", std::to_string(event_count_)},
                                       {"amount", {{"amount_minor", 100'000}, {"currency", "CNY"}}},
                                       {"months", months}}));
    EXPECT_TRUE(answer) << answer.error().text();
    const auto id = *parse_id<DecisionId>(std::string_view(answer->at("decisions").at(0).at("id").as_string()));
    json::object record;
    EXPECT_TRUE(engine_->database().read([&](store::Reader& reader) -> Result<void> {
      record = TRY(engine_->services().desk.record(reader, id));
      return {};
    }));
    return record;
  }
  void expect_the_same_again(int decisions) {
    const auto report = engine_->replay(local_operator(), {});
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->at("decisions"), decisions);
    EXPECT_EQ(report->at("difference_count"), 0) << write_json(*report);
  }
};

TEST_P(OtherModels, a_scorecard_decides_by_its_points_and_says_which_were_lost) {
  go_live(card_of_months());
  decide_by(kCutOff);
  const auto quick = applied(12), slow = applied(36);
  EXPECT_EQ(quick.at("outcome"), "approve");
  EXPECT_EQ(quick.at("score").at("points"), 530);
  EXPECT_EQ(slow.at("outcome"), "decline");
  const auto& score = slow.at("score");
  EXPECT_EQ(score.at("points"), 460);
  EXPECT_NEAR(score.at("contributions").at("application.months").to_number<double>(), 2 * std::numbers::ln2, 1e-12);
  EXPECT_EQ(score.at("reasons").at(0).at("code"), "term_long");
  expect_the_same_again(2);
  open_engine();
  expect_the_same_again(2);
}

TEST_P(OtherModels, words_of_lost_points_are_told_in_both_languages) {
  go_live(card_of_months());
  decide_by(kCutOff);
  const auto record = applied(36);
  const auto path = "/v1/decisions/" + std::string(record.at("id").as_string());
  for (const auto& [language, words] : {std::pair{"en", "The term applied for"}, {"zh", "申请"}}) {
    EXPECT_NE(get(path, language).body.find(words), std::string::npos) << get(path, language).body;
  }
}

TEST_P(OtherModels, a_network_decides_and_its_contributions_add_up) {
  go_live(network_of_months());
  const auto score = applied(36).at("score").as_object();
  EXPECT_NEAR(score.at("margin").to_number<double>(), -1 + 2 * (0.5 + 1.6), 1e-12);
  EXPECT_NEAR(
      score.at("base").to_number<double>() + score.at("contributions").at("application.months").to_number<double>(),
      score.at("margin").to_number<double>(), 1e-12);
  EXPECT_FALSE(score.contains("points"));
  expect_the_same_again(1);
}

AMITY_ON_BOTH_DATABASES(OtherModels);

}  // namespace
}  // namespace amity::app
