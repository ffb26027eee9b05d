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
// point.
//
// No leaf is looked at by itself. At a point t, let a split's `share` be how much of what comes there goes left,
// `worth` what a row that came there is worth, and `weight` how much of the row comes there. With z the share of
// training rows that take the earlier branches on the split's feature down to here (1 where there are none), for a row
// that takes them too:
//
//   known  = t / (z (1 - t) + t)              the feature is known, given that the row came here
//   gain   = z / (z (1 - t) + t)^2            what that changes by, as t grows
//   share  = zero_left + known * (goes_left - zero_left)
//   worth  = worth_right + share * (worth_left - worth_right)
//   weight of the left child = weight * share, of the right one = weight - that
//   phi of the split's feature += weight * gain * (goes_left - zero_left) * (worth_left - worth_right)
//
// which is the sum over the leaves below, the factor of the feature itself divided out. To a row that left the earlier
// branches the feature tells nothing here: known = gain = 0. So a split costs some ten operations a point, without a
// division and without a choice that the processor must guess; always the same operations in the same order, whatever
// the instruction set: the same bits everywhere.
#pragma once

#include <span>
#include <vector>

#include "models/forest/explain_kernels.h"
#include "models/forest/ranking.h"
#include "models/instruction_set.h"
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
  // `set` must be one of instruction_sets().
  void add_contributions(std::span<const float> row, double weight, std::span<double> contributions,
                         InstructionSet set = best_instruction_set()) const;

 private:
  void fill_repeats(std::span<const double> shares_above);
  ExplainView view() const;

  Ranking ranking_;
  double expected_margin_;
  size_t point_count_ = 2;                     // 2, 4, 8 or 16
  size_t most_entries_ = 0, most_uppers_ = 0;  // of a tree
  std::vector<ExplainedTree> trees_;
  std::vector<UpperSplit> uppers_;
  std::vector<LowerSplit> lowers_;
  std::vector<LoneLeaf> lones_;
  std::vector<EightDoubles> repeats_;
};

}  // namespace amity::models
