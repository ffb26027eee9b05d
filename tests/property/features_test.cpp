// The engine against a computation written separately, straight from the definitions over the plain list of events:
// every value must have the same bits, whatever the order, the lateness and the sharing of the events.
#include <gtest/gtest.h>

#include <map>

#include "features/store.h"
#include "features/training.h"
#include "store/database_fixture.h"
#include "tests/property/naive_features.h"

namespace amity::features {
namespace {

struct Outcome {
  uint64_t samples = 0;
  uint64_t known = 0;
  std::vector<std::string> differences;
};

// Each event is read before it is applied, as live traffic does; some earlier events are read again afterwards.
Outcome compare(uint64_t seed, size_t events, size_t features_a_read) {
  const auto told = told_definitions();
  const DefinitionFile file{"test.yaml", yaml_of(told)};
  const auto set = FeatureSet::parse(std::span(&file, 1));
  if (!set) return {.samples = 0, .known = 0, .differences = {set.error().text()}};
  Random random(seed);
  const auto stream = random_stream(random.fork(1), events);
  std::vector<Seen> log;
  MemoryFeatures engine(*set, history_of(stream));
  Outcome outcome;
  const auto check = [&](const Event& event) {
    Selection which;
    for (size_t i = 0; i < features_a_read; ++i) which.push_back(static_cast<int>(random.below(told.size())));
    const auto row = engine.read(moment_of(event), which);
    for (size_t i = 0; i < which.size(); ++i) {
      const auto at = static_cast<size_t>(which[i]);
      const double expected = naive(told, at, event, log);
      ++outcome.samples;
      outcome.known += !std::isnan(expected);
      if (row && same_bits((*row)[i], expected)) continue;
      outcome.differences.push_back(fmt::format("seed {} seq {} {}: {} instead of {}", seed, event.seq,
                                                described(told[at]), row ? (*row)[i] : kUnknown, expected));
    }
  };
  for (const auto& event : stream) {
    check(event);
    if (random.chance(0.1)) check(stream[random.below(static_cast<uint64_t>(event.seq))]);
    EXPECT_TRUE(engine.apply(event).has_value());
    log.push_back(seen_of(event));
  }
  return outcome;
}

TEST(FeaturesProperty, a_million_random_samples_equal_the_naive_computation_bit_for_bit) {
  const uint64_t wanted = 1'000'000;
  uint64_t samples = 0;
  uint64_t known = 0;
  for (uint64_t seed = 1; samples < wanted; ++seed) {
    const Outcome outcome = compare(seed, 120, 100);
    ASSERT_TRUE(outcome.differences.empty())
        << outcome.differences.size() << " differences, the first: " << outcome.differences.front();
    samples += outcome.samples;
    known += outcome.known;
  }
  EXPECT_GE(samples, wanted);
  EXPECT_GT(known, wanted / 3) << "many samples must be of something known";
  RecordProperty("samples", std::to_string(samples));
}

TEST(FeaturesProperty, values_do_not_depend_on_the_order_in_which_events_are_applied) {
  const auto told = told_definitions();
  const DefinitionFile file{"test.yaml", yaml_of(told)};
  const auto set = FeatureSet::parse(std::span(&file, 1));
  ASSERT_TRUE(set.has_value()) << set.error().text();
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const auto stream = random_stream(Random(seed), 150);
    MemoryFeatures in_order(*set);
    for (const auto& event : stream) ASSERT_TRUE(in_order.apply(event).has_value());
    auto shuffled = stream;
    Random random(seed + 1000);
    for (size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random.below(i)]);
    const Scan scan = [&](int64_t, int64_t, const EachEvent& each) -> Result<void> {
      for (const auto& event : shuffled) TRY(each(event));
      return {};
    };
    const Timestamp end = std::ranges::max_element(stream, {}, &Event::time)->time;
    for (size_t i = 0; i < stream.size(); i += 50) {
      const Moment moment{stream[i].entities, INT64_MAX, end, &stream[i]};
      const auto direct = in_order.read(moment, set->all());
      const auto rebuilt = read_as_of(*set, std::span(&moment, 1), set->all(), scan);
      ASSERT_TRUE(direct.has_value() && rebuilt.has_value());
      for (size_t f = 0; f < direct->size(); ++f) {
        ASSERT_TRUE(same_bits((*direct)[f], (*rebuilt)[0][f])) << told[f].entity << " " << told[f].aggregate;
      }
    }
  }
}

