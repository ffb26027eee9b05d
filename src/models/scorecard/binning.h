// Optimal monotone binning: the attributes of a characteristic that tell the good from the bad best.
//
// Fine bins (by quantiles of a number, or categories in order of their bad rate) are joined into attributes. Of all
// ways to join neighbours under the constraints, the one with the greatest information value is found exactly, by
// dynamic programming over (number of attributes, last attribute). It is problem (4) of Navas-Palencia, "Optimal
// binning: mathematical programming formulation" (arXiv:2001.08025, 2020), with its constraints on the trend, the size
// of an attribute, their number and the difference of neighbours.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace amity::models {

// Rows of each kind.
struct Counts {
  double good = 0, bad = 0;
  double rows() const { return good + bad; }
  Counts& operator+=(const Counts& other);
};

// Of the attribute among `all`. kPriorRows rows of the whole population's bad rate are added to it, so that few rows
// are neutral rather than sure of themselves, and an attribute without a bad row has a finite weight.
constexpr double kPriorRows = 10;
double weight_of_evidence(const Counts& attribute, const Counts& all);
// The attribute's part of the information value.
double information_of(const Counts& attribute, const Counts& all);

struct BinningSettings {
  double minimum_share = 0.05;  // of all rows, in each attribute
  int most_attributes = 8;
  double least_z = 1.28;  // by which the bad rates of neighbours must differ (test of two proportions)
};

// Of the weights of evidence, in the order of the fine bins.
enum class Trend { kRising, kFalling, kEither };

struct Partition {
  std::vector<size_t> ends{};  // the fine bin behind each attribute's last; rising, the last is their number
  double information = 0;
};

// At least one fine bin. One attribute of everything where the constraints allow no more.
Partition best_partition(std::span<const Counts> fine, const Counts& all, const BinningSettings& settings, Trend trend);

// A number that divides: above `low`, at most `high`, with as few digits as possible, because people read it.
double cut_between(double low, double high);

}  // namespace amity::models
