#include "customers/resolution.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "customers/resolution/candidates.h"
#include "customers/resolution/comparison.h"
#include "customers/resolution/households.h"
#include "customers/resolution/weights.h"

namespace amity::customers {
namespace {

constexpr size_t kCandidatesBeforeComparing = 60;

using Candidates = std::vector<std::vector<RowCandidate>>;

struct CandidatePair {
  RowPair rows;
  float alike = 0;  // as candidates.h found it, from one side or the other
  double log_odds = 0;
};

std::vector<CandidatePair> pairs_of(const std::vector<std::vector<FoundRow>>& candidates) {
  std::vector<CandidatePair> pairs;
  for (uint32_t row = 0; row < candidates.size(); ++row) {
    for (const auto& [other, alike] : candidates[row]) {
      pairs.push_back({{std::min(row, other), std::max(row, other)}, alike, 0});
    }
  }
  std::ranges::sort(
      pairs, [](const auto& a, const auto& b) { return a.rows != b.rows ? a.rows < b.rows : a.alike > b.alike; });
  pairs.erase(std::unique(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.rows == b.rows; }),
              pairs.end());
  return pairs;
}

RowMatch explained(const Records& records, RowPair pair, double score, const std::vector<Comparison>& compared,
                   const std::vector<double>& weights) {
  RowMatch match{pair.first, pair.second, score, {}};
  for (size_t at = 0; at < compared.size(); ++at) {
    if (compared[at].likeness == Likeness::kMissing) continue;
    match.reasons.push_back({records.columns()[at], compared[at].likeness, weights[at]});
  }
  std::ranges::stable_sort(match.reasons, std::ranges::greater(), &MatchReason::weight);
  return match;
}

std::vector<std::vector<uint32_t>> groups_of(const std::vector<RowPair>& pairs, size_t rows) {
  std::vector<uint32_t> leader(rows);
  std::iota(leader.begin(), leader.end(), 0u);
  const auto find = [&](uint32_t row) {
    while (leader[row] != row) row = leader[row] = leader[leader[row]];
    return row;
  };
  for (const auto& pair : pairs) {
    const auto left = find(pair.first);
    const auto right = find(pair.second);
    leader[std::max(left, right)] = std::min(left, right);
  }
  std::map<uint32_t, std::vector<uint32_t>> members;
  for (uint32_t row = 0; row < rows; ++row) members[find(row)].push_back(row);
  std::vector<std::vector<uint32_t>> groups;
  for (auto& [first, group] : members) {
    if (group.size() > 1) groups.push_back(std::move(group));
  }
  return groups;
}

// Groups in which somebody lives with another person; who is matched is one person, whatever the address of a row.
std::vector<std::vector<uint32_t>> households_of(const std::vector<RowPair>& together,
                                                 const std::vector<RowPair>& matched, size_t rows) {
  auto all = matched;
  all.insert(all.end(), together.begin(), together.end());
  auto groups = groups_of(all, rows);
  std::vector<bool> lives_with_somebody(rows);
  for (const auto& pair : together) lives_with_somebody[pair.first] = true;
  std::erase_if(groups, [&](const auto& group) {
    return std::ranges::none_of(group, [&](uint32_t row) { return lives_with_somebody[row]; });
  });
  return groups;
}

// The candidates of each row by log odds (probabilities near 1 would be equal), then by what made them candidates.
Candidates ranked(std::vector<CandidatePair> pairs, size_t rows, size_t most) {
  std::ranges::stable_sort(pairs, [](const auto& a, const auto& b) {
    return a.log_odds != b.log_odds ? a.log_odds > b.log_odds : a.alike > b.alike;
  });
  Candidates best(rows);
  for (const auto& pair : pairs) {
    const auto [left, right] = pair.rows;
    const double score = probability_of(pair.log_odds);
    if (best[left].size() < most) best[left].push_back({right, score});
    if (best[right].size() < most) best[right].push_back({left, score});
  }
  return best;
}

}  // namespace

std::string_view name_of(Likeness likeness) {
  switch (likeness) {
    case Likeness::kMissing: return "missing";
    case Likeness::kDifferent: return "different";
    case Likeness::kPartly: return "partly";
    case Likeness::kNear: return "near";
    case Likeness::kSounds: return "sounds";
    case Likeness::kSwapped: return "swapped";
    case Likeness::kSame: return "same";
  }
  return "missing";
}

Result<Resolution> resolve(const ResolutionTable& table, const std::vector<FieldKind>& kinds,
                           const ResolutionOptions& options) {
  if (table.rows.size() > kMaxResolutionRows) return fail(Code::kLimit, "the table has more rows than can be compared");
  if (kinds.size() != table.columns.size()) return invalid("as many kinds as columns are needed");
  if (std::ranges::all_of(kinds, [](auto kind) { return kind == FieldKind::kIgnored; })) {
    return invalid("no column holds a name, number, address or date that is known; name them with --columns");
  }
  if (table.rows.size() < 2) return Resolution{{}, {}, {}, Candidates(table.rows.size())};
  const Records records(table, kinds);
  auto pairs =
      pairs_of(find_candidates(records, std::max(options.candidates, kCandidatesBeforeComparing), options.first_list));
  std::vector<std::vector<Comparison>> compared;
  compared.reserve(pairs.size());
  for (const auto& pair : pairs) compared.push_back(compare(records, pair.rows.first, pair.rows.second));
  const auto weights = Weights::learn(records, compared, options.first_list);
  Resolution result;
  std::vector<RowPair> matched;
  std::vector<RowPair> together;
  std::vector<double> parts;
  for (size_t i = 0; i < pairs.size(); ++i) {
    pairs[i].log_odds = weights.score(records, compared[i], parts);
    const double probability = probability_of(pairs[i].log_odds);
    if (probability < options.threshold) {
      const auto [left, right] = pairs[i].rows;
      if (share_a_household(records, left, right, compared[i])) together.push_back(pairs[i].rows);
      continue;
    }
    matched.push_back(pairs[i].rows);
    result.matches.push_back(explained(records, pairs[i].rows, probability, compared[i], parts));
  }
  result.groups = groups_of(matched, table.rows.size());
  result.households = households_of(together, matched, table.rows.size());
  result.candidates = ranked(std::move(pairs), table.rows.size(), options.candidates);
  return result;
}

}  // namespace amity::customers