// The same stream with labels strewn in: each says, later, how an earlier transaction turned out; some twice.
std::vector<Event> labelled_stream(Random random, size_t count) {
  std::vector<Event> all;
  std::vector<Event> samples;
  for (auto& event : random_stream(random.fork(1), count)) {
    samples.push_back(event);
    all.push_back(std::move(event));
    if (!random.chance(0.7)) continue;
    const Event& sample = samples[random.below(samples.size())];
    Event label;
    label.type = "loan.status_recorded";
    label.id = "label " + sample.id;
    label.time = sample.time + hours(static_cast<int64_t>(random.below(40 * 24)));
    label.data = {{"loan", sample.id}, {"status", random.chance(0.3) ? "defaulted" : "performing"}};
    label.entities = {sample.entities.front()};
    all.push_back(std::move(label));
  }
  for (size_t i = 0; i < all.size(); ++i) all[i].seq = static_cast<int64_t>(i) + 1;
  return all;
}

std::string_view text_of(const Event& event, std::string_view field) { return event.data.at(field).as_string(); }

// What the newest label in time says of the sample; nothing: no label.
std::optional<double> naive_label(const Event& sample, const std::vector<Event>& all, int64_t up_to_seq,
                                  Duration within) {
  const Event* newest = nullptr;
  for (const auto& event : all) {
    if (event.type == sample.type || event.seq > up_to_seq || text_of(event, "loan") != sample.id) continue;
    if (event.time - sample.time > within) continue;
    if (newest == nullptr || std::pair(newest->time, newest->seq) < std::pair(event.time, event.seq)) newest = &event;
  }
  if (newest == nullptr) return std::nullopt;
  return text_of(*newest, "status") == "defaulted" ? 1 : 0;
}

TEST(FeaturesProperty, training_sets_equal_the_naive_computation_bit_for_bit) {
  const auto told = told_definitions();
  const DefinitionFile file{"test.yaml", yaml_of(told)};
  const auto set = FeatureSet::parse(std::span(&file, 1));
  ASSERT_TRUE(set.has_value()) << set.error().text();
  size_t samples = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const auto all = labelled_stream(Random(seed + 500), 60);
    const auto up_to_seq = static_cast<int64_t>(all.size()) - 7;
    const Scan scan = [&](int64_t after, int64_t up_to, const EachEvent& each) -> Result<void> {
      for (const auto& event : all) {
        if (event.seq > after && event.seq <= up_to) TRY(each(event));
      }
      return {};
    };
    const TrainingSpec spec{.sample_on = {"transaction.posted"},
                            .sample_where = "",
                            .sample_key = "event.id",
                            .label_on = {"loan.status_recorded"},
                            .label_key = "loan",
                            .label_value = "event.status == 'defaulted'",
                            .label_within = days(30),
                            .group = EntityKind::kAccount,
                            .features = set->all()};
    const auto training = build_training_set(*set, spec, scan, up_to_seq);
    ASSERT_TRUE(training.has_value()) << training.error().text();
    std::map<int64_t, size_t> row_of;
    for (size_t row = 0; row < training->row_count(); ++row) row_of[training->seqs[row]] = row;
    ASSERT_EQ(row_of.size(), training->row_count());
    std::vector<Seen> log;
    size_t labelled = 0;
    for (const auto& event : all) {
      if (event.type != "transaction.posted" || event.seq > up_to_seq) continue;
      log.push_back(seen_of(event));
      const auto label = naive_label(event, all, up_to_seq, days(30));
      ASSERT_EQ(row_of.contains(event.seq), label.has_value()) << "seed " << seed << " seq " << event.seq;
      if (!label) continue;
      ++labelled;
      const size_t row = row_of[event.seq];
      EXPECT_EQ(training->labels[row], *label) << "seed " << seed << " seq " << event.seq;
      EXPECT_EQ(training->groups[row], event.entities.front().id);
      for (size_t i = 0; i < told.size(); ++i, ++samples) {
        const double expected = naive(told, i, event, log);
        const double value = training->values[row * told.size() + i];
        ASSERT_TRUE(same_bits(value, expected)) << "seed " << seed << " seq " << event.seq << " " << described(told[i])
                                                << ": " << value << " instead of " << expected;
      }
    }
    EXPECT_EQ(labelled, training->row_count());
  }
  EXPECT_GT(samples, 100'000u);
}

