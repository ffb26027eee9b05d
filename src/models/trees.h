// Boosted trees evaluated by ourselves, so that a decision needs no training library and gives the same bits
// everywhere.
//
// The trees are XGBoost's (Chen and Guestrin 2016): comparisons and sums are in binary32 and in its order, so that the
// margin equals XGBoost's own to the bit. What each feature contributes: models/shapley.h.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace amity::models {

struct Node {
  int32_t feature = -1;  // -1: a leaf
  float value = 0;       // a leaf's value; a threshold: less goes left
  float cover = 0;       // sum of hessians that came here in training
  uint32_t left = 0;     // indexes of this forest, always greater than the node's own
  uint32_t right = 0;
  bool missing_goes_left = false;
  uint32_t set_begin = 0;  // a categorical split: bits of the categories that go right, `set_words` words of 32
  uint32_t set_words = 0;
  bool operator==(const Node&) const = default;
  bool is_leaf() const { return feature < 0; }
};

struct Forest {
  float base_margin = 0;
  std::vector<uint32_t> roots{};  // one a tree, in the order of training
  std::vector<Node> nodes{};
  std::vector<uint32_t> category_sets{};
  bool operator==(const Forest&) const = default;

  // `row` holds what features.h describes, as binary32.
  float margin(std::span<const float> row) const;
};

constexpr size_t kMaxTreeDepth = 32;
constexpr size_t kMaxNodes = 4'000'000;

// What must hold before a forest is evaluated: indexes inside, children after their parent and of one parent only,
// finite values, positive covers, no deeper than kMaxTreeDepth. The place names the node.
Result<void> check_forest(const Forest& forest, size_t feature_count);

// Which way a row with this value of the node's feature goes; NaN is a missing one.
inline bool goes_left(const Node& node, float value, std::span<const uint32_t> category_sets) {
  if (std::isnan(value)) return node.missing_goes_left;
  if (node.set_words == 0) return value < node.value;
  if (value < 0 || value >= static_cast<float>(node.set_words * 32)) return true;  // in no set
  const auto category = static_cast<uint32_t>(value);
  const uint32_t word = category_sets[node.set_begin + category / 32];
  return (word >> (category % 32) & 1) == 0;
}

// Reads the model that XGBoost saves as JSON (1.7, gbtree). `base_margin` is what training began with.
Result<Forest> read_xgboost_model(std::string_view text, float base_margin);

}  // namespace amity::models
