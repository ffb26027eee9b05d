// Scoring with AVX-512: 64 bytes at once. For one row they are the nodes of a tree, for a batch 64 rows at one node;
// either way every comparison of a tree is made, and only then its leaf is found.
#include <immintrin.h>

#include "models/forest/rank_row.h"

namespace amity::models {
namespace {

struct Count16 {
  static uint32_t reached(const float* thresholds, float value) {
    const __mmask16 mask = _mm512_cmp_ps_mask(_mm512_loadu_ps(thresholds), _mm512_set1_ps(value), _CMP_LE_OQ);
    return static_cast<uint32_t>(__builtin_popcount(mask));
  }
};

inline __m512i load(const void* bytes) { return _mm512_loadu_si512(bytes); }

// One row's bytes, kept in registers.
template <bool kIsWide>
struct Row {
  __m512i bytes[kIsWide ? 4 : 2];

  explicit Row(const uint8_t* slots) {
    for (size_t i = 0; i < (kIsWide ? 4 : 2); ++i) bytes[i] = load(slots + 64 * i);
  }
  __m512i at(__m512i slots) const {
    const __m512i low = _mm512_permutex2var_epi8(bytes[0], slots, bytes[1]);
    if constexpr (!kIsWide) return low;
    const __m512i high = _mm512_permutex2var_epi8(bytes[kIsWide ? 2 : 0], slots, bytes[kIsWide ? 3 : 1]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(slots), low, high);
  }
};

constexpr size_t kTogether = 64;  // trees
struct Masks {
  alignas(64) uint64_t rights[4][kTogether];  // [node / 64][tree], a bit a node
};

inline __m512i bit_at(__m512i bits, __m512i at) {  // 0 where `at` is not within 0..63
  return _mm512_and_si512(_mm512_srlv_epi64(bits, at), _mm512_set1_epi64(1));
}

// Of eight trees, counted from the left.
inline __m512i leaves_of(const BlocksView& blocks, const Masks& masks, size_t tree) {
  __m512i at = _mm512_set1_epi64(1);
  const auto go = [&](__m512i right) { at = _mm512_add_epi64(_mm512_add_epi64(at, at), right); };
  const auto bits = [&](size_t word) { return load(masks.rights[word] + tree); };
  const auto from = [&](long long first) { return _mm512_sub_epi64(at, _mm512_set1_epi64(first)); };
  const __m512i top = bits(0);
  const size_t top_levels = blocks.levels < 6 ? blocks.levels : 6;
  for (size_t level = 0; level < top_levels; ++level) go(bit_at(top, at));
  if (blocks.levels > 6) go(bit_at(bits(1), from(64)));
  if (blocks.levels > 7) go(_mm512_or_si512(bit_at(bits(2), from(128)), bit_at(bits(3), from(192))));
  return _mm512_sub_epi64(at, _mm512_set1_epi64(1LL << blocks.levels));
}

template <bool kIsWide>
float score_one(const BlocksView& blocks, const uint8_t* slots) {
  const Row<kIsWide> row(slots);
  const size_t words = blocks.stride / 64;
  float sum = blocks.base_margin;
  Masks masks{};
  for (size_t first = 0; first < blocks.tree_count; first += kTogether) {
    const size_t rest = blocks.tree_count - first, count = rest < kTogether ? rest : kTogether;
    const uint8_t* slot = blocks.slots_8 + first * blocks.stride;
    const uint8_t* rank = blocks.ranks + first * blocks.stride;
    for (size_t tree = 0; tree < count; ++tree) {
      for (size_t word = 0; word < words; ++word, slot += 64, rank += 64) {
        masks.rights[word][tree] = _mm512_cmpgt_epu8_mask(row.at(load(slot)), load(rank));
      }
    }
    const float* values = blocks.leaves + first * blocks.stride;
    alignas(64) uint64_t leaves[8];
    for (size_t tree = 0; tree < count; tree += 8) {
      _mm512_store_si512(leaves, leaves_of(blocks, masks, tree));
      const size_t some = count - tree < 8 ? count - tree : 8;
      for (size_t i = 0; i < some; ++i) sum += values[(tree + i) * blocks.stride + leaves[i]];
    }
  }
  return sum;
}

float score_blocks(const BlocksView& blocks, const uint8_t* slots) {
  if (blocks.slots_8 == nullptr) return kBaselineScore.score_blocks(blocks, slots);
  return blocks.slot_count > 128 ? score_one<true>(blocks, slots) : score_one<false>(blocks, slots);
}

float score_walks(const WalksView& walks, const uint8_t* slots) { return kBaselineScore.score_walks(walks, slots); }

// A batch: 64 rows at one node of a tree, whose slots and ranks begin at these.
struct RowsAtTree {
  const uint8_t* rows;
  const uint16_t* slots;
  const uint8_t* ranks;

