// README's walk, by the built program on a real bank's records: imported, learnt from, measured, approved by a second
// person, decided as of the past, replayed and verified; then once more beside a running server.
#include <gtest/gtest.h>

#include "base/data_sets_fixture.h"
#include "base/json.h"
#include "tests/fault/server_process.h"

namespace amity::fault {
namespace {

constexpr auto kPassword = "a-long-enough-pass-phrase-81";

// An application as it was made, and what README says of it.
struct Application {
  std::string account, amount, months, payment, day;
  std::string outcome, rule, reason, probability;
};
const std::vector<Application> kApplications = {
    {"2", "80952", "24", "3373", "1994-01-05", "approve", "probability_of_default:1", "risk_low", "0.0091"},
    {"4320", "51360", "12", "4280", "1997-08-09", "decline", "probability_of_default:3", "risk_high", "0.8323"},
    {"1787", "96396", "12", "8033", "1993-07-05", "refer", "not_enough_history", "not_enough_history", "0.5143"},
};

std::string text_of(const json::value& value) { return std::string(value.as_string()); }
std::string four_digits(double value) { return fmt::format("{:.4f}", value); }

class BerkaWalk : public store::DatabaseTest {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(data_sets() / "berka/trans.asc")) {
      GTEST_SKIP() << "no folder berka: name the folder of data sets in AMITY_DATA";
    }
    store::DatabaseTest::SetUp();
    if (!is_sqlite()) bank_.use(options().url);
  }

  // As anybody runs it, without the fault tests' short rounds of settling.
  Outcome amity(std::vector<std::string> arguments, const std::string& password = "") const {
    auto settings = kUsual;
    if (!password.empty()) settings["AMITY_PASSWORD"] = password;
    return run(bank_, std::move(arguments), settings);
  }
  // What a command that must succeed answers.
  json::object answer(std::vector<std::string> arguments, const std::string& password = "") const {
    arguments.push_back("--json");
    const auto outcome = amity(arguments, password);
    EXPECT_EQ(outcome.status, 0) << arguments.front() << outcome.output << content_of(bank_.log());
    const auto read = parse_json(outcome.output);
    EXPECT_TRUE(read && read->is_object()) << outcome.output;
    return read && read->is_object() ? read->as_object() : json::object();
  }
  json::object decision(const Application& one) const {
    return answer({"decide", "credit.application", "--account", one.account, "--amount", one.amount, "--months",
                   one.months, "--payment", one.payment, "--at", one.day});
  }

