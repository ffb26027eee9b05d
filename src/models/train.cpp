#include "models/train.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include <fmt/format.h>

#include "models/folds.h"

namespace amity::models {
namespace {

constexpr size_t kTrialRows = 20'000;  // on which settings are tried; one thread suffices
constexpr int kMostTrees = 3000;

// What everything below learns from.
struct Sample {
  const std::vector<Feature>* features;
  Matrix rows;
  std::vector<uint8_t> labels;
  std::vector<uint32_t> groups;  // empty where rows stand alone

  double rate() const { return double(std::ranges::count(labels, 1)) / double(labels.size()); }
};

Sample part_of(const Sample& sample, std::span<const uint32_t> rows) {
  return {
      .features = sample.features,
      .rows = select_rows(sample.rows, rows),
      .labels = pick(std::span<const uint8_t>(sample.labels), rows),
      .groups = sample.groups.empty() ? std::vector<uint32_t>{} : pick(std::span<const uint32_t>(sample.groups), rows)};
}

// Few rows are not worth handing to a second thread: waiting for each other takes longer than the work.
int threads_for(size_t row_count, const TrainOptions& options) { return row_count < 30'000 ? 1 : options.threads; }

// The list of trials: shallow to deep, held back to free. The first is a sound choice by itself.
std::vector<BoosterSettings> trial_list(const TrainOptions& options, int threads) {
  std::vector<BoosterSettings> list = {
      {.depth = 4, .min_child_weight = 5, .row_share = 0.8, .column_share = 0.8, .ridge = 1},
      {.depth = 2, .min_child_weight = 3, .row_share = 0.7, .column_share = 0.5, .ridge = 1},
      {.depth = 3, .min_child_weight = 10, .row_share = 0.7, .column_share = 0.6, .ridge = 5},
      {.depth = 6, .min_child_weight = 2, .row_share = 0.8, .column_share = 0.7, .ridge = 1},
      {.depth = 5, .min_child_weight = 20, .row_share = 0.7, .column_share = 0.5, .ridge = 10},
      {.depth = 9, .min_child_weight = 1, .row_share = 0.8, .column_share = 0.6, .ridge = 1},
      {.depth = 1, .min_child_weight = 2, .row_share = 0.6, .column_share = 0.5, .ridge = 2},
      {.depth = 4, .min_child_weight = 40, .row_share = 0.6, .column_share = 0.5, .ridge = 5},
      {.depth = 6, .min_child_weight = 20, .row_share = 0.6, .column_share = 0.4, .ridge = 20},
      {.depth = 3, .min_child_weight = 2, .row_share = 0.5, .column_share = 0.3, .ridge = 1},
      {.depth = 7, .min_child_weight = 5, .row_share = 0.6, .column_share = 0.5, .ridge = 5},
      {.depth = 12, .min_child_weight = 0.3, .row_share = 0.8, .column_share = 0.4, .ridge = 0.5},
      {.depth = 3, .min_child_weight = 1, .row_share = 0.9, .column_share = 0.9, .ridge = 0.1},
      {.depth = 5, .min_child_weight = 1, .row_share = 0.5, .column_share = 0.3, .ridge = 20},
      {.depth = 15, .min_child_weight = 0.1, .row_share = 0.7, .column_share = 0.4, .ridge = 0.3},
  };
  list.resize(std::min(list.size(), size_t(std::max(1, options.trials))));
  for (auto& settings : list) {
    settings.threads = threads;
    settings.seed = options.seed;
    settings.learning_rate = 0.1;
  }
  return list;
}

// The loss of margins once a Platt calibration has taken their over- or underconfidence away: what they know, whatever
// they make of it. Two parameters fitted to all rows flatter every candidate alike.
double calibrated_loss(const std::vector<double>& margins, std::span<const uint8_t> labels) {
  const auto platt = fit_calibration(Calibration::Kind::kPlatt, margins, labels);
  std::vector<double> calibrated;
  for (const double margin : margins) calibrated.push_back(platt.apply(margin));
  return log_loss_of_margins(calibrated, labels);
}

// Grows the boosters of all folds in step and stops when their mean held-out loss has not fallen for a while.
class FoldBoosters {
 public:
  static Result<FoldBoosters> make(const Sample& sample, std::span<const int> folds, int fold_count,
                                   const BoosterSettings& settings) {
    FoldBoosters out(sample);
    for (int fold = 0; fold < fold_count; ++fold) {
      auto split = split_of(folds, fold);
      const auto training = part_of(sample, split.training), held_out = part_of(sample, split.held_out);
      const auto data = TRY(BoosterData::make(*sample.features, training.rows, training.labels));
      auto watched = TRY(BoosterData::make(*sample.features, held_out.rows, {}));
      auto booster = TRY(Booster::make(settings, *sample.features, training.rate(), data, &watched));
      out.folds_.push_back({std::move(booster), std::move(watched), std::move(split.held_out)});
    }
    return out;
  }

  // The best number of trees and its mean held-out loss.
  struct Best {
    int tree_count = 0;
    double loss = INFINITY;
  };
  Result<Best> grow_until_worse(double learning_rate) {
    const int patience = std::max(20, int(3 / learning_rate));
    Best best;
    for (int count = 1; count <= kMostTrees && count - best.tree_count <= patience; ++count) {
      for (auto& fold : folds_) TRY(fold.booster.grow());
      if (count % 2 != 0 && count > 20) continue;
      const double loss = log_loss_of_margins(TRY(held_out_margins(0)), sample_->labels);
      if (loss < best.loss) best = {count, loss};
    }
    return best;
  }
  Result<void> grow(int tree_count) {
    for (auto& fold : folds_) {
      while (fold.booster.tree_count() < tree_count) TRY(fold.booster.grow());
    }
    return {};
  }

  // Every row's margin from the booster that has not seen it.
  Result<std::vector<double>> held_out_margins(int tree_count) const {
    std::vector<double> margins(sample_->labels.size());
    for (const auto& fold : folds_) {
      const auto values = TRY(fold.booster.margins(fold.watched, tree_count));
      for (size_t i = 0; i < values.size(); ++i) margins[fold.rows[i]] = values[i];
    }
    return margins;
  }

 private:
  struct Fold {
    Booster booster;
    BoosterData watched;
    std::vector<uint32_t> rows;
  };
  explicit FoldBoosters(const Sample& sample) : sample_(&sample) {}

  const Sample* sample_;
  std::vector<Fold> folds_;
};

struct Plan {
  BoosterSettings settings;
  int forests = 1;
  int fold_count = 5;
};

int forests_for(size_t row_count) {
  return row_count <= 2'000 ? 6 : row_count <= 10'000 ? 4 : row_count <= 40'000 ? 3 : 2;
}

// Progress in steps of roughly equal work.
struct Steps {
  const Progress* progress;
  int total = 1, done = 0;
  void next() {
    ++done;
    if (*progress) (*progress)(std::min(done, total), total);
  }
};

Result<BoosterSettings> choose_settings(const Sample& sample, const TrainOptions& options, Steps& steps) {
  const auto list = trial_list(options, 1);
  Random random(options.seed);
  std::vector<uint32_t> rows(sample.labels.size());
  std::iota(rows.begin(), rows.end(), 0u);
  if (rows.size() > kTrialRows && sample.groups.empty()) {
    shuffle(rows, random);
    rows.resize(kTrialRows);
  }
  const auto trial = part_of(sample, rows);
  const int fold_count = rows.size() > 4'000 ? 3 : options.folds;
  const int repeats = rows.size() > 2'000 ? 1 : 2;
  BoosterSettings best = list.front();
  double best_loss = INFINITY;
  std::vector<std::vector<int>> foldings;
  for (int r = 0; r < repeats; ++r)
    foldings.push_back(stratified_folds(trial.labels, trial.groups, fold_count, random));
  for (const auto& settings : list) {
    double loss = 0;
    for (const auto& folds : foldings) {
      auto boosters = TRY(FoldBoosters::make(trial, folds, fold_count, settings));
      const auto grown = TRY(boosters.grow_until_worse(settings.learning_rate));
      loss += calibrated_loss(TRY(boosters.held_out_margins(grown.tree_count)), trial.labels) / repeats;
    }
    if (loss < best_loss) {
      best = settings;
      best_loss = loss;
    }
    steps.next();
  }
  best.learning_rate = sample.labels.size() > 50'000 ? 0.06 : 0.03;
  best.threads = threads_for(sample.labels.size(), options);
  return best;
}

// Out-of-fold margins of everything that may become part of the model. Repeats stand one after the other, each with its
// own folding of all rows.
struct OutOfFold {
  std::vector<double> trees, partner, logistic;
  std::vector<uint8_t> labels;
  std::vector<int> folds;
  int tree_count = 0;
};

Result<std::vector<double>> additive_margins(const Sample& sample, std::span<const int> folds, int fold_count,
                                             const AdditiveSettings& settings) {
  std::vector<double> margins(sample.labels.size());
  for (int fold = 0; fold < fold_count; ++fold) {
    const auto split = split_of(folds, fold);
    const auto training = part_of(sample, split.training);
    const auto fitted = TRY(fit_additive(*sample.features, training.rows, training.labels, settings));
    for (const uint32_t row : split.held_out) margins[row] = fitted.margin(sample.rows.row(row));
  }
  return margins;
}

// The ridge with the least held-out loss, on a sample of the rows where there are many.
Result<AdditiveSettings> choose_ridge(const Sample& sample, int inner_knots, int fold_count, uint64_t seed) {
  Random random(seed);
  std::vector<uint32_t> rows(sample.labels.size());
  std::iota(rows.begin(), rows.end(), 0u);
  if (rows.size() > kTrialRows / 2 && sample.groups.empty()) {
    shuffle(rows, random);
    rows.resize(kTrialRows / 2);
  }
  const auto trial = part_of(sample, rows);
  const auto folds = stratified_folds(trial.labels, trial.groups, fold_count, random);
  AdditiveSettings best{.inner_knots = inner_knots, .ridge = 1};
  double best_loss = INFINITY;
  for (const double ridge : {0.3, 1.0, 3.0, 10.0, 30.0, 100.0}) {
    const AdditiveSettings settings{.inner_knots = inner_knots, .ridge = ridge};
    const double loss = log_loss_of_margins(TRY(additive_margins(trial, folds, fold_count, settings)), trial.labels);
    if (loss < best_loss) best = settings, best_loss = loss;
  }
  return best;
}

Result<std::vector<double>> tree_margins(const Sample& sample, std::span<const int> folds, const Plan& plan,
                                         int& tree_count, Steps& steps) {
  std::vector<double> sum(sample.labels.size(), 0.0);
  for (int forest = 0; forest < plan.forests; ++forest) {
    auto settings = plan.settings;
    settings.seed += uint64_t(forest);
    auto boosters = TRY(FoldBoosters::make(sample, folds, plan.fold_count, settings));
    if (tree_count == 0) {
      tree_count = TRY(boosters.grow_until_worse(settings.learning_rate)).tree_count;
    } else {
      TRY(boosters.grow(tree_count));
    }
    const auto margins = TRY(boosters.held_out_margins(tree_count));
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += margins[i] / plan.forests;
    steps.next();
  }
  return sum;
}

struct Parts {
  AdditiveSettings partner, logistic;
};

Result<OutOfFold> predict_out_of_fold(const Sample& sample, const Plan& plan, const Parts& parts, int repeats,
                                      uint64_t seed, Steps& steps) {
  OutOfFold out;
  Random random(seed ^ 0x5eed);
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto folds = stratified_folds(sample.labels, sample.groups, plan.fold_count, random);
    append(out.trees, TRY(tree_margins(sample, folds, plan, out.tree_count, steps)));
    append(out.partner, TRY(additive_margins(sample, folds, plan.fold_count, parts.partner)));
    append(out.logistic, TRY(additive_margins(sample, folds, plan.fold_count, parts.logistic)));
    append(out.labels, sample.labels);
    for (const int fold : folds) out.folds.push_back(fold);
  }
  return out;
}

std::vector<double> blend(const std::vector<double>& trees, const std::vector<double>& partner, double forest_share) {
  std::vector<double> margins(trees.size());
  for (size_t i = 0; i < margins.size(); ++i) margins[i] = forest_share * trees[i] + (1 - forest_share) * partner[i];
  return margins;
}

struct Mixture {
  double forest_share = 1;
  bool is_plain = false;  // the partner is plain logistic regression
};

// The partner and share in tenths with the least out-of-fold loss; the trees keep everything unless giving some away
// gains at least one part in a thousand of the loss.
Mixture choose_mixture(const OutOfFold& oof) {
  Mixture best;
  double best_loss = log_loss_of_margins(oof.trees, oof.labels) * (1 - 1e-3);
  for (const bool is_plain : {true, false}) {
    for (int tenths = 0; tenths < 10; ++tenths) {
      const auto& partner = is_plain ? oof.logistic : oof.partner;
      const double loss = log_loss_of_margins(blend(oof.trees, partner, tenths / 10.0), oof.labels);
      if (loss < best_loss) best = {tenths / 10.0, is_plain}, best_loss = loss;
    }
  }
  return best;
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

std::vector<double> sigmoids(const std::vector<double>& margins, const Calibration& calibration) {
  std::vector<double> probabilities;
  for (const double margin : margins) probabilities.push_back(1 / (1 + std::exp(-calibration.apply(margin))));
  return probabilities;
}

// One repeat's worth of pooled out-of-fold values, measured.
Result<Metrics> measure_first(const std::vector<double>& probabilities, const OutOfFold& oof, size_t row_count) {
  return measure(std::span(probabilities).first(row_count), std::span(oof.labels).first(row_count));
}

// Calibrated margins of each fold by a map fitted on the others, so that the figures are honest.
std::vector<double> cross_calibrated(const std::vector<double>& margins, const OutOfFold& oof, Calibration::Kind kind) {
  std::vector<double> probabilities(margins.size());
  const int fold_count = 1 + *std::ranges::max_element(oof.folds);
  for (int fold = 0; fold < fold_count; ++fold) {
    const auto split = split_of(oof.folds, fold);
    const std::span<const uint32_t> training(split.training);
    const auto fitted = fit_calibration(kind, pick(std::span<const double>(margins), training),
                                        pick(std::span<const uint8_t>(oof.labels), training));
    for (const uint32_t row : split.held_out) probabilities[row] = 1 / (1 + std::exp(-fitted.apply(margins[row])));
  }
  return probabilities;
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
  const size_t row_count = sample.labels.size();
  const int repeats = row_count <= 2'000 ? 2 : 1;
  Plan plan{.settings = {},
            .forests = options.forests > 0 ? options.forests : forests_for(row_count),
            .fold_count = options.folds};
  Steps steps{.progress = &options.progress,
              .total = (options.settings ? 0 : options.trials) + plan.forests * (repeats + 1)};

  plan.settings = options.settings ? *options.settings : TRY(choose_settings(sample, options, steps));
  const Parts parts{.partner = TRY(choose_ridge(sample, 8, options.folds, options.seed)),
                    .logistic = TRY(choose_ridge(sample, 0, options.folds, options.seed))};
  const auto oof = TRY(predict_out_of_fold(sample, plan, parts, repeats, options.seed, steps));

  auto& model = out.model;
  model.positive = target.positive;
  model.negative = target.negative;
  const auto mixture = options.may_blend ? choose_mixture(oof) : Mixture{};
  model.forest_share = mixture.forest_share;
  const auto margins = blend(oof.trees, mixture.is_plain ? oof.logistic : oof.partner, model.forest_share);
  model.calibration = choose_calibration(margins, oof.labels, oof.folds);
  model.logistic = TRY(fit_additive(model.features, sample.rows, sample.labels, parts.logistic));
  if (model.forest_share < 1) {
    model.partner = mixture.is_plain ? model.logistic
                                     : TRY(fit_additive(model.features, sample.rows, sample.labels, parts.partner));
  }
  for (int forest = 0; forest < plan.forests && model.forest_share > 0; ++forest) {
    auto settings = plan.settings;
    settings.seed += uint64_t(forest);
    model.forests.push_back(TRY(grow_forest(sample, settings, oof.tree_count)));
    steps.next();
  }
  out.settings = plan.settings;
  out.tree_count = oof.tree_count;
  out.out_of_fold = TRY(measure_first(cross_calibrated(margins, oof, model.calibration.kind), oof, row_count));
  if (!is_better_than_chance(out.out_of_fold)) {
    const auto& auc = out.out_of_fold.auc;
    out.notes.push_back(
        fmt::format("out of fold no better than chance (AUC {:.3f}, {:.3f} to {:.3f}): these columns say "
                    "nothing about {}, or there are too few rows to show it; do not decide by this model",
                    auc.value, auc.low, auc.high, options.choice.target));
  }
  out.logistic_out_of_fold = TRY(measure_first(sigmoids(oof.logistic, {}), oof, row_count));
  return out;
}

json::object report_of(const TrainedModel& trained) {
  const auto& s = trained.settings;
  json::array notes;
  for (const auto& note : trained.notes) notes.emplace_back(note);
  return {{"settings",
           {{"depth", s.depth},
            {"learning_rate", s.learning_rate},
            {"min_child_weight", s.min_child_weight},
            {"row_share", s.row_share},
            {"column_share", s.column_share},
            {"ridge", s.ridge},
            {"trees", trained.tree_count},
            {"forests", trained.model.forests.size()},
            {"seed", s.seed}}},
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
