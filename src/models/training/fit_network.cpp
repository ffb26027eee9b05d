#include "models/training/fit_network.h"

#include <cmath>

#include "models/folds.h"
#include "models/metrics.h"
#include "models/network/learn.h"
#include "models/training/held_out.h"
#include "models/training/plan.h"

namespace amity::models {
namespace {

constexpr size_t kTrialRows = 5'000;
constexpr int kTrialFolds = 3;

// The more rows, the larger the batches and the fewer the epochs and seeds it takes.
NetworkSettings for_rows(NetworkSettings settings, size_t row_count) {
  const bool has_many = row_count > 20'000;
  settings.batch = has_many ? 256 : row_count > 5'000 ? 128 : 32;
  settings.most_epochs = has_many ? 25 : 80;
  settings.patience = has_many ? 4 : 8;
  settings.perceptrons = has_many ? 2 : 3;
  return settings;
}

// Small to large, held back to free.
std::vector<NetworkSettings> trial_list() {
  std::vector<NetworkSettings> list;
  for (const auto& [units, decay] : {std::pair{size_t{8}, 0.01}, {16, 0.003}, {32, 0.001}, {32, 0.0001}, {4, 0.03}}) {
    list.push_back({.units = units, .decay = decay});
  }
  return list;
}

Result<NetworkSettings> choose(const Sample& sample, const TrainOptions& options, Steps& steps) {
  Random random(options.seed);
  const auto trial = part_of(sample, some_rows(sample, kTrialRows, random));
  const auto folds = stratified_folds(trial.labels, trial.groups, kTrialFolds, random);
  NetworkSettings best;
  double best_loss = INFINITY;
  for (const auto& listed : trial_list()) {
    auto settings = for_rows(listed, trial.labels.size());
    settings.perceptrons = 1;
    std::vector<double> margins(trial.labels.size());
    for (int fold = 0; fold < kTrialFolds; ++fold) {
      const auto split = split_of(folds, fold);
      const auto network = learn_network(part_of(trial, split.training), settings, options.seed);
      for (const uint32_t row : split.held_out) margins[row] = network.margin(trial.rows.row(row));
    }
    const double loss = log_loss_of_margins(margins, trial.labels);
    if (loss < best_loss) best = listed, best_loss = loss;
    steps.next();
  }
  return for_rows(best, sample.labels.size());
}

}  // namespace

Result<void> fit_network_model(TrainedModel& out, const Sample& sample, const TrainOptions& options) {
  Steps steps{.progress = &options.progress, .total = static_cast<int>(trial_list().size()) + options.folds + 1};
  const auto settings = TRY(choose(sample, options, steps));
  const FitPart fit = [&](const Sample& part) -> Result<MarginOf> {
    return [network = learn_network(part, settings, options.seed)](std::span<const double> row) {
      return network.margin(row);
    };
  };
  TRY(finish_by_folds(out, sample, options, fit, [&] { steps.next(); }));
  out.model.forest_share = 0;
  out.model.network = learn_network(sample, settings, options.seed);
  out.details = {{"units", settings.units}, {"perceptrons", settings.perceptrons},
                 {"decay", settings.decay}, {"learning_rate", settings.rate},
                 {"batch", settings.batch}, {"seed", options.seed}};
  steps.next();
  return {};
}

}  // namespace amity::models
