// From a table to a registered model: training, the artefact, reasons, definitions, stages.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <sstream>

#include "base/yaml.h"
#include "models/definition.h"
#include "models/evaluate.h"
#include "models/reasons.h"
#include "models/registry.h"
#include "store/database_fixture.h"

namespace amity::models {
namespace {

// Default odds rise with debt, fall with income, and are doubled without a job; 400 rows.
std::string sample_text(uint64_t seed, int count = 400) {
  Random random(seed);
  std::string text = "debt,income,job,bad\n";
  for (int i = 0; i < count; ++i) {
    const double debt = random.uniform() * 10, income = 2 + random.normal();
    const bool has_job = random.chance(0.8);
    const double margin = 0.6 * debt - income - (has_job ? 1 : 0) - 1;
    const bool is_bad = random.uniform() < 1 / (1 + std::exp(-margin));
    const auto income_text = random.chance(0.1) ? std::string() : fmt::format("{:.3f}", income);
    text += fmt::format("{:.3f},{},{},{}\n", debt, income_text, has_job ? "yes" : "no", is_bad ? 1 : 0);
  }
  return text;
}

TrainOptions quick_options() {
  return {.name = "sample",
          .choice = {.target = "bad", .monotone = {{"debt", 1}}},
          .trials = 2,
          .folds = 3,
          .forests = 2,
          .may_blend = false};
}

const TrainedModel& trained() {
  static const auto model = train_table(*parse_table(sample_text(1)), quick_options());
  if (!model) throw std::runtime_error(model.error().text());
  return *model;
}

Artefact sample_artefact() {
  return {.model = trained().model,
          .provenance = {.data = trained().data_fingerprint, .code = "test", .report = report_of(trained())}};
}

TEST(Training, learns_what_the_data_says_and_repeats_itself) {
  const auto& model = trained().model;
  const auto fresh = parse_table(sample_text(2, 1000));
  const auto evaluation = evaluate_table(model, *fresh, "bad");
  ASSERT_TRUE(evaluation) << evaluation.error().text();
  EXPECT_GT(evaluation->model.auc.value, 0.80);  // the truth itself scores 0.88 here; seeds are fixed
  const auto again = train_table(*parse_table(sample_text(1)), quick_options());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->model, model);
}

TEST(Training, more_debt_is_never_less_risk_where_it_is_declared_monotone) {
  const auto& model = trained().model;
  for (const double income : {0.5, 2.0, kMissing}) {
    double before = 0;
    for (double debt = 0; debt <= 10; debt += 0.1) {
      const double p = model.score(std::vector<double>{debt, income, 1}).probability;
      EXPECT_GE(p, before);
      before = p;
    }
  }
}

TEST(Training, a_scorer_says_what_the_model_says_to_the_bit) {
  const auto& model = trained().model;
  const Scorer scorer(model);
  Random random(5);
  Matrix rows{.row_count = 1'100, .column_count = 3, .cells = {}};
  for (size_t i = 0; i < rows.row_count; ++i) {
    const double income = random.chance(0.1) ? kMissing : random.normal();
    for (const double x : {random.uniform() * 10, income, double(random.below(3)) - 1}) rows.cells.push_back(x);
  }
  const auto probabilities = scorer.probabilities(rows);
  for (size_t i = 0; i < rows.row_count; ++i) {
    const auto expected = model.score(rows.row(i)), score = scorer.score(rows.row(i));
    ASSERT_EQ(score.margin, expected.margin) << "row " << i;
    ASSERT_EQ(score.probability, expected.probability) << "row " << i;
    ASSERT_EQ(probabilities[i], expected.probability) << "row " << i;
  }
}

TEST(Training, contributions_add_up_to_the_margin) {
  const auto& model = trained().model;
  const Explainer explainer(model);
  for (const double debt : {0.0, 4.0, 9.5}) {
    const std::vector<double> row = {debt, kMissing, 0};
    const auto explanation = explainer.explain(row);
    const double sum = std::accumulate(explanation.contributions.begin(), explanation.contributions.end(),
                                       explanation.expected_margin);
    EXPECT_NEAR(sum, model.score(row).margin, 1e-5);
  }
}

TEST(Training, refuses_what_cannot_be_learnt) {
  EXPECT_EQ(train_table(*parse_table(sample_text(1, 30)), quick_options()).error().code, Code::kUnprocessable);
  auto options = quick_options();
  options.choice.target = "good";
  EXPECT_EQ(train_table(*parse_table(sample_text(1)), options).error().code, Code::kInvalid);
}

TEST(Evaluation, refuses_a_target_of_other_values) {
  EXPECT_FALSE(evaluate_table(trained().model, *parse_table("debt,income,job,bad\n1,2,yes,A\n1,2,yes,B\n"), "bad"));
  EXPECT_FALSE(evaluate_table(trained().model, *parse_table("debt,job,bad\n1,yes,1\n1,yes,0\n"), "bad"));
}

TEST(ModelFile, reads_back_to_the_same_bits) {
  auto blended = sample_artefact();
  blended.model.partner = blended.model.logistic;
  blended.model.forest_share = 0.3;
  blended.model.calibration = {.kind = Calibration::Kind::kIsotonic, .knots = {-1, 0.1}, .values = {-0.7, 1.0 / 3}};
  for (const auto& original : {sample_artefact(), blended}) {
    const auto text = write_artefact(original);
    const auto artefact = read_artefact(text);
    ASSERT_TRUE(artefact) << artefact.error().text();
    EXPECT_EQ(artefact->model, original.model);
    EXPECT_EQ(write_artefact(*artefact), text);
  }
}

TEST(ModelFile, one_from_elsewhere_or_changed_is_refused_before_it_is_parsed) {
  const auto ours = SigningKey::from_seed(SecretKey::random()), theirs = SigningKey::from_seed(SecretKey::random());
  const std::string text = "{not even JSON";
  const auto file = write_model_file(text, sign_artefact(theirs, text));
  EXPECT_EQ(open_model_file(file, ours.public_key).error().code, Code::kForbidden);
  EXPECT_EQ(open_model_file(file, theirs.public_key)->artefact_text, text);
  EXPECT_EQ(open_model_file(file + " ", theirs.public_key).error().code, Code::kForbidden);
  EXPECT_EQ(open_model_file("{}", ours.public_key).error().code, Code::kInvalid);
}

TEST(ModelFile, names_the_part_that_is_wrong) {
  auto value = *parse_json(write_artefact(sample_artefact()));
  const auto place_after = [&](auto&& change) {
    auto changed = value.as_object();
    change(changed);
    const auto read = read_artefact(write_json(changed));
    return read ? "accepted" : read.error().place;
  };
  EXPECT_EQ(place_after([](json::object& o) { o["format"] = 2; }), "/format");
  EXPECT_EQ(place_after([](json::object& o) { o["more"] = 2; }), "");
  EXPECT_EQ(place_after([](json::object& o) { o["forests"].as_array()[0].as_object().erase("left"); }),
            "/forests/0/left");
  EXPECT_EQ(place_after([](json::object& o) { o["calibration"].as_object()["kind"] = "magic"; }), "/calibration/kind");
}

TEST(Reasons, are_the_strongest_adverse_groups_in_words) {
  Model model;
  for (const char* reason : {"balance", "balance", "income", "term"})
    model.features.push_back({.name = "f", .reason = reason});
  const std::vector<double> row = {-12.5, 3, kMissing, 48};
  const auto reasons = reasons_of(model, row, {.expected_margin = 0, .contributions = {0.5, -0.1, 0.9, -0.2}});
  ASSERT_EQ(reasons.size(), 2u);  // term speaks for the applicant
  EXPECT_EQ(reasons[1].code, "balance");
  EXPECT_NEAR(reasons[1].contribution, 0.4, 1e-12);
  const auto words = words_of(
      reasons,
      {{"reason.balance", "余额偏低（{value}）"}, {"reason.income", "入账（{value}）"}, {"reason.no_value", "未知"}});
  EXPECT_EQ(words, (std::vector<std::string>{"入账（未知）", "余额偏低（-12.5）"}));
}

std::string shipped(const std::string& path) {
  std::ifstream in(std::string(AMITY_SOURCE_DIR) + "/institution/" + path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(ModelDefinition, shipped_ones_parse_and_every_reason_has_words) {
  for (const char* name : {"models/credit.default.yaml", "models/fraud.payment.yaml"}) {
    const auto definition = parse_model_definition(shipped(name));
    ASSERT_TRUE(definition) << name << ": " << definition.error().text();
    for (const char* language : {"texts/en.yaml", "texts/zh.yaml"}) {
      const auto texts = parse_yaml(shipped(language));
      ASSERT_TRUE(texts);
      for (const auto& use : definition->features) {
        EXPECT_TRUE(texts->as_object().contains("reason." + use.reason)) << language << " " << use.reason;
      }
    }
  }
}

TEST(ModelDefinition, shipped_ones_use_features_that_are_defined) {
  std::vector<features::DefinitionFile> files;
  for (const char* name : {"account.yaml", "customer.yaml", "payments.yaml"}) {
    files.push_back({name, shipped(std::string("features/") + name)});
  }
  const auto set = features::FeatureSet::parse(files);
  ASSERT_TRUE(set) << set.error().text();
  for (const char* name : {"models/credit.default.yaml", "models/fraud.payment.yaml"}) {
    const auto spec = training_spec(*parse_model_definition(shipped(name)), *set);
    EXPECT_TRUE(spec) << name << ": " << spec.error().text();
  }
}

TEST(ModelDefinition, names_the_place_of_what_is_wrong) {
  const auto place = [](std::string_view from, const std::string& to) {
    std::string text =
        "name: m\nsample: {on: a, key: b}\nlabel: {on: c, key: d, bad: e}\ngroup: account\n"
        "minimum_history: {x: 3}\nfeatures: [{name: x, reason: r}]\n";
    text.replace(text.find(from), from.size(), to);
    const auto parsed = parse_model_definition(text);
    return parsed ? "accepted" : parsed.error().place;
  };
  EXPECT_EQ(place("name: m", "name: m"), "accepted");
  EXPECT_EQ(place("bad: e", "good: e"), "/label/bad");
  EXPECT_EQ(place("{x: 3}", "{y: 3}"), "/minimum_history/y");
  EXPECT_EQ(place("reason: r", "reason: r, monotone: 2"), "/features/0/monotone");
  EXPECT_EQ(place("group: account", "group: planet"), "/group");
  const auto with = [&](const std::string& more) { return place("group: account", "group: account\n" + more); };
  EXPECT_EQ(with("algorithm: multilayer_perceptron"), "accepted");
  EXPECT_EQ(with("algorithm: magic"), "/algorithm");
  EXPECT_EQ(with("algorithm: scorecard\nscorecard: {base_score: 500, reference: best}"), "accepted");
  EXPECT_EQ(with("scorecard: {base_score: 500}"), "/scorecard");  // of boosted trees
  EXPECT_EQ(with("algorithm: scorecard\nscorecard: {points_to_double_odds: 0}"), "/scorecard/points_to_double_odds");
  EXPECT_EQ(with("algorithm: scorecard\nscorecard: {base_odds: .nan}"), "/scorecard/base_odds");
  EXPECT_EQ(with("algorithm: scorecard\nscorecard: {reference: worst}"), "/scorecard/reference");
  EXPECT_EQ(with("algorithm: scorecard\nscorecard: {colour: red}"), "/scorecard");
}

TEST(ModelDefinition, hands_what_it_says_of_a_scorecard_to_training) {
  const auto definition = parse_model_definition(
      "name: m\nsample: {on: a, key: b}\nlabel: {on: c, key: d, bad: e}\ngroup: account\n"
      "features: [{name: x, reason: r}]\nalgorithm: scorecard\n"
      "scorecard: {points_to_double_odds: 40, base_odds: 20, most_attributes: 5, reference: best}\n");
  ASSERT_TRUE(definition) << definition.error().text();
  const auto options = train_options(*definition);
  EXPECT_EQ(options.algorithm, Algorithm::kScorecard);
  EXPECT_EQ(options.scorecard.points_to_double_odds, 40);
  EXPECT_EQ(options.scorecard.base_odds, 20);
  EXPECT_EQ(options.scorecard.base_score, 600);
  EXPECT_EQ(options.scorecard.most_attributes, 5);
  EXPECT_EQ(options.scorecard.reference, Reference::kBest);
}

class RegistryTest : public store::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    database_ = open();
    ASSERT_NE(database_, nullptr);
    scientist_ = caller(1, security::Role::kDataScientist);
    officer_ = caller(2, security::Role::kComplianceOfficer);
    analyst_ = caller(3, security::Role::kRiskAnalyst);
  }
  static security::Caller caller(uint8_t number, security::Role role) {
    security::Caller c;
    c.user.value.bytes[0] = number;
    c.name = "user";
    c.roles = {role};
    return c;
  }
  Registry registry() {
    return Registry({.database = *database_, .audit = chain_, .clock = clock_, .signing_key = key_});
  }
  // Whoever of the three may approve.
  const security::Caller& approver() {
    return officer_.may(security::Permission::kApproveModels) ? officer_ : analyst_;
  }

  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
  SigningKey key_ = SigningKey::from_seed(SecretKey::random());
  security::AuditChain chain_{clock_, key_};
  std::unique_ptr<store::Database> database_;
  security::Caller scientist_, officer_, analyst_;
};

TEST_P(RegistryTest, a_model_nobody_approved_is_not_live) {
  auto models = registry();
  const auto draft = models.add(scientist_, sample_artefact());
  ASSERT_TRUE(draft) << draft.error().text();
  EXPECT_EQ(draft->version, 1);
  EXPECT_EQ(*models.live("sample"), nullptr);
  EXPECT_EQ(models.take_step(approver(), draft->fingerprint, Action::kActivate).error().code, Code::kConflict);
  ASSERT_TRUE(models.take_step(scientist_, draft->fingerprint, Action::kSubmit));
  EXPECT_EQ(models.take_step(scientist_, draft->fingerprint, Action::kApprove).error().code, Code::kForbidden);
  ASSERT_TRUE(models.take_step(approver(), draft->fingerprint, Action::kApprove));
  EXPECT_EQ(*models.live("sample"), nullptr);
  ASSERT_TRUE(models.take_step(approver(), draft->fingerprint, Action::kActivate));
  ASSERT_NE(*models.live("sample"), nullptr);
  EXPECT_EQ((*models.live("sample"))->model, trained().model);
  EXPECT_EQ(models.add(scientist_, sample_artefact()).error().code, Code::kConflict);
}

TEST_P(RegistryTest, a_note_to_a_step_stands_in_its_audit_entry) {
  auto models = registry();
  const auto draft = models.add(scientist_, sample_artefact());
  ASSERT_TRUE(draft);
  ASSERT_TRUE(models.take_step(scientist_, draft->fingerprint, Action::kSubmit));
  ASSERT_TRUE(models.take_step(approver(), draft->fingerprint, Action::kApprove, "demo"));
  const auto read = database_->read([&](store::Reader& reader) -> Result<void> {
    const auto entries = TRY(security::read_audit(reader, officer_, {}));
    EXPECT_NE(entries.at(0).detail.find(R"("note":"demo")"), std::string::npos)
        << entries.at(0).detail;  // newest first
    EXPECT_EQ(entries.at(1).detail.find("note"), std::string::npos) << entries.at(1).detail;
    return {};
  });
  EXPECT_TRUE(read) << read.error().text();
}

TEST_P(RegistryTest, the_trainer_cannot_approve_whatever_the_roles) {
  auto models = registry();
  auto both = scientist_;
  both.roles.insert(both.roles.end(),
                    {security::Role::kComplianceOfficer, security::Role::kRiskAnalyst, security::Role::kAdministrator});
  const auto draft = models.add(both, sample_artefact());
  ASSERT_TRUE(draft);
  ASSERT_TRUE(models.take_step(both, draft->fingerprint, Action::kSubmit));
  EXPECT_EQ(models.take_step(both, draft->fingerprint, Action::kApprove).error().code, Code::kForbidden);
}

TEST_P(RegistryTest, activating_another_retires_the_first_which_replay_can_still_load) {
  auto models = registry();
  auto second = sample_artefact();
  second.model.calibration = {.kind = Calibration::Kind::kPlatt, .slope = 1, .offset = 0.1};
  std::vector<Digest> fingerprints;
  for (const auto& artefact : {sample_artefact(), second}) {
    const auto draft = models.add(scientist_, artefact);
    ASSERT_TRUE(draft);
    fingerprints.push_back(draft->fingerprint);
    for (const auto action : {Action::kSubmit, Action::kApprove, Action::kActivate}) {
      const auto& who = action == Action::kSubmit ? scientist_ : approver();
      const auto moved = models.take_step(who, draft->fingerprint, action);
      ASSERT_TRUE(moved) << moved.error().text();
    }
  }
  EXPECT_EQ((*models.live("sample"))->record.version, 2);
  const auto records = models.list(scientist_, "sample");
  ASSERT_TRUE(records);
  EXPECT_EQ((*records)[1].stage, Stage::kRetired);
  EXPECT_EQ((*models.load(fingerprints[0]))->model, trained().model);
}

TEST_P(RegistryTest, a_model_signed_by_another_institution_is_refused) {
  auto models = registry();
  const auto text = write_artefact(sample_artefact());
  const auto elsewhere = SigningKey::from_seed(SecretKey::random());
  EXPECT_EQ(models.add_file(scientist_, write_model_file(text, sign_artefact(elsewhere, text))).error().code,
            Code::kForbidden);
  EXPECT_TRUE(models.add_file(scientist_, write_model_file(text, sign_artefact(key_, text))));
}

AMITY_ON_BOTH_DATABASES(RegistryTest);

}  // namespace
}  // namespace amity::models
