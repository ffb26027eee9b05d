#include "models/reasons.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/check.h"

namespace amity::models {
namespace {

std::string text_of_value(const Feature& feature, double value) {
  if (std::isnan(value)) return {};
  if (feature.is_categorical) return feature.categories[static_cast<size_t>(value)];
  auto text = fmt::format("{:.4f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string text_or(const Texts& texts, const std::string& key, std::string otherwise) {
  const auto found = texts.find(key);
  return found == texts.end() ? std::move(otherwise) : found->second;
}

}  // namespace

std::vector<Reason> reasons_of(const Model& model, std::span<const double> row, const Explanation& explanation) {
  CHECK(row.size() == model.features.size() && explanation.contributions.size() == row.size());
  struct Group {
    double sum = 0, strongest = -INFINITY;
    size_t feature = 0;
  };
  std::map<std::string_view, Group> groups;
  for (size_t i = 0; i < row.size(); ++i) {
    auto& group = groups[model.features[i].reason];
    const double contribution = explanation.contributions[i];
    group.sum += contribution;
    if (contribution > group.strongest) group.strongest = contribution, group.feature = i;
  }
  std::vector<Reason> reasons;
  for (const auto& [code, group] : groups) {
    if (group.sum <= 0) continue;
    const auto& feature = model.features[group.feature];
    reasons.push_back({.code = std::string(code),
                       .contribution = group.sum,
                       .feature = feature.name,
                       .value = row[group.feature],
                       .value_text = text_of_value(feature, row[group.feature])});
  }
  std::ranges::stable_sort(reasons, std::greater{}, &Reason::contribution);
  if (reasons.size() > kMostReasons) reasons.resize(kMostReasons);
  return reasons;
}

std::vector<std::string> words_of(std::span<const Reason> reasons, const Texts& texts) {
  std::vector<std::string> words;
  for (const auto& reason : reasons) {
    const auto key = "reason." + reason.code;
    auto text = text_or(texts, key, reason.code);
    if (reason.value_text.empty()) text = text_or(texts, key + ".missing", std::move(text));
    const auto value = reason.value_text.empty() ? text_or(texts, "reason.no_value", "-") : reason.value_text;
    words.push_back(replaced(std::move(text), "{value}", value));
  }
  return words;
}

}  // namespace amity::models
