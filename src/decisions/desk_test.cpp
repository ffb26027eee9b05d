#include "decisions/desk.h"

#include <gtest/gtest.h>

#include <limits>

#include "security/keys_fixture.h"

namespace amity::decisions {
namespace {

using events::EntityKind;

constexpr std::string_view kPolicy = R"(
policy: test
on: investment.order
purpose: service
basis: contract
model: m
features: [account.balance_last]
outcomes: [accept, refuse]
otherwise: accept
fallback: refuse
rules:
  - {name: risky, when: "model != null && model.probability > 0.5", outcome: refuse, reason: unsuitable}
  - {name: too_high, when: "has(product.risk_level) && product.risk_level == 'R5'", outcome: refuse, reason: unsuitable}
)";

class DeskTest : public security::KeyedDatabaseTest {
 protected:
  void SetUp() override {
    KeyedDatabaseTest::SetUp();
    desk_ = std::make_unique<DecisionDesk>(
        *keys_,
        [](std::string_view model, const ModelVersion& version, const auto& numbers) -> Result<std::optional<Score>> {
          if (version.is_recorded && !version.fingerprint) return std::nullopt;
          const double p = numbers.at(0).value / 100;
          return Score{std::string(model), Digest{7}, p, p, {{numbers.at(0).name, p}}, 0, {{"low_balance", "12"}}};
        },
        [](std::string_view id) -> json::object {
          if (id == "unknown") return {};
          return {{"id", id}, {"type", "investment"}, {"risk_level", id == "futures" ? "R5" : "R1"}};
        });
  }

  events::Event order(int64_t seq, const std::string& product = "fund") {
    auto event = *events::make_event(
        {.source = "core",
         .id = "order-" + std::to_string(seq),
         .type = "investment.order",
         .subject = {EntityKind::kAccount, "a1"},
         .time = *parse_timestamp("2024-02-03T04:05:06Z"),
         .data = {{"product", product}, {"side", "buy"}, {"amount", {{"amount_minor", 5}, {"currency", "CNY"}}}}});
    event.seq = seq;
    event.entities = {pseudonyms_.of(event.subject)};
    event.home = event.entities[0].id;
    return event;
  }
  Decision decide(const events::Event& event, double balance, ModelVersion version = {},
                  const json::object& customer = {{"name", "Lin"}}, std::string_view policy = kPolicy) {
    const auto parsed = Policy::parse(policy);
    EXPECT_TRUE(parsed) << parsed.error().text();
    auto decision = desk_->decide({.event = event,
                                   .event_identity = pseudonyms_.identity_of(event.source, event.id),
                                   .policy = *parsed,
                                   .features_fingerprint = {},
                                   .numbers = {{"account.balance_last", balance}},
                                   .customer = customer,
                                   .owner = owner_,
                                   .model_version = version});
    EXPECT_TRUE(decision) << decision.error().text();
    return *std::move(decision);
  }
  void keep(const Decision& decision) {
    ASSERT_TRUE(keys_->ensure(std::span(&owner_, 1)));
    const auto written = database_->write([&](store::Transaction& transaction) {
      desk_->stage(decision, write_json(to_json(decision)));
      return desk_->save(transaction);
    });
    desk_->discard();
    ASSERT_TRUE(written) << written.error().text();
  }
  Result<json::object> record(DecisionId id) {
    json::object found;
    TRY(database_->read([&](store::Reader& reader) -> Result<void> {
      found = TRY(desk_->record(reader, id));
      return {};
    }));
    return found;
  }

