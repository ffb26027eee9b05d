#include "customers/resolution_measures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

namespace amity::customers {
namespace {

class Measuring {
 public:
  Measuring(const Resolution& found, size_t first_list) : found_(found), first_list_(first_list) {}

  void add_group(const std::vector<uint32_t>& rows) {
    bool has_pair = false;
    for (const auto row : rows) {
      for (const auto other : rows) {
        if (row >= other || !is_compared(row, other)) continue;
        has_pair = true;
        ++measures_.true_pairs;
        look_for(row, other);
        if (first_list_ == 0) look_for(other, row);
      }
    }
    measures_.true_groups += has_pair ? 1 : 0;
  }

  ResolutionMeasures result() {
    auto& m = measures_;
    const auto groups = std::max<int64_t>(1, m.true_groups);
    m.candidate_recall = wilson(reached_, looked_for_, std::min(groups, looked_for_));
    m.precision = wilson(m.right_pairs, m.found_pairs, std::min(groups, m.found_pairs));
    m.recall = wilson(m.right_pairs, m.true_pairs, std::min(groups, m.true_pairs));
    const auto either = m.found_pairs + m.true_pairs - m.right_pairs;
    const auto jaccard = wilson(m.right_pairs, either, std::min(groups, either));
    const auto f1_of = [](double share) { return 2 * share / (1 + share); };
    m.f1 = {f1_of(jaccard.value), f1_of(jaccard.low), f1_of(jaccard.high)};
    return m;
  }

  void add_match(bool is_right) {
    ++measures_.found_pairs;
    measures_.right_pairs += is_right ? 1 : 0;
  }

 private:
  bool is_compared(uint32_t row, uint32_t other) const {
    return first_list_ == 0 || (row < first_list_) != (other < first_list_);
  }

  void look_for(uint32_t row, uint32_t other) {
    ++looked_for_;
    reached_ += std::ranges::find(found_.candidates[row], other, &RowCandidate::row) != found_.candidates[row].end();
  }

  const Resolution& found_;
  size_t first_list_;
  ResolutionMeasures measures_;
  int64_t looked_for_ = 0;
  int64_t reached_ = 0;
};

}  // namespace

Measured wilson(int64_t right, int64_t all, int64_t observations) {
  if (all <= 0 || observations <= 0) return {};
  constexpr double kZ = 1.959964;
  const auto n = static_cast<double>(observations);
  const double share = static_cast<double>(right) / static_cast<double>(all);
  const double middle = share + kZ * kZ / (2 * n);
  const double half = kZ * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  const double scale = 1 + kZ * kZ / n;
  return {share, std::max(0.0, (middle - half) / scale), std::min(1.0, (middle + half) / scale)};
}

ResolutionMeasures measure(const std::vector<std::string>& truth, const Resolution& found, size_t first_list) {
  std::map<std::string_view, std::vector<uint32_t>> same;
  for (uint32_t row = 0; row < truth.size(); ++row) {
    if (!truth[row].empty()) same[truth[row]].push_back(row);
  }
  Measuring measuring(found, first_list);
  for (const auto& [key, rows] : same) measuring.add_group(rows);
  for (const auto& match : found.matches) {
    measuring.add_match(!truth[match.left].empty() && truth[match.left] == truth[match.right]);
  }
  return measuring.result();
}

}  // namespace amity::customers
