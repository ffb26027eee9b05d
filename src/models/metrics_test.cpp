#include "models/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "models/calibration.h"
#include "models/elementary.h"

namespace amity::models {
namespace {

const std::vector<double> kProbabilities = {0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1};
const std::vector<uint8_t> kLabels = {1, 1, 0, 1, 0, 1, 0, 0, 0, 0};

// By hand: of 4 * 6 pairs a positive stands above a negative in 6 + 6 + 5 + 4 = 21.
TEST(Metrics, are_what_a_hand_calculation_says) {
  const auto metrics = measure(kProbabilities, kLabels, {.budget = 0.2});
  ASSERT_TRUE(metrics);
  EXPECT_NEAR(metrics->auc.value, 21.0 / 24, 1e-12);
  EXPECT_NEAR(metrics->gini.value, 2 * 21.0 / 24 - 1, 1e-12);
  EXPECT_NEAR(metrics->ks.value, 4.0 / 4 - 2.0 / 6, 1e-12);  // after the sixth row
  EXPECT_NEAR(metrics->brier.value, (0.01 + 0.04 + 0.49 + 0.16 + 0.3025 + 0.25 + 0.16 + 0.09 + 0.04 + 0.01) / 10,
              1e-12);
  EXPECT_NEAR(metrics->precision.value, 1, 1e-12);
  EXPECT_NEAR(metrics->lift[0].value, 1 / 0.4, 1e-12);
  EXPECT_NEAR(metrics->lift[2].value, 0, 1e-12);
  // Ten rows in ten bins: the mean distance of each probability from its label.
  EXPECT_NEAR(metrics->ece.value, (0.1 + 0.2 + 0.7 + 0.4 + 0.55 + 0.5 + 0.4 + 0.3 + 0.2 + 0.1) / 10, 1e-9);
}

// DeLong by hand: placements of the positives 1, 1, 5/6, 4/6; of the negatives 1/2, 3/4, 1, 1, 1, 1.
TEST(Metrics, the_interval_of_the_auc_is_delongs) {
  const auto metrics = measure(kProbabilities, kLabels);
  const double m = 0.875;
  const double v10 = (2 * std::pow(1 - m, 2) + std::pow(5.0 / 6 - m, 2) + std::pow(4.0 / 6 - m, 2)) / 3;
  const double v01 = (std::pow(0.5 - m, 2) + std::pow(0.75 - m, 2) + 4 * std::pow(1 - m, 2)) / 5;
  EXPECT_NEAR(metrics->auc.low, m - 1.959963984540054 * std::sqrt(v10 / 4 + v01 / 6), 1e-12);
}

TEST(Metrics, ties_count_half_and_share_their_slices) {
  const std::vector<double> same(4, 0.25);
  const std::vector<uint8_t> labels = {1, 0, 0, 0};
  const auto metrics = measure(same, labels, {.budget = 0.25});
  EXPECT_NEAR(metrics->auc.value, 0.5, 1e-12);
  EXPECT_NEAR(metrics->ks.value, 0, 1e-12);
  EXPECT_NEAR(metrics->precision.value, 0.25, 1e-12);
  EXPECT_NEAR(metrics->ece.value, 0, 1e-12);
  EXPECT_FALSE(measure(same, std::vector<uint8_t>(4, 1)));
}

// All 1,000 rows say one half, and half are positive. Each of ten bins then has a deviation of sqrt(100 / 4) / 1000 =
// 0.005: chance alone shows 10 * 0.005 * sqrt(2 / pi), and the error is at most 1.96 * sqrt(10) * 0.005.
TEST(CalibrationError, comes_with_what_chance_alone_would_show) {
  const std::vector<double> halves(1000, 0.5);
  std::vector<uint8_t> labels(1000, 0);
  std::fill_n(labels.begin(), 500, uint8_t{1});
  const auto metrics = measure(halves, labels, {.bootstrap_count = 0});
  EXPECT_NEAR(metrics->ece.value, 0, 1e-12);
  EXPECT_NEAR(metrics->ece_noise, 0.0398942, 1e-6);
  EXPECT_EQ(metrics->ece.low, 0);
  EXPECT_NEAR(metrics->ece.high, 0.0309897, 1e-6);
}

struct Coverage {
  int count = 0;          // of 400 intervals that hold the truth
  double mean_error = 0;  // measured
  double mean_noise = 0;
};

// 400 samples of rows whose true probabilities are known; the model says each `shift` too high (a calibration error of
// exactly `shift` in every bin). By hand the shift keeps every probability inside (0, 1).
Coverage cover(size_t row_count, double shift, bool both_ways, uint64_t seed) {
  constexpr int kSamples = 400;
  Random random(seed);
  Coverage out;
  for (int sample = 0; sample < kSamples; ++sample) {
    std::vector<double> said;
    std::vector<uint8_t> labels;
    for (size_t i = 0; i < row_count; ++i) {
      const double truth = 0.15 + 0.6 * random.uniform();
      labels.push_back(random.uniform() < truth);
      said.push_back(both_ways && truth < 0.45 ? truth - shift : truth + shift);
    }
    const auto metrics = *measure(said, labels, {.bootstrap_count = 0});
    out.count += metrics.ece.low <= shift && shift <= metrics.ece.high;
    out.mean_error += metrics.ece.value / kSamples;
    out.mean_noise += metrics.ece_noise / kSamples;
  }
  return out;
}

// 95 in 100 of 400 samples are 380; the interval is conservative and stays above that at these seeds.
TEST(CalibrationError, its_interval_covers_the_truth_on_few_rows_and_many) {
  for (const size_t row_count : {200u, 694u, 3000u}) {
    for (const double shift : {0.0, 0.01, 0.05, 0.1}) {
      for (const bool both_ways : {false, true}) {
        EXPECT_GE(cover(row_count, shift, both_ways, 17).count, 380) << row_count << " rows, shift " << shift;
      }
    }
  }
}

TEST(CalibrationError, of_a_perfectly_calibrated_model_is_the_noise_it_comes_with) {
  const auto few = cover(694, 0, false, 4);
  EXPECT_GT(few.mean_error, 0.03);  // though nothing is wrong: this is what noise adds
  EXPECT_NEAR(few.mean_error, few.mean_noise, 0.002);
}

TEST(Metrics, a_model_has_no_advantage_over_itself) {
  const auto none = auc_difference(kProbabilities, kProbabilities, kLabels);
  EXPECT_EQ(none->value, 0);
  EXPECT_EQ(none->low, 0);
}

TEST(Metrics, count_decisions_at_a_threshold) {
  const auto c = confusion_at(kProbabilities, kLabels, 0.5);
  EXPECT_EQ(c.true_positives, 4u);
  EXPECT_EQ(c.false_positives, 2u);
  EXPECT_EQ(c.true_negatives, 4u);
  EXPECT_EQ(c.false_negatives, 0u);
}

TEST(Exp, is_within_one_unit_in_the_last_place) {
  for (double x = -700; x < 700; x += 0.0137) {
    const double expected = std::exp(x);
    EXPECT_LE(std::abs(portable_exp(x) - expected), std::nextafter(expected, INFINITY) - expected) << x;
  }
  EXPECT_EQ(portable_exp(0), 1);
  EXPECT_EQ(portable_exp(-800), 0);
  EXPECT_TRUE(std::isinf(portable_exp(710)));
  EXPECT_EQ(sigmoid(0), 0.5);
}

TEST(Calibration, brings_overconfident_margins_back_and_keeps_their_order) {
  Random random(3);
  std::vector<double> margins;
  std::vector<uint8_t> labels;
  std::vector<int> folds;
  for (int i = 0; i < 6000; ++i) {
    const double truth = 1.5 * random.normal() - 1;
    labels.push_back(random.uniform() < sigmoid(truth));
    margins.push_back(2 * truth + 1);  // too sure, and shifted
    folds.push_back(i % 5);
  }
  const auto chosen = choose_calibration(margins, labels, folds);
  EXPECT_EQ(chosen.kind, Calibration::Kind::kPlatt);
  EXPECT_NEAR(chosen.slope, 0.5, 0.05);
  EXPECT_NEAR(chosen.offset, -0.5, 0.1);
  const auto isotonic = fit_calibration(Calibration::Kind::kIsotonic, margins, labels);
  ASSERT_TRUE(check_calibration(isotonic));
  for (double m = -9; m < 9; m += 0.01) EXPECT_LT(isotonic.apply(m), isotonic.apply(m + 0.01));
  EXPECT_NEAR(isotonic.apply(1), 0, 0.35);
}

}  // namespace
}  // namespace amity::models
