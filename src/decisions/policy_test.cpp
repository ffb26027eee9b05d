#include "decisions/policy.h"

#include <gtest/gtest.h>

namespace amity::decisions {
namespace {

// A policy on payments with these rules, tables or consequences.
std::string policy_of(const std::string& rest) {
  return R"(
policy: test
on: payment.requested
purpose: fraud_prevention
basis: contract
features: [account.balance_last, card.payment_count_1h]
outcomes: [allow, step_up, hold]
otherwise: allow
fallback: step_up
)" + rest;
}

Policy parsed(const std::string& rest) {
  auto policy = Policy::parse(policy_of(rest));
  EXPECT_TRUE(policy) << policy.error().text();
  return *std::move(policy);
}

// Where a policy with this in it is refused.
std::string place_of(const std::string& rest) {
  const auto policy = Policy::parse(policy_of(rest));
  return policy ? "accepted" : policy.error().place;
}

Facts facts(json::object features = {}, json::value model = nullptr) {
  return {.event = {{"id", "p1"},
                    {"type", "payment.requested"},
                    {"time", "2024-01-02T03:04:05Z"},
                    {"date", "2024-01-02"},
                    {"channel", "transfer"},
                    {"amount", {{"amount_minor", 700}, {"currency", "CNY"}}}},
          .features = std::move(features),
          .customer = {},
          .product = {},
          .model = std::move(model)};
}

json::object balance(double minor) { return {{"account", {{"balance_last", minor}}}}; }

std::string rules_of(const Verdict& verdict) {
  std::string rules;
  for (const auto& hit : verdict.hits) rules += (rules.empty() ? "" : " ") + hit.rule;
  return rules;
}

TEST(Policy, gives_otherwise_where_nothing_hits) {
  const auto verdict =
      parsed("rules: [{name: big, when: event.amount.amount_minor > 1000, outcome: hold}]").judge(facts());
  EXPECT_EQ(verdict.outcome, "allow");
  EXPECT_TRUE(verdict.hits.empty());
}

TEST(Policy, lets_the_severest_outcome_stand_and_records_every_hit) {
  const auto policy = parsed(R"(
rules:
  - {name: holds, when: event.amount.amount_minor > 500, outcome: hold, reason: a}
  - {name: steps_up, when: event.channel == 'transfer', outcome: step_up, reason: b}
  - {name: allows, when: "true", outcome: allow}
  - {name: misses, when: event.channel == 'cash', outcome: hold}
)");
  const auto verdict = policy.judge(facts());
  EXPECT_EQ(verdict.outcome, "hold");
  EXPECT_EQ(rules_of(verdict), "holds steps_up allows");
}

TEST(Policy, lets_a_hit_of_the_mildest_outcome_stand_over_otherwise) {
  const auto policy = Policy::parse(R"(
policy: test
on: payment.requested
purpose: fraud_prevention
basis: contract
features: []
outcomes: [allow, hold]
otherwise: hold
fallback: hold
rules: [{name: small, when: event.amount.amount_minor < 1000, outcome: allow}]
)");
  ASSERT_TRUE(policy) << policy.error().text();
  EXPECT_EQ(policy->judge(facts()).outcome, "allow");
}

TEST(Policy, ends_at_a_final_rule_that_hits) {
  const auto policy = parsed(R"(
rules:
  - {name: last, when: event.channel == 'transfer', outcome: step_up, final: true}
  - {name: unreached, when: "true", outcome: hold}
)");
  EXPECT_EQ(rules_of(policy.judge(facts())), "last");
}

TEST(Policy, never_passes_silently_what_it_cannot_evaluate) {
  const std::string low = "{name: low, when: features.account.balance_last < 100.0, outcome: hold, reason: low_balance";
  const auto verdict = parsed("rules: [" + low + "}]").judge(facts());
  EXPECT_EQ(verdict.outcome, "step_up");
  ASSERT_EQ(verdict.hits.size(), 1U);
  EXPECT_EQ(verdict.hits[0].reason, "not_evaluable");
  EXPECT_EQ(parsed("rules: [" + low + "}]").judge(facts(balance(99))).outcome, "hold");
  // Nor does it end the judging, be it final.
  const auto goes_on = parsed("rules: [" + low + ", final: true}, {name: next, when: 'true', outcome: hold}]");
  EXPECT_EQ(goes_on.judge(facts()).outcome, "hold");
}

TEST(Policy, takes_of_a_table_the_first_row_that_fits) {
  const auto policy = parsed(R"(
tables:
  - name: risk
    inputs: [model.probability, event.channel]
    rows:
      - {cells: ["< 0.05", "-"], outcome: allow}
      - {cells: ["0.05..0.1", "'transfer'"], outcome: step_up}
      - {cells: [">= 0.05", "in ['transfer', 'cash']"], outcome: hold}
)");
  const auto row_at = [&](double p) { return rules_of(policy.judge(facts({}, json::object{{"probability", p}}))); };
  EXPECT_EQ(row_at(0.0499), "risk:1");
  EXPECT_EQ(row_at(0.05), "risk:2");    // from
  EXPECT_EQ(row_at(0.0999), "risk:2");  // up to
  EXPECT_EQ(row_at(0.1), "risk:3");     // but not
}

TEST(Policy, takes_negative_numbers_and_texts_with_dots_in_cells) {
  const auto policy = parsed(R"(
tables:
  - name: balance
    inputs: [features.account.balance_last, event.channel]
    rows:
      - {cells: ["-50.0..-10.0", "!= 'a..b'"], outcome: hold}
      - {cells: ["-", "'transfer'"], outcome: step_up}
)");
  EXPECT_EQ(policy.judge(facts(balance(-50))).outcome, "hold");
  EXPECT_EQ(policy.judge(facts(balance(-10))).outcome, "step_up");
}

TEST(Policy, falls_back_where_a_cell_cannot_be_evaluated) {
  const auto policy = parsed(R"(
tables:
  - name: risk
    inputs: [model.probability]
    rows: [{cells: ["< 0.5"], outcome: allow}]
)");
  const auto verdict = policy.judge(facts());  // nothing scored
  EXPECT_EQ(verdict.outcome, "step_up");
  EXPECT_EQ(verdict.hits.at(0).reason, "not_evaluable");
}

TEST(Policy, names_the_place_of_a_misspelt_field) {
  EXPECT_TRUE(place_of("rules: [{name: r, when: 'true', outcome: hold},"
                       "{name: s, when: features.account.balance_lst > 1.0, outcome: hold}]")
                  .starts_with("/rules/1/when "));
  EXPECT_TRUE(
      place_of("rules: [{name: r, when: event.amout.amount_minor > 1, outcome: hold}]").starts_with("/rules/0/when "));
  EXPECT_TRUE(place_of("tables: [{name: t, inputs: [event.channel], rows: [{cells: ['< 3'], outcome: hold}]}]")
                  .starts_with("/tables/0/rows/0/cells/0 "));
  EXPECT_TRUE(place_of("consequences: [{outcome: hold, event: transaction.posted, data: {amount: event.amunt}}]")
                  .starts_with("/consequences/0/data/amount "));
}

TEST(Policy, refuses_what_it_does_not_know) {
  EXPECT_EQ(place_of("rules: [{name: r, when: 'true', outcome: refuse}]"), "/rules/0/outcome");
  EXPECT_EQ(place_of("tables: [{name: t, inputs: [], rows: [{cells: [], outcome: refuse}]}]"),
            "/tables/0/rows/0/outcome");
  EXPECT_EQ(place_of("tables: [{name: t, inputs: [event.channel], rows: [{cells: [], outcome: hold}]}]"),
            "/tables/0/rows/0/cells");
  EXPECT_EQ(place_of("consequences: [{outcome: hold, event: no.such, data: {}}]"), "/consequences/0/event");
  EXPECT_EQ(place_of("surprise: 1"), "");
  EXPECT_EQ(place_of("rules: [{name: r, when: 'true', outcome: hold, surprise: 1}]"), "/rules/0");
  EXPECT_NE(place_of("rules: [{name: r, when: event.amount.amount_minor, outcome: hold}]"), "accepted");  // no bool
}

TEST(Policy, refuses_outcomes_purposes_and_bases_that_do_not_exist) {
  const auto place = [](std::string from, std::string to) {
    auto text = policy_of("");
    text.replace(text.find(from), from.size(), to);
    const auto policy = Policy::parse(text);
    return policy ? "accepted" : policy.error().place;
  };
  EXPECT_EQ(place("otherwise: allow", "otherwise: maybe"), "/otherwise");
  EXPECT_EQ(place("fallback: step_up", "fallback: maybe"), "/fallback");
  EXPECT_EQ(place("purpose: fraud_prevention", "purpose: fun"), "/purpose");
  EXPECT_EQ(place("basis: contract", "basis: habit"), "/basis");
  EXPECT_EQ(place("on: payment.requested", "on: payment.wished"), "/on");
  EXPECT_EQ(place("[allow, step_up, hold]", "[allow, [hold]]"), "/outcomes");
}

TEST(Policy, computes_what_an_outcome_sets_in_motion) {
  const auto policy = parsed(R"(
consequences:
  - {outcome: allow, event: transaction.posted, data: {amount: event.amount, direction: "'debit'", payment: event.id}}
  - {outcome: hold, event: interaction.recorded, data: {channel: "'phone'", direction: "'out'"}}
)");
  const auto events = policy.consequences(facts(), "allow");
  ASSERT_TRUE(events) << events.error().text();
  ASSERT_EQ(events->size(), 1U);
  EXPECT_EQ((*events)[0].first, "transaction.posted");
  EXPECT_EQ(write_json((*events)[0].second),
            R"({"amount":{"amount_minor":700,"currency":"CNY"},"direction":"debit","payment":"p1"})");
  EXPECT_TRUE(policy.consequences(facts(), "step_up")->empty());
}

TEST(Policy, says_so_where_a_consequence_cannot_be_computed) {
  const auto policy =
      parsed("consequences: [{outcome: allow, event: transaction.posted, data: {operation: event.category}}]");
  EXPECT_FALSE(policy.consequences(facts(), "allow"));
}

TEST(Policy, has_a_fingerprint_of_what_it_says_not_of_how_it_is_written) {
  const auto plain = parsed("rules: [{name: r, when: 'true', outcome: hold}]");
  const auto commented = parsed("# why\nrules:\n  - outcome: hold   # held\n    name: r\n    when: \"true\"\n");
  const auto other = parsed("rules: [{name: r, when: 'true', outcome: step_up}]");
  EXPECT_EQ(plain.fingerprint(), commented.fingerprint());
  EXPECT_NE(plain.fingerprint(), other.fingerprint());
}

}  // namespace
}  // namespace amity::decisions
