#include "customers/resolution/weights.h"

#include <algorithm>
#include <cmath>

namespace amity::customers {
namespace {

constexpr int kRounds = 15;
constexpr double kPriorPairs = 30;
constexpr size_t kRandomPairs = 30'000;
// Where somebody lives and is called is said in parts that follow from each other: the strongest part counts whole,
// each further one by half. And it is shared by a household, so that all of it together makes two rows little more
// likely to be one person than two who live together: names and dates decide.
constexpr double kFurtherHomes = 0.5;
constexpr double kMoreThanEven = 0.25;  // log odds
constexpr double kUsualMatches = 0.05;  // pairs for each row, before anything is learnt
constexpr double kLeastMatches = 0.02;  // and at the least and most
constexpr double kMostMatches = 3;
constexpr double kMostDifferent = 0.5;  // of the matches, in one column
constexpr double kMostDifferentOfLasting = 0.1;
constexpr double kMostPartly = 0.1;
constexpr double kLeastByChance = 0.8;  // of what is alike among the candidates, whatever seems to be a match
constexpr double kLeastShare = 1e-9;
constexpr double kMostRarer = 4;  // how much the rarity of what is alike may change a weight, natural logarithm

using Row = std::array<double, kLikenesses>;
// Missing, different, partly, near, sounds, swapped, same: between two rows of one person, before anything is learnt.
constexpr Row kUsual = {0, 0.06, 0.03, 0.10, 0.03, 0.03, 0.75};
constexpr Row kUsualOfLasting = {0, 0.02, 0.03, 0.10, 0, 0.01, 0.84};      // nobody is born twice
constexpr Row kUsualOfChanging = {0, 0.15, 0.05, 0.10, 0.03, 0.02, 0.65};  // people move

bool is_lasting(FieldKind kind) { return kind == FieldKind::kDate || kind == FieldKind::kIdentityNumber; }

bool is_of_home(FieldKind kind) { return is_place(kind) || kind == FieldKind::kPhone; }

const Row& usual(FieldKind kind) {
  if (is_lasting(kind)) return kUsualOfLasting;
  return is_of_home(kind) || kind == FieldKind::kEmail ? kUsualOfChanging : kUsual;
}

size_t index(Likeness likeness) { return static_cast<size_t>(likeness); }

// Evenly spread pairs without a clock or a seed: the multiplicative generator of Knuth (MMIX).
class Spread {
 public:
  uint32_t below(size_t rows) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>((state_ >> 33) % rows);
  }

 private:
  uint64_t state_ = 1;
};

Row normal(Row counts) {
  double sum = 0;
  for (const double count : counts) sum += count;
  for (double& count : counts) count /= sum;
  return counts;
}

// A column that mostly differs in matches would make anybody who agrees in another one a match.
Row held(Row shares, FieldKind kind) {
  const double most = is_lasting(kind) ? kMostDifferentOfLasting : kMostDifferent;
  shares[index(Likeness::kDifferent)] = std::min(shares[index(Likeness::kDifferent)], most);
  shares[index(Likeness::kPartly)] = std::min(shares[index(Likeness::kPartly)], kMostPartly);
  return shares;
}

}  // namespace

