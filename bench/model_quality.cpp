// How good models of public credit data are: docs/model-quality.md is written from this program's output.
//
//   AMITY_DATA=FOLDER build/release/bench/model_quality [--repeats N] [SET...]
//
// Without --repeats: training once, with its out-of-fold figures (settings were chosen on the same rows). With it: the
// whole training repeated inside 5 folds, N times with other foldings; where there are over 30,000 rows with the
// settings of the first training, because there a choice among 14 cannot flatter.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "models/evaluate.h"

namespace {

using namespace amity;
using namespace amity::models;

struct DataSet {
  const char* name;
  const char* file;
  const char* target;
};
constexpr DataSet kDataSets[] = {
    {"german_credit", "german_credit/train.csv", "class"},
    {"hmeq", "hmeq/train.csv", "BAD"},
    {"taiwan_default", "taiwan_default/train.csv", "default.payment.next.month"},
    {"give_me_some_credit", "give_me_some_credit/train.csv.xz", "SeriousDlqin2yrs"},
};

std::string text(const Estimate& e) { return fmt::format("{:.4f} ({:.4f}-{:.4f})", e.value, e.low, e.high); }

void print_row(const char* set, const char* who, const Metrics& m) {
  fmt::print("| {} | {} | {} | {} | {} | {} | {} |\n", set, who, text(m.auc), text(m.ks), text(m.log_loss),
             text(m.brier), text(m.ece));
  std::fflush(stdout);
}

Result<void> measure_set(const DataSet& set, const std::string& folder, int repeats) {
  const auto begin = std::chrono::steady_clock::now();
  const auto table = TRY(read_table(folder + "/" + set.file));
  TrainOptions options{.name = set.name, .choice = {.target = set.target}};
  const auto trained = TRY(train_table(table, options));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print(stderr, "{}: trained in {:.1f} s: {}, forest share {}, calibration {}\n", set.name, took.count(),
             write_json(report_of(trained).at("settings")), trained.model.forest_share,
             name_of(trained.model.calibration.kind));
  for (const auto& note : trained.notes) fmt::print(stderr, "  {}\n", note);
  if (repeats == 0) {
    print_row(set.name, "Amity", trained.out_of_fold);
    print_row(set.name, "logistic regression", trained.logistic_out_of_fold);
    return {};
  }
  if (table.row_count > 30'000) options.settings = trained.settings;
  const auto evaluation = TRY(cross_validate(table, options, 5, repeats));
  print_row(set.name, "Amity", evaluation.model);
  print_row(set.name, "logistic regression", evaluation.logistic);
  fmt::print(stderr, "{}: AUC advantage {}\n", set.name, text(evaluation.auc_advantage));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const char* folder = std::getenv("AMITY_DATA");
  const bool has_repeats = argc > 2 && std::strcmp(argv[1], "--repeats") == 0;
  const int repeats = has_repeats ? std::atoi(argv[2]) : 0;
  const int first = has_repeats ? 3 : 1;
  fmt::print("| set | model | AUC | KS | log loss | Brier | calibration error |\n|---|---|---|---|---|---|---|\n");
  for (const auto& set : kDataSets) {
    bool wanted = argc == first;
    for (int i = first; i < argc; ++i) wanted |= std::string(argv[i]) == set.name;
    if (!wanted) continue;
    if (const auto done = measure_set(set, folder == nullptr ? "../shared/data" : folder, repeats); !done) {
      fmt::print(stderr, "{}: {}\n", set.name, done.error().text());
      return 1;
    }
  }
}
