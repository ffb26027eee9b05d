// What the kernels of exact Shapley values work on: the splits of a forest, tree by tree. The rules of forest/kernels.h
// hold here too. The mathematics stands in models/shapley.h.
//
// Within a tree every branch that is not a leaf has an entry, and so has a leaf whose sibling is none: first the splits
// with a split below ("upper", parents before children), then those above two leaves ("lower"), then the lone leaves.
#pragma once

#include <cstddef>
#include <cstdint>

namespace amity::models {

// 64 bytes, as many as a cache moves at once.
struct alignas(64) EightDoubles {
  double values[8];
};

struct UpperSplit {
  uint32_t slot_and_rank;  // slot * 256 + rank
  uint32_t feature;
  uint32_t left, right;  // entries
  uint32_t earlier;      // which of the tree's marks says that the row comes here by this feature: 0: it always does
  uint32_t repeat;       // which of the forest's repeats this split is: 1: the first on its feature
  double pull[2];        // (the row goes left) - (share of training rows that do), by where the row goes: right, left
};

struct LowerSplit {
  uint32_t slot_and_rank;
  uint32_t feature;
  uint32_t earlier;
  uint32_t repeat;
  double mean;     // of the two leaves, as training rows split
  double pull[2];  // what the row's leaf is above it: where the row goes right, left
};

struct LoneLeaf {
  uint32_t entry;
  double value;
};

struct ExplainedTree {
  uint32_t upper_begin, upper_count;  // of the forest's
  uint32_t lower_begin, lower_count;
  uint32_t lone_begin, lone_count;
};

struct ExplainView {
  size_t tree_count;
  const ExplainedTree* trees;
  const UpperSplit* uppers;
  const LowerSplit* lowers;
  const LoneLeaf* lones;
  const double* repeats;  // by repeat: what is known and what is gained, at each point; nothing at 0
};

struct ExplainScratch {
  double* entries;    // by entry of the greatest tree: its weight and its worth, at each point
  double* shares;     // by upper split: who goes left, at each point
  uint32_t* choices;  // by upper split: repeat * 2 + (the row goes left)
  uint8_t* marks;     // 0, then by upper split left and right: 1 where the row comes there by this feature
};

// Adds what each split gives its feature, point by point, to `gains` (points for each feature).
struct ExplainKernels {
  void (*add_gains_2)(const ExplainView& forest, const uint8_t* slots, const ExplainScratch& scratch, double* gains);
  void (*add_gains_4)(const ExplainView& forest, const uint8_t* slots, const ExplainScratch& scratch, double* gains);
  void (*add_gains_8)(const ExplainView& forest, const uint8_t* slots, const ExplainScratch& scratch, double* gains);
  void (*add_gains_16)(const ExplainView& forest, const uint8_t* slots, const ExplainScratch& scratch, double* gains);
};
extern const ExplainKernels kBaselineExplain;
extern const ExplainKernels kAvx2Explain;
extern const ExplainKernels kAvx512Explain;

}  // namespace amity::models
