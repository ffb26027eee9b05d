#include "customers/resolution/similarity.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

namespace amity::customers {
namespace {

constexpr size_t kLongest = 64;  // bytes compared; what follows says nothing new about a name

}  // namespace

double jaro_winkler(std::string_view left, std::string_view right) {
  left = left.substr(0, kLongest);
  right = right.substr(0, kLongest);
  if (left.empty() || right.empty()) return 0;
  const size_t reach = std::max<size_t>(1, std::max(left.size(), right.size()) / 2) - 1;
  uint64_t taken_left = 0;
  uint64_t taken_right = 0;
  size_t common = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    const size_t end = std::min(right.size(), i + reach + 1);
    for (size_t j = i > reach ? i - reach : 0; j < end; ++j) {
      if ((taken_right >> j & 1) != 0 || left[i] != right[j]) continue;
      taken_left |= uint64_t{1} << i;
      taken_right |= uint64_t{1} << j;
      ++common;
      break;
    }
  }
  if (common == 0) return 0;
  size_t exchanged = 0;
  for (size_t i = 0, j = 0; i < left.size(); ++i) {
    if ((taken_left >> i & 1) == 0) continue;
    while ((taken_right >> j & 1) == 0) ++j;
    exchanged += left[i] != right[j++] ? 1 : 0;
  }
  const auto m = static_cast<double>(common);
  const double jaro = (m / static_cast<double>(left.size()) + m / static_cast<double>(right.size()) +
                       (m - static_cast<double>(exchanged) / 2) / m) /
                      3;
  size_t prefix = 0;
  while (prefix < 4 && prefix < std::min(left.size(), right.size()) && left[prefix] == right[prefix]) ++prefix;
  return jaro + 0.1 * static_cast<double>(prefix) * (1 - jaro);
}

int edits_between(std::string_view left, std::string_view right, int most) {
  left = left.substr(0, kLongest);
  right = right.substr(0, kLongest);
  const auto rows = static_cast<int>(left.size());
  const auto columns = static_cast<int>(right.size());
  if (std::abs(rows - columns) > most) return most + 1;
  std::array<std::array<int, kLongest + 1>, 3> table;
  for (int j = 0; j <= columns; ++j) table[0][static_cast<size_t>(j)] = j;
  for (int i = 1; i <= rows; ++i) {
    auto& now = table[static_cast<size_t>(i % 3)];
    const auto& above = table[static_cast<size_t>((i + 2) % 3)];
    const auto& before = table[static_cast<size_t>((i + 1) % 3)];
    now[0] = i;
    int least = i;
    for (size_t j = 1; j <= right.size(); ++j) {
      const auto at = static_cast<size_t>(i - 1);
      int cost = above[j - 1] + (left[at] == right[j - 1] ? 0 : 1);
      cost = std::min({cost, above[j] + 1, now[j - 1] + 1});
      if (i > 1 && j > 1 && left[at] == right[j - 2] && left[at - 1] == right[j - 1])
        cost = std::min(cost, before[j - 2] + 1);
      now[j] = cost;
      least = std::min(least, cost);
    }
    if (least > most) return most + 1;
  }
  return std::min(most + 1, table[static_cast<size_t>(rows % 3)][right.size()]);
}

}  // namespace amity::customers
