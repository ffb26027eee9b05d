#include <algorithm>

#include <fmt/format.h>

#include "models/scorecard_export.h"

namespace amity::models {
namespace {

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

Result<std::string> identifier(const std::string& name) {
  const bool has_control = std::ranges::any_of(name, [](char c) { return (c >= 0 && c < ' ') || c == 127; });
  if (name.empty() || has_control) {
    return fail(Code::kUnprocessable, "a column's name is empty or has a control character: no SQL can name it");
  }
  return quoted(name, '"');
}

// A literal that every database reads as the same binary64.
std::string literal(double number) { return fmt::format("CAST('{}' AS DOUBLE PRECISION)", number); }

std::string number_case(const std::string& column, const Characteristic& characteristic) {
  const auto& attributes = characteristic.attributes;
  std::string out = fmt::format("CASE WHEN {} IS NULL THEN {}", column, attributes.back().points);
  for (size_t k = 0; k < characteristic.cuts.size(); ++k) {
    out += fmt::format(" WHEN {} < {} THEN {}", column, literal(characteristic.cuts[k]), attributes[k].points);
  }
  return out + fmt::format(" ELSE {} END", attributes[attributes.size() - 2].points);
}

// What is no category of training counts as missing, as in the model.
std::string category_case(const std::string& column, const Characteristic& characteristic, const Feature& feature) {
  const auto& attributes = characteristic.attributes;
  std::string out = "CASE";
  for (size_t k = 0; k + 1 < attributes.size(); ++k) {
    std::string list;
    for (size_t code = 0; code < feature.categories.size(); ++code) {
      if (characteristic.attribute_of[code] == k)
        list += (list.empty() ? "" : ", ") + quoted(feature.categories[code], '\'');
    }
    if (list.empty()) continue;
    out += fmt::format(" WHEN TRIM(CAST({} AS VARCHAR)) IN ({}) THEN {}", column, list, attributes[k].points);
  }
  if (out == "CASE") return std::to_string(attributes.back().points);
  return out + fmt::format(" ELSE {} END", attributes.back().points);
}

Result<std::string> points_of(const Feature& feature, const Characteristic& characteristic) {
  if (!characteristic.is_used()) return std::string("0");
  const auto column = "a." + TRY(identifier(feature.name));
  return feature.is_categorical ? category_case(column, characteristic, feature) : number_case(column, characteristic);
}

// The calibrated margin of m.amity_margin.
std::string calibrated(const Calibration& calibration) {
  const std::string margin = "m.amity_margin";
  const auto& knots = calibration.knots;
  const auto& values = calibration.values;
  switch (calibration.kind) {
    case Calibration::Kind::kNone: return margin;
    case Calibration::Kind::kPlatt:
      return fmt::format("{} * {} + {}", literal(calibration.slope), margin, literal(calibration.offset));
    case Calibration::Kind::kIsotonic: break;
  }
  std::string out =
      fmt::format("CASE WHEN {0} <= {1} THEN {2} + ({0} - {1}) WHEN {0} >= {3} THEN {4} + ({0} - {3})", margin,
                  literal(knots.front()), literal(values.front()), literal(knots.back()), literal(values.back()));
  for (size_t k = 1; k < knots.size(); ++k) {
    out += fmt::format(" WHEN {0} < {1} THEN {2} + ({0} - {3}) / ({1} - {3}) * ({4} - {2})", margin, literal(knots[k]),
                       literal(values[k - 1]), literal(knots[k - 1]), literal(values[k]));
  }
  return out + " END";
}

}  // namespace

std::string_view name_of(ExportForm form) { return form == ExportForm::kSql ? "sql" : "table"; }

Result<ExportForm> parse_export_form(std::string_view name) {
  for (const auto form : {ExportForm::kSql, ExportForm::kTable}) {
    if (name == name_of(form)) return form;
  }
  return invalid("a scorecard is exported as sql or as a table: sql, table");
}

Result<std::string> scorecard_sql(const Model& model) {
  if (!model.scorecard) return fail(Code::kUnprocessable, "only a scorecard can be exported, and this model is none");
  const auto& card = *model.scorecard;
  std::string columns, sum = std::to_string(card.base_points);
  for (size_t j = 0; j < card.characteristics.size(); ++j) {
    columns += fmt::format(",\n         {} AS amity_points_{}",
                           TRY(points_of(model.features[j], card.characteristics[j])), j + 1);
    sum += fmt::format(" + c.amity_points_{}", j + 1);
  }
  return fmt::format(
      "SELECT m.*, 1 / (1 + EXP(-({}))) AS amity_probability\n"
      "FROM (\n"
      "  SELECT p.*, ({} - p.amity_points) / {} AS amity_margin\n"
      "  FROM (\n"
      "    SELECT c.*, {} AS amity_points\n"
      "    FROM (\n"
      "      SELECT a.*{}\n"
      "      FROM applications a\n"
      "    ) c\n"
      "  ) p\n"
      ") m;\n",
      calibrated(model.calibration), literal(card.offset), literal(card.factor), sum, columns);
}

}  // namespace amity::models
