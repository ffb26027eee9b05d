#include "models/evaluate.h"

#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "models/folds.h"

namespace amity::models {
namespace {

struct Predictions {
  std::vector<double> model, logistic;
};

Predictions predict(const Model& model, const Matrix& rows) {
  Predictions out{.model = probabilities_of(model, rows), .logistic = {}};
  for (size_t i = 0; i < rows.row_count; ++i) out.logistic.push_back(model.logistic_probability(rows.row(i)));
  return out;
}

Result<Evaluation> measure_all(const Predictions& predictions, std::span<const uint8_t> labels,
                               const EvaluateOptions& options) {
  return Evaluation{.method = "held_out",
                    .model = TRY(measure(predictions.model, labels, options.metrics)),
                    .logistic = TRY(measure(predictions.logistic, labels, options.metrics)),
                    .auc_advantage = TRY(auc_difference(predictions.model, predictions.logistic, labels)),
                    .confusion = confusion_at(predictions.model, labels, options.threshold)};
}

void add(Estimate& sum, const Estimate& one, double share) {
  sum.value += share * one.value;
  sum.low += share * one.low;
  sum.high += share * one.high;
}

void add(Metrics& sum, const Metrics& one, double share) {
  sum.row_count = one.row_count;
  sum.positive_count = one.positive_count;
  sum.budget = one.budget;
  for (const auto member : {&Metrics::auc, &Metrics::gini, &Metrics::ks, &Metrics::brier, &Metrics::log_loss,
                            &Metrics::ece, &Metrics::precision}) {
    add(sum.*member, one.*member, share);
  }
  sum.ece_noise += share * one.ece_noise;
  for (size_t i = 0; i < sum.lift.size(); ++i) add(sum.lift[i], one.lift[i], share);
}

// Every row predicted by a model that has not seen it.
Result<Predictions> predict_out_of_fold(const Table& table, const TrainOptions& options, std::span<const int> folds,
                                        int fold_count) {
  Predictions out{.model = std::vector<double>(table.row_count), .logistic = std::vector<double>(table.row_count)};
  for (int fold = 0; fold < fold_count; ++fold) {
    const auto split = split_of(folds, fold);
    const auto trained = TRY(train_table(select_rows(table, split.training), options));
    const auto rows = TRY(bind_rows(trained.model.features, select_rows(table, split.held_out)));
    const auto predicted = predict(trained.model, rows);
    for (size_t i = 0; i < split.held_out.size(); ++i) {
      out.model[split.held_out[i]] = predicted.model[i];
      out.logistic[split.held_out[i]] = predicted.logistic[i];
    }
  }
  return out;
}

}  // namespace

Result<Evaluation> evaluate_table(const Model& model, const Table& table, std::string_view target,
                                  const EvaluateOptions& options) {
  const auto labels = TRY(read_labels(table, target, model.positive, model.negative));
  const auto rows = TRY(bind_rows(model.features, table));
  auto evaluation = TRY(measure_all(predict(model, rows), labels, options));
  if (model.scorecard) evaluation.stability = stability_of(model, rows);
  return evaluation;
}

Result<Evaluation> cross_validate(const Table& table, const TrainOptions& options, int folds, int repeats,
                                  const EvaluateOptions& evaluate) {
  if (folds < 2 || folds > 20 || repeats < 1 || repeats > 100) return invalid("folds: 2 to 20, repeats: 1 to 100");
  const auto target = TRY(read_target(table, options.choice.target, options.positive));
  auto inner = options;
  inner.positive = target.positive;
  inner.progress = {};
  Evaluation sum{.method = "cross_validation", .repeats = repeats, .folds = folds};
  Random random(options.seed);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto fold_of = stratified_folds(target.labels, group_ids(table, options.choice.group), folds, random);
    const auto predictions = TRY(predict_out_of_fold(table, inner, fold_of, folds));
    const auto one = TRY(measure_all(predictions, target.labels, evaluate));
    add(sum.model, one.model, 1.0 / repeats);
    add(sum.logistic, one.logistic, 1.0 / repeats);
    add(sum.auc_advantage, one.auc_advantage, 1.0 / repeats);
    sum.confusion = one.confusion;
    if (options.progress) options.progress(repeat + 1, repeats);
  }
  return sum;
}

Result<Evaluation> evaluate_out_of_time(const Table& earlier, const Table& later, const TrainOptions& options,
                                        const EvaluateOptions& evaluate) {
  const auto trained = TRY(train_table(earlier, options));
  auto evaluation = TRY(evaluate_table(trained.model, later, options.choice.target, evaluate));
  evaluation.method = "out_of_time";
  return evaluation;
}

Result<std::vector<double>> predict_table(const Model& model, const Table& table) {
  return probabilities_of(model, TRY(bind_rows(model.features, table)));
}

Result<void> write_predictions(const std::string& path, std::span<const double> probabilities) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wb"), std::fclose);
  if (!file) return fail(Code::kUnavailable, "the predictions' file cannot be written", path);
  std::string text = "row,probability\n";
  for (size_t i = 0; i < probabilities.size(); ++i) text += fmt::format("{},{}\n", i + 1, probabilities[i]);
  const bool is_written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
  if (!is_written || std::fflush(file.get()) != 0) {
    return fail(Code::kUnavailable, "the predictions could not be written whole: is the disk full?", path);
  }
  return {};
}

json::object to_json(const Evaluation& evaluation) {
  json::object out{{"method", evaluation.method},
                   {"repeats", evaluation.repeats},
                   {"folds", evaluation.folds},
                   {"model", to_json(evaluation.model)},
                   {"logistic_regression", to_json(evaluation.logistic)},
                   {"auc_advantage", to_json(evaluation.auc_advantage)},
                   {"confusion", to_json(evaluation.confusion)}};
  if (evaluation.stability) out["stability"] = to_json(*evaluation.stability);
  return out;
}

}  // namespace amity::models
