// A forest made ready for scoring: many times quicker than walking Forest's nodes, and the same bits.
//
// Rows are ranked first (forest/ranking.h); trees of up to eight levels lie as full trees of bytes whose comparisons
// are made many at a time, deeper ones are walked several at a time. Leaves are chosen as XGBoost chooses them, and
// added in binary32 in the order of the trees, beginning with the base margin, as XGBoost adds them: the margin equals
// its own, and Forest::margin, to the bit, whatever the instruction set.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/forest/ranking.h"
#include "models/instruction_set.h"
#include "models/trees.h"

namespace amity::models {

class FlatForest {
 public:
  // Of a forest that passed check_forest; keeps what it needs of it.
  explicit FlatForest(const Forest& forest);

  // `row`: one number a feature, NaN where missing. Any thread. `set` must be one of instruction_sets().
  float margin(std::span<const float> row, InstructionSet set = best_instruction_set()) const;
  // Of rows that lie one after the other, margins.size() of them.
  void margins(std::span<const float> rows, std::span<float> margins,
               InstructionSet set = best_instruction_set()) const;

 private:
  void lay_out_blocks(const Forest& forest, size_t levels);
  void fill_block(const Forest& forest, uint32_t node, size_t block, size_t at, size_t levels_left);
  void lay_out_walks(const Forest& forest);
  void add_walk(const Forest& forest, uint32_t node, uint32_t at);
  BlocksView blocks_view() const;
  WalksView walks_view() const;
  size_t slot_bytes() const;

  Ranking ranking_;
  float base_margin_;
  size_t tree_count_;
  bool is_blocks_ = true;
  size_t levels_ = 0, stride_ = 0;
  std::vector<uint16_t> slots_;
  std::vector<SixtyFourBytes> slots_8_, ranks_;
  std::vector<SixteenFloats> leaves_;
  std::vector<uint32_t> roots_, depths_;
  std::vector<WalkNode> walk_nodes_;
  std::vector<float> walk_values_;
};

}  // namespace amity::models
