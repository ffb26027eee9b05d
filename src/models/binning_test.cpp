// Optimal binning against every possible partition, and weights a reader can compute.
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "models/scorecard/binning.h"

namespace amity::models {
namespace {

Counts sum_of(std::span<const Counts> fine) {
  Counts sum;
  for (const auto& counts : fine) sum += counts;
  return sum;
}

bool differs(const Counts& a, const Counts& b, double z) {
  const double rate = (a.bad + b.bad) / (a.rows() + b.rows());
  const double difference = a.bad / a.rows() - b.bad / b.rows();
  return difference * difference >= z * z * rate * (1 - rate) * (1 / a.rows() + 1 / b.rows());
}

// The greatest information of all 2^(n-1) partitions that obey the constraints; 0 attributes: none does.
double best_of_all(std::span<const Counts> fine, const Counts& all, const BinningSettings& settings, int sign) {
  double best = -INFINITY;
  for (uint32_t mask = 0; mask < (1u << (fine.size() - 1)); ++mask) {
    std::vector<Counts> attributes(1);
    for (size_t k = 0; k < fine.size(); ++k) {
      attributes.back() += fine[k];
      if (k + 1 < fine.size() && (mask >> k & 1) != 0) attributes.emplace_back();
    }
    bool is_allowed = attributes.size() <= static_cast<size_t>(settings.most_attributes);
    double information = 0;
    for (size_t k = 0; k < attributes.size(); ++k) {
      is_allowed &= attributes[k].rows() >= settings.minimum_share * all.rows();
      information += information_of(attributes[k], all);
      if (k == 0) continue;
      const double rise = weight_of_evidence(attributes[k], all) - weight_of_evidence(attributes[k - 1], all);
      is_allowed &= sign * rise > 0 && differs(attributes[k - 1], attributes[k], settings.least_z);
    }
    if (is_allowed) best = std::max(best, information);
  }
  return best;
}

TEST(Binning, weighs_evidence_as_by_hand) {
  // 90 good and 10 bad of 400 good and 100 bad; 8 good and 2 bad prior rows.
  EXPECT_NEAR(weight_of_evidence({90, 10}, {400, 100}), std::log((98.0 / 400) / (12.0 / 100)), 1e-12);
  EXPECT_NEAR(information_of({90, 10}, {400, 100}), (0.225 - 0.1) * std::log((98.0 / 400) / (12.0 / 100)), 1e-12);
  EXPECT_EQ(weight_of_evidence({0, 0}, {400, 100}), 0);  // nothing is known: neutral
  EXPECT_NEAR(weight_of_evidence({80, 20}, {400, 100}), 0, 1e-12);
  EXPECT_TRUE(std::isfinite(weight_of_evidence({50, 0}, {400, 100})));
  EXPECT_TRUE(std::isfinite(weight_of_evidence({50, 0}, {400, 0})));  // a fold without a bad row
}

TEST(Binning, finds_the_best_of_all_partitions) {
  Random random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<Counts> fine;
    for (uint64_t k = 0; k < 2 + random.below(9); ++k) {
      fine.push_back({static_cast<double>(random.below(60)), static_cast<double>(1 + random.below(30))});
    }
    const auto all = sum_of(fine);
    const BinningSettings settings{.minimum_share = 0.02 * static_cast<double>(random.below(6)),
                                   .most_attributes = static_cast<int>(1 + random.below(6)),
                                   .least_z = 0.5 * static_cast<double>(random.below(4))};
    const double rising = best_of_all(fine, all, settings, 1), falling = best_of_all(fine, all, settings, -1);
    const double one = information_of(all, all);
    EXPECT_NEAR(best_partition(fine, all, settings, Trend::kRising).information, std::max(one, rising), 1e-12);
    EXPECT_NEAR(best_partition(fine, all, settings, Trend::kFalling).information, std::max(one, falling), 1e-12);
    EXPECT_NEAR(best_partition(fine, all, settings, Trend::kEither).information, std::max({one, rising, falling}),
                1e-12);
  }
}

TEST(Binning, gives_the_partition_whose_information_it_claims) {
  Random random(8);
  for (int round = 0; round < 100; ++round) {
    std::vector<Counts> fine;
    for (int k = 0; k < 40; ++k) {
      fine.push_back({static_cast<double>(20 + random.below(60)), static_cast<double>(1 + random.below(30) + k)});
    }
    const auto all = sum_of(fine);
    const BinningSettings settings{.minimum_share = 0.05, .most_attributes = 6, .least_z = 1};
    const auto best = best_partition(fine, all, settings, Trend::kEither);
    ASSERT_EQ(best.ends.back(), fine.size());
    double information = 0, before = 0;
    size_t begin = 0;
    for (const size_t end : best.ends) {
      const auto attribute = sum_of(std::span(fine).subspan(begin, end - begin));
      EXPECT_GE(attribute.rows(), 0.05 * all.rows());
      information += information_of(attribute, all);
      const double woe = weight_of_evidence(attribute, all);
      EXPECT_TRUE(begin == 0 || woe < before);  // bad rows grow with k
      before = woe;
      begin = end;
    }
    EXPECT_NEAR(best.information, information, 1e-12);
  }
}

TEST(Binning, divides_at_the_shortest_number_between) {
  EXPECT_EQ(cut_between(34.99, 35.02), 35);
  EXPECT_EQ(cut_between(0, 1), 0.5);
  EXPECT_EQ(cut_between(1, 2), 2);  // 1.5 rounds to even
  EXPECT_EQ(cut_between(-0.001, 0), -0.0005);
  EXPECT_EQ(cut_between(12.25, 12.75), 12.5);
  const double low = 0.1, high = std::nextafter(low, 1.0);
  EXPECT_EQ(cut_between(low, high), high);
  EXPECT_EQ(cut_between(-1.7e308, 1.7e308), 0);
}

}  // namespace
}  // namespace amity::models
