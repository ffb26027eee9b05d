// A row as the trees of one forest see it: small ranks instead of numbers.
//
// A forest compares each feature with few thresholds. What a value is worth to it is how many of them it reaches, so
// that "value < threshold" becomes "rank <= the threshold's index", a comparison of two bytes that comes out the same
// for every value there is. A row becomes one byte a slot; a node looks at one slot and one rank:
//
//   goes right = slot byte > node's rank
//
// A feature has a slot for each 255 thresholds, and another where splits differ in where a missing value goes: missing
// is 0 in the one (always left) and 255 in the other (always right). A set of categories has a slot of its own, 1 where
// the row's category is in it. Equal sets share it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/forest/kernels.h"
#include "models/instruction_set.h"
#include "models/trees.h"

namespace amity::models {

class Ranking {
 public:
  // Of a forest that passed check_forest.
  explicit Ranking(const Forest& forest);

  struct Test {
    uint32_t slot = 0;
    uint8_t rank = 255;
  };
  Test test_of(uint32_t node) const { return tests_[node]; }  // of a node that splits
  void forget_tests() { tests_ = {}; }                        // once they are laid out elsewhere

  // A ranked row has slot_count() bytes and one more, which holds nothing anybody looks at.
  size_t slot_count() const { return slot_count_; }
  RankingView view() const;

 private:
  void add_columns(const Forest& forest, uint32_t feature, std::span<const uint32_t> nodes);
  void add_sets(const Forest& forest, std::span<const uint32_t> nodes);

  size_t slot_count_ = 0;
  std::vector<Test> tests_;
  std::vector<RankedColumn> columns_;
  std::vector<SixteenFloats> thresholds_;
  std::vector<RankedSet> sets_;
  std::vector<uint32_t> category_sets_;
};

const ScoreKernels& score_kernels_of(InstructionSet set);

}  // namespace amity::models
