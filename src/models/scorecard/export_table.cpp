#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "models/scorecard_export.h"

namespace amity::models {
namespace {

class Wording {
 public:
  explicit Wording(const Texts& texts) : texts_(texts) {}
  std::string operator()(std::string_view key) const {
    const auto found = texts_.find("scorecard." + std::string(key));
    return found == texts_.end() ? std::string(key) : found->second;
  }

 private:
  const Texts& texts_;
};

// A cell of a markdown table: nothing in it may end the cell or the line.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '\\') out += '\\';
    out += (c >= 0 && c < ' ') || c == 127 ? ' ' : c;
  }
  return out;
}

std::string number(double x) { return fmt::format("{}", x); }

std::string interval(const std::vector<double>& cuts, size_t k, const Wording& words) {
  if (cuts.empty()) return words("any_value");
  if (k == 0) return "< " + number(cuts.front());
  if (k == cuts.size()) return ">= " + number(cuts.back());
  return fmt::format(">= {}, < {}", cuts[k - 1], cuts[k]);
}

std::string categories_in(const Feature& feature, const Characteristic& characteristic, size_t k) {
  std::string out;
  for (size_t code = 0; code < feature.categories.size(); ++code) {
    if (characteristic.attribute_of[code] == k) out += (out.empty() ? "" : "; ") + feature.categories[code];
  }
  return out;
}

std::string attribute_name(const Feature& feature, const Characteristic& characteristic, size_t k,
                           const Wording& words) {
  if (k + 1 == characteristic.attributes.size()) {
    return words(feature.is_categorical ? "missing_or_unknown" : "missing");
  }
  return feature.is_categorical ? categories_in(feature, characteristic, k) : interval(characteristic.cuts, k, words);
}

void add_rows(std::string& out, const Feature& feature, const Characteristic& characteristic, const Wording& words) {
  for (size_t k = 0; k < characteristic.attributes.size(); ++k) {
    const auto& attribute = characteristic.attributes[k];
    out += fmt::format("| {} | {} | {} | {:.1f} % | {:.1f} % | {:.3f} |\n", k == 0 ? cell(feature.name) : "",
                       cell(attribute_name(feature, characteristic, k, words)), attribute.points, 100 * attribute.share,
                       100 * attribute.bad_rate, attribute.woe);
  }
}

// The strongest first, as people look for them.
std::vector<size_t> in_order_of_information(const Scorecard& card) {
  std::vector<size_t> order;
  for (size_t j = 0; j < card.characteristics.size(); ++j) {
    if (card.characteristics[j].is_used()) order.push_back(j);
  }
  std::ranges::stable_sort(order, std::greater{}, [&](size_t j) { return card.characteristics[j].information_value; });
  return order;
}

std::string calibration_row(const Calibration& calibration, const Wording& words) {
  const auto kind = std::string(name_of(calibration.kind));
  const auto numbers = calibration.kind == Calibration::Kind::kPlatt
                           ? fmt::format(" ({}, {})", calibration.slope, calibration.offset)
                           : std::string();
  return fmt::format("| {} | {}{} |\n", words("calibration"), kind, numbers);
}

}  // namespace

Result<std::string> scorecard_table(const Model& model, const Texts& texts) {
  if (!model.scorecard) return fail(Code::kUnprocessable, "only a scorecard can be exported, and this model is none");
  const auto& card = *model.scorecard;
  const Wording words(texts);
  auto out = fmt::format("# {}\n\n{}\n\n| | |\n|---|---|\n", cell(model.name), words("how_to_add"));
  const auto fact = [&](std::string_view key, const std::string& value) {
    out += fmt::format("| {} | {} |\n", words(key), cell(value));
  };
  fact("base_points", std::to_string(card.base_points));
  fact("points_to_double_odds", number(card.points_to_double_odds));
  fact("base_score", fmt::format("{} = {} : 1", card.base_score, card.base_odds));
  fact("bad_value", model.positive);
  fact("training_rows", std::to_string(card.row_count));
  out += calibration_row(model.calibration, words);
  out += fmt::format("\n| {} | {} | {} | {} | {} | {} |\n|---|---|---:|---:|---:|---:|\n", words("characteristic"),
                     words("attribute"), words("points"), words("share"), words("bad_rate"), words("woe"));
  const auto order = in_order_of_information(card);
  for (const size_t j : order) add_rows(out, model.features[j], card.characteristics[j], words);
  out += fmt::format("\n| {} | {} |\n|---|---:|\n", words("characteristic"), words("information_value"));
  for (const size_t j : order) {
    out += fmt::format("| {} | {:.3f} |\n", cell(model.features[j].name), card.characteristics[j].information_value);
  }
  return out;
}

}  // namespace amity::models
