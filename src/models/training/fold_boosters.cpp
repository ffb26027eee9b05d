#include "models/training/fold_boosters.h"

#include <algorithm>

#include "models/folds.h"
#include "models/metrics.h"

namespace amity::models {
namespace {

constexpr int kMostTrees = 3000;

}  // namespace

Result<FoldBoosters> FoldBoosters::make(const Sample& sample, std::span<const int> folds, int fold_count,
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

Result<FoldBoosters::Best> FoldBoosters::grow_until_worse(double learning_rate) {
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

Result<void> FoldBoosters::grow(int tree_count) {
  for (auto& fold : folds_) {
    while (fold.booster.tree_count() < tree_count) TRY(fold.booster.grow());
  }
  return {};
}

Result<std::vector<double>> FoldBoosters::held_out_margins(int tree_count) const {
  std::vector<double> margins(sample_->labels.size());
  for (const auto& fold : folds_) {
    const auto values = TRY(fold.booster.margins(fold.watched, tree_count));
    for (size_t i = 0; i < values.size(); ++i) margins[fold.rows[i]] = values[i];
  }
  return margins;
}

}  // namespace amity::models
