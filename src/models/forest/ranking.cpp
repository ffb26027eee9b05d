#include "models/forest/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "base/check.h"

namespace amity::models {
namespace {

constexpr size_t kColumnThresholds = 255;

std::vector<float> distinct_thresholds(const Forest& forest, std::span<const uint32_t> nodes) {
  std::vector<float> thresholds;
  for (const uint32_t at : nodes) thresholds.push_back(forest.nodes[at].value);
  std::ranges::sort(thresholds);
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());  // -0 is 0, as in <
  return thresholds;
}

void append_lines(std::vector<SixteenFloats>& out, std::span<const float> thresholds) {
  SixteenFloats nothing;
  std::ranges::fill(nothing.values, std::numeric_limits<float>::quiet_NaN());
  const size_t pivots = out.size();
  out.resize(pivots + 1 + thresholds.size() / 16 + 1, nothing);
  for (size_t i = 0; i < thresholds.size(); ++i) {
    out[pivots + 1 + i / 16].values[i % 16] = thresholds[i];
    if (i % 16 == 15) out[pivots].values[i / 16] = thresholds[i];
  }
}

}  // namespace

Ranking::Ranking(const Forest& forest) : tests_(forest.nodes.size()) {
  std::map<uint32_t, std::vector<uint32_t>> of_feature;
  std::vector<uint32_t> with_sets;
  for (uint32_t at = 0; at < forest.nodes.size(); ++at) {
    const Node& node = forest.nodes[at];
    if (node.is_leaf()) continue;
    if (node.set_words > 0) {
      with_sets.push_back(at);
    } else {
      of_feature[static_cast<uint32_t>(node.feature)].push_back(at);
    }
  }
  for (const auto& [feature, nodes] : of_feature) add_columns(forest, feature, nodes);
  add_sets(forest, with_sets);
  CHECK(slot_count_ <= kMaxSlots);
  const auto nowhere = static_cast<uint32_t>(slot_count_);
  for (auto& column : columns_) {
    if (column.slot_left == kNoSlot) column.slot_left = nowhere;
    if (column.slot_right == kNoSlot) column.slot_right = nowhere;
  }
}

void Ranking::add_columns(const Forest& forest, uint32_t feature, std::span<const uint32_t> nodes) {
  const auto thresholds = distinct_thresholds(forest, nodes);
  const size_t first = columns_.size();
  for (size_t begin = 0; begin < thresholds.size(); begin += kColumnThresholds) {
    columns_.push_back({.feature = feature, .pivots = thresholds_.size(), .slot_left = kNoSlot, .slot_right = kNoSlot});
    const size_t count = std::min(kColumnThresholds, thresholds.size() - begin);
    append_lines(thresholds_, std::span(thresholds).subspan(begin, count));
  }
  for (const uint32_t at : nodes) {
    const Node& node = forest.nodes[at];
    const auto index = static_cast<size_t>(std::ranges::lower_bound(thresholds, node.value) - thresholds.begin());
    auto& column = columns_[first + index / kColumnThresholds];
    auto& slot = node.missing_goes_left ? column.slot_left : column.slot_right;
    if (slot == kNoSlot) slot = static_cast<uint32_t>(slot_count_++);
    tests_[at] = {.slot = slot, .rank = static_cast<uint8_t>(index % kColumnThresholds)};
  }
}

void Ranking::add_sets(const Forest& forest, std::span<const uint32_t> nodes) {
  std::map<std::tuple<int32_t, bool, std::vector<uint32_t>>, uint32_t> slots;
  for (const uint32_t at : nodes) {
    const Node& node = forest.nodes[at];
    const auto words = std::span(forest.category_sets).subspan(node.set_begin, node.set_words);
    const auto [found, is_new] = slots.try_emplace({node.feature, node.missing_goes_left, {words.begin(), words.end()}},
                                                   static_cast<uint32_t>(slot_count_));
    tests_[at] = {.slot = found->second, .rank = 0};
    if (!is_new) continue;
    ++slot_count_;
    sets_.push_back({.feature = static_cast<uint32_t>(node.feature),
                     .words = node.set_words,
                     .begin = category_sets_.size(),
                     .slot = found->second,
                     .missing = static_cast<uint8_t>(node.missing_goes_left ? 0 : 1)});
    category_sets_.insert(category_sets_.end(), words.begin(), words.end());
  }
}

RankingView Ranking::view() const {
  return {.columns = columns_.data(),
          .column_count = columns_.size(),
          .thresholds = thresholds_.data(),
          .sets = sets_.data(),
          .set_count = sets_.size(),
          .category_sets = category_sets_.data()};
}

const ScoreKernels& score_kernels_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kBaseline: return kBaselineScore;
    case InstructionSet::kAvx2: return kAvx2Score;
    case InstructionSet::kAvx512: return kAvx512Score;
  }
  return kBaselineScore;
}

}  // namespace amity::models