  void import_and_train() const {
    const auto taken =
        answer({"import", (data_sets() / "berka").string(), "--mapping", AMITY_SOURCE_DIR "/examples/berka.yaml"});
    EXPECT_EQ(taken.at("rows"), 96'874);
    EXPECT_EQ(taken.at("taken"), 98'121);
    EXPECT_EQ(taken.at("rejected_rows"), 0);
    EXPECT_EQ(taken.at("refused"), json::object());
    EXPECT_EQ(answer({"train", "credit.default"}).at("stage"), "in_review");
  }

  // Two parts, twice: what is shown is the way, and five parts take three times as long (docs/model-quality.md).
  void evaluate() const {
    const auto measured = answer({"evaluate", "credit.default", "--repeats", "2", "--folds", "2"});
    for (const auto* model : {"model", "logistic_regression"}) {
      const auto& auc = measured.at(model).at("auc");
      EXPECT_LT(auc.at("low").as_double(), auc.at("value").as_double());
      EXPECT_GT(auc.at("high").as_double(), auc.at("value").as_double());
      EXPECT_GT(auc.at("low").as_double(), 0.6) << model;
    }
    EXPECT_EQ(measured.at("model").at("rows"), 361);
  }

  void approve() const {
    const auto unapproved = decision(kApplications[1]);
    EXPECT_EQ(unapproved.at("outcome"), "refer");
    EXPECT_EQ(unapproved.at("reasons").at(0).at("code"), "no_approved_model");
    EXPECT_FALSE(unapproved.contains("probability"));

    EXPECT_EQ(amity({"model", "approve", "credit.default"}).status, 3);  // who trained it
    const auto made = answer({"user", "add", "officer.novak", "--roles", "risk_analyst"});
    const std::string code(made.at("one_time_code").as_string());
    EXPECT_EQ(amity({"user", "set-password", "officer.novak", "--code", code}, kPassword).status, 0);
    const std::vector<std::string> approval = {"model", "approve", "credit.default", "--as", "officer.novak"};
    EXPECT_EQ(amity(approval, "another-pass-phrase-82").status, 3);
    const auto approved = answer(approval, kPassword);
    EXPECT_EQ(approved.at("stage"), "live");
    EXPECT_NE(approved.at("approved_by"), approved.at("trained_by"));
  }

  void expect_as_in_readme(const Application& one, const json::object& decided) const {
    SCOPED_TRACE("account " + one.account);
    EXPECT_EQ(text_of(decided.at("outcome")), one.outcome);
    EXPECT_EQ(text_of(decided.at("rules").as_array().back()), one.rule);
    EXPECT_EQ(text_of(decided.at("reasons").at(0).at("code")), one.reason);
    EXPECT_FALSE(decided.at("reasons").at(0).at("text").as_string().empty());
    EXPECT_FALSE(decided.at("id").as_string().empty());
    EXPECT_EQ(text_of(decided.at("time")), one.day + "T00:00:00Z");
    ASSERT_TRUE(decided.contains("probability"));
    EXPECT_EQ(four_digits(decided.at("probability").as_double()), one.probability);
  }

  // `decisions` were made about that many events more than were imported.
  void expect_reproduced(const json::object& replay, int64_t decisions) const {
    EXPECT_EQ(replay.at("decisions"), decisions);
    EXPECT_EQ(replay.at("events"), 98'121 + decisions);
    EXPECT_EQ(replay.at("differences"), 0);
  }

  const Settings kUsual = {{"AMITY_SETTLE_EVENTS", "20000"}};
  Bank bank_;
};

json::object json_of(const Result<api::Response>& response) {
  const auto answer = api::json_answer(response);
  EXPECT_TRUE(answer) << (answer ? "" : answer.error().text());
  return answer ? answer->as_object() : json::object();
}

json::object body_of(const Application& one) {
  return {{"type", "credit.application"},
          {"subject", "account/" + one.account},
          {"at", one.day},
          {"data",
           {{"application", "by-rest-" + one.account},
            {"amount", {{"amount_minor", std::stoll(one.amount) * 100}, {"currency", "CZK"}}},
            {"payment", {{"amount_minor", std::stoll(one.payment) * 100}, {"currency", "CZK"}}},
            {"months", std::stoll(one.months)}}}};
}

TEST_P(BerkaWalk, ends_in_decisions_that_are_explained_recorded_and_reproduced) {
  import_and_train();
  evaluate();
  approve();
  if (HasFailure()) return;
  for (const auto& one : kApplications) expect_as_in_readme(one, decision(one));
  expect_reproduced(answer({"replay", "--all"}), 4);
  EXPECT_EQ(answer({"audit", "verify"}).at("is_intact"), true);

  Server server(bank_, kUsual);
  ASSERT_TRUE(server.has_served()) << content_of(bank_.log());
  for (const auto& one : kApplications) {
    expect_as_in_readme(one, decision(one));  // the command finds the server
    expect_as_in_readme(one, json_of(server.post("/v1/decisions", write_json(body_of(one)))));
  }
  expect_reproduced(answer({"replay", "--all"}), 10);
  expect_reproduced(json_of(server.post("/v1/replays", "{}")), 10);
  EXPECT_EQ(answer({"audit", "verify"}).at("is_intact"), true);
  EXPECT_EQ(json_of(server.get("/v1/audit/verification")).at("is_intact"), true);
  EXPECT_EQ(server.stop(), 0);
}

AMITY_ON_BOTH_DATABASES(BerkaWalk);

}  // namespace
}  // namespace amity::fault