double probability_of(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

// What is met between rows that are not one person: in random pairs, and among the candidates, who are nearly all of
// those that resemble each other at all.
class Weights::Chance {
 public:
  Chance(const Records& records, double pairs) : drawn_(records.columns().size()), pairs_(pairs) {
    Spread spread;
    const size_t most = std::min(kRandomPairs, records.size() * records.size());
    for (size_t i = 0; i < most; ++i) {
      const auto left = spread.below(records.size());
      const auto right = spread.below(records.size());
      if (left == right) continue;
      drawn_pairs_ += 1;
      add(drawn_, compare(records, left, right), 1);
    }
    forget_candidates();
  }

  void forget_candidates() {
    candidates_.assign(drawn_.size(), {});
    met_.assign(drawn_.size(), {});
  }
  // Whoever is only partly alike is somebody else, whatever the rest of the pair says; of the others most
  // are. Without such bounds likenesses that few but matches have would explain themselves.
  void add_candidate(const std::vector<Comparison>& compared, double probability) {
    add(candidates_, compared, 1 - probability);
    add(met_, compared, 1);
  }

  Shares shares(size_t at) const {
    constexpr Shares kUnseen = {0, 1, 0.02, 0.01, 0.005, 0.005, 0.01};
    double told = 1;  // random pairs where both rows say something
    for (const double count : drawn_[at].counts) told += count;
    const double all = pairs_ * told / (drawn_pairs_ + 1);
    Shares shares{};
    for (size_t i = 1; i < kLikenesses; ++i) {
      const double least = met_[at].counts[i] * (i == index(Likeness::kPartly) ? 1 : kLeastByChance);
      shares[i] =
          std::max((drawn_[at].counts[i] + kUnseen[i]) / told, std::max(least, candidates_[at].counts[i]) / all);
    }
    return normal(shares);
  }

  Shares mean_rarities(size_t at) const {
    Shares means{};
    for (size_t i = 1; i < kLikenesses; ++i) {
      const double count = drawn_[at].counts[i] + candidates_[at].counts[i];
      if (count > 0) means[i] = (drawn_[at].rarities[i] + candidates_[at].rarities[i]) / count;
    }
    return means;
  }

 private:
  struct Met {
    Shares counts{};
    Shares rarities{};  // their sums
  };

  static void add(std::vector<Met>& met, const std::vector<Comparison>& compared, double share) {
    for (size_t at = 0; at < compared.size(); ++at) {
      if (compared[at].likeness == Likeness::kMissing) continue;
      met[at].counts[index(compared[at].likeness)] += share;
      met[at].rarities[index(compared[at].likeness)] += share * compared[at].rarity;
    }
  }

  std::vector<Met> drawn_;
  std::vector<Met> candidates_;  // as far as they are no matches
  std::vector<Met> met_;         // all of them
  double drawn_pairs_ = 0;
  double pairs_;  // of the whole table
};

Weights Weights::learn(const Records& records, const std::vector<std::vector<Comparison>>& compared,
                       size_t first_list) {
  const auto rows = static_cast<double>(records.size());
  const auto first = static_cast<double>(first_list);
  const double pairs = std::max(1.0, first_list > 0 ? first * (rows - first) : rows * (rows - 1) / 2);
  Chance chance(records, pairs);
  Weights weights;
  for (size_t at = 0; at < records.columns().size(); ++at) weights.matched_.push_back(usual(records.kind(at)));
  weights.take(chance);
  weights.prior_ = std::log(std::max(1.0, kUsualMatches * rows) / pairs);
  for (int round = 0; round < kRounds; ++round) weights.improve(records, compared, chance, pairs);
  return weights;
}

void Weights::take(const Chance& chance) {
  chance_.clear();
  mean_rarity_.clear();
  for (size_t at = 0; at < matched_.size(); ++at) {
    chance_.push_back(chance.shares(at));
    mean_rarity_.push_back(chance.mean_rarities(at));
  }
}

void Weights::improve(const Records& records, const std::vector<std::vector<Comparison>>& compared, Chance& chance,
                      double pairs) {
  std::vector<Shares> counts(matched_.size());
  for (size_t at = 0; at < counts.size(); ++at) {
    for (size_t i = 0; i < kLikenesses; ++i) counts[at][i] = usual(records.kind(at))[i] * kPriorPairs;
  }
  chance.forget_candidates();
  double matches = 0;
  std::vector<double> ignored;
  for (const auto& pair : compared) {
    const double share = probability_of(score(records, pair, ignored));
    matches += share;
    chance.add_candidate(pair, share);
    if (share < 1e-4) continue;
    for (size_t at = 0; at < pair.size(); ++at) {
      if (pair[at].likeness != Likeness::kMissing) counts[at][index(pair[at].likeness)] += share;
    }
  }
  for (size_t at = 0; at < counts.size(); ++at) matched_[at] = held(normal(counts[at]), records.kind(at));
  take(chance);
  const auto rows = static_cast<double>(records.size());
  prior_ = std::log(std::clamp(matches, std::max(1.0, kLeastMatches * rows), kMostMatches * rows) / pairs);
}

double Weights::of(size_t at, const Comparison& comparison) const {
  const size_t i = index(comparison.likeness);
  if (comparison.likeness == Likeness::kMissing) return 0;
  const double matched = std::log(std::max(kLeastShare, matched_[at][i]));
  const double against = matched - std::log(std::max(kLeastShare, chance_[at][i]));
  switch (comparison.likeness) {
    case Likeness::kSame:
    case Likeness::kSounds: return matched + comparison.rarity;
    case Likeness::kPartly:
    case Likeness::kNear:
    case Likeness::kSwapped: {
      const double rarer = std::clamp(comparison.rarity - mean_rarity_[at][i], -kMostRarer, kMostRarer);
      return std::min(against + rarer, matched + comparison.rarity);
    }
    default: return against;
  }
}

double Weights::score(const Records& records, const std::vector<Comparison>& compared,
                      std::vector<double>& weights) const {
  weights.clear();
  std::vector<size_t> homes;
  for (size_t at = 0; at < compared.size(); ++at) {
    weights.push_back(of(at, compared[at]));
    if (is_of_home(records.kind(at)) && weights[at] > 0) homes.push_back(at);
  }
  hold_homes(homes, weights);
  double sum = prior_;
  for (const double weight : weights) sum += weight;
  return sum;
}

void Weights::hold_homes(std::vector<size_t>& homes, std::vector<double>& weights) const {
  std::ranges::sort(homes,
                    [&](size_t a, size_t b) { return weights[a] != weights[b] ? weights[a] > weights[b] : a < b; });
  double sum = 0;
  for (size_t i = 0; i < homes.size(); ++i) sum += weights[homes[i]] *= i == 0 ? 1 : kFurtherHomes;
  const double most = std::max(0.0, -prior_) + kMoreThanEven;
  if (sum <= most) return;
  for (const auto at : homes) weights[at] *= most / sum;
}

}  // namespace amity::customers
