#include "models/folds.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace amity::models {
namespace {

std::vector<uint32_t> shuffled(size_t count, Random& random) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  shuffle(order, random);
  return order;
}

// Groups in random order, those with most positives first: each to the fold that has fewest positives, and those that
// have none to the fold that has fewest rows.
std::vector<int> grouped_folds(std::span<const uint8_t> labels, std::span<const uint32_t> groups, int count,
                               Random& random) {
  struct Group {
    uint32_t positives = 0, rows = 0;
    int fold = 0;
  };
  std::map<uint32_t, Group> by_id;
  for (size_t i = 0; i < labels.size(); ++i) {
    auto& group = by_id[groups[i]];
    ++group.rows;
    group.positives += labels[i];
  }
  std::vector<Group*> all;
  for (auto& [id, group] : by_id) all.push_back(&group);
  std::vector<Group*> order;
  for (const uint32_t i : shuffled(all.size(), random)) order.push_back(all[i]);
  std::ranges::stable_sort(order, [](const Group* a, const Group* b) { return a->positives > b->positives; });
  std::vector<std::pair<uint32_t, uint32_t>> filled(static_cast<size_t>(count));  // positives, rows
  for (auto* group : order) {
    const auto least = group->positives > 0
                           ? std::ranges::min_element(filled)
                           : std::ranges::min_element(filled, {}, &std::pair<uint32_t, uint32_t>::second);
    group->fold = static_cast<int>(least - filled.begin());
    least->first += group->positives;
    least->second += group->rows;
  }
  std::vector<int> folds;
  for (const uint32_t id : groups) folds.push_back(by_id[id].fold);
  return folds;
}

}  // namespace

void shuffle(std::vector<uint32_t>& items, Random& random) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

std::vector<int> stratified_folds(std::span<const uint8_t> labels, std::span<const uint32_t> groups, int count,
                                  Random& random) {
  if (!groups.empty()) return grouped_folds(labels, groups, count, random);
  std::vector<int> folds(labels.size());
  const auto order = shuffled(labels.size(), random);
  int next = 0;
  for (const int label : {1, 0}) {
    for (const uint32_t row : order) {
      if (labels[row] != label) continue;
      folds[row] = next;
      next = (next + 1) % count;
    }
  }
  return folds;
}

Split split_of(std::span<const int> folds, int held_out) {
  Split split;
  for (uint32_t row = 0; row < folds.size(); ++row) {
    (folds[row] == held_out ? split.held_out : split.training).push_back(row);
  }
  return split;
}

}  // namespace amity::models
