// Ranking a row (forest/ranking.h), for sources that say how 16 thresholds are counted: `Count16` is a class with
//
//   static uint32_t reached(const float* thresholds, float value);  // how many of 16 are <= value
//
// Unnamed on purpose: each source has its own copy (forest/kernels.h).
#pragma once

#include "models/forest/kernels.h"

namespace amity::models {
namespace {

template <class Count16>
inline uint32_t rank_of(const SixteenFloats* pivots, float value) {
  const uint32_t line = Count16::reached(pivots->values, value);
  return 16 * line + Count16::reached(pivots[1 + line].values, value);
}

// As XGBoost: a category that is in no set goes left, as does what is no category.
inline uint8_t is_in_set(const RankingView& ranking, const RankedSet& set, float value) {
  if (value != value) return set.missing;
  if (value < 0 || value >= static_cast<float>(set.words * 32)) return 0;
  const auto category = static_cast<uint32_t>(value);
  return ranking.category_sets[set.begin + category / 32] >> (category % 32) & 1;
}

// A byte for each slot that the column fills; of a missing value no threshold is reached.
struct SlotBytes {
  uint8_t left, right;
};
template <class Count16>
inline SlotBytes rank_in(const SixteenFloats* pivots, float value) {
  const auto rank = static_cast<uint8_t>(rank_of<Count16>(pivots, value));
  return {.left = rank, .right = value != value ? uint8_t{255} : rank};
}

template <class Count16>
void rank_one_row(const RankingView& ranking, const float* row, uint8_t* slots) {
  for (size_t i = 0; i < ranking.column_count; ++i) {
    const RankedColumn& column = ranking.columns[i];
    const SlotBytes bytes = rank_in<Count16>(ranking.thresholds + column.pivots, row[column.feature]);
    slots[column.slot_left] = bytes.left;
    slots[column.slot_right] = bytes.right;
  }
  for (size_t i = 0; i < ranking.set_count; ++i) {
    const RankedSet& set = ranking.sets[i];
    slots[set.slot] = is_in_set(ranking, set, row[set.feature]);
  }
}

template <class Count16>
void rank_batch(const RankingView& ranking, const float* rows, size_t column_count, size_t row_count, uint8_t* slots) {
  for (size_t i = 0; i < ranking.column_count; ++i) {
    const RankedColumn column = ranking.columns[i];
    const SixteenFloats* pivots = ranking.thresholds + column.pivots;
    const float* value = rows + column.feature;
    uint8_t *left = slots + column.slot_left * kBatchRows, *right = slots + column.slot_right * kBatchRows;
    for (size_t r = 0; r < row_count; ++r, value += column_count) {
      const SlotBytes bytes = rank_in<Count16>(pivots, *value);
      left[r] = bytes.left;
      right[r] = bytes.right;
    }
  }
  for (size_t i = 0; i < ranking.set_count; ++i) {
    const RankedSet& set = ranking.sets[i];
    for (size_t r = 0; r < row_count; ++r) {
      slots[set.slot * kBatchRows + r] = is_in_set(ranking, set, rows[r * column_count + set.feature]);
    }
  }
}

}  // namespace
}  // namespace amity::models