  // Each row's leaf below a node with so many levels of splits, from the left. Both children's are found, which costs
  // less than each row going its own way.
  template <size_t kLevels>
  __m512i leaves_below(size_t node) const {
    if constexpr (kLevels == 0) return _mm512_setzero_si512();
    const __m512i rank = _mm512_set1_epi8(static_cast<char>(ranks[node]));
    const __mmask64 right = _mm512_cmpgt_epu8_mask(load(rows + slots[node] * kBatchRows), rank);
    if constexpr (kLevels == 1) return _mm512_maskz_set1_epi8(right, 1);
    if constexpr (kLevels > 1) {
      const __m512i first_right = _mm512_set1_epi8(static_cast<char>(1 << (kLevels - 1)));
      const __m512i on_left = leaves_below<kLevels - 1>(2 * node), on_right = leaves_below<kLevels - 1>(2 * node + 1);
      return _mm512_mask_blend_epi8(right, on_left, _mm512_or_si512(on_right, first_right));
    }
  }
};

// The values of 16 leaves. 64 of them stand in four registers; more are fetched one by one.
template <size_t kLevels>
inline __m512 values_at(const float* values, __m512i leaves) {
  const auto table = [&](size_t i) { return _mm512_loadu_ps(values + 16 * i); };
  if constexpr (kLevels > 6) return _mm512_i32gather_ps(leaves, values, 4);
  if constexpr (kLevels < 5) return _mm512_permutexvar_ps(leaves, table(0));
  const __m512 low = _mm512_permutex2var_ps(table(0), leaves, table(1));
  if constexpr (kLevels == 5) return low;
  const __mmask16 is_high = _mm512_test_epi32_mask(leaves, _mm512_set1_epi32(32));
  return _mm512_mask_blend_ps(is_high, low, _mm512_permutex2var_ps(table(2), leaves, table(3)));
}

template <size_t kLevels>
void score_rows(const BlocksView& blocks, const uint8_t* rows, float* margins) {
  __m512 sums[4];
  for (auto& sum : sums) sum = _mm512_set1_ps(blocks.base_margin);
  for (size_t tree = 0; tree < blocks.tree_count; ++tree) {
    const size_t first = tree * blocks.stride;
    const RowsAtTree at{.rows = rows, .slots = blocks.slots + first, .ranks = blocks.ranks + first};
    const __m512i leaves = at.leaves_below<kLevels>(1);
    const float* values = blocks.leaves + first;
    const __m128i sixteens[] = {_mm512_castsi512_si128(leaves), _mm512_extracti32x4_epi32(leaves, 1),
                                _mm512_extracti32x4_epi32(leaves, 2), _mm512_extracti32x4_epi32(leaves, 3)};
    for (size_t i = 0; i < 4; ++i) {
      sums[i] = _mm512_add_ps(sums[i], values_at<kLevels>(values, _mm512_cvtepu8_epi32(sixteens[i])));
    }
  }
  for (size_t i = 0; i < 4; ++i) _mm512_storeu_ps(margins + 16 * i, sums[i]);
}

void score_batch(const BlocksView& blocks, const uint8_t* rows, float* margins) {
  switch (blocks.levels) {
    case 0: return score_rows<0>(blocks, rows, margins);
    case 1: return score_rows<1>(blocks, rows, margins);
    case 2: return score_rows<2>(blocks, rows, margins);
    case 3: return score_rows<3>(blocks, rows, margins);
    case 4: return score_rows<4>(blocks, rows, margins);
    case 5: return score_rows<5>(blocks, rows, margins);
    case 6: return score_rows<6>(blocks, rows, margins);
    case 7: return score_rows<7>(blocks, rows, margins);
    default: return score_rows<8>(blocks, rows, margins);
  }
}

}  // namespace

const ScoreKernels kAvx512Score = {.rank_row = rank_one_row<Count16>,
                                   .score_blocks = score_blocks,
                                   .score_walks = score_walks,
                                   .rank_rows = rank_batch<Count16>,
                                   .score_batch = score_batch};

}  // namespace amity::models
