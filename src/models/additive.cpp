#include "models/additive.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <Eigen/Core>

#include "models/training/logistic_solver.h"

namespace amity::models {
namespace {

using Design = Eigen::MatrixXd;

// One column of the design before it is standardised.
struct Term {
  enum class Kind { kLine, kHinge, kCategory, kMissing } kind = Kind::kLine;
  size_t feature = 0;
  double from = 0;  // kLine, kHinge: 0 below this; kCategory: the code
  double to = 0;    // kLine, kHinge: constant above this
  int direction = 0;
  double mean = 0, deviation = 1;
  double weight = 0;

  double raw(double x) const {
    switch (kind) {
      case Kind::kMissing: return std::isnan(x) ? 1 : 0;
      case Kind::kCategory: return x == from ? 1 : 0;
      case Kind::kLine:
      case Kind::kHinge: return std::isnan(x) ? 0 : std::clamp(x, from, to) - from;
    }
    return 0;
  }
  double effect(double x) const { return weight * raw(x) / deviation; }
};

std::vector<double> present_sorted(const Matrix& rows, size_t feature) {
  std::vector<double> present;
  for (size_t i = 0; i < rows.row_count; ++i) {
    if (!std::isnan(rows.at(i, feature))) present.push_back(rows.at(i, feature));
  }
  std::ranges::sort(present);
  return present;
}

double quantile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1) + 0.5)];
}

void add_number_terms(const Feature& feature, size_t index, const std::vector<double>& present, int inner_knots,
                      std::vector<Term>& terms) {
  if (present.empty()) return;
  double low = quantile(present, 0.01), high = quantile(present, 0.99);
  if (low == high) low = quantile(present, 0.001), high = quantile(present, 0.999);
  if (low == high) low = present.front(), high = present.back();
  if (low == high) return;
  terms.push_back({.feature = index, .from = low, .to = high, .direction = feature.monotone});
  if (feature.monotone != 0) return;
  double last = low;
  for (int k = 1; k <= inner_knots; ++k) {
    const double knot = quantile(present, static_cast<double>(k) / (inner_knots + 1));
    if (knot <= last || knot >= high) continue;
    terms.push_back({.kind = Term::Kind::kHinge, .feature = index, .from = knot, .to = high});
    last = knot;
  }
}

std::vector<Term> make_terms(const std::vector<Feature>& features, const Matrix& rows, int inner_knots) {
  std::vector<Term> terms;
  for (size_t j = 0; j < features.size(); ++j) {
    const auto present = present_sorted(rows, j);
    if (features[j].is_categorical) {
      for (size_t c = 0; c < features[j].categories.size(); ++c) {
        terms.push_back({.kind = Term::Kind::kCategory, .feature = j, .from = static_cast<double>(c)});
      }
    } else {
      add_number_terms(features[j], j, present, inner_knots, terms);
    }
    if (present.size() < rows.row_count) terms.push_back({.kind = Term::Kind::kMissing, .feature = j});
  }
  return terms;
}

void standardise(std::vector<Term>& terms, const Matrix& rows) {
  for (auto& term : terms) {
    double sum = 0, squares = 0;
    size_t count = 0;
    const bool is_number = term.kind == Term::Kind::kLine || term.kind == Term::Kind::kHinge;
    for (size_t i = 0; i < rows.row_count; ++i) {
      const double x = rows.at(i, term.feature);
      if (is_number && std::isnan(x)) continue;
      sum += term.raw(x);
      squares += term.raw(x) * term.raw(x);
      ++count;
    }
    term.mean = count == 0 ? 0 : sum / static_cast<double>(count);
    const double spread = count == 0 ? 0 : squares / static_cast<double>(count) - term.mean * term.mean;
    // One-hot columns keep their scale: a rare category shall be held back, not blown up.
    term.deviation = is_number && spread > 1e-24 ? std::sqrt(spread) : 1;
  }
  std::erase_if(terms, [](const Term& term) { return term.mean == 0 && term.kind != Term::Kind::kLine; });
}

Design make_design(const std::vector<Term>& terms, const Matrix& rows) {
  Design design(static_cast<Eigen::Index>(rows.row_count), static_cast<Eigen::Index>(terms.size() + 1));
  design.col(0).setOnes();
  for (size_t t = 0; t < terms.size(); ++t) {
    const auto& term = terms[t];
    const bool is_number = term.kind == Term::Kind::kLine || term.kind == Term::Kind::kHinge;
    for (size_t i = 0; i < rows.row_count; ++i) {
      const double x = rows.at(i, term.feature);
      const bool takes_mean = is_number && std::isnan(x);
      design(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(t + 1)) =
          takes_mean ? 0 : (term.raw(x) - term.mean) / term.deviation;
    }
  }
  return design;
}

// The intercept, and each term's weight.
double fit_terms(std::vector<Term>& terms, const Matrix& rows, std::span<const uint8_t> labels, double ridge) {
  const std::vector<double> y(labels.begin(), labels.end());
  while (true) {
    const auto design = make_design(terms, rows);
    const auto weights = solve_logistic({design.data(), static_cast<size_t>(design.size())}, y, ridge);
    for (size_t t = 0; t < terms.size(); ++t) terms[t].weight = weights[t + 1];
    const auto wrong = std::erase_if(terms, [](const Term& term) { return term.direction * term.weight < 0; });
    if (wrong == 0) return weights[0];
  }
}

