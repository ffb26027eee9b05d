// Why boosted trees say what they say: exact path-dependent Shapley values of one row, in binary64.
//
// What a feature contributes is its Shapley value in the game in which a known feature sends a row down its own branch
// and an unknown one splits it as the training rows split (TreeSHAP: Lundberg et al. 2020, "From local explanations to
// global understanding with explainable AI for trees", path-dependent). In that game a leaf is worth the product of one
// factor a feature on its path, and the Shapley value of a product is an integral of a polynomial (Owen 1972,
// "Multilinear Extensions of Games", theorem 5):
//
//   phi_i = leaf * integral over t in [0, 1] of (one_i - zero_i) * product over j != i of (zero_j (1 - t) + one_j t)
//
// with zero_j the share of training rows that take the path's branches on j, and one_j 1 where the row takes them, else
// 0. Gauss-Legendre quadrature with M points is exact for it up to 2 M features on a path, so it is summed point by
// point: products on the way down, sums on the way up, a few operations a branch instead of some squared depth. Always
// the same operations in the same order: the same bits everywhere.
#pragma once

#include <span>
#include <vector>

#include "models/trees.h"

namespace amity::models {

class ForestExplainer {
 public:
  // Of a forest that passed check_forest; keeps what it needs of it.
  explicit ForestExplainer(const Forest& forest);

  // Mean margin over the training data as the covers tell it: what contributions are measured from.
  double expected_margin() const { return expected_margin_; }
  // Adds weight * contribution of each feature to `contributions` (one per feature). For every row:
  //   base_margin + sum of leaves = expected_margin + sum of contributions, to 1e-9.
  void add_contributions(std::span<const float> row, double weight, std::span<double> contributions) const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  // A node with the branch that leads to it, in the order of a walk from the root: its left child is the next one.
  // Numbers count within the tree.
  struct Branch {
    double zero = 1;  // share of rows along every branch on this feature down to here
    uint32_t parent = kNone;
    uint32_t earlier = kNone;  // the nearest branch above it on the same feature
    int32_t feature = -1;      // the parent's; -1: the root
    float worth = 0;           // a leaf's value
    Node node;                 // a leaf's looks at feature 0, to no effect
  };
  struct Tree {
    size_t begin = 0;  // in branches_
    size_t count = 0;
  };

  template <size_t kPoints>
  class Walk;

  void add_tree(const Forest& forest, uint32_t root);
  uint32_t add_branch(const Forest& forest, uint32_t at, size_t begin, Branch arriving, size_t features);

  double expected_margin_ = 0;
  size_t point_count_ = 2;  // 2, 4, 8 or 16
  size_t greatest_tree_ = 0;
  std::vector<Tree> trees_;
  std::vector<Branch> branches_;
  std::vector<uint32_t> category_sets_;
};

}  // namespace amity::models
