#include "models/forest/tree_reader.h"

#include <algorithm>

namespace amity::models {
namespace {

constexpr uint32_t kIsLower = 1u << 30, kIsLone = 1u << 31;  // of an entry whose number is not known yet

}  // namespace

void TreeReader::read(uint32_t root) {
  if (forest_.nodes[root].is_leaf()) return;  // contributes nothing
  tree_ = {.upper_begin = static_cast<uint32_t>(uppers.size()),
           .upper_count = 0,
           .lower_begin = static_cast<uint32_t>(lowers.size()),
           .lower_count = 0,
           .lone_begin = static_cast<uint32_t>(lones.size()),
           .lone_count = 0};
  placed_.clear();
  add(root, 0, false);
  for (uint32_t i = 0; i < tree_.upper_count; ++i) fill(i);
  for (uint32_t i = 0; i < tree_.upper_count; ++i) {
    UpperSplit& split = uppers[tree_.upper_begin + i];
    split.left = entry_of(split.left);
    split.right = entry_of(split.right);
  }
  for (uint32_t i = 0; i < tree_.lone_count; ++i) lones[tree_.lone_begin + i].entry = entry_of(kIsLone | i);
  trees.push_back(tree_);
  most_entries = std::max<size_t>(most_entries, tree_.upper_count + tree_.lower_count + tree_.lone_count);
  most_uppers = std::max<size_t>(most_uppers, tree_.upper_count);
}

// Gives the node its number. An upper split is filled in later, when all of its level have theirs.
uint32_t TreeReader::add(uint32_t node, uint32_t parent, bool is_right_child) {
  const Node& from = forest_.nodes[node];
  if (from.is_leaf()) {
    lones.push_back({.entry = 0, .value = from.value});
    return kIsLone | tree_.lone_count++;
  }
  if (forest_.nodes[from.left].is_leaf() && forest_.nodes[from.right].is_leaf()) {
    add_lower(node, parent, is_right_child);
    return kIsLower | tree_.lower_count++;
  }
  placed_.push_back({.node = node, .parent = parent, .is_right_child = is_right_child});
  uppers.emplace_back();
  return tree_.upper_count++;
}

void TreeReader::fill(uint32_t number) {
  const auto [at, parent, is_right_child, unused_features, unused_shares] = placed_[number];
  const Node& node = forest_.nodes[at];
  const Branch above = branch_above(node.feature, parent, is_right_child);
  const double share = share_of_left(node);
  placed_[number].shares[0] = above.share * share;
  placed_[number].shares[1] = above.share * (1 - share);
  placed_[number].features = (number == 0 ? 0 : placed_[parent].features) + (above.is_none() ? 1 : 0);
  most_features = std::max(most_features, placed_[number].features);
  const UpperSplit split{.slot_and_rank = test_of(at),
                         .feature = static_cast<uint32_t>(node.feature),
                         .left = add(node.left, number, false),
                         .right = add(node.right, number, true),
                         .earlier = above.mark,
                         .repeat = repeat_of(above),
                         .pull = {-share, 1 - share}};
  uppers[tree_.upper_begin + number] = split;
}

void TreeReader::add_lower(uint32_t at, uint32_t parent, bool is_right_child) {
  const Node& node = forest_.nodes[at];
  const Branch above = branch_above(node.feature, parent, is_right_child);
  const double share = share_of_left(node), right = forest_.nodes[node.right].value;
  const double apart = double(forest_.nodes[node.left].value) - right;
  lowers.push_back({.slot_and_rank = test_of(at),
                    .feature = static_cast<uint32_t>(node.feature),
                    .earlier = above.mark,
                    .repeat = repeat_of(above),
                    .mean = right + share * apart,
                    .pull = {-share * apart, (1 - share) * apart}});
  const size_t features = placed_.empty() ? 0 : placed_[parent].features;
  most_features = std::max(most_features, features + (above.is_none() ? 1 : 0));
}

uint32_t TreeReader::entry_of(uint32_t number) const {
  if (number & kIsLone) return tree_.upper_count + tree_.lower_count + (number & ~kIsLone);
  if (number & kIsLower) return tree_.upper_count + (number & ~kIsLower);
  return number;
}

TreeReader::Branch TreeReader::branch_above(int32_t feature, uint32_t parent, bool is_right_child) const {
  if (placed_.empty() || placed_[parent].features == 0) return {};  // this is the root
  for (uint32_t at = parent, is_right = is_right_child;;
       is_right = placed_[at].is_right_child, at = placed_[at].parent) {
    const Upper& upper = placed_[at];
    if (forest_.nodes[upper.node].feature == feature) {
      return {.mark = 1 + 2 * at + is_right, .share = upper.shares[is_right]};
    }
    if (at == 0) return {};
  }
}

double TreeReader::share_of_left(const Node& node) const {
  const double left = forest_.nodes[node.left].cover;
  return left / (left + double(forest_.nodes[node.right].cover));
}

uint32_t TreeReader::test_of(uint32_t at) const {
  const auto [slot, rank] = ranking_.test_of(at);
  return slot << 8 | rank;
}

// Splits below the same branch are the same repeat.
uint32_t TreeReader::repeat_of(const Branch& above) {
  if (above.is_none()) return kNeverRepeated;
  const auto [found, is_new] = repeats_.try_emplace(above.share, static_cast<uint32_t>(shares_above.size()));
  if (is_new) shares_above.push_back(above.share);
  return found->second;
}

}  // namespace amity::models