void read_number(const std::vector<const Term*>& terms, Shape& shape) {
  for (const auto* term : terms) shape.knots.push_back(term->from);
  for (const auto* term : terms) shape.knots.push_back(term->to);
  std::ranges::sort(shape.knots);
  shape.knots.erase(std::unique(shape.knots.begin(), shape.knots.end()), shape.knots.end());
  for (const double knot : shape.knots) {
    double value = 0;
    for (const auto* term : terms) value += term->effect(knot);
    shape.values.push_back(value);
  }
  for (const auto* term : terms) shape.missing += term->weight * term->mean / term->deviation;
}

Shape shape_of(const Feature& feature, size_t index, const std::vector<Term>& terms) {
  Shape shape;
  if (feature.is_categorical) shape.values.assign(feature.categories.size(), 0.0);
  std::vector<const Term*> numbers;
  for (const auto& term : terms) {
    if (term.feature != index) continue;
    if (term.kind == Term::Kind::kCategory) shape.values[static_cast<size_t>(term.from)] = term.weight;
    if (term.kind == Term::Kind::kLine || term.kind == Term::Kind::kHinge) numbers.push_back(&term);
  }
  if (!numbers.empty()) read_number(numbers, shape);
  for (const auto& term : terms) {
    if (term.feature == index && term.kind == Term::Kind::kMissing) shape.missing += term.weight;
  }
  return shape;
}

}  // namespace

double Shape::at(double x) const {
  if (std::isnan(x)) return missing;
  if (values.empty()) return 0;
  if (knots.empty()) {
    return x >= 0 && x < static_cast<double>(values.size()) ? values[static_cast<size_t>(x)] : missing;
  }
  if (x <= knots.front()) return values.front();
  if (x >= knots.back()) return values.back();
  const auto above = static_cast<size_t>(std::ranges::upper_bound(knots, x) - knots.begin());
  const double share = (x - knots[above - 1]) / (knots[above] - knots[above - 1]);
  return values[above - 1] + share * (values[above] - values[above - 1]);
}

double Additive::margin(std::span<const double> row) const {
  double sum = intercept;
  for (size_t j = 0; j < shapes.size(); ++j) sum += shapes[j].at(row[j]);
  return sum;
}

double Additive::expected_margin() const {
  double sum = intercept;
  for (const auto& shape : shapes) sum += shape.mean;
  return sum;
}

void Additive::add_contributions(std::span<const double> row, double weight, std::span<double> contributions) const {
  for (size_t j = 0; j < shapes.size(); ++j) contributions[j] += weight * (shapes[j].at(row[j]) - shapes[j].mean);
}

Result<void> check_additive(const Additive& additive, const std::vector<Feature>& features) {
  if (additive.shapes.size() != features.size()) return invalid("one function for each feature is expected");
  for (size_t j = 0; j < features.size(); ++j) {
    const auto& shape = additive.shapes[j];
    const auto refuse = [&](const char* what) { return invalid(what, fmt::format("function {}", j)); };
    const size_t expected = features[j].is_categorical ? features[j].categories.size() : shape.knots.size();
    if (shape.values.size() != expected) return refuse("the number of values is wrong");
    if (features[j].is_categorical && !shape.knots.empty()) return refuse("a category has no knots");
    if (std::ranges::adjacent_find(shape.knots, std::greater_equal{}) != shape.knots.end()) {
      return refuse("knots must rise");
    }
    const auto is_finite = [](double x) { return std::isfinite(x); };
    if (!std::ranges::all_of(shape.knots, is_finite) || !std::ranges::all_of(shape.values, is_finite) ||
        !is_finite(shape.missing) || !is_finite(shape.mean)) {
      return refuse("a value is not finite");
    }
  }
  if (!std::isfinite(additive.intercept)) return invalid("the intercept is not finite");
  return {};
}

Result<Additive> fit_additive(const std::vector<Feature>& features, const Matrix& rows, std::span<const uint8_t> labels,
                              const AdditiveSettings& settings) {
  auto terms = make_terms(features, rows, settings.inner_knots);
  standardise(terms, rows);
  Additive additive;
  additive.intercept = fit_terms(terms, rows, labels, settings.ridge);
  for (const auto& term : terms) additive.intercept -= term.weight * term.mean / term.deviation;
  for (size_t j = 0; j < features.size(); ++j) {
    auto shape = shape_of(features[j], j, terms);
    for (size_t i = 0; i < rows.row_count; ++i) shape.mean += shape.at(rows.at(i, j));
    shape.mean /= static_cast<double>(rows.row_count);
    additive.shapes.push_back(std::move(shape));
  }
  if (const auto checked = check_additive(additive, features); !checked) {
    return fail(Code::kInternal, "the fit did not come to finite weights");
  }
  return additive;
}

}  // namespace amity::models
