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

// 32 rows at one tree, whose slots and ranks begin at these.
struct RowsAtTree {
  const uint8_t* rows;
  const uint16_t* slots;
  const uint8_t* ranks;

  // Each row's leaf below a node with so many levels of splits, from the left. Both children's are found, which costs
  // less than each row going its own way.
  template <size_t kLevels>
  __m256i leaves_below(size_t node) const {
    if constexpr (kLevels == 0) return _mm256_setzero_si256();
    const __m256i rank = _mm256_set1_epi8(static_cast<char>(ranks[node]));
    const auto* row_ranks = reinterpret_cast<const __m256i*>(rows + slots[node] * kBatchRows);
    const __m256i left = _mm256_cmpeq_epi8(_mm256_max_epu8(_mm256_loadu_si256(row_ranks), rank), rank);
    const __m256i first_right = _mm256_set1_epi8(static_cast<char>(1 << (kLevels == 0 ? 0 : kLevels - 1)));
    if constexpr (kLevels == 1) return _mm256_andnot_si256(left, first_right);
    if constexpr (kLevels > 1) {
      const __m256i on_left = leaves_below<kLevels - 1>(2 * node), on_right = leaves_below<kLevels - 1>(2 * node + 1);
      return _mm256_blendv_epi8(_mm256_or_si256(on_right, first_right), on_left, left);
    }
  }
};

template <size_t kLevels>
void score_rows(const BlocksView& blocks, const uint8_t* rows, float* margins) {
  __m256 sums[4];
  for (auto& sum : sums) sum = _mm256_set1_ps(blocks.base_margin);
  for (size_t tree = 0; tree < blocks.tree_count; ++tree) {
    const size_t first = tree * blocks.stride;
    const RowsAtTree at{.rows = rows, .slots = blocks.slots + first, .ranks = blocks.ranks + first};
    alignas(32) uint8_t leaves[kRows];
    _mm256_store_si256(reinterpret_cast<__m256i*>(leaves), at.leaves_below<kLevels>(1));
    for (size_t i = 0; i < 4; ++i) {
      const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(leaves + 8 * i));
      const __m256 values = _mm256_i32gather_ps(blocks.leaves + first, _mm256_cvtepu8_epi32(eight), 4);
      sums[i] = _mm256_add_ps(sums[i], values);
    }
  }
  for (size_t i = 0; i < 4; ++i) _mm256_storeu_ps(margins + 8 * i, sums[i]);
}

template <size_t kLevels>
void score_halves(const BlocksView& blocks, const uint8_t* rows, float* margins) {
  for (size_t row = 0; row < kBatchRows; row += kRows) score_rows<kLevels>(blocks, rows + row, margins + row);
}

void score_batch(const BlocksView& blocks, const uint8_t* rows, float* margins) {
  switch (blocks.levels) {
    case 0: return score_halves<0>(blocks, rows, margins);
    case 1: return score_halves<1>(blocks, rows, margins);
    case 2: return score_halves<2>(blocks, rows, margins);
    case 3: return score_halves<3>(blocks, rows, margins);
    case 4: return score_halves<4>(blocks, rows, margins);
    case 5: return score_halves<5>(blocks, rows, margins);
    case 6: return score_halves<6>(blocks, rows, margins);
    case 7: return score_halves<7>(blocks, rows, margins);
    default: return score_halves<8>(blocks, rows, margins);
  }
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
