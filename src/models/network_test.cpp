// The multilayer perceptron: what it learns, that its reasons add up, that it is the same everywhere.
#include "models/network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "base/random.h"
#include "models/evaluate.h"
#include "models/model_file.h"
#include "models/train.h"

namespace amity::models {
namespace {

// Bad in the middle of a, which no straight line knows; b is missing once in ten, and then seldom bad; c is a city.
std::string middles(uint64_t seed, int count) {
  Random random(seed);
  std::string text = "a,b,c,bad\n";
  for (int i = 0; i < count; ++i) {
    const double a = random.uniform(), b = random.uniform();
    const bool is_missing = random.chance(0.1);
    const auto city = random.below(3);
    const double chance = is_missing ? 0.1 : std::abs(a - 0.5) < 0.25 ? 0.85 : 0.15;
    text += fmt::format("{:.4f},{},{},{}\n", a, is_missing ? "" : fmt::format("{:.4f}", b),
                        std::array{"Bern", "Brno", "Graz"}[city], random.chance(chance) ? 1 : 0);
  }
  return text;
}

TrainOptions options_of(std::map<std::string, int> monotone = {}) {
  TrainOptions options{.name = "net", .algorithm = Algorithm::kMultilayerPerceptron, .folds = 3};
  options.choice.target = "bad";
  options.choice.monotone = std::move(monotone);
  return options;
}

const TrainedModel& trained() {
  static const auto model = train_table(*parse_table(middles(1, 800)), options_of());
  if (!model) throw std::runtime_error(model.error().text());
  return *model;
}

// One unit that is 0 at the mean and turns on the way: max(0, 2 x - 1), times 3.
TEST(Network, attributes_just_what_lies_behind_the_turn) {
  Network network{.encodings = {{.low = -10, .high = 10}, {.low = -10, .high = 10}}};
  network.perceptrons = {
      {.hidden_weights = {2, 0, 0, 0}, .hidden_offsets = {-1}, .output_weights = {3}, .output_offset = 0.5}};
  const std::vector<double> row = {2, 7};
  EXPECT_EQ(network.margin(row), 0.5 + 3 * 3);
  EXPECT_EQ(network.expected_margin(), 0.5);
  std::vector<double> contributions(2, 0.0);
  network.add_contributions(row, contributions);
  EXPECT_NEAR(contributions[0], 9, 1e-12);
  EXPECT_EQ(contributions[1], 0);
  EXPECT_EQ(network.margin(std::vector<double>{kMissing, 7}), 0.5);  // missing is the mean, beside its flag
}

// The closed sum against ten thousand small steps along the way.
TEST(Network, contributions_are_the_integral_of_the_gradient) {
  Random random(3);
  Perceptron perceptron{.output_offset = 0.2};
  for (int i = 0; i < 5 * 4; ++i) perceptron.hidden_weights.push_back(random.normal());
  for (int u = 0; u < 5; ++u) {
    perceptron.hidden_offsets.push_back(random.normal());
    perceptron.output_weights.push_back(random.normal());
  }
  const std::vector<double> inputs = {0.7, -1.1, 2.0, 0.3};
  std::vector<double> closed(4, 0.0), stepped(4, 0.0);
  perceptron.add_attributions(inputs, 1, closed);
  constexpr int kSteps = 10'000;
  for (int s = 0; s < kSteps; ++s) {
    for (size_t u = 0; u < 5; ++u) {
      double reached = perceptron.hidden_offsets[u];
      for (size_t i = 0; i < 4; ++i) reached += perceptron.hidden_weights[u * 4 + i] * inputs[i] * (s + 0.5) / kSteps;
      if (reached <= 0) continue;
      for (size_t i = 0; i < 4; ++i) {
        stepped[i] += perceptron.output_weights[u] * perceptron.hidden_weights[u * 4 + i] * inputs[i] / kSteps;
      }
    }
  }
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(closed[i], stepped[i], 2e-3);
  EXPECT_NEAR(std::accumulate(closed.begin(), closed.end(), 0.0),
              perceptron.margin(inputs) - perceptron.margin(std::vector<double>(4, 0.0)), 1e-12);
}

TEST(Network, learns_what_no_straight_line_knows) {
  const auto evaluation = evaluate_table(trained().model, *parse_table(middles(2, 2'000)), "bad");
  ASSERT_TRUE(evaluation) << evaluation.error().text();
  EXPECT_GT(evaluation->model.auc.value, 0.78);  // the truth itself scores 0.84 here; seeds are fixed
  EXPECT_LT(evaluation->logistic.auc.value, 0.66);
  EXPECT_EQ(report_of(trained()).at("algorithm"), "multilayer_perceptron");
}

TEST(Network, contributions_add_up_to_the_margin) {
  const auto& model = trained().model;
  const auto rows = *bind_rows(model.features, *parse_table(middles(4, 300)));
  const Explainer explainer(model);
  const Scorer scorer(model);
  const auto probabilities = scorer.probabilities(rows);
  for (size_t i = 0; i < rows.row_count; ++i) {
    const auto explanation = explainer.explain(rows.row(i));
    const auto score = scorer.score(rows.row(i));
    ASSERT_NEAR(std::accumulate(explanation.contributions.begin(), explanation.contributions.end(),
                                explanation.expected_margin),
                score.margin, 1e-10);
    ASSERT_EQ(score.margin, model.score(rows.row(i)).margin);
    ASSERT_EQ(probabilities[i], score.probability);
  }
}

TEST(Network, more_is_never_less_risk_where_it_is_declared_monotone) {
  const auto model = train_table(*parse_table(middles(1, 400)), options_of({{"a", 1}, {"b", -1}}));
  ASSERT_TRUE(model) << model.error().text();
  for (size_t feature = 0; feature < 2; ++feature) {
    double before = feature == 0 ? -INFINITY : INFINITY;
    for (double x = -0.5; x <= 1.5; x += 0.02) {
      std::vector<double> row = {0.4, 0.6, 1};
      row[feature] = x;
      const double margin = model->model.score(row).margin;
      const double rise = feature == 0 ? margin - before : before - margin;
      EXPECT_GE(rise, -1e-12);
      before = margin;
    }
  }
}

TEST(Network, is_the_same_to_the_bit_whatever_the_threads) {
  const auto table = *parse_table(middles(3, 300));
  std::vector<std::string> texts;
  for (const int threads : {1, 4}) {
    auto options = options_of();
    options.threads = threads;
    const auto model = train_table(table, options);
    ASSERT_TRUE(model);
    texts.push_back(
        write_artefact({.model = model->model, .provenance = {.code = "test", .report = report_of(*model)}}));
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(Network, reads_back_to_the_same_bits_and_names_the_part_that_is_wrong) {
  const Artefact original{.model = trained().model, .provenance = {.code = "test", .report = report_of(trained())}};
  const auto text = write_artefact(original);
  const auto artefact = read_artefact(text);
  ASSERT_TRUE(artefact) << artefact.error().text();
  EXPECT_EQ(artefact->model, original.model);
  EXPECT_EQ(write_artefact(*artefact), text);
  const auto value = *parse_json(text);
  const auto place_after = [&](auto&& change) {
    auto changed = value.as_object();
    change(changed, changed["network"].as_object());
    const auto read = read_artefact(write_json(changed));
    return read ? "accepted" : read.error().place;
  };
  using Object = json::object;
  EXPECT_EQ(place_after([](Object&, Object&) {}), "accepted");
  EXPECT_EQ(place_after([](Object&, Object& net) { net["perceptrons"].as_array().clear(); }), "/network ");
  EXPECT_EQ(place_after([](Object&, Object& net) {
              net["perceptrons"].as_array()[0].as_object()["output_weights"] = "AAAAAAAAAAA";
            }),
            "/network ");
  EXPECT_EQ(place_after([](Object&, Object& net) { net["encodings"].as_array()[0].as_object().erase("mean"); }),
            "/network/encodings/0/mean");
  EXPECT_EQ(place_after([](Object& model, Object&) { model["partner"] = model["logistic"]; }), "/network");
}

}  // namespace
}  // namespace amity::models
