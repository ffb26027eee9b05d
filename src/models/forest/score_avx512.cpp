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

// As leaves_of in score_avx2.cpp, with a bit for each of 64 rows. Bits of a row's leaf, the highest first.
inline void choose(const BlocksView& blocks, size_t tree, const uint8_t* slots, uint64_t* rights) {
  const uint16_t* slot = blocks.slots + tree * blocks.stride;
  const uint8_t* rank = blocks.ranks + tree * blocks.stride;
  alignas(64) uint64_t masks[size_t{1} << (kMaxBlockLevels - 1)];
  for (size_t level = 0; level < blocks.levels; ++level) {
    size_t width = size_t{1} << level;
    for (size_t i = 0; i < width; ++i) {
      const __m512i bound = _mm512_set1_epi8(static_cast<char>(rank[width + i]));
      masks[i] = _mm512_cmpgt_epu8_mask(load(slots + slot[width + i] * kBatchRows), bound);
    }
    for (size_t above = 0; above < level; ++above) {
      width /= 2;
      const __m512i right = _mm512_set1_epi64(static_cast<long long>(rights[above]));
      if (width >= 8) {
        for (size_t i = 0; i < width; i += 8) {
          const __m512i halves = _mm512_ternarylogic_epi64(right, load(masks + width + i), load(masks + i), 0xCA);
          _mm512_store_si512(masks + i, halves);
        }
      } else {
        for (size_t i = 0; i < width; ++i) masks[i] ^= (masks[i] ^ masks[width + i]) & rights[above];
      }
    }
    rights[level] = masks[0];
  }
}

// The values of 16 leaves. 64 of them stand in four registers; more are fetched one by one.
inline __m512 values_at(const float* values, size_t levels, __m512i leaves) {
  if (levels > 6) return _mm512_i32gather_ps(leaves, values, 4);
  const auto table = [&](size_t i) { return _mm512_loadu_ps(values + 16 * i); };
  const __m512 low = _mm512_permutex2var_ps(table(0), leaves, table(1));
  if (levels < 6) return low;
  const __mmask16 is_high = _mm512_test_epi32_mask(leaves, _mm512_set1_epi32(32));
  return _mm512_mask_blend_ps(is_high, low, _mm512_permutex2var_ps(table(2), leaves, table(3)));
}

void score_batch(const BlocksView& blocks, const uint8_t* slots, float* margins) {
  __m512 sums[4];
  for (auto& sum : sums) sum = _mm512_set1_ps(blocks.base_margin);
  for (size_t tree = 0; tree < blocks.tree_count; ++tree) {
    uint64_t rights[kMaxBlockLevels];
    choose(blocks, tree, slots, rights);
    __m512i leaves = _mm512_setzero_si512();
    for (size_t level = 0; level < blocks.levels; ++level) {
      const auto bit = static_cast<char>(1 << (blocks.levels - 1 - level));
      leaves = _mm512_or_si512(leaves, _mm512_maskz_set1_epi8(rights[level], bit));
    }
    const float* values = blocks.leaves + tree * blocks.stride;
    alignas(64) uint8_t bytes[64];
    _mm512_store_si512(bytes, leaves);
    for (size_t i = 0; i < 4; ++i) {
      const __m128i sixteen = _mm_load_si128(reinterpret_cast<const __m128i*>(bytes + 16 * i));
      sums[i] = _mm512_add_ps(sums[i], values_at(values, blocks.levels, _mm512_cvtepu8_epi32(sixteen)));
    }
  }
  for (size_t i = 0; i < 4; ++i) _mm512_storeu_ps(margins + 16 * i, sums[i]);
}

}  // namespace

const ScoreKernels kAvx512Score = {.rank_row = rank_one_row<Count16>,
                                   .score_blocks = score_blocks,
                                   .score_walks = score_walks,
                                   .rank_rows = rank_batch<Count16>,
                                   .score_batch = score_batch};

}  // namespace amity::models
