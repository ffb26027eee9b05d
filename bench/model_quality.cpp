// How good models of public credit data are: docs/model-quality.md is written from this program's output.
//
//   AMITY_DATA=FOLDER build/release/bench/model_quality [--repeats N] [--algorithm NAME] [--split TO] [SET...]
//
// Every algorithm in the same folds, or the one named; plain logistic regression beside them.
// Without --repeats: training once, with its out-of-fold figures (settings were chosen on the same rows). With it: the
// whole training, choices included, repeated inside 5 folds, N times with other foldings; where there are over 30,000
// rows boosted trees have the settings of one training on all of them, because there a choice among 15 cannot flatter.
//
// With --split: measures nothing, and divides each set at random, always in the same way, into TO/SET.train.csv (70 %)
// and TO/SET.test.csv (30 %), for `amity train --data` and `amity evaluate --data`.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "models/evaluate.h"
#include "models/folds.h"

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

void print_row(const std::string& set, const char* who, const Metrics& m, const std::string& advantage = {}) {
  fmt::print("| {} | {} | {} | {} | {} | {} | {} | {:.4f} | {} |\n", set, who, text(m.auc), text(m.ks),
             text(m.log_loss), text(m.brier), text(m.ece), m.ece_noise, advantage);
  std::fflush(stdout);
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Training once on all rows; its out-of-fold figures are of the tuned model.
Result<TrainedModel> train_once(const DataSet& set, const Table& table, const TrainOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  auto trained = TRY(train_table(table, options));
  fmt::print(stderr, "{}: trained in {:.1f} s: {}, forest share {}, calibration {}\n", set.name, seconds_since(begin),
             write_json(report_of(trained).at("settings")), trained.model.forest_share,
             name_of(trained.model.calibration.kind));
  for (const auto& note : trained.notes) fmt::print(stderr, "  {}\n", note);
  return trained;
}

struct Wish {
  int repeats = 0;
  std::vector<Algorithm> algorithms = {Algorithm::kBoostedTrees, Algorithm::kScorecard,
                                       Algorithm::kMultilayerPerceptron};
  std::vector<std::string> sets{};  // none: all
  std::string split_to{};           // a folder: nothing is measured
};

// Its figures, and those of plain logistic regression in the same folds.
Result<Evaluation> measure_one(const DataSet& set, const Table& table, TrainOptions options, int repeats) {
  if (repeats == 0) {
    auto trained = TRY(train_once(set, table, options));
    return Evaluation{.method = "out_of_fold", .model = trained.out_of_fold, .logistic = trained.logistic_out_of_fold};
  }
  const bool has_trials_to_spare = options.algorithm == Algorithm::kBoostedTrees && table.row_count > 30'000;
  if (has_trials_to_spare) options.settings = TRY(train_once(set, table, options)).settings;
  const auto begin = std::chrono::steady_clock::now();
  options.progress = [&](int done, int total) {
    fmt::print(stderr, "{} {}: repeat {} of {} after {:.0f} s\n", set.name, name_of(options.algorithm), done, total,
               seconds_since(begin));
  };
  return cross_validate(table, options, 5, repeats);
}

Result<void> measure_set(const DataSet& set, const std::string& folder, const Wish& wish) {
  const auto table = TRY(read_table(folder + "/" + set.file));
  auto title = fmt::format("{} ({})", set.name, table.row_count);
  Metrics logistic;
  for (const auto algorithm : wish.algorithms) {
    const TrainOptions options{.name = set.name, .algorithm = algorithm, .choice = {.target = set.target}};
    const auto evaluation = TRY(measure_one(set, table, options, wish.repeats));
    print_row(title, std::string(name_of(algorithm)).c_str(), evaluation.model,
              wish.repeats > 0 ? text(evaluation.auc_advantage) : "");
    logistic = evaluation.logistic;
    title.clear();
  }
  print_row(title, "logistic_regression", logistic);
  return {};
}

std::string csv_field(const std::string& field) {
  if (field.find_first_of(",;\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

Result<void> write_rows(const std::string& path, const Table& table, std::span<const uint32_t> rows) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  for (size_t i = 0; i < table.columns.size(); ++i) out << (i == 0 ? "" : ",") << csv_field(table.columns[i].name);
  out << '\n';
  for (const uint32_t row : rows) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const auto& column = table.columns[i];
      out << (i == 0 ? "" : ",") << csv_field(column.texts[column.codes[row]]);
    }
    out << '\n';
  }
  out.flush();
  if (!out) return fail(Code::kUnavailable, "the file cannot be written", path);
  return {};
}

// The same rows on every machine: 30 in 100, rounded up, held out by a fixed seed; both parts in the order of the file.
Result<void> split_set(const DataSet& set, const std::string& folder, const std::string& to) {
  constexpr uint64_t kSeed = 1;
  const auto table = TRY(read_table(folder + "/" + set.file));
  std::vector<uint32_t> rows(table.row_count);
  std::iota(rows.begin(), rows.end(), 0u);
  Random random(kSeed);
  shuffle(rows, random);
  const auto held_out = static_cast<std::ptrdiff_t>((table.row_count * 3 + 9) / 10);
  std::sort(rows.begin(), rows.begin() + held_out);
  std::sort(rows.begin() + held_out, rows.end());
  std::filesystem::create_directories(to);
  const auto path = to + "/" + set.name;
  const std::span<const uint32_t> all(rows);
  TRY(write_rows(path + ".test.csv", table, all.first(static_cast<size_t>(held_out))));
  return write_rows(path + ".train.csv", table, all.subspan(static_cast<size_t>(held_out)));
}

Result<Wish> wish_of(const std::vector<std::string>& words) {
  Wish wish;
  for (size_t i = 0; i < words.size(); ++i) {
    const bool has_value = i + 1 < words.size();
    if (words[i] == "--repeats" && has_value) {
      wish.repeats = std::atoi(words[++i].c_str());
    } else if (words[i] == "--algorithm" && has_value) {
      wish.algorithms = {TRY(parse_algorithm(words[++i]))};
    } else if (words[i] == "--split" && has_value) {
      wish.split_to = words[++i];
    } else {
      wish.sets.push_back(words[i]);
    }
  }
  return wish;
}

}  // namespace

int main(int argc, char** argv) {
  const char* folder = std::getenv("AMITY_DATA");
  const auto wish = wish_of({argv + 1, argv + argc});
  if (!wish) return fmt::print(stderr, "{}\n", wish.error().text()), 2;
  if (wish->split_to.empty()) {
    fmt::print(
        "| set | model | AUC | KS | log loss | Brier | calibration error | of it by chance | AUC more than logistic "
        "regression |\n|---|---|---|---|---|---|---|---|---|\n");
  }
  for (const auto& set : kDataSets) {
    if (!wish->sets.empty() && std::ranges::find(wish->sets, set.name) == wish->sets.end()) continue;
    const std::string from = folder == nullptr ? "../shared/data" : folder;
    const auto done = wish->split_to.empty() ? measure_set(set, from, *wish) : split_set(set, from, wish->split_to);
    if (!done) {
      fmt::print(stderr, "{}: {}\n", set.name, done.error().text());
      return 1;
    }
  }
}
