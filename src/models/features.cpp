#include "models/features.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace amity::models {
namespace {

bool ends_like_an_id(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (name == "id" || name == "index" || name == "row" || name == "key") return true;
  for (const std::string_view end : {"_id", " id", "-id", "num", "number", "_no", "_key"}) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

bool has_id_suffix_in_camel_case(std::string_view name) { return name.ends_with("Id") || name.ends_with("ID"); }

// Every row its own whole number, named like an id or rising from row to row.
bool is_number_id(const Column& column) {
  if (column.numbers.size() < 20) return false;
  bool rises = true;
  for (size_t i = 0; i < column.numbers.size(); ++i) {
    const double number = column.numbers[i];
    if (std::isnan(number) || number != std::floor(number)) return false;
    rises &= i == 0 || number > column.numbers[i - 1];
  }
  if (rises) return true;
  if (!ends_like_an_id(column.name) && !has_id_suffix_in_camel_case(column.name)) return false;
  auto sorted = column.numbers;
  std::ranges::sort(sorted);
  return std::ranges::adjacent_find(sorted) == sorted.end();
}

size_t distinct_count(const std::vector<uint32_t>& codes) {
  auto sorted = codes;
  std::ranges::sort(sorted);
  return static_cast<size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
}

bool is_text_id(const Column& column) {
  return column.codes.size() >= 20 && distinct_count(column.codes) > column.codes.size() * 9 / 10;
}

bool is_constant(const Column& column) {
  const auto& numbers = column.numbers;
  if (!column.codes.empty()) return distinct_count(column.codes) < 2;
  return std::ranges::all_of(
      numbers, [&](double x) { return x == numbers.front() || (std::isnan(x) && std::isnan(numbers.front())); });
}

std::string category_of(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

// The most frequent categories, those of the smaller text first among equals.
std::vector<std::string> learn_categories(const Column& column) {
  std::map<std::string, size_t> counts;
  for (const uint32_t code : column.codes) {
    if (!is_missing(column.texts[code])) ++counts[category_of(column.texts[code])];
  }
  std::vector<std::pair<std::string, size_t>> order(counts.begin(), counts.end());
  std::ranges::stable_sort(order, [](const auto& a, const auto& b) { return a.second > b.second; });
  if (order.size() > kMaxCategories) order.resize(kMaxCategories);
  std::vector<std::string> categories;
  for (auto& [text, count] : order) categories.push_back(std::move(text));
  std::ranges::sort(categories);
  return categories;
}

template <class Names>
Result<void> require_columns(const Table& table, const Names& names, std::string_view what) {
  for (const auto& name : names) {
    if (!table.find(name)) return invalid(fmt::format("{}: there is no column {}", what, name));
  }
  return {};
}

std::vector<std::string> names_of(const auto& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

Result<void> check_choice(const Table& table, const FeatureChoice& choice) {
  TRY(require_columns(table, choice.ignored, "columns to leave out"));
  TRY(require_columns(table, choice.features, "features"));
  TRY(require_columns(table, choice.categorical, "categorical columns"));
  TRY(require_columns(table, names_of(choice.monotone), "monotone constraints"));
  if (!choice.group.empty()) TRY(require_columns(table, std::set{choice.group}, "group"));
  for (const auto& [name, direction] : choice.monotone) {
    const bool is_number = table.find(name)->is_numeric() && !choice.categorical.contains(name);
    if (direction != 0 && !is_number) return invalid(name + ": only numbers can have a monotone direction");
  }
  return {};
}

// Why a column is not a feature, or nothing.
std::string_view reason_to_leave_out(const Column& column) {
  if (is_constant(column)) return "has one value only";
  if (column.is_numeric() ? is_number_id(column) : is_text_id(column)) return "looks like an id";
  return {};
}

// Where a column of numbers holds a text that is none, and so counts as a column of texts.
std::optional<size_t> text_among_numbers(const Column& column) {
  if (column.is_numeric()) return {};
  std::optional<size_t> first;
  size_t numbers = 0, others = 0;
  std::vector<uint8_t> is_number, is_gap;
  for (const auto& text : column.texts) {
    is_gap.push_back(is_missing(text));
    is_number.push_back(number_in(text).has_value());
  }
  for (size_t row = 0; row < column.codes.size(); ++row) {
    const uint32_t code = column.codes[row];
    if (is_gap[code]) continue;
    ++(is_number[code] ? numbers : others);
    if (!is_number[code] && !first) first = row;
  }
  return numbers > 10 * others ? first : std::nullopt;
}

bool is_eligible(const std::string& name, const FeatureChoice& choice) {
  if (name == choice.target || name == choice.group || choice.ignored.contains(name)) return false;
  return choice.features.empty() || choice.features.contains(name);
}

Feature learn_feature(const Column& column, const FeatureChoice& choice) {
  Feature feature{.name = column.name};
  feature.is_categorical = !column.is_numeric() || (choice.categorical.contains(column.name) && !column.codes.empty());
  if (feature.is_categorical) feature.categories = learn_categories(column);
  const auto monotone = choice.monotone.find(column.name);
  if (monotone != choice.monotone.end()) feature.monotone = monotone->second;
  const auto reason = choice.reasons.find(column.name);
  feature.reason = reason == choice.reasons.end() ? column.name : reason->second;
  return feature;
}

Result<void> bind_numbers(const Column& column, const Table& table, size_t at, Matrix& matrix) {
  if (!column.is_numeric()) {
    for (size_t row = 0; row < table.row_count; ++row) {
      const auto& text = column.texts[column.codes[row]];
      if (is_missing(text) || number_in(text)) continue;
      return fail(Code::kUnprocessable, "the model expects a number here: correct it, or leave the field empty",
                  table.place_of(column, row));
    }
    return {};  // every value is missing, as prepared
  }
  for (size_t row = 0; row < table.row_count; ++row) {
    matrix.cells[row * matrix.column_count + at] = column.numbers[row];
  }
  return {};
}

Result<void> require_every_column(const std::vector<Feature>& features, const Table& table) {
  constexpr size_t kNamed = 10;
  std::string names;
  size_t count = 0;
  for (const auto& feature : features) {
    if (table.find(feature.name) || ++count > kNamed) continue;
    names += (names.empty() ? "" : ", ") + feature.name;
  }
  if (count == 0) return {};
  if (count > kNamed) names += fmt::format(" and {} more", count - kNamed);
  return fail(Code::kUnprocessable,
              fmt::format("the model needs columns that are not here: {}; give it a file with the columns it was "
                          "trained on",
                          names),
              table.lines.empty() ? "" : "line 1");
}

double code_of(const std::vector<std::string>& categories, const std::string& text) {
  if (is_missing(text)) return kMissing;
  const auto found = std::ranges::lower_bound(categories, category_of(text));
  if (found == categories.end() || *found != category_of(text)) return kMissing;
  return static_cast<double>(found - categories.begin());
}

void bind_categories(const Feature& feature, const Column& column, size_t at, Matrix& matrix) {
  std::vector<double> of_text;
  for (const auto& text : column.texts) of_text.push_back(code_of(feature.categories, text));
  for (size_t row = 0; row < matrix.row_count; ++row) {
    const double code = column.codes.empty() ? code_of(feature.categories, fmt::format("{}", column.numbers[row]))
                                             : of_text[column.codes[row]];
    matrix.cells[row * matrix.column_count + at] = code;
  }
}

}  // namespace

Matrix select_rows(const Matrix& matrix, std::span<const uint32_t> rows) {
  Matrix selected{.row_count = rows.size(), .column_count = matrix.column_count, .cells = {}};
  selected.cells.reserve(rows.size() * matrix.column_count);
  for (const uint32_t row : rows) {
    const auto cells = matrix.row(row);
    selected.cells.insert(selected.cells.end(), cells.begin(), cells.end());
  }
  return selected;
}

Result<LearntFeatures> learn_features(const Table& table, const FeatureChoice& choice) {
  TRY(check_choice(table, choice));
  LearntFeatures learnt;
  for (const auto& column : table.columns) {
    if (!is_eligible(column.name, choice)) continue;
    if (const auto row = text_among_numbers(column)) {
      learnt.notes.push_back(
          fmt::format("{}: text among numbers, so that the column counts as text; correct such "
                      "fields or leave them empty",
                      table.place_of(column, *row)));
    }
    const auto why_not = reason_to_leave_out(column);
    if (!why_not.empty() && !choice.features.contains(column.name)) {
      learnt.notes.push_back(fmt::format("column {} {}: left out", column.name, why_not));
      continue;
    }
    learnt.features.push_back(learn_feature(column, choice));
    if (learnt.features.back().categories.size() == kMaxCategories) {
      learnt.notes.push_back(
          fmt::format("column {}: only the {} most frequent categories are kept, others count as "
                      "missing",
                      column.name, kMaxCategories));
    }
  }
  if (learnt.features.empty()) return fail(Code::kUnprocessable, "no column is left to learn from");
  return learnt;
}

Result<Matrix> bind_rows(const std::vector<Feature>& features, const Table& table) {
  Matrix matrix{.row_count = table.row_count, .column_count = features.size(), .cells = {}};
  matrix.cells.assign(matrix.row_count * matrix.column_count, kMissing);
  TRY(require_every_column(features, table));
  for (size_t i = 0; i < features.size(); ++i) {
    const auto* column = table.find(features[i].name);
    if (features[i].is_categorical) {
      bind_categories(features[i], *column, i, matrix);
    } else {
      TRY(bind_numbers(*column, table, i, matrix));
    }
  }
  return matrix;
}

}  // namespace amity::models
