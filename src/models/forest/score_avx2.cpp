// Scoring with AVX2: batches by 32 rows, every comparison of a tree made for all of them at once. One row at a time
// gains nothing but a quicker ranking: looking up 64 bytes takes more instructions here than walking six levels.
#include <immintrin.h>

#include "models/forest/rank_row.h"

namespace amity::models {
namespace {

struct Count16 {
  static uint32_t reached(const float* thresholds, float value) {
    const __m256 all = _mm256_set1_ps(value);
    const int low = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(thresholds), all, _CMP_LE_OQ));
    const int high = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(thresholds + 8), all, _CMP_LE_OQ));
    return static_cast<uint32_t>(__builtin_popcount(static_cast<unsigned>(low | high << 8)));
  }
};

constexpr size_t kRows = 32;

// All ones where the row goes left.
inline __m256i lefts(const uint8_t* rows, uint8_t rank) {
  const __m256i bound = _mm256_set1_epi8(static_cast<char>(rank));
  const __m256i ranks = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows));
  return _mm256_cmpeq_epi8(_mm256_max_epu8(ranks, bound), bound);
}

// The leaf of each row, from the left. The way of a row into a level of nodes is known once those above have chosen:
// each choice halves what is left of the level.
inline __m256i leaves_of(const BlocksView& blocks, size_t tree, const uint8_t* slots) {
  const uint16_t* slot = blocks.slots + tree * blocks.stride;
  const uint8_t* rank = blocks.ranks + tree * blocks.stride;
  __m256i chosen[kMaxBlockLevels], level_lefts[size_t{1} << (kMaxBlockLevels - 1)];
  __m256i leaves = _mm256_setzero_si256();
  for (size_t level = 0; level < blocks.levels; ++level) {
    size_t width = size_t{1} << level;
    for (size_t i = 0; i < width; ++i) {
      level_lefts[i] = lefts(slots + slot[width + i] * kBatchRows, rank[width + i]);
    }
    for (size_t above = 0; above < level; ++above) {
      width /= 2;
      for (size_t i = 0; i < width; ++i) {
        level_lefts[i] = _mm256_blendv_epi8(level_lefts[width + i], level_lefts[i], chosen[above]);
      }
    }
    chosen[level] = level_lefts[0];
    const __m256i bit = _mm256_set1_epi8(static_cast<char>(1 << (blocks.levels - 1 - level)));
    leaves = _mm256_or_si256(leaves, _mm256_andnot_si256(chosen[level], bit));
  }
  return leaves;
}

inline void score_rows(const BlocksView& blocks, const uint8_t* slots, float* margins) {
  __m256 sums[4];
  for (auto& sum : sums) sum = _mm256_set1_ps(blocks.base_margin);
  for (size_t tree = 0; tree < blocks.tree_count; ++tree) {
    alignas(32) uint8_t leaves[kRows];
    _mm256_store_si256(reinterpret_cast<__m256i*>(leaves), leaves_of(blocks, tree, slots));
    const float* values = blocks.leaves + tree * blocks.stride;
    for (size_t i = 0; i < 4; ++i) {
      const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(leaves + 8 * i));
      sums[i] = _mm256_add_ps(sums[i], _mm256_i32gather_ps(values, _mm256_cvtepu8_epi32(eight), 4));
    }
  }
  for (size_t i = 0; i < 4; ++i) _mm256_storeu_ps(margins + 8 * i, sums[i]);
}

void score_batch(const BlocksView& blocks, const uint8_t* slots, float* margins) {
  for (size_t row = 0; row < kBatchRows; row += kRows) score_rows(blocks, slots + row, margins + row);
}

float score_blocks(const BlocksView& blocks, const uint8_t* slots) {
  return kBaselineScore.score_blocks(blocks, slots);
}
float score_walks(const WalksView& walks, const uint8_t* slots) { return kBaselineScore.score_walks(walks, slots); }

}  // namespace

const ScoreKernels kAvx2Score = {.rank_row = rank_one_row<Count16>,
                                 .score_blocks = score_blocks,
                                 .score_walks = score_walks,
                                 .rank_rows = rank_batch<Count16>,
                                 .score_batch = score_batch};

}  // namespace amity::models