// Live traffic in batches over a real database, most of the states out of memory and in the table; settled in slices,
// and now and then another process goes on where the table stands.
class StoredFeaturesProperty : public store::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    database_ = open();
    ASSERT_NE(database_, nullptr);
  }
  LiveFeatures live(const FeatureSet& set) {
    return LiveFeatures(
        set, [this](const Entity& entity) -> Result<SecretKey> { return key_.derive(format(entity.id)); },
        [this](store::Reader&, const Entity& entity, int64_t max_seq, Timestamp max_time, const EachEvent& each) {
          return history_of(log_)(entity, max_seq, max_time, each);
        },
        {.cache_bytes = 30'000});
  }
  void settle_all(LiveFeatures& features) {
    features.begin_settling();
    for (bool is_over = false; !is_over && !HasFailure();) {
      const auto done = database_->write([&](store::Transaction& transaction) -> Result<void> {
        is_over = TRY(features.settle(transaction, 7)) == 0;
        return is_over ? features.save_watermark(transaction, log_.back().seq) : Result<void>();
      });
      ASSERT_TRUE(done) << done.error().text();
      features.settled();
    }
  }
  void go_on(LiveFeatures& features) {
    const auto done = database_->read([&](store::Reader& reader) -> Result<void> {
      const auto watermark = TRY(features.watermark(reader));
      std::vector<Event> after;
      for (const auto& event : log_) {
        if (event.seq > watermark) after.push_back(event);
      }
      TRY(features.prepare(reader, after));
      for (const auto& event : after) TRY(features.apply(event));
      return {};
    });
    ASSERT_TRUE(done) << done.error().text();
    features.publish();
  }

  std::unique_ptr<store::Database> database_;
  SecretKey key_ = SecretKey::random();
  std::vector<Event> log_;
};

TEST_P(StoredFeaturesProperty, live_values_over_a_database_equal_the_naive_computation_bit_for_bit) {
  const auto told = told_definitions();
  const DefinitionFile file{"test.yaml", yaml_of(told)};
  const auto set = FeatureSet::parse(std::span(&file, 1));
  ASSERT_TRUE(set.has_value()) << set.error().text();
  Random random(20260901);
  const auto stream = random_stream(random.fork(1), 240);
  std::vector<Seen> seen;
  size_t samples = 0;
  LiveFigures total;
  auto features = live(*set);
  for (size_t begin = 0; begin < stream.size() && !HasFailure();) {
    const std::vector<Event> batch(
        stream.begin() + static_cast<std::ptrdiff_t>(begin),
        stream.begin() + static_cast<std::ptrdiff_t>(std::min(stream.size(), begin + 1 + random.below(12))));
    const auto done = database_->write([&](store::Transaction& transaction) -> Result<void> {
      TRY(features.prepare(transaction, batch));
      for (const auto& event : batch) {
        Selection which;
        for (int i = 0; i < 60; ++i) which.push_back(static_cast<int>(random.below(told.size())));
        const auto row = TRY(features.read(transaction, event, which));
        for (size_t i = 0; i < which.size(); ++i, ++samples) {
          const auto at = static_cast<size_t>(which[i]);
          const double expected = naive(told, at, event, seen);
          EXPECT_TRUE(same_bits(row[i], expected))
              << "seq " << event.seq << " " << described(told[at]) << ": " << row[i] << " instead of " << expected;
        }
        TRY(features.apply(event));
        seen.push_back(seen_of(event));
      }
      return {};
    });
    ASSERT_TRUE(done) << done.error().text();
    features.publish();
    log_.insert(log_.end(), batch.begin(), batch.end());
    begin += batch.size();
    if (random.chance(0.5)) settle_all(features);
    if (!random.chance(0.1)) continue;
    total.rebuilt_reads += features.figures().rebuilt_reads;
    features = live(*set);
    go_on(features);
  }
  EXPECT_GT(samples, 10'000u);
  EXPECT_GT(total.rebuilt_reads + features.figures().rebuilt_reads, 0u);
}

AMITY_ON_BOTH_DATABASES(StoredFeaturesProperty);

}  // namespace
}  // namespace amity::features
