// Logistic regression itself, for all that is fitted by it: additive models and scorecards.
#pragma once

#include <span>
#include <vector>

namespace amity::models {

// The weights of the columns that make the 0/1 values `y` most likely, less ridge / 2 times their squares, by
// iteratively reweighted least squares. `design` holds one column after the other, each as long as `y`; the first is of
// ones and its weight is free. One thread: the same input gives the same bits.
std::vector<double> solve_logistic(std::span<const double> design, std::span<const double> y, double ridge);

}  // namespace amity::models
