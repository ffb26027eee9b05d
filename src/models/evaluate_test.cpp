// Measuring on rows a model has not seen: other files, folds, groups; and what comes of wrong files.
#include "models/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/random.h"

namespace amity::models {
namespace {

// One small setting and no trials: a training takes a tenth of a second.
TrainOptions quick(const std::string& target, const std::string& group = {}) {
  return {.name = "sample",
          .choice = {.target = target, .group = group},
          .folds = 3,
          .forests = 1,
          .may_blend = false,
          .settings = BoosterSettings{.depth = 4, .learning_rate = 0.3, .min_child_weight = 0.5, .threads = 1}};
}

// 100 clients of 6 rows; each has a number of its own and is wholly bad or wholly good, by a coin. Whoever has seen one
// row of a client knows the others; of a new client nothing can be known.
std::string clients() {
  Random random(11);
  std::string text = "client,number,bad\n";
  for (int client = 0; client < 100; ++client) {
    const double number = random.uniform();
    const bool is_bad = random.chance(0.5);
    for (int row = 0; row < 6; ++row) text += fmt::format("C{},{:.6f},{}\n", client, number, is_bad ? 1 : 0);
  }
  return text;
}

// Bad where a number lies in the middle half, 9 times in 10: no straight line knows that.
std::string middle(int count, uint64_t seed) {
  Random random(seed);
  std::string text = "a,b,bad\n";
  for (int i = 0; i < count; ++i) {
    const double a = random.uniform(), b = random.uniform();
    text += fmt::format("{:.4f},{:.4f},{}\n", a, b, (std::abs(a - 0.5) < 0.25) == random.chance(0.9) ? 1 : 0);
  }
  return text;
}

std::string coin_tosses(int count) {
  Random random(5);
  std::string text = "a,b,bad\n";
  for (int i = 0; i < count; ++i) {
    text += fmt::format("{:.4f},{},{}\n", random.uniform(), random.below(4), random.chance(0.3) ? 1 : 0);
  }
  return text;
}

TEST(CrossValidation, rows_of_one_group_never_teach_about_each_other) {
  const auto table = parse_table(clients());
  auto options = quick("bad");
  options.choice.ignored = {"client"};
  const auto apart = cross_validate(*table, options, 5, 1);
  ASSERT_TRUE(apart) << apart.error().text();
  EXPECT_GT(apart->model.auc.value, 0.95);  // the leak is there to be found
  const auto together = cross_validate(*table, quick("bad", "client"), 5, 1);
  ASSERT_TRUE(together) << together.error().text();
  EXPECT_NEAR(together->model.auc.value, 0.5, 0.15);  // 100 coins: a deviation of 0.06
}

TEST(CrossValidation, shows_what_trees_know_and_a_straight_line_does_not) {
  const auto table = parse_table(middle(600, 3));
  const auto evaluation = cross_validate(*table, quick("bad"), 3, 2);
  ASSERT_TRUE(evaluation) << evaluation.error().text();
  EXPECT_GT(evaluation->model.auc.value, 0.8);  // 0.9 is the most that can be known
  EXPECT_LT(evaluation->logistic.auc.value, 0.6);
  EXPECT_GT(evaluation->auc_advantage.low, 0.2);
  EXPECT_NEAR(evaluation->auc_advantage.value, evaluation->model.auc.value - evaluation->logistic.auc.value, 1e-9);
  EXPECT_EQ(evaluation->model.row_count, 600u);
  EXPECT_EQ(evaluation->repeats, 2);
}

TEST(CrossValidation, the_same_seed_gives_the_same_figures_and_another_other_folds) {
  const auto table = parse_table(middle(300, 3));
  auto options = quick("bad");
  const auto first = cross_validate(*table, options, 3, 1), second = cross_validate(*table, options, 3, 1);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(write_json(to_json(*first)), write_json(to_json(*second)));
  options.seed = 2;
  EXPECT_NE(write_json(to_json(*cross_validate(*table, options, 3, 1))), write_json(to_json(*first)));
}

TEST(CrossValidation, refuses_folds_and_repeats_that_measure_nothing) {
  const auto table = parse_table(middle(100, 3));
  for (const auto& [folds, repeats] : {std::pair{1, 1}, {21, 1}, {5, 0}, {5, 101}}) {
    const auto refused = cross_validate(*table, quick("bad"), folds, repeats);
    ASSERT_FALSE(refused) << folds << " " << repeats;
    EXPECT_EQ(refused.error().code, Code::kInvalid);
  }
}

TEST(Training, of_coin_tosses_says_that_it_knows_nothing) {
  const auto trained = train_table(*parse_table(coin_tosses(600)), quick("bad"));
  ASSERT_TRUE(trained) << trained.error().text();
  ASSERT_EQ(trained->notes.size(), 1u);
  EXPECT_NE(trained->notes[0].find("no better than chance"), std::string::npos);
  const auto report = report_of(*trained);
  EXPECT_FALSE(report.at("out_of_fold").at("better_than_chance").as_bool());
  const auto knowing = train_table(*parse_table(middle(600, 3)), quick("bad"));
  EXPECT_TRUE(knowing->notes.empty());
  EXPECT_TRUE(report_of(*knowing).at("out_of_fold").at("better_than_chance").as_bool());
}

class AnotherFile : public testing::Test {
 protected:
  static const Model& model() {
    static const auto trained = train_table(*parse_table(middle(400, 1)), quick("bad"));
    if (!trained) throw std::runtime_error(trained.error().text());
    return trained->model;
  }
  static std::string refusal(std::string_view text, std::string_view target = "bad") {
    const auto evaluation = evaluate_table(model(), *parse_table(text), target);
    return evaluation ? "measured" : evaluation.error().text();
  }
  static void expect_in(const std::string& words, const std::string& text) {
    EXPECT_NE(text.find(words), std::string::npos) << text;
  }
};

TEST_F(AnotherFile, may_have_its_columns_in_another_order_and_more_of_them) {
  const auto plain = predict_table(model(), *parse_table("a,b\n0.4,0.9\n0.9,\n"));
  const auto other = predict_table(model(), *parse_table("note;b;a\n\"x;y\";0.9;+0.4\n\"two\nlines\";NA;9e-1\n"));
  ASSERT_TRUE(plain && other) << other.error().text();
  EXPECT_EQ(*plain, *other);
  EXPECT_GT(plain->front(), 0.7);  // in the middle
  EXPECT_LT(plain->back(), 0.3);
}

TEST_F(AnotherFile, without_the_columns_of_training_is_refused_and_they_are_named) {
  expect_in("columns that are not here: a, b; ", refusal("x,y,bad\n1,2,1\n1,2,0\n"));
  expect_in("not here: b; ", refusal("a,bad\n1,1\n1,0\n"));
}

TEST_F(AnotherFile, with_text_where_numbers_are_expected_is_refused_with_the_line) {
  expect_in("expects a number here: correct it, or leave the field empty (at line 3, column b)",
            refusal("a,b,bad\n1,2,1\n1,many,0\n"));
  expect_in("line 2, column a", refusal("a,b,bad\n-,2,1\n1,3,0\n"));  // not taken for a missing column of numbers
}

TEST_F(AnotherFile, has_the_target_of_training_or_is_refused_with_the_line) {
  expect_in("trained on the values 1 and 0 (at line 3, column bad)", refusal("a,b,bad\n1,2,1\n1,2,2\n"));
  expect_in("missing in a row: remove it", refusal("a,b,bad\n1,2,1\n1,2,\n"));
  expect_in("line 3, column bad", refusal("a,b,bad\n1,2,1\n1,2,\n"));
  expect_in("rows of both values", refusal("a,b,bad\n1,2,1\n1,2,1\n"));
  expect_in("there is no column worse", refusal("a,b,bad\n1,2,1\n1,2,0\n", "worse"));
  expect_in("but one named bad", refusal("a,b,bad\n1,2,1\n1,2,0\n", "BAD"));
  expect_in("divided by , or ;", refusal("a\tb\tbad\n1\t2\t1\n"));
  EXPECT_EQ(refusal("a,b,bad\n1,2,1.0\n1,2,0.0\n"), "measured");  // equal numbers are equal values
}

TEST(Predictions, are_written_one_a_row_and_read_back_to_the_same_bits) {
  const auto path = (std::filesystem::temp_directory_path() / ("amity_scores_" + to_hex(random_bytes(8)))).string();
  ASSERT_TRUE(write_predictions(path, std::vector<double>{0.25, 1.0 / 3, 1e-9}));
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "row,probability\n1,0.25\n2,0.3333333333333333\n3,1e-09\n");
  EXPECT_EQ(parse_table(text.str())->columns[1].numbers[1], 1.0 / 3);
  std::filesystem::remove(path);
}

TEST(Predictions, that_cannot_be_written_whole_are_an_error_that_names_the_file) {
  const std::vector<double> scores(10, 0.5);
  const auto nowhere = write_predictions("/no/such/folder/scores.csv", scores);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().place, "/no/such/folder/scores.csv");
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const auto full = write_predictions("/dev/full", scores);
  ASSERT_FALSE(full);
  EXPECT_NE(full.error().message.find("disk full"), std::string::npos);
}

}  // namespace
}  // namespace amity::models
