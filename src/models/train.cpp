#include "models/train.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/folds.h"
#include "models/training/fit_network.h"
#include "models/training/fit_scorecard.h"
#include "models/training/mixture.h"

namespace amity::models {
namespace {

int forests_for(size_t row_count) {
  return row_count <= 2'000 ? 6 : row_count <= 10'000 ? 4 : row_count <= 40'000 ? 3 : 2;
}

Result<Forest> grow_forest(const Sample& sample, const BoosterSettings& settings, int tree_count) {
  const auto data = TRY(BoosterData::make(*sample.features, sample.rows, sample.labels));
  auto booster = TRY(Booster::make(settings, *sample.features, sample.rate(), data));
  for (int i = 0; i < tree_count; ++i) TRY(booster.grow());
  auto forest = TRY(read_xgboost_model(TRY(booster.json()), booster.base_margin()));
  const auto theirs = TRY(booster.margins(data));
  for (size_t i = 0; i < std::min<size_t>(theirs.size(), 2'000); ++i) {
    const auto row = sample.rows.row(i);
    if (forest.margin(std::vector<float>(row.begin(), row.end())) != theirs[i]) {
      return fail(Code::kInternal, "the trees as read do not give the margins they were grown with");
    }
  }
  return forest;
}

Result<void> check_options(const TrainOptions& options, const Target& target) {
  const auto positives = size_t(std::ranges::count(target.labels, 1));
  if (target.labels.size() < kLeastRows || std::min(positives, target.labels.size() - positives) < kLeastOfEach) {
    return fail(Code::kUnprocessable,
                fmt::format("too little to learn from: {} rows, {} of them positive; at least {} rows and {} of each "
                            "value are needed",
                            target.labels.size(), positives, kLeastRows, kLeastOfEach));
  }
  if (options.folds < 2 || options.folds > 20) return invalid("folds: 2 to 20");
  return {};
}

// Fits what the mixture is made of on all rows. The partner and the logistic regression beside it come of `parts`.
Result<void> fit_parts(Model& model, const Sample& sample, const Plan& plan, const AdditiveParts& parts,
                       const Mixture& mixture, int tree_count, Steps& steps) {
  model.logistic = TRY(fit_additive(model.features, sample.rows, sample.labels, parts.logistic));
  if (model.forest_share < 1) {
    model.partner = mixture.is_plain ? model.logistic
                                     : TRY(fit_additive(model.features, sample.rows, sample.labels, parts.partner));
  }
  for (int forest = 0; forest < plan.forests && model.forest_share > 0; ++forest) {
    auto settings = plan.settings;
    settings.seed += uint64_t(forest);
    model.forests.push_back(TRY(grow_forest(sample, settings, tree_count)));
    steps.next();
  }
  return {};
}

void note_where_no_better_than_chance(TrainedModel& trained) {
  if (is_better_than_chance(trained.out_of_fold)) return;
  const auto& auc = trained.out_of_fold.auc;
  trained.notes.push_back(
      fmt::format("out of fold no better than chance (AUC {:.3f}, {:.3f} to {:.3f}): these columns say "
                  "nothing about {}, or there are too few rows to show it; do not decide by this model",
                  auc.value, auc.low, auc.high, trained.target));
}

// Steps 2 to 5 of train.h, on features that are learnt.
Result<void> fit_boosted_trees(TrainedModel& out, const Sample& sample, const TrainOptions& options) {
  const size_t row_count = sample.labels.size();
  const int repeats = row_count <= 2'000 ? 2 : 1;
  Plan plan{.settings = {},
            .forests = options.forests > 0 ? options.forests : forests_for(row_count),
            .fold_count = options.folds};
  Steps steps{.progress = &options.progress,
              .total = (options.settings ? 0 : options.trials) + plan.forests * (repeats + 1)};
  plan.settings = options.settings ? *options.settings : TRY(choose_settings(sample, options, steps));
  const auto parts = TRY(choose_additive(sample, options.folds, options.seed));
  const auto oof = TRY(predict_out_of_fold(sample, plan, parts, repeats, options.seed, steps));

  auto& model = out.model;
  const auto mixture = options.may_blend ? choose_mixture(oof) : Mixture{};
  model.forest_share = mixture.forest_share;
  const auto margins = mixed(oof, mixture);
  model.calibration = choose_calibration(margins, oof.labels, oof.folds);
  TRY(fit_parts(model, sample, plan, parts, mixture, oof.tree_count, steps));
  out.settings = plan.settings;
  out.tree_count = oof.tree_count;
  out.out_of_fold = TRY(measure_calibrated(margins, oof, model.calibration.kind, row_count));
  out.logistic_out_of_fold = TRY(measure_logistic(oof, row_count));
  return {};
}

json::object settings_of(const TrainedModel& trained) {
  if (algorithm_of(trained.model) != Algorithm::kBoostedTrees) return trained.details;
  const auto& s = trained.settings;
  return {{"depth", s.depth},
          {"learning_rate", s.learning_rate},
          {"min_child_weight", s.min_child_weight},
          {"row_share", s.row_share},
          {"column_share", s.column_share},
          {"ridge", s.ridge},
          {"trees", trained.tree_count},
          {"forests", trained.model.forests.size()},
          {"seed", s.seed}};
}

}  // namespace

Result<TrainedModel> train_table(const Table& table, const TrainOptions& options) {
  auto target = TRY(read_target(table, options.choice.target, options.positive));
  TRY(check_options(options, target));
  auto learnt = TRY(learn_features(table, options.choice));
  TrainedModel out{.model = {.name = options.name, .features = std::move(learnt.features)},
                   .target = options.choice.target,
                   .notes = std::move(learnt.notes),
                   .data_fingerprint = table.fingerprint};
  const Sample sample{.features = &out.model.features,
                      .rows = TRY(bind_rows(out.model.features, table)),
                      .labels = std::move(target.labels),
                      .groups = group_ids(table, options.choice.group)};
  out.model.positive = target.positive;
  out.model.negative = target.negative;
  switch (options.algorithm) {
    case Algorithm::kBoostedTrees: TRY(fit_boosted_trees(out, sample, options)); break;
    case Algorithm::kScorecard: TRY(fit_scorecard_model(out, sample, options)); break;
    case Algorithm::kMultilayerPerceptron: TRY(fit_network_model(out, sample, options)); break;
  }
  note_where_no_better_than_chance(out);
  return out;
}

json::object report_of(const TrainedModel& trained) {
  json::array notes;
  for (const auto& note : trained.notes) notes.emplace_back(note);
  return {{"algorithm", name_of(algorithm_of(trained.model))},
          {"settings", settings_of(trained)},
          {"forest_share", trained.model.forest_share},
          {"calibration", name_of(trained.model.calibration.kind)},
          {"target", trained.target},
          {"positive", trained.model.positive},
          {"out_of_fold", to_json(trained.out_of_fold)},
          {"logistic_regression", to_json(trained.logistic_out_of_fold)},
          {"data", to_hex(trained.data_fingerprint)},
          {"notes", std::move(notes)}};
}

}  // namespace amity::models
