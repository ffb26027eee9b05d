#include "features/engine/state.h"

#include <gtest/gtest.h>

#include <cmath>

namespace amity::features {
namespace {

constexpr Timestamp kNoon{1'700'000'000'000'000};

std::vector<Group> groups() {
  const Window month = Window::of(days(30), {});
  return {{.layout = 0, .source = 0, .form = Form::kTotals, .window = month, .at_most = 0, .has_values = true},
          {.layout = 0, .source = 0, .form = Form::kEdges, .window = {}, .at_most = 0, .has_values = true},
          {.layout = 0, .source = 1, .form = Form::kLatest, .window = month, .at_most = 3, .has_values = true},
          {.layout = 0, .source = 1, .form = Form::kEarliest, .window = {}, .at_most = 3, .has_values = true},
          {.layout = 1, .source = 0, .form = Form::kTotals, .window = {}, .at_most = 0, .has_values = false}};
}

EntityState some_state(const std::vector<Group>& all) {
  EntityState state;
  for (int i = 0; i < 40; ++i) {
    for (int g = 0; g < 4; ++g) {
      const int64_t value = g < 2 ? 100 * i - 1000 : i % 5;
      state.add(g, all[static_cast<size_t>(g)], {kNoon + days(i), i + 1, value});
    }
  }
  return state;
}

TEST(Window, takes_the_smallest_width_that_gives_at_most_64_buckets) {
  EXPECT_EQ(Window::of(minutes(1), {}).width_us, seconds(1).us);
  EXPECT_EQ(Window::of(hours(1), {}).width_us, minutes(1).us);
  EXPECT_EQ(Window::of(days(30), {}).width_us, hours(12).us);
  EXPECT_EQ(Window::of(days(365), {}).width_us, days(7).us);
  EXPECT_EQ(Window::of(days(365), {}).bucket_count, 53);
}

TEST(Window, covers_the_bucket_that_holds_the_moment_and_with_a_delay_only_ended_ones) {
  const Window hour = Window::of(hours(1), {});
  EXPECT_EQ(hour.span_at({minutes(90).us + 1}).last, 90);
  EXPECT_EQ(hour.span_at({minutes(90).us + 1}).first, 31);
  const Window delayed = Window::of(hours(1), minutes(10));
  EXPECT_EQ(delayed.span_at({minutes(90).us}).last, 79);
  EXPECT_EQ(delayed.span_at({minutes(90).us - 1}).last, 78);
}

TEST(Window, aligns_times_before_1970_too) { EXPECT_EQ(Window::of(hours(1), {}).bucket_of({-1}), -1); }

TEST(Totals, mean_and_deviation_are_those_of_the_textbook) {
  Totals totals;
  for (const int64_t value : {2, 4, 4, 4, 5, 5, 7, 9}) totals.add(value);
  EXPECT_EQ(totals.mean(), 5.0);
  EXPECT_EQ(totals.standard_deviation(), std::sqrt(32.0 / 7));
}

TEST(Totals, deviation_is_exact_where_squares_are_far_larger_than_it) {
  Totals totals;
  for (int i = 0; i < 1'000; ++i) totals.add(999'999'999'999'000 + i % 2);
  EXPECT_EQ(totals.standard_deviation(), std::sqrt(250'000.0 / (1'000.0 * 999.0)));
}

TEST(Totals, deviation_of_negative_values_equals_that_of_positive_ones) {
  Totals minus;
  Totals plus;
  for (const int64_t value : {1, 5, 11}) minus.add(-value), plus.add(value);
  EXPECT_EQ(minus.standard_deviation(), plus.standard_deviation());
}

TEST(EntityState, reads_back_what_it_wrote) {
  const auto all = groups();
  const Bytes bytes = some_state(all).write(all);
  const auto back = EntityState::read(bytes, all, 0);
  ASSERT_TRUE(back.has_value()) << back.error().text();
  EXPECT_EQ(back->write(all), bytes);
  EXPECT_EQ(back->newest_seq(), 40);
  const Span span = all[0].window.span_at(back->newest_time());
  EXPECT_EQ(back->totals(0, span).count, 30);
  EXPECT_EQ(back->edges(1)->last_value, 2900);
  EXPECT_EQ(back->key_count(2, span), 3);
}

TEST(EntityState, keeps_no_more_buckets_than_the_window_has) {
  const auto all = groups();
  EntityState state;
  for (int i = 0; i < 10'000; ++i) state.add(0, all[0], {kNoon + hours(12 * i), i + 1, 1});
  EXPECT_LT(state.bytes(), 64u * 2 * sizeof(Bucket) + sizeof(EntityState));
  EXPECT_EQ(state.totals(0, all[0].window.span_at(state.newest_time())).count, 60);
}

TEST(EntityState, refuses_every_cut_and_every_foreign_layout) {
  const auto all = groups();
  const Bytes bytes = some_state(all).write(all);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(EntityState::read(ByteView(bytes).first(cut), all, 0).has_value()) << cut;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(EntityState::read(longer, all, 0).has_value());
  EXPECT_FALSE(EntityState::read(bytes, all, 1).has_value());
}

}  // namespace
}  // namespace amity::features
