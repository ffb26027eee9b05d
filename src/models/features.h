// The features of a model: what training learnt about each column, and how a row of anything becomes its input.
//
// Input is one double per feature: the number, or the category's index in `categories`; NaN where it is missing. A
// category not seen in training is missing too.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/table.h"

namespace amity::models {

struct Feature {
  std::string name;
  bool is_categorical = false;
  std::vector<std::string> categories{};  // sorted by bytes
  int monotone = 0;                       // 1: more is never less risk; -1: never more; 0: free. Numbers only.
  std::string reason{};                   // reason code for people; the name where none is declared
  bool operator==(const Feature&) const = default;
};

// Rows of input, one after the other.
struct Matrix {
  size_t row_count = 0;
  size_t column_count = 0;
  std::vector<double> cells{};
  std::span<const double> row(size_t i) const { return {cells.data() + i * column_count, column_count}; }
  double at(size_t row, size_t column) const { return cells[row * column_count + column]; }
};

Matrix select_rows(const Matrix& matrix, std::span<const uint32_t> rows);

struct FeatureChoice {
  std::string target{};              // never a feature
  std::string group{};               // the column that says which rows belong together; never a feature; may be empty
  std::set<std::string> ignored{};   // further columns to leave out
  std::set<std::string> features{};  // if not empty, only these
  std::set<std::string> categorical{};           // numbers to be taken as codes
  std::map<std::string, int> monotone{};         // by name
  std::map<std::string, std::string> reasons{};  // by name
};

struct LearntFeatures {
  std::vector<Feature> features;
  std::vector<std::string> notes;  // which columns were left out and why, or are not what they seem; for people
};

// Left out with a note: columns of one value, ids (a text of its own in nearly every row; a whole number of its own in
// every row that is named like an id or only rises), and texts with more categories than kMaxCategories keep these.
// invalid: a name in the choice that the table does not have, or no feature left.
constexpr size_t kMaxCategories = 200;
Result<LearntFeatures> learn_features(const Table& table, const FeatureChoice& choice);

// unprocessable: a column is missing, or holds text where training saw numbers (with the place).
Result<Matrix> bind_rows(const std::vector<Feature>& features, const Table& table);

}  // namespace amity::models
