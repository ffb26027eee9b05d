// What the kernels of scoring and explaining work on, and where they are found.
//
// A source of kernels is compiled with its own instruction set. It may use nothing inline that others use too (the
// linker keeps one copy of such a function, and it could be the one that a plain processor does not understand):
// therefore pointers and plain structs here, and nothing of the standard library.
#pragma once

#include <cstddef>
#include <cstdint>

namespace amity::models {

constexpr uint32_t kNoSlot = UINT32_MAX;
constexpr size_t kMaxSlots = (size_t{1} << 24) - 2;  // a node keeps it in 24 bits

// Cache lines: what is read 64 bytes at a time must not begin within one.
struct alignas(64) SixteenFloats {
  float values[16];
};
struct alignas(64) SixtyFourBytes {
  uint8_t values[64];
};

// At most 255 thresholds of a feature in their order: first every 16th of them, the last of each line, in a line of
// pivots, then the lines. What is left over is NaN, which no value reaches.
struct RankedColumn {
  uint32_t feature;
  size_t pivots;        // in thresholds
  uint32_t slot_left;   // of the rank where a missing value goes left
  uint32_t slot_right;  // ... right
};

struct RankedSet {
  uint32_t feature;
  uint32_t words;
  size_t begin;  // in category_sets
  uint32_t slot;
  uint8_t missing;  // the byte of a missing value
};

struct RankingView {
  const RankedColumn* columns;
  size_t column_count;
  const SixteenFloats* thresholds;
  const RankedSet* sets;
  size_t set_count;
  const uint32_t* category_sets;
};

// Trees of at most kMaxBlockLevels levels, each filled up to the same full tree: the children of node i are 2 i and
// 2 i + 1, the root is 1. What was filled in goes left always (rank 255). Every tree takes `stride` entries.
constexpr size_t kMaxBlockLevels = 8;
struct BlocksView {
  size_t tree_count;
  size_t levels;
  size_t stride;  // max(64, 2^levels)
  size_t slot_count;
  const uint16_t* slots;   // by node
  const uint8_t* slots_8;  // the same; null where slots do not fit a byte
  const uint8_t* ranks;    // by node
  const float* leaves;     // by leaf from the left
  float base_margin;
};

// Deeper trees, as nodes that name their left child; the right one follows it. A leaf is its own child.
struct WalkNode {
  uint32_t left;
  uint32_t slot_and_rank;  // slot * 256 + rank; a leaf's rank is 255
};
struct WalksView {
  size_t tree_count;
  const uint32_t* roots;
  const uint32_t* depths;  // of each tree: how many steps come to a leaf for sure
  const WalkNode* nodes;
  const float* values;  // by node: of leaves
  float base_margin;
};

// Rows of a batch are ranked this many at a time, slot after slot: byte [slot * kBatchRows + row].
constexpr size_t kBatchRows = 64;

struct ScoreKernels {
  void (*rank_row)(const RankingView& ranking, const float* row, uint8_t* slots);
  // `slots` is readable for 256 bytes at least where slots_8 is given.
  float (*score_blocks)(const BlocksView& blocks, const uint8_t* slots);
  float (*score_walks)(const WalksView& walks, const uint8_t* slots);
  // At most kBatchRows rows; null: no better than one row after the other.
  void (*rank_rows)(const RankingView& ranking, const float* rows, size_t column_count, size_t row_count,
                    uint8_t* slots);
  void (*score_batch)(const BlocksView& blocks, const uint8_t* slots, float* margins);  // kBatchRows of them
};
extern const ScoreKernels kBaselineScore;
extern const ScoreKernels kAvx2Score;
extern const ScoreKernels kAvx512Score;

}  // namespace amity::models
