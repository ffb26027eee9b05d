// Logistic regression itself, for all that is fitted by it: additive models and scorecards.
#pragma once

#include <Eigen/Core>

namespace amity::models {

// The weights of the columns that make the 0/1 values `y` most likely, less ridge / 2 times their squares, by
// iteratively reweighted least squares. The first column is of ones; its weight is free. One thread: the same input
// gives the same bits.
Eigen::VectorXd solve_logistic(const Eigen::MatrixXd& design, const Eigen::VectorXd& y, double ridge);

}  // namespace amity::models
