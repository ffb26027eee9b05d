// Lays out the splits of a forest for explaining (forest/explain_kernels.h), one tree after the other.
#pragma once

#include <cstdint>
#include <map>
#include <span>
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
  struct Branch {
    int32_t feature;
    uint32_t mark;
    double share;  // of training rows along every branch on the feature down to here
    bool is_first;
  };

  uint32_t add(uint32_t at);
  uint32_t add_lower(uint32_t at, const Branch& above);
  uint32_t add_upper(uint32_t at, const Branch& above, bool is_first);
  uint32_t entry_of(uint32_t number) const;
  double share_of_left(const Node& node) const;
  uint32_t test_of(uint32_t at) const;
  uint32_t repeat_of(const Branch& above);

  const Forest& forest_;
  const Ranking& ranking_;
  ExplainedTree tree_{};
  std::vector<Branch> path_;
  std::map<double, uint32_t> repeats_;
};

}  // namespace amity::models
