#include "models/boosting/xgboost.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <xgboost/c_api.h>

#include "base/check.h"

namespace amity::models {
namespace {

// The library's own messages speak of its sources, not of input: they go into an internal error.
Result<void> ok(int code) {
  if (code == 0) return {};
  const std::string_view message = XGBGetLastError();
  return fail(Code::kInternal, fmt::format("XGBoost: {}", message.substr(0, 200)));
}

std::string monotone_text(const std::vector<Feature>& features) {
  std::string text = "(";
  for (const auto& feature : features) {
    if (text.size() > 1) text += ',';
    text += std::to_string(feature.monotone);
  }
  return text + ")";
}

bool has_monotone(const std::vector<Feature>& features) {
  for (const auto& feature : features) {
    if (feature.monotone != 0) return true;
  }
  return false;
}

std::string predict_config(int type, int tree_count) {
  return fmt::format(R"({{"type":{},"training":false,"iteration_begin":0,"iteration_end":{},"strict_shape":false}})",
                     type, tree_count);
}

using Parameters = std::vector<std::pair<const char*, std::string>>;

Parameters parameters_of(const BoosterSettings& settings, const std::vector<Feature>& features, float base_score) {
  Parameters parameters{{"objective", "binary:logistic"},
                        {"tree_method", "hist"},
                        {"verbosity", "0"},
                        {"base_score", fmt::format("{:.9g}", base_score)},
                        {"max_depth", std::to_string(settings.depth)},
                        {"eta", fmt::format("{}", settings.learning_rate)},
                        {"min_child_weight", fmt::format("{}", settings.min_child_weight)},
                        {"subsample", fmt::format("{}", settings.row_share)},
                        {"colsample_bytree", fmt::format("{}", settings.column_share)},
                        {"lambda", fmt::format("{}", settings.ridge)},
                        {"max_bin", std::to_string(settings.max_bins)},
                        {"max_cat_to_onehot", std::to_string(settings.one_hot_categories)},
                        {"seed", std::to_string(settings.seed % 2'147'483'647)},
                        {"nthread", std::to_string(settings.threads)}};
  if (has_monotone(features)) parameters.emplace_back("monotone_constraints", monotone_text(features));
  return parameters;
}

Result<std::vector<float>> predict(BoosterHandle booster, DMatrixHandle data, const std::string& config) {
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* values = nullptr;
  TRY(ok(XGBoosterPredictFromDMatrix(booster, data, config.c_str(), &shape, &dimensions, &values)));
  size_t count = dimensions == 0 ? 0 : 1;
  for (bst_ulong i = 0; i < dimensions; ++i) count *= shape[i];
  return std::vector<float>(values, values + count);
}

// The library writes NaN as the threshold of a categorical split, which JSON does not know: null. No text in a model is
// ours or anybody's (features are unnamed there), so that the letters stand for nothing else.
std::string without_nan(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const auto found = std::min(text.find("NaN", at), text.size());
    out += text.substr(at, found - at);
    if (found < text.size()) out += "null";
    at = found + 3;
  }
  return out;
}

}  // namespace

Result<BoosterData> BoosterData::make(const std::vector<Feature>& features, const Matrix& rows,
                                      std::span<const uint8_t> labels) {
  CHECK(rows.column_count == features.size() && (labels.empty() || labels.size() == rows.row_count));
  const std::vector<float> cells(rows.cells.begin(), rows.cells.end());
  DMatrixHandle handle = nullptr;
  TRY(ok(
      XGDMatrixCreateFromMat(cells.data(), rows.row_count, rows.column_count, static_cast<float>(kMissing), &handle)));
  BoosterData data;
  data.handle_ = std::shared_ptr<void>(handle, [](void* h) { XGDMatrixFree(h); });
  data.row_count_ = rows.row_count;
  std::vector<const char*> kinds;
  for (const auto& feature : features) kinds.push_back(feature.is_categorical ? "c" : "float");
  TRY(ok(XGDMatrixSetStrFeatureInfo(handle, "feature_type", kinds.data(), kinds.size())));
  if (!labels.empty()) {
    const std::vector<float> values(labels.begin(), labels.end());
    TRY(ok(XGDMatrixSetFloatInfo(handle, "label", values.data(), values.size())));
  }
  return data;
}

Result<Booster> Booster::make(const BoosterSettings& settings, const std::vector<Feature>& features, double base_rate,
                              const BoosterData& training, const BoosterData* watched) {
  CHECK(base_rate > 0 && base_rate < 1);
  Booster booster;
  booster.training_ = training;
  if (watched != nullptr) booster.watched_ = *watched;
  const DMatrixHandle known[2] = {booster.training_.handle_.get(), booster.watched_.handle_.get()};
  BoosterHandle handle = nullptr;
  TRY(ok(XGBoosterCreate(known, watched == nullptr ? 1 : 2, &handle)));
  booster.handle_ = std::shared_ptr<void>(handle, [](void* h) { XGBoosterFree(h); });
  const auto base_score = static_cast<float>(base_rate);
  for (const auto& [name, value] : parameters_of(settings, features, base_score)) {
    TRY(ok(XGBoosterSetParam(handle, name, value.c_str())));
  }
  booster.base_margin_ = -std::log(1.0f / base_score - 1.0f);  // as the library turns a probability into a margin
  return booster;
}

Result<void> Booster::grow() {
  return ok(XGBoosterUpdateOneIter(handle_.get(), tree_count_++, training_.handle_.get()));
}

Result<std::vector<float>> Booster::margins(const BoosterData& data, int tree_count) const {
  return predict(handle_.get(), data.handle_.get(), predict_config(1, tree_count));
}

Result<std::vector<float>> Booster::contributions(const BoosterData& data) const {
  return predict(handle_.get(), data.handle_.get(), predict_config(2, 0));
}

Result<std::string> Booster::json() const {
  bst_ulong size = 0;
  const char* text = nullptr;
  TRY(ok(XGBoosterSaveModelToBuffer(handle_.get(), R"({"format":"json"})", &size, &text)));
  return without_nan(std::string_view(text, size));
}

}  // namespace amity::models
