// Scoring with x86-64-v2: eight trees at a time, so that one's loads hide behind another's.
#include "models/forest/rank_row.h"

namespace amity::models {
namespace {

constexpr size_t kTogether = 8;

struct Count16 {
  using Floats __attribute__((vector_size(16), aligned(4))) = float;
  using Ints __attribute__((vector_size(16))) = int;
  static uint32_t reached(const float* thresholds, float value) {
    const auto four = [&](size_t i) { return Ints(*reinterpret_cast<const Floats*>(thresholds + i) <= value); };
    const Ints minus = (four(0) + four(4)) + (four(8) + four(12));
    return static_cast<uint32_t>(-(minus[0] + minus[1] + minus[2] + minus[3]));
  }
};

template <size_t kCount>
inline void find_leaves(const BlocksView& blocks, size_t tree, const uint8_t* row, size_t* leaves) {
  const uint16_t* slots = blocks.slots + tree * blocks.stride;
  const uint8_t* ranks = blocks.ranks + tree * blocks.stride;
  size_t at[kCount];
  for (size_t i = 0; i < kCount; ++i) at[i] = 1;
  for (size_t level = 0; level < blocks.levels; ++level) {
#pragma GCC unroll 8
    for (size_t i = 0; i < kCount; ++i) {
      const size_t node = i * blocks.stride + at[i];
      at[i] = 2 * at[i] + (row[slots[node]] > ranks[node]);
    }
  }
  for (size_t i = 0; i < kCount; ++i) leaves[i] = at[i] - (size_t{1} << blocks.levels);
}

float score_blocks(const BlocksView& blocks, const uint8_t* slots) {
  float sum = blocks.base_margin;
  size_t leaves[kTogether], tree = 0;
  for (; tree + kTogether <= blocks.tree_count; tree += kTogether) {
    find_leaves<kTogether>(blocks, tree, slots, leaves);
    for (size_t i = 0; i < kTogether; ++i) sum += blocks.leaves[(tree + i) * blocks.stride + leaves[i]];
  }
  for (; tree < blocks.tree_count; ++tree) {
    find_leaves<1>(blocks, tree, slots, leaves);
    sum += blocks.leaves[tree * blocks.stride + leaves[0]];
  }
  return sum;
}

template <size_t kCount>
inline void walk(const WalksView& walks, size_t tree, const uint8_t* row, uint32_t* at) {
  uint32_t steps = 0;
  for (size_t i = 0; i < kCount; ++i) {
    at[i] = walks.roots[tree + i];
    if (walks.depths[tree + i] > steps) steps = walks.depths[tree + i];
  }
  for (uint32_t step = 0; step < steps; ++step) {
#pragma GCC unroll 8
    for (size_t i = 0; i < kCount; ++i) {
      const WalkNode node = walks.nodes[at[i]];
      at[i] = node.left + (row[node.slot_and_rank >> 8] > (node.slot_and_rank & 255));
    }
  }
}

float score_walks(const WalksView& walks, const uint8_t* slots) {
  float sum = walks.base_margin;
  uint32_t at[kTogether];
  size_t tree = 0;
  for (; tree + kTogether <= walks.tree_count; tree += kTogether) {
    walk<kTogether>(walks, tree, slots, at);
    for (size_t i = 0; i < kTogether; ++i) sum += walks.values[at[i]];
  }
  for (; tree < walks.tree_count; ++tree) {
    walk<1>(walks, tree, slots, at);
    sum += walks.values[at[0]];
  }
  return sum;
}

}  // namespace

const ScoreKernels kBaselineScore = {.rank_row = rank_one_row<Count16>,
                                     .score_blocks = score_blocks,
                                     .score_walks = score_walks,
                                     .rank_rows = nullptr,
                                     .score_batch = nullptr};

}  // namespace amity::models
