#include "models/training/held_out.h"

#include "models/folds.h"
#include "models/training/mixture.h"
#include "models/training/out_of_fold.h"

namespace amity::models {

Result<void> finish_by_folds(TrainedModel& out, const Sample& sample, const TrainOptions& options, const FitPart& fit,
                             const std::function<void()>& done) {
  const size_t row_count = sample.labels.size();
  const auto logistic = TRY(choose_logistic(sample, options.folds, options.seed));
  OutOfFold beside;
  std::vector<double> margins(row_count);
  Random random(options.seed ^ 0x5eed);
  beside.labels = sample.labels;
  beside.folds = stratified_folds(sample.labels, sample.groups, options.folds, random);
  for (int fold = 0; fold < options.folds; ++fold) {
    const auto split = split_of(beside.folds, fold);
    const auto margin_of = TRY(fit(part_of(sample, split.training)));
    for (const uint32_t row : split.held_out) margins[row] = margin_of(sample.rows.row(row));
    done();
  }
  beside.logistic = TRY(additive_margins(sample, beside.folds, options.folds, logistic));
  out.model.calibration = choose_calibration(margins, beside.labels, beside.folds);
  out.model.logistic = TRY(fit_additive(out.model.features, sample.rows, sample.labels, logistic));
  out.out_of_fold = TRY(measure_calibrated(margins, beside, out.model.calibration.kind, row_count));
  out.logistic_out_of_fold = TRY(measure_logistic(beside, row_count));
  return {};
}

}  // namespace amity::models
