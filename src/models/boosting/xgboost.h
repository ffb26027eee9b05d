// Growing boosted trees: the only door to XGBoost (1.7, C interface). Its objects end here, its errors become Results.
//
// The same data, settings, seed and thread count give the same trees.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/features.h"

namespace amity::models {

struct BoosterSettings {
  int depth = 4;
  double learning_rate = 0.05;
  double min_child_weight = 5;  // least sum of hessians in a leaf
  double row_share = 0.8;       // of the rows, drawn for each tree
  double column_share = 0.8;    // of the features, drawn for each tree
  double ridge = 1;             // penalty on squared leaf values
  int max_bins = 256;
  int one_hot_categories = 16;  // up to this many a split takes one category apart, above it takes a set
  uint64_t seed = 1;
  int threads = 2;
  bool operator==(const BoosterSettings&) const = default;
};

// Rows in the form the trees grow on. Immutable.
class BoosterData {
 public:
  // `labels` may be empty where only margins are wanted.
  static Result<BoosterData> make(const std::vector<Feature>& features, const Matrix& rows,
                                  std::span<const uint8_t> labels);
  size_t row_count() const { return row_count_; }

 private:
  friend class Booster;
  std::shared_ptr<void> handle_;
  size_t row_count_ = 0;
};

class Booster {
 public:
  // `base_rate` in (0, 1) is where boosting begins. Margins of `watched` are kept up to date as trees grow, which makes
  // margins() of it cheap.
  static Result<Booster> make(const BoosterSettings& settings, const std::vector<Feature>& features, double base_rate,
                              const BoosterData& training, const BoosterData* watched = nullptr);

  Result<void> grow();  // one more tree
  int tree_count() const { return tree_count_; }
  // With the first `tree_count` trees; 0: all.
  Result<std::vector<float>> margins(const BoosterData& data, int tree_count = 0) const;
  // Per row one value a feature and the expected value last.
  Result<std::vector<float>> contributions(const BoosterData& data) const;
  Result<std::string> json() const;
  float base_margin() const { return base_margin_; }

 private:
  std::shared_ptr<void> handle_;
  BoosterData training_;
  BoosterData watched_;
  float base_margin_ = 0;
  int tree_count_ = 0;
};

}  // namespace amity::models
