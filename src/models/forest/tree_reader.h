// Lays out the splits of a forest for explaining (forest/explain_kernels.h), one tree after the other, each level by
// level: what stands side by side in a tree can be computed side by side.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "models/forest/explain_kernels.h"
#include "models/forest/ranking.h"
#include "models/trees.h"

namespace amity::models {

constexpr uint32_t kNeverRepeated = 1;  // the repeat of a split that is the first on its feature

class TreeReader {
 public:
  TreeReader(const Forest& forest, const Ranking& ranking) : forest_(forest), ranking_(ranking) {}

  void read(uint32_t root);

  std::vector<ExplainedTree> trees;
  std::vector<UpperSplit> uppers;
  std::vector<LowerSplit> lowers;
  std::vector<LoneLeaf> lones;
  std::vector<double> shares_above = {0, 1};  // by repeat; the first stands for a row that does not come
  size_t most_entries = 0, most_uppers = 0;   // of a tree
  size_t most_features = 0;                   // of a path

 private:
  // An upper split and what is above it.
  struct Upper {
    uint32_t node = 0;
    uint32_t parent = 0;  // its number; the root's is its own
    bool is_right_child = false;
    size_t features = 0;        // distinct ones from the root to this one
    double shares[2] = {1, 1};  // of training rows along every branch on its feature down to its left child, its right
  };
  // The nearest branch on a feature above a split.
  struct Branch {
    uint32_t mark = 0;  // 0: there is none
    double share = 1;
    bool is_none() const { return mark == 0; }
  };

  uint32_t add(uint32_t node, uint32_t parent, bool is_right_child);
  void fill(uint32_t number);
  void add_lower(uint32_t node, uint32_t parent, bool is_right_child);
  uint32_t entry_of(uint32_t number) const;
  Branch branch_above(int32_t feature, uint32_t parent, bool is_right_child) const;
  double share_of_left(const Node& node) const;
  uint32_t test_of(uint32_t node) const;
  uint32_t repeat_of(const Branch& above);

  const Forest& forest_;
  const Ranking& ranking_;
  ExplainedTree tree_{};
  std::vector<Upper> placed_;  // of the tree, by number
  std::map<double, uint32_t> repeats_;
};

}  // namespace amity::models
