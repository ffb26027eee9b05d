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
inline uint32_t rank_of(const float* thresholds, float value) {
  const float* block = thresholds + 16 + 16 * Count16::reached(thresholds, value);
  return static_cast<uint32_t>(block - thresholds - 16) + Count16::reached(block, value);
}

// As XGBoost: a category that is in no set goes left, as does what is no category.
template <class Count16>
inline uint8_t is_in_set(const RankingView& ranking, const RankedSet& set, float value) {
  if (value != value) return set.missing;
  if (value < 0 || value >= static_cast<float>(set.words * 32)) return 0;
  const auto category = static_cast<uint32_t>(value);
  return ranking.category_sets[set.begin + category / 32] >> (category % 32) & 1;
}

template <class Count16>
inline void rank_column(const RankingView& ranking, const RankedColumn& column, float value, uint8_t* slots,
                        size_t slot_stride) {
  const uint32_t rank = rank_of<Count16>(ranking.thresholds + column.thresholds, value);
  const bool is_missing = value != value;  // then no threshold is reached
  slots[column.slot_left * slot_stride] = static_cast<uint8_t>(rank);
  slots[column.slot_right * slot_stride] = static_cast<uint8_t>(is_missing ? 255 : rank);
}

template <class Count16>
void rank_one_row(const RankingView& ranking, const float* row, uint8_t* slots) {
  for (size_t i = 0; i < ranking.column_count; ++i) {
    rank_column<Count16>(ranking, ranking.columns[i], row[ranking.columns[i].feature], slots, 1);
  }
  for (size_t i = 0; i < ranking.set_count; ++i) {
    const RankedSet& set = ranking.sets[i];
    slots[set.slot] = is_in_set<Count16>(ranking, set, row[set.feature]);
  }
}

template <class Count16>
void rank_batch(const RankingView& ranking, const float* rows, size_t column_count, size_t row_count, uint8_t* slots) {
  for (size_t i = 0; i < ranking.column_count; ++i) {
    const RankedColumn& column = ranking.columns[i];
    for (size_t r = 0; r < row_count; ++r) {
      rank_column<Count16>(ranking, column, rows[r * column_count + column.feature], slots + r, kBatchRows);
    }
  }
  for (size_t i = 0; i < ranking.set_count; ++i) {
    const RankedSet& set = ranking.sets[i];
    for (size_t r = 0; r < row_count; ++r) {
      slots[set.slot * kBatchRows + r] = is_in_set<Count16>(ranking, set, rows[r * column_count + set.feature]);
    }
  }
}

}  // namespace
}  // namespace amity::models
