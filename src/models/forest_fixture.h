// Random forests of every kind, and rows that lie where it matters, for tests.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "models/trees.h"

namespace amity::models {

struct ForestShape {
  uint32_t trees = 5;
  uint32_t feature_count = 3;
  uint32_t depth = 4;        // at most
  double leaf_chance = 0.1;  // that a branch ends early
  double set_chance = 0;     // that a split is on categories
  uint32_t grid = 0;         // thresholds are of so many values; 0: all differ
};

class RandomForest {
 public:
  RandomForest(uint64_t seed, const ForestShape& shape) : random_(seed), shape_(shape) {
    forest_.base_margin = static_cast<float>(random_.normal());
    for (uint32_t i = 0; i < shape.trees; ++i) forest_.roots.push_back(grow(1000, shape.depth));
  }

  const Forest& forest() const { return forest_; }

  // Thresholds themselves and their neighbours, categories and what is none, and what floats have at their ends.
  std::vector<float> row() {
    std::vector<float> row;
    for (uint32_t i = 0; i < shape_.feature_count; ++i) row.push_back(value());
    return row;
  }

 private:
  float value() {
    using Limits = std::numeric_limits<float>;
    constexpr float kEnds[] = {Limits::quiet_NaN(),
                               Limits::infinity(),
                               -Limits::infinity(),
                               0.0f,
                               -0.0f,
                               Limits::max(),
                               Limits::lowest(),
                               Limits::denorm_min(),
                               -Limits::denorm_min(),
                               Limits::min(),
                               -Limits::signaling_NaN()};
    switch (random_.below(6)) {
      case 0: return kEnds[random_.below(std::size(kEnds))];
      case 1: return static_cast<float>(random_.below(100));
      case 2: return static_cast<float>(random_.normal() * 40);
      case 3: return threshold();
      default: break;
    }
    const Node& node = forest_.nodes[random_.below(forest_.nodes.size())];
    constexpr float kInfinity = Limits::infinity();
    const float sides[] = {node.value, std::nextafter(node.value, kInfinity), std::nextafter(node.value, -kInfinity)};
    return sides[random_.below(3)];
  }

  float threshold() {
    using Limits = std::numeric_limits<float>;
    constexpr float kOdd[] = {0.0f, -0.0f, Limits::denorm_min(), -Limits::min(), Limits::max(), Limits::lowest()};
    if (random_.chance(0.05)) return kOdd[random_.below(std::size(kOdd))];
    if (shape_.grid > 0) return static_cast<float>(random_.below(shape_.grid)) / 4;
    return static_cast<float>(random_.normal());
  }

  uint32_t grow(float cover, uint32_t depth) {
    const auto at = static_cast<uint32_t>(forest_.nodes.size());
    forest_.nodes.push_back({.value = static_cast<float>(random_.normal()), .cover = cover});
    if (depth == 0 || random_.chance(shape_.leaf_chance)) return at;
    Node node{.feature = static_cast<int32_t>(random_.below(shape_.feature_count)),
              .value = threshold(),
              .cover = cover,
              .missing_goes_left = random_.chance(0.5)};
    if (random_.chance(shape_.set_chance)) add_set(node);
    const auto share = static_cast<float>(0.02 + 0.96 * random_.uniform());
    node.left = grow(cover * share, depth - 1);
    node.right = grow(cover * (1 - share), depth - 1);
    forest_.nodes[at] = node;
    return at;
  }

  void add_set(Node& node) {
    node.value = 0;
    node.set_begin = static_cast<uint32_t>(forest_.category_sets.size());
    node.set_words = static_cast<uint32_t>(1 + random_.below(3));
    for (uint32_t i = 0; i < node.set_words; ++i) {
      forest_.category_sets.push_back(static_cast<uint32_t>(random_.below(uint64_t{1} << 32)));
    }
  }

  Random random_;
  ForestShape shape_;
  Forest forest_;
};

}  // namespace amity::models