  events::Pseudonyms pseudonyms_{SecretKey::random()};
  Uuid owner_ = pseudonyms_.of({EntityKind::kCustomer, "lin"}).id;
  std::unique_ptr<DecisionDesk> desk_;
};

TEST_P(DeskTest, gives_the_same_record_for_the_same_input) {
  const auto event = order(1);
  EXPECT_EQ(write_json(to_json(decide(event, 60))), write_json(to_json(decide(event, 60))));
  EXPECT_NE(write_json(to_json(decide(event, 60))), write_json(to_json(decide(event, 61))));
  EXPECT_EQ(decide(event, 60).id, decide(event, 10).id);
  EXPECT_NE(decide(event, 60).id, decide(order(2), 60).id);
}

TEST_P(DeskTest, tells_the_outcome_by_score_product_and_their_reasons) {
  EXPECT_EQ(decide(order(1), 50).verdict.outcome, "accept");
  const auto risky = decide(order(1), 51);
  EXPECT_EQ(risky.verdict.outcome, "refuse");
  ASSERT_EQ(risky.reasons().size(), 2U);
  EXPECT_EQ(risky.reasons()[0].code, "unsuitable");
  EXPECT_EQ(risky.reasons()[1].code, "low_balance");
  EXPECT_EQ(decide(order(1, "futures"), 10).verdict.outcome, "refuse");
  EXPECT_EQ(decide(order(1, "unknown"), 10).verdict.outcome, "accept");
}

TEST_P(DeskTest, decides_without_a_score_where_none_was_live_then) {
  const auto decision = decide(order(1), 99, {.is_recorded = true, .fingerprint = {}});
  EXPECT_EQ(decision.verdict.outcome, "accept");
  EXPECT_FALSE(to_json(decision).contains("score"));
}

TEST_P(DeskTest, leaves_unknown_numbers_out_of_the_record) {
  const auto unknown = std::numeric_limits<double>::quiet_NaN();
  const auto version = ModelVersion{.is_recorded = true, .fingerprint = {}};
  EXPECT_TRUE(decide(order(1), unknown, version).facts.features.empty());
  EXPECT_EQ(write_json(decide(order(1), 5, version).facts.features), R"({"account":{"balance_last":5.0}})");
}

TEST_P(DeskTest, looks_at_nothing_without_the_consent_a_policy_rests_on) {
  std::string policy(kPolicy);
  policy.replace(policy.find("basis: contract"), 15, "basis: consent");
  const auto refused = decide(order(1), 10, {}, {{"name", "Lin"}, {"consents", {{"service", false}}}}, policy);
  EXPECT_EQ(refused.verdict.outcome, "refuse");
  ASSERT_EQ(refused.reasons().size(), 1U);
  EXPECT_EQ(refused.reasons()[0].code, "no_consent");
  EXPECT_FALSE(refused.score);
  EXPECT_TRUE(refused.facts.customer.empty() && refused.facts.features.empty());
  EXPECT_EQ(decide(order(1), 10, {}, {{"name", "Lin"}, {"consents", {{"service", true}}}}, policy).verdict.outcome,
            "accept");
}

TEST_P(DeskTest, keeps_the_record_sealed_and_opens_it_by_id_and_event) {
  const auto decision = decide(order(4), 60);
  keep(decision);
  const auto found = record(decision.id);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(write_json(*found), write_json(to_json(decision)));
  EXPECT_EQ(record(DecisionId{}).error().code, Code::kNotFound);
  const auto read = database_->read([&](store::Reader& reader) -> Result<void> {
    EXPECT_EQ(TRY(desk_->records_of_event(reader, 4)).size(), 1U);
    EXPECT_TRUE(TRY(desk_->records_of_event(reader, 5)).empty());
    return {};
  });
  EXPECT_TRUE(read) << read.error().text();
}

TEST_P(DeskTest, lists_the_newest_first_from_before_a_seq) {
  for (int64_t seq = 1; seq <= 4; ++seq) keep(decide(order(seq), 60));
  const auto read = database_->read([&](store::Reader& reader) -> Result<void> {
    const auto subject = pseudonyms_.of({EntityKind::kAccount, "a1"}).id;
    const auto page = TRY(desk_->records(reader, subject, 4, 2));
    EXPECT_EQ(page.size(), 2U);
    EXPECT_EQ(page.at(0).at("seq"), 3);
    EXPECT_EQ(page.at(1).at("seq"), 2);
    EXPECT_TRUE(TRY(desk_->records(reader, owner_, INT64_MAX, 10)).empty());
    EXPECT_EQ(TRY(desk_->records(reader, std::nullopt, INT64_MAX, 10)).size(), 4U);
    return {};
  });
  EXPECT_TRUE(read) << read.error().text();
}

TEST_P(DeskTest, forgets_the_record_with_its_owner_and_still_counts_it) {
  const auto decision = decide(order(1), 60);
  keep(decision);
  ASSERT_TRUE(keys_->destroy(owner_, Uuid{}));
  EXPECT_EQ(record(decision.id).error().code, Code::kNotFound);
  int count = 0;
  const auto read = database_->read([&](store::Reader& reader) -> Result<void> {
    EXPECT_TRUE(TRY(desk_->records(reader, std::nullopt, INT64_MAX, 10)).empty());
    return desk_->scan(reader, 1, 9, [&](const DecisionDesk::Kept& kept) -> Result<void> {
      ++count;
      EXPECT_EQ(kept.id, decision.id);
      EXPECT_FALSE(kept.record);
      return {};
    });
  });
  EXPECT_TRUE(read) << read.error().text();
  EXPECT_EQ(count, 1);
}

AMITY_ON_BOTH_DATABASES(DeskTest);

}  // namespace
}  // namespace amity::decisions
