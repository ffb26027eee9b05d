#include "models/flat_forest.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace amity::models {
namespace {

constexpr uint8_t kAlwaysLeft = 255;
constexpr size_t kMaxBlockSlots = 65'535;
constexpr size_t kByteSlots = 256;
constexpr size_t kFewRows = 20;  // a batch of fewer is quicker one by one

// The numbers of lines that lie one after the other.
const uint8_t* numbers(const std::vector<SixtyFourBytes>& lines) {
  return reinterpret_cast<const uint8_t*>(lines.data());
}
uint8_t* numbers(std::vector<SixtyFourBytes>& lines) { return reinterpret_cast<uint8_t*>(lines.data()); }
const float* numbers(const std::vector<SixteenFloats>& lines) { return reinterpret_cast<const float*>(lines.data()); }
float* numbers(std::vector<SixteenFloats>& lines) { return reinterpret_cast<float*>(lines.data()); }

// Levels of splits above the deepest leaf of each tree.
std::vector<uint32_t> depths_of(const Forest& forest) {
  std::vector<uint32_t> below(forest.nodes.size(), 0);
  for (size_t at = forest.nodes.size(); at-- > 0;) {
    const Node& node = forest.nodes[at];
    if (!node.is_leaf()) below[at] = 1 + std::max(below[node.left], below[node.right]);
  }
  std::vector<uint32_t> depths;
  for (const uint32_t root : forest.roots) depths.push_back(below[root]);
  return depths;
}

// A ranked row: on the stack, unless there are uncommonly many slots.
class RankedRow {
 public:
  explicit RankedRow(size_t bytes) : many_(bytes > few_.size() ? bytes : 0) {}
  uint8_t* data() { return many_.empty() ? few_.data() : many_.data(); }

 private:
  alignas(64) std::array<uint8_t, 1024> few_;
  std::vector<uint8_t> many_;
};

}  // namespace

FlatForest::FlatForest(const Forest& forest)
    : ranking_(forest), base_margin_(forest.base_margin), tree_count_(forest.roots.size()), depths_(depths_of(forest)) {
  const size_t levels = depths_.empty() ? 0 : *std::ranges::max_element(depths_);
  is_blocks_ = levels <= kMaxBlockLevels && ranking_.slot_count() <= kMaxBlockSlots;
  if (is_blocks_) {
    lay_out_blocks(forest, levels);
  } else {
    lay_out_walks(forest);
  }
  ranking_.forget_tests();
}

void FlatForest::lay_out_blocks(const Forest& forest, size_t levels) {
  levels_ = levels;
  stride_ = std::max<size_t>(64, size_t{1} << levels);
  const size_t entries = tree_count_ * stride_;
  slots_.assign(entries, 0);
  ranks_.resize(entries / 64);
  std::fill_n(numbers(ranks_), entries, kAlwaysLeft);
  leaves_.resize(entries / 16);
  for (size_t tree = 0; tree < tree_count_; ++tree) fill_block(forest, forest.roots[tree], tree * stride_, 1, levels);
  if (ranking_.slot_count() > kByteSlots) return;
  slots_8_.resize(entries / 64);
  std::ranges::copy(slots_, numbers(slots_8_));
}

void FlatForest::fill_block(const Forest& forest, uint32_t node, size_t block, size_t at, size_t levels_left) {
  const Node& from = forest.nodes[node];
  if (from.is_leaf()) {
    const size_t first = (at << levels_left) - (size_t{1} << levels_);
    std::fill_n(numbers(leaves_) + block + first, size_t{1} << levels_left, from.value);
    return;
  }
  const auto [slot, rank] = ranking_.test_of(node);
  slots_[block + at] = static_cast<uint16_t>(slot);
  numbers(ranks_)[block + at] = rank;
  fill_block(forest, from.left, block, 2 * at, levels_left - 1);
  fill_block(forest, from.right, block, 2 * at + 1, levels_left - 1);
}

void FlatForest::lay_out_walks(const Forest& forest) {
  for (const uint32_t root : forest.roots) {
    roots_.push_back(static_cast<uint32_t>(walk_nodes_.size()));
    walk_nodes_.emplace_back();
    walk_values_.push_back(0);
    add_walk(forest, root, roots_.back());
  }
}

void FlatForest::add_walk(const Forest& forest, uint32_t node, uint32_t at) {
  const Node& from = forest.nodes[node];
  if (from.is_leaf()) {
    walk_nodes_[at] = {.left = at, .slot_and_rank = kAlwaysLeft};
    walk_values_[at] = from.value;
    return;
  }
  const auto [slot, rank] = ranking_.test_of(node);
  const auto left = static_cast<uint32_t>(walk_nodes_.size());
  walk_nodes_[at] = {.left = left, .slot_and_rank = slot << 8 | rank};
  walk_nodes_.resize(left + 2);
  walk_values_.resize(left + 2);
  add_walk(forest, from.left, left);
  add_walk(forest, from.right, left + 1);
}

BlocksView FlatForest::blocks_view() const {
  return {.tree_count = tree_count_,
          .levels = levels_,
          .stride = stride_,
          .slot_count = ranking_.slot_count(),
          .slots = slots_.data(),
          .slots_8 = ranking_.slot_count() <= kByteSlots ? numbers(slots_8_) : nullptr,
          .ranks = numbers(ranks_),
          .leaves = numbers(leaves_),
          .base_margin = base_margin_};
}

WalksView FlatForest::walks_view() const {
  return {.tree_count = tree_count_,
          .roots = roots_.data(),
          .depths = depths_.data(),
          .nodes = walk_nodes_.data(),
          .values = walk_values_.data(),
          .base_margin = base_margin_};
}

size_t FlatForest::slot_bytes() const { return std::max(ranking_.slot_count() + 1, kByteSlots); }

float FlatForest::margin(std::span<const float> row, InstructionSet set) const {
  const ScoreKernels& kernels = score_kernels_of(set);
  RankedRow slots(slot_bytes());
  kernels.rank_row(ranking_.view(), row.data(), slots.data());
  return is_blocks_ ? kernels.score_blocks(blocks_view(), slots.data())
                    : kernels.score_walks(walks_view(), slots.data());
}

void FlatForest::margins(std::span<const float> rows, std::span<float> margins, InstructionSet set) const {
  if (margins.empty()) return;
  CHECK(rows.size() % margins.size() == 0);
  const size_t columns = rows.size() / margins.size();
  const ScoreKernels& kernels = score_kernels_of(set);
  size_t at = 0;
  if (is_blocks_ && kernels.score_batch != nullptr && margins.size() >= kFewRows) {
    static_assert(kBatchRows == sizeof(SixtyFourBytes));
    std::vector<SixtyFourBytes> lines(ranking_.slot_count() + 1);  // one a slot
    uint8_t* slots = numbers(lines);
    std::array<float, kBatchRows> batch;
    while (margins.size() - at >= kFewRows) {
      const size_t count = std::min(kBatchRows, margins.size() - at);
      kernels.rank_rows(ranking_.view(), rows.data() + at * columns, columns, count, slots);
      kernels.score_batch(blocks_view(), slots, batch.data());
      std::copy_n(batch.begin(), count, margins.begin() + static_cast<ptrdiff_t>(at));
      at += count;
    }
  }
  for (; at < margins.size(); ++at) margins[at] = margin(rows.subspan(at * columns, columns), set);
}

}  // namespace amity::models
