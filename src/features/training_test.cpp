#include "features/training.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace amity::features {
namespace {

using events::EntityKind;
using events::Event;

constexpr std::string_view kDefinitions = R"(features:
  - name: account.sum
    entity: account
    on: transaction.posted
    value: amount.amount_minor
    aggregate: sum
    description: { zh: 总额, en: sum }
  - name: application.amount
    entity: account
    on: credit.application
    value: amount.amount_minor
    aggregate: current
    description: { zh: 金额, en: amount }
)";

constexpr Timestamp kStart{1'700'000'000'000'000};

FeatureSet set_of_two() {
  const DefinitionFile file{"test.yaml", std::string(kDefinitions)};
  return FeatureSet::parse(std::span(&file, 1)).value();
}

json::object money(int64_t amount_minor) { return {{"amount_minor", amount_minor}, {"currency", "CNY"}}; }

class Story {
 public:
  void add(std::string type, Duration after, json::object data) {
    Event event;
    event.seq = static_cast<int64_t>(events_.size()) + 1;
    event.id = std::to_string(event.seq);
    event.type = std::move(type);
    event.time = kStart + after;
    event.data = std::move(data);
    event.entities = {{EntityKind::kAccount, {{1}}}};
    events_.push_back(std::move(event));
  }
  void transaction(Duration after, int64_t amount) { add("transaction.posted", after, {{"amount", money(amount)}}); }
  void application(Duration after, const char* key) {
    add("credit.application", after, {{"application", key}, {"amount", money(1000)}, {"months", 12}});
  }
  void status(Duration after, const char* key, const char* status) {
    add("loan.status_recorded", after, {{"loan", key}, {"status", status}});
  }
  Scan scan() const {
    return [this](int64_t after_seq, int64_t up_to_seq, const EachEvent& each) -> Result<void> {
      for (const auto& event : events_) {
        if (event.seq > after_seq && event.seq <= up_to_seq) TRY(each(event));
      }
      return {};
    };
  }

 private:
  std::vector<Event> events_;
};

TrainingSpec default_spec(const FeatureSet& set) {
  TrainingSpec spec;
  spec.sample_on = {"credit.application"};
  spec.sample_key = "application";
  spec.label_on = {"loan.status_recorded"};
  spec.label_key = "loan";
  spec.label_value = "event.status == 'defaulted'";
  spec.group = EntityKind::kAccount;
  spec.features = set.all();
  return spec;
}

TEST(TrainingSet, takes_each_row_as_of_its_sample_and_the_newest_label) {
  Story story;
  story.transaction(days(1), 100);
  story.application(days(2), "a");
  story.transaction(days(3), 7);
  story.status(days(9), "a", "defaulted");
  story.status(days(5), "a", "performing");
  const FeatureSet set = set_of_two();
  const auto training = build_training_set(set, default_spec(set), story.scan(), 5);
  ASSERT_TRUE(training.has_value()) << training.error().text();
  ASSERT_EQ(training->row_count(), 1u);
  EXPECT_EQ(training->values, (std::vector<double>{100, 1000}));
  EXPECT_EQ(training->labels, std::vector<double>{1});
  EXPECT_EQ(training->keys, std::vector<std::string>{"a"});
  EXPECT_EQ(training->groups[0], (Uuid{{1}}));
}

TEST(TrainingSet, leaves_out_samples_without_a_label_and_answers_late_samples_from_a_second_pass) {
  Story story;
  story.transaction(days(1), 100);
  story.transaction(days(5), 7);
  story.application(days(2), "late");
  story.application(days(6), "unlabelled");
  story.status(days(9), "late", "performing");
  const FeatureSet set = set_of_two();
  const auto training = build_training_set(set, default_spec(set), story.scan(), 5);
  ASSERT_TRUE(training.has_value()) << training.error().text();
  ASSERT_EQ(training->row_count(), 1u);
  EXPECT_EQ(training->values, (std::vector<double>{100, 1000}));
  EXPECT_EQ(training->labels, std::vector<double>{0});
}

TEST(TrainingSet, counts_only_labels_that_came_soon_enough) {
  Story story;
  story.application(days(2), "a");
  story.status(days(90), "a", "performing");
  story.status(days(200), "a", "defaulted");
  const FeatureSet set = set_of_two();
  auto spec = default_spec(set);
  spec.label_within = days(100);
  EXPECT_EQ(build_training_set(set, spec, story.scan(), 3)->labels, std::vector<double>{0});
}

TEST(TrainingSet, names_what_does_not_fit) {
  const FeatureSet set = set_of_two();
  auto spec = default_spec(set);
  spec.label_key = "lone";
  const auto training = build_training_set(set, spec, Story().scan(), 0);
  ASSERT_FALSE(training.has_value());
  EXPECT_EQ(training.error().place, "/label_key lone");
}

TEST(ReadAsOf, answers_each_moment_with_what_was_known_then) {
  Story story;
  story.transaction(days(1), 100);
  story.transaction(days(3), 10);
  story.transaction(days(2), 1);
  const FeatureSet set = set_of_two();
  const events::Entity account{EntityKind::kAccount, {{1}}};
  const Moment moments[] = {{std::span(&account, 1), INT64_MAX, kStart + days(2), nullptr},
                            {std::span(&account, 1), 3, kStart + days(9), nullptr}};
  const auto rows = read_as_of(set, moments, {0}, story.scan());
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ((*rows)[0][0], 101.0);
  EXPECT_EQ((*rows)[1][0], 110.0);
}

}  // namespace
}  // namespace amity::features
