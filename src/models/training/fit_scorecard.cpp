#include "models/training/fit_scorecard.h"

#include <algorithm>
#include <cmath>

#include "models/folds.h"
#include "models/metrics.h"
#include "models/scorecard/fit.h"
#include "models/training/held_out.h"
#include "models/training/plan.h"

namespace amity::models {
namespace {

constexpr size_t kTrialRows = 20'000;

struct Settings {
  BinningSettings binning;
  double ridge = 1;
};

// From few sure attributes to many fine ones.
std::vector<BinningSettings> binnings(const ScorecardOptions& options) {
  std::vector<BinningSettings> list;
  for (const auto& [most, z] : {std::pair{3, 1.64}, {5, 1.64}, {5, 1.0}, {8, 1.28}, {20, 1.0}}) {
    const BinningSettings binning{.minimum_share = options.minimum_share,
                                  .most_attributes = std::min(most, options.most_attributes),
                                  .least_z = z};
    list.push_back(binning);
  }
  return list;
}

constexpr double kRidges[] = {1, 10, 50};

// The settings with the least held-out loss; a characteristic is divided once for all ridges.
Result<Settings> choose(const Sample& sample, const TrainOptions& options, Steps& steps) {
  Random random(options.seed);
  const auto trial = part_of(sample, some_rows(sample, kTrialRows, random));
  const auto folds = stratified_folds(trial.labels, trial.groups, options.folds, random);
  Settings best;
  double best_loss = INFINITY;
  for (const auto& binning : binnings(options.scorecard)) {
    std::vector<std::vector<double>> margins(std::size(kRidges), std::vector<double>(trial.labels.size()));
    for (int fold = 0; fold < options.folds; ++fold) {
      const auto split = split_of(folds, fold);
      const auto part = part_of(trial, split.training);
      const auto binned = bin_sample(part, binning);
      for (size_t r = 0; r < std::size(kRidges); ++r) {
        const auto card = TRY(fit_points(part, binned, options.scorecard, kRidges[r]));
        for (const uint32_t row : split.held_out) margins[r][row] = card.margin_of(card.points(trial.rows.row(row)));
      }
    }
    for (size_t r = 0; r < std::size(kRidges); ++r) {
      const double loss = log_loss_of_margins(margins[r], trial.labels);
      if (loss < best_loss) best = {.binning = binning, .ridge = kRidges[r]}, best_loss = loss;
    }
    steps.next();
  }
  return best;
}

json::object details_of(const Settings& settings, const ScorecardOptions& options, const TrainedModel& trained) {
  json::object information;
  int64_t used = 0;
  const auto& card = *trained.model.scorecard;
  for (size_t j = 0; j < card.characteristics.size(); ++j) {
    information[trained.model.features[j].name] = card.characteristics[j].information_value;
    used += card.characteristics[j].is_used() ? 1 : 0;
  }
  return {{"points_to_double_odds", options.points_to_double_odds},
          {"base_score", options.base_score},
          {"base_odds", options.base_odds},
          {"minimum_share", options.minimum_share},
          {"minimum_information_value", options.minimum_information_value},
          {"most_attributes", settings.binning.most_attributes},
          {"least_z", settings.binning.least_z},
          {"ridge", settings.ridge},
          {"reference", name_of(options.reference)},
          {"characteristics", used},
          {"information_values", std::move(information)}};
}

}  // namespace

Result<void> fit_scorecard_model(TrainedModel& out, const Sample& sample, const TrainOptions& options) {
  const auto list = binnings(options.scorecard);
  Steps steps{.progress = &options.progress, .total = static_cast<int>(list.size()) + options.folds + 1};
  const auto settings = TRY(choose(sample, options, steps));
  const FitPart fit = [&](const Sample& part) -> Result<MarginOf> {
    auto card = TRY(fit_points(part, bin_sample(part, settings.binning), options.scorecard, settings.ridge));
    return [card = std::move(card)](std::span<const double> row) { return card.margin_of(card.points(row)); };
  };
  TRY(finish_by_folds(out, sample, options, fit, [&] { steps.next(); }));
  out.model.forest_share = 0;
  out.model.scorecard =
      TRY(fit_points(sample, bin_sample(sample, settings.binning), options.scorecard, settings.ridge));
  for (auto& note : notes_on_left_out(*out.model.scorecard, out.model.features, options.scorecard)) {
    out.notes.push_back(std::move(note));
  }
  out.details = details_of(settings, options.scorecard, out);
  steps.next();
  return {};
}

}  // namespace amity::models
