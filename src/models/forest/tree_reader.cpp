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
  add(root);
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

uint32_t TreeReader::entry_of(uint32_t number) const {
  if (number & kIsLone) return tree_.upper_count + tree_.lower_count + (number & ~kIsLone);
  if (number & kIsLower) return tree_.upper_count + (number & ~kIsLower);
  return number;
}

uint32_t TreeReader::add(uint32_t at) {
  const Node& node = forest_.nodes[at];
  if (node.is_leaf()) {
    lones.push_back({.entry = 0, .value = node.value});
    return kIsLone | tree_.lone_count++;
  }
  const auto earlier =
      std::find_if(path_.rbegin(), path_.rend(), [&](const Branch& branch) { return branch.feature == node.feature; });
  const bool is_first = earlier == path_.rend();
  const Branch above = is_first ? Branch{.feature = node.feature, .mark = 0, .share = 1, .is_first = true} : *earlier;
  const auto distinct = std::ranges::count(path_, true, &Branch::is_first) + (is_first ? 1 : 0);
  most_features = std::max(most_features, static_cast<size_t>(distinct));
  const bool is_lower = forest_.nodes[node.left].is_leaf() && forest_.nodes[node.right].is_leaf();
  return is_lower ? add_lower(at, above) : add_upper(at, above, is_first);
}

uint32_t TreeReader::add_lower(uint32_t at, const Branch& above) {
  const Node& node = forest_.nodes[at];
  const double share = share_of_left(node), right = forest_.nodes[node.right].value;
  const double apart = double(forest_.nodes[node.left].value) - right;
  lowers.push_back({.slot_and_rank = test_of(at),
                    .feature = static_cast<uint32_t>(node.feature),
                    .earlier = above.mark,
                    .repeat = repeat_of(above),
                    .mean = right + share * apart,
                    .pull = {-share * apart, (1 - share) * apart}});
  return kIsLower | tree_.lower_count++;
}

uint32_t TreeReader::add_upper(uint32_t at, const Branch& above, bool is_first) {
  const Node& node = forest_.nodes[at];
  const double share = share_of_left(node);
  const uint32_t number = tree_.upper_count++;
  uppers.push_back({.slot_and_rank = test_of(at),
                    .feature = static_cast<uint32_t>(node.feature),
                    .left = 0,
                    .right = 0,
                    .earlier = above.mark,
                    .repeat = repeat_of(above),
                    .pull = {-share, 1 - share}});
  path_.push_back({node.feature, 1 + 2 * number, above.share * share, is_first});
  const uint32_t left = add(node.left);
  path_.back() = {node.feature, 2 + 2 * number, above.share * (1 - share), is_first};
  const uint32_t right = add(node.right);
  path_.pop_back();
  UpperSplit& split = uppers[tree_.upper_begin + number];
  split.left = left;
  split.right = right;
  return number;
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
  if (above.mark == 0) return kNeverRepeated;
  const auto [found, is_new] = repeats_.try_emplace(above.share, static_cast<uint32_t>(shares_above.size()));
  if (is_new) shares_above.push_back(above.share);
  return found->second;
}

}  // namespace amity::models
