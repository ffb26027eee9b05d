// What each result of comparing a column says for or against one person, learnt from the rows themselves.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "customers/resolution/comparison.h"

namespace amity::customers {

using RowPair = std::pair<uint32_t, uint32_t>;
constexpr size_t kLikenesses = 7;

double probability_of(double log_odds);

class Weights {
 public:
  // `compared` holds the comparisons of the candidate pairs. Chance is measured on pairs drawn evenly from a fixed
  // sequence and on the candidates that are no matches; the rest by expectation maximisation (Fellegi and Sunter 1969;
  // Winkler 1988) that starts from, and leans with `kPriorPairs` on, what is usual.
  static Weights learn(const Records& records, const std::vector<std::vector<Comparison>>& compared, size_t first_list);

  // Of one column's result; 0 where it is missing.
  double of(size_t at, const Comparison& comparison) const;
  // Log odds that both are one person; `weights` is filled with what each column says in it, in its order.
  double score(const Records& records, const std::vector<Comparison>& compared, std::vector<double>& weights) const;

 private:
  using Shares = std::array<double, kLikenesses>;
  class Chance;
  // Makes the weights of what a household shares no more than that says (`homes`: the columns of those above 0).
  void hold_homes(std::vector<size_t>& homes, std::vector<double>& weights) const;
  void take(const Chance& chance);
  void improve(const Records& records, const std::vector<std::vector<Comparison>>& compared, Chance& chance,
               double pairs);

  std::vector<Shares> matched_;      // how often each result is met between rows of one person
  std::vector<Shares> chance_;       // and between any two
  std::vector<Shares> mean_rarity_;  // of what is alike between any two
  double prior_ = -7;                // log odds that two rows are one person
};

}  // namespace amity::customers
