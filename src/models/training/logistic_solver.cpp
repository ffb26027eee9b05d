#include "models/training/logistic_solver.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Cholesky>

#include "base/check.h"

namespace amity::models {
namespace {

using Vector = Eigen::VectorXd;
using Design = Eigen::MatrixXd;

Vector means_of(const Vector& margins) { return (1 + (-margins.array()).exp()).inverse().matrix(); }

double penalised_loss(const Vector& margins, const Vector& y, const Vector& weights, const Vector& penalty) {
  double loss = 0.5 * (penalty.array() * weights.array().square()).sum();
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    const double m = y[i] > 0.5 ? -margins[i] : margins[i];
    loss += m > 0 ? m + std::log1p(std::exp(-m)) : std::log1p(std::exp(m));
  }
  return loss;
}

}  // namespace

std::vector<double> solve_logistic(std::span<const double> columns_of_design, std::span<const double> labels,
                                   double ridge) {
  CHECK(!labels.empty() && columns_of_design.size() % labels.size() == 0);
  const auto rows = static_cast<Eigen::Index>(labels.size());
  const auto columns = static_cast<Eigen::Index>(columns_of_design.size() / labels.size());
  const Design design = Eigen::Map<const Design>(columns_of_design.data(), rows, columns);
  const Vector y = Eigen::Map<const Vector>(labels.data(), rows);
  Vector penalty = Vector::Constant(columns, ridge);
  penalty[0] = 0;
  Vector weights = Vector::Zero(columns);
  const double rate = std::clamp(y.mean(), 1e-6, 1 - 1e-6);
  weights[0] = std::log(rate / (1 - rate));
  Vector margins = design * weights;
  double loss = penalised_loss(margins, y, weights, penalty);
  for (int iteration = 0; iteration < 40; ++iteration) {
    const Vector mean = means_of(margins);
    const Vector curvature = (mean.array() * (1 - mean.array())).max(1e-10).sqrt();
    const Design scaled = curvature.asDiagonal() * design;
    Eigen::MatrixXd hessian = Eigen::MatrixXd::Zero(columns, columns);
    hessian.selfadjointView<Eigen::Lower>().rankUpdate(scaled.transpose());
    hessian.diagonal() += penalty;
    hessian.diagonal().array() += 1e-9;
    const Vector gradient = design.transpose() * (y - mean) - penalty.cwiseProduct(weights);
    Vector step = hessian.selfadjointView<Eigen::Lower>().ldlt().solve(gradient);
    double improved = loss;
    for (int halving = 0; halving < 20; ++halving, step *= 0.5) {
      const Vector candidate = weights + step;
      const Vector moved = design * candidate;
      improved = penalised_loss(moved, y, candidate, penalty);
      if (improved > loss) continue;
      weights = candidate;
      margins = moved;
      break;
    }
    if (!(loss - improved > 1e-9 * loss)) break;
    loss = improved;
  }
  return {weights.begin(), weights.end()};
}

}  // namespace amity::models
