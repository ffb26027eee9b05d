#include "expressions/compile/estimate.h"

#include <algorithm>

namespace amity::expressions {

uint64_t plus(uint64_t a, uint64_t b) {
  uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}
uint64_t times(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

uint64_t sum_of_costs(const std::vector<Estimate>& parts) {
  uint64_t sum = 1;
  for (const Estimate& part : parts) sum = plus(sum, part.cost);
  return sum;
}

Estimate part_of(const Estimate& whole) {
  return {.size = whole.below, .below = whole.below, .total = whole.part_total, .part_total = whole.part_total};
}

uint64_t deepest(const Value& v) {
  uint64_t most = 64;
  if (v.is(Kind::kString) || v.is(Kind::kBytes)) most = std::max<uint64_t>(most, v.as_text().size());
  if (v.is(Kind::kList)) {
    most = std::max<uint64_t>(most, v.size());
    for (size_t i = 0; i < v.size(); ++i) most = std::max(most, deepest(v.item(i)));
  }
  if (v.is(Kind::kMap)) {
    most = std::max<uint64_t>(most, v.size());
    for (const auto& [key, value] : v.entries()) most = std::max({most, deepest(key), deepest(value)});
  }
  return most;
}

uint64_t total_of(const Value& v) {
  uint64_t total = 1;
  if (v.is(Kind::kString) || v.is(Kind::kBytes)) total += v.as_text().size() / 64;
  if (v.is(Kind::kOptional) && v.inside()) total += total_of(*v.inside());
  for (size_t i = 0; v.is(Kind::kList) && i < v.size(); ++i) total += total_of(v.item(i));
  if (v.is(Kind::kMap)) {
    for (const auto& [key, value] : v.entries()) total += total_of(key) + total_of(value);
  }
  return total;
}

}  // namespace amity::expressions
