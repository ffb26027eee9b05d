#include "features/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/random.h"
#include "features/backfill.h"
#include "features/training.h"
#include "store/database_fixture.h"

namespace amity::features {
namespace {

using events::Entity;
using events::EntityKind;
using events::Event;

constexpr std::string_view kDefinitions = R"(features:
  - name: account.count_30d
    entity: account
    on: transaction.posted
    aggregate: count
    window: 30d
    description: { zh: 笔数, en: transactions }
  - name: merchant.sum_1h
    entity: merchant
    on: transaction.posted
    value: amount.amount_minor
    aggregate: sum
    window: 1h
    description: { zh: 总额, en: sum }
  - name: pair.age
    entity: [account, merchant]
    on: transaction.posted
    aggregate: first_seen
    description: { zh: 时间, en: age }
)";

constexpr Timestamp kStart{1'700'000'000'000'000};
constexpr Entity kMerchant{EntityKind::kMerchant, {{9}}};

Entity account(uint8_t number) { return {EntityKind::kAccount, {{1, number}}}; }

Event event_at(int64_t seq, Duration after, uint8_t account_number, int64_t amount_minor) {
  Event event;
  event.type = "transaction.posted";
  event.id = std::to_string(seq);
  event.seq = seq;
  event.time = kStart + after;
  event.data = json::object{{"amount", json::object{{"amount_minor", amount_minor}, {"currency", "CNY"}}},
                            {"direction", "debit"}};
  event.entities = {account(account_number), kMerchant};
  return event;
}

class LiveFeaturesTest : public store::DatabaseTest {
 protected:
  static FeatureSet set_of(std::string_view text = kDefinitions) {
    const DefinitionFile file{"test.yaml", std::string(text)};
    return FeatureSet::parse(std::span(&file, 1)).value();
  }

  LiveFeatures live(LiveOptions options = {}, std::string_view text = kDefinitions) {
    const KeyFor key_for = [this](const Entity& entity) -> Result<SecretKey> {
      if (destroyed_.contains(entity.id)) return not_found("no such key");
      return key_.derive(format(entity.id));
    };
    return LiveFeatures(set_of(text), key_for, history(), options);
  }

  StoredHistory history() {
    return [this](store::Reader&, const Entity& entity, int64_t max_seq, Timestamp max_time,
                  const EachEvent& each) -> Result<void> {
      for (const auto& event : log_) {
        const bool touches = std::ranges::find(event.entities, entity) != event.entities.end();
        if (touches && event.seq <= max_seq && event.time <= max_time) TRY(each(event));
      }
      return {};
    };
  }
  StoredScan scan() {
    return [this](store::Reader&, int64_t after_seq, int64_t up_to_seq, const EachEvent& each) -> Result<void> {
      for (const auto& event : log_) {
        if (event.seq > after_seq && event.seq <= up_to_seq) TRY(each(event));
      }
      return {};
    };
  }

  // One batch through the whole life; the rows read before each event. Without `saves` it waits to be settled.
  std::vector<FeatureRow> run(LiveFeatures& features, const std::vector<Event>& batch, bool saves = true) {
    std::vector<FeatureRow> rows;
    const auto done = database_->write([&](store::Transaction& transaction) -> Result<void> {
      TRY(features.prepare(transaction, batch));
      for (const auto& event : batch) {
        rows.push_back(TRY(features.read(transaction, event, features.set().all())));
        TRY(features.apply(event));
      }
      return saves ? features.save(transaction) : Result<void>();
    });
    EXPECT_TRUE(done.has_value()) << done.error().text();
    features.publish();
    log_.insert(log_.end(), batch.begin(), batch.end());
    return rows;
  }

  // Writes up to `count` states of the round; how many.
  size_t settle(LiveFeatures& features, size_t count) {
    size_t written = 0;
    const auto done = database_->write([&](store::Transaction& transaction) -> Result<void> {
      written = TRY(features.settle(transaction, count));
      return {};
    });
    EXPECT_TRUE(done.has_value()) << done.error().text();
    features.settled();
    return written;
  }
  // As of the set that serves: its rows and what came later.
  LiveFeatures following() {
    auto features = live();
    features.follow([this](store::Reader&, std::span<const events::Since> wanted,
                           const events::EachSince& each) -> Result<void> {
      for (const auto& event : log_) {
        for (size_t i = 0; i < wanted.size(); ++i) {
          const bool touches = std::ranges::find(event.entities, wanted[i].entity, &Entity::id) != event.entities.end();
          if (touches && event.seq > wanted[i].after_seq) TRY(each(i, event));
        }
      }
      return {};
    });
    return features;
  }
  FeatureRow now(LiveFeatures& features, uint8_t account_number, Duration after) {
    const Entity entities[] = {account(account_number), kMerchant};
    FeatureRow row;
    const auto done = database_->read([&](store::Reader& reader) -> Result<void> {
      row = TRY(features.now(reader, {entities, INT64_MAX, kStart + after, nullptr}, features.set().all()));
      return {};
    });
    EXPECT_TRUE(done.has_value()) << done.error().text();
    return row;
  }
  void save_watermark(LiveFeatures& features, int64_t seq) {
    const auto done =
        database_->write([&](store::Transaction& transaction) { return features.save_watermark(transaction, seq); });
    EXPECT_TRUE(done.has_value()) << done.error().text();
  }

  void forget_states_of(const Entity& entity) {
    auto features = live();
    const auto done = database_->write(
        [&](store::Transaction& transaction) { return features.erase(transaction, std::span(&entity, 1)); });
    EXPECT_TRUE(done.has_value()) << done.error().text();
  }

  std::set<Bytes> stored_rows() {
    static constexpr store::Statement kAll("test.feature_rows", "SELECT entity_key FROM feature_states");
    std::set<Bytes> rows;
    const auto done = database_->read([&](store::Reader& reader) {
      return reader.query(kAll, {}, [&](const store::Row& row) -> Result<void> {
        rows.insert(Bytes(row.bytes(0).begin(), row.bytes(0).end()));
        return {};
      });
    });
    EXPECT_TRUE(done.has_value());
    return rows;
  }

  void SetUp() override {
    DatabaseTest::SetUp();
    database_ = open();
    ASSERT_NE(database_, nullptr);
  }

  std::unique_ptr<store::Database> database_;
  std::vector<Event> log_;
  SecretKey key_ = SecretKey::random();
  std::set<Uuid> destroyed_;
};

TEST_P(LiveFeaturesTest, describes_the_past_strictly_before_the_event) {
  auto features = live();
  const auto rows = run(features, {event_at(1, minutes(0), 1, 500), event_at(2, minutes(10), 1, 700)});
  EXPECT_EQ(rows[0][0], 0.0);
  EXPECT_TRUE(std::isnan(rows[0][2]));
  EXPECT_EQ(rows[1], (FeatureRow{1.0, 500.0, 600.0}));
}

TEST_P(LiveFeaturesTest, goes_on_after_a_restart_from_what_was_saved) {
  {
    auto features = live();
    run(features, {event_at(1, minutes(0), 1, 500), event_at(2, minutes(10), 2, 700)});
  }
  auto features = live();
  const auto rows = run(features, {event_at(3, minutes(20), 1, 100)});
  EXPECT_EQ(rows[0], (FeatureRow{1.0, 1200.0, 1200.0}));
}

TEST_P(LiveFeaturesTest, reads_a_late_event_as_if_the_newer_ones_had_not_come) {
  auto features = live();
  run(features, {event_at(1, minutes(0), 1, 500), event_at(2, minutes(30), 1, 700)});
  const auto in_next_batch = run(features, {event_at(3, minutes(10), 1, 1)});
  EXPECT_EQ(in_next_batch[0], (FeatureRow{1.0, 500.0, 600.0}));
  const auto in_one_batch = run(features, {event_at(4, minutes(40), 1, 9), event_at(5, minutes(35), 1, 9)});
  EXPECT_EQ(in_one_batch[1], (FeatureRow{3.0, 1201.0, 2100.0}));
  EXPECT_GT(features.figures().rebuilt_reads, 0u);
  EXPECT_GT(features.figures().recent_reads, 0u) << "a merchant's recent events are at hand";
}

TEST_P(LiveFeaturesTest, gives_the_same_from_a_cache_too_small_for_anything) {
  auto cramped = live({.cache_bytes = 1});
  MemoryFeatures memory(
      set_of(),
      [this](const Entity& entity, int64_t max_seq, Timestamp max_time, const EachEvent& each) -> Result<void> {
        for (const auto& event : log_) {
          const bool touches = std::ranges::find(event.entities, entity) != event.entities.end();
          if (touches && event.seq <= max_seq && event.time <= max_time) TRY(each(event));
        }
        return {};
      });
  Random random(5);
  for (int64_t seq = 1; seq <= 60; ++seq) {
    const auto after = minutes(static_cast<int64_t>(random.below(10'000)));
    const Event event = event_at(seq, after, static_cast<uint8_t>(random.below(3)), 5);
    const auto expected = memory.read(moment_of(event), cramped.set().all()).value();
    const auto row = run(cramped, {event})[0];
    for (size_t f = 0; f < row.size(); ++f) {
      EXPECT_TRUE(row[f] == expected[f] || (std::isnan(row[f]) && std::isnan(expected[f]))) << seq << " " << f;
    }
    ASSERT_TRUE(memory.apply(event).has_value());
  }
  EXPECT_EQ(cramped.figures().cached_states, 0u);
}

TEST_P(LiveFeaturesTest, settles_in_slices_and_counts_nothing_twice_after_a_crash_between_them) {
  for (size_t slices = 0; slices < 4; ++slices) {
    SCOPED_TRACE(slices);
    log_.clear();
    const auto first = static_cast<uint8_t>(10 + 2 * slices);  // accounts nobody has met yet
    auto crashed = live();
    run(crashed, {event_at(1, minutes(0), first, 500), event_at(2, minutes(10), first, 700)}, false);
    const auto rows_before = stored_rows().size();
    crashed.begin_settling();
    for (size_t i = 0; i < slices; ++i) settle(crashed, 1);
    run(crashed, {event_at(3, minutes(20), first, 100)}, false);
    EXPECT_EQ(stored_rows().size(), rows_before + slices) << "the rest waits in memory";
    auto next = following();
    const Event probe = event_at(4, minutes(30), first, 1);
    const auto row = run(next, {probe}, false)[0];
    log_.pop_back();
    EXPECT_EQ(row, run(crashed, {probe}, false)[0]);
    EXPECT_EQ(run(next, {event_at(5, minutes(31), first, 1)}, false)[0][0], 4.0);
    forget_states_of(kMerchant);
  }
}

TEST_P(LiveFeaturesTest, a_round_of_settling_ends_with_all_that_was_published_in_the_table) {
  auto features = live();
  run(features, {event_at(1, minutes(0), 1, 500), event_at(2, minutes(1), 2, 700)}, false);
  EXPECT_EQ(features.figures().unsettled_states, 5u);  // two accounts, two pairs, one merchant
  features.begin_settling();
  EXPECT_EQ(settle(features, 3), 3u);
  run(features, {event_at(3, minutes(2), 1, 100)}, false);
  EXPECT_EQ(settle(features, 3), 2u);
  EXPECT_EQ(settle(features, 3), 0u);
  EXPECT_EQ(stored_rows().size(), 5u);
  features.begin_settling();
  EXPECT_LE(features.figures().unsettled_states, 3u) << "what the third event changed may be written again";
  while (settle(features, 3) > 0) {
  }
  auto next = live();
  EXPECT_EQ(run(next, {event_at(4, minutes(3), 1, 1)}, false)[0], (FeatureRow{2.0, 1300.0, 180.0}));
}

TEST_P(LiveFeaturesTest, a_row_and_what_came_later_are_one_state_for_who_reads_and_who_settles) {
  auto crashed = live();
  run(crashed, {event_at(1, minutes(0), 1, 500), event_at(2, minutes(1), 2, 700)});
  save_watermark(crashed, 2);
  run(crashed, {event_at(3, minutes(2), 1, 100), event_at(4, minutes(3), 1, 10)}, false);
  const auto expected = now(crashed, 1, minutes(4));
  EXPECT_EQ(expected, (FeatureRow{3.0, 1310.0, 240.0}));
  auto next = following();
  EXPECT_EQ(now(next, 1, minutes(4)), expected);
  EXPECT_EQ(next.figures().unsettled_states, 0u) << "who only reads leaves nothing behind";
  run(next, {event_at(5, minutes(4), 2, 1)}, false);
  EXPECT_EQ(next.figures().unsettled_states, 3u) << "account, pair and the merchant, which was behind";
  next.begin_settling();
  while (settle(next, 2) > 0) {
  }
  EXPECT_EQ(now(next, 1, minutes(4))[1], 1311.0);
  auto after = live();
  EXPECT_EQ(now(after, 2, minutes(4)), (FeatureRow{2.0, 1311.0, 180.0})) << "the rows alone";
  EXPECT_EQ(now(after, 1, minutes(4))[0], 1.0) << "nobody has met this account since";
}

TEST_P(LiveFeaturesTest, unsettled_states_outlive_a_cache_too_small_for_them) {
  auto cramped = live({.cache_bytes = 1});
  run(cramped, {event_at(1, minutes(0), 1, 500)}, false);
  EXPECT_EQ(run(cramped, {event_at(2, minutes(1), 1, 700)}, false)[0], (FeatureRow{1.0, 500.0, 60.0}));
}

TEST_P(LiveFeaturesTest, an_erased_account_is_not_settled) {
  auto features = live();
  run(features, {event_at(1, minutes(0), 1, 500)}, false);
  features.begin_settling();
  const Entity gone = account(1);
  const auto done = database_->write(
      [&](store::Transaction& transaction) { return features.erase(transaction, std::span(&gone, 1)); });
  ASSERT_TRUE(done.has_value());
  features.publish();
  EXPECT_EQ(settle(features, 10), 1u) << "the merchant";
  EXPECT_EQ(stored_rows().size(), 1u);
}

TEST_P(LiveFeaturesTest, discard_leaves_what_was_published) {
  auto features = live();
  run(features, {event_at(1, minutes(0), 1, 500)});
  const Event lost = event_at(2, minutes(1), 1, 1);
  const auto done = database_->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(features.prepare(transaction, std::span(&lost, 1)));
    TRY(features.apply(lost));
    TRY(features.save(transaction));
    return fail(Code::kUnprocessable, "the batch fails");
  });
  ASSERT_FALSE(done.has_value());
  features.discard();
  EXPECT_EQ(run(features, {event_at(2, minutes(2), 1, 7)})[0], (FeatureRow{1.0, 500.0, 120.0}));
}

TEST_P(LiveFeaturesTest, erases_an_account_with_its_pairs_and_nothing_else) {
  auto features = live();
  run(features, {event_at(1, minutes(0), 1, 500), event_at(2, minutes(1), 2, 700)});
  EXPECT_EQ(stored_rows().size(), 5u);  // two accounts, two pairs, one merchant
  const Entity gone = account(1);
  const auto done = database_->write(
      [&](store::Transaction& transaction) { return features.erase(transaction, std::span(&gone, 1)); });
  ASSERT_TRUE(done.has_value());
  features.publish();
  EXPECT_EQ(stored_rows().size(), 3u);
  destroyed_.insert(gone.id);
  log_.clear();
  const auto rows = run(features, {event_at(3, minutes(2), 1, 1)});
  EXPECT_EQ(rows[0][0], 0.0);
  EXPECT_EQ(rows[0][1], 1200.0) << "the merchant's own past stays";
  EXPECT_EQ(stored_rows().size(), 3u) << "nothing is kept of an entity whose key is destroyed";
}

TEST_P(LiveFeaturesTest, refuses_a_state_sealed_with_another_key) {
  {
    auto features = live();
    run(features, {event_at(1, minutes(0), 1, 500)});
  }
  key_ = SecretKey::random();
  auto features = live();
  const Event event = event_at(2, minutes(1), 1, 1);
  const auto done =
      database_->read([&](store::Reader& reader) { return features.prepare(reader, std::span(&event, 1)); });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, Code::kConflict);
}

TEST_P(LiveFeaturesTest, answers_now_for_entities_without_an_event) {
  auto features = live();
  run(features, {event_at(1, minutes(0), 1, 500), event_at(2, minutes(30), 1, 700)});
  const Entity entities[] = {account(1), kMerchant};
  FeatureRow newest, earlier;
  const auto done = database_->read([&](store::Reader& reader) -> Result<void> {
    newest = TRY(features.now(reader, {entities, INT64_MAX, kStart + minutes(31), nullptr}, features.set().all()));
    earlier = TRY(features.now(reader, {entities, INT64_MAX, kStart + minutes(29), nullptr}, features.set().all()));
    return {};
  });
  ASSERT_TRUE(done.has_value()) << done.error().text();
  EXPECT_EQ(newest, (FeatureRow{2.0, 1200.0, 1860.0}));
  EXPECT_EQ(earlier, (FeatureRow{1.0, 500.0, 1740.0}));
}

TEST_P(LiveFeaturesTest, a_back_fill_ends_in_the_state_that_live_traffic_builds) {
  auto serving = live();
  for (int64_t seq = 1; seq <= 20; ++seq)
    run(serving, {event_at(seq, minutes(seq * 7 % 50), static_cast<uint8_t>(seq % 3), seq)});
  std::string changed(kDefinitions);
  changed.replace(changed.find("window: 1h"), 10, "window: 24h");
  auto next = live({}, changed);
  BackFill fill(next, scan());
  int64_t reached = 0;
  while (reached < 20) {
    const auto done = database_->write([&](store::Transaction& transaction) -> Result<void> {
      EXPECT_EQ(fill.switch_over(transaction, 20, kStart).error().code, Code::kConflict) << "not caught up yet";
      reached = TRY(fill.step(transaction, 6, 20));
      return {};
    });
    ASSERT_TRUE(done.has_value()) << done.error().text();
    next.publish();
  }
  const auto switched =
      database_->write([&](store::Transaction& transaction) { return fill.switch_over(transaction, 20, kStart); });
  ASSERT_TRUE(switched.has_value()) << switched.error().text();
  MemoryFeatures direct(set_of(changed));
  for (const auto& event : log_) ASSERT_TRUE(direct.apply(event).has_value());
  const Event probe = event_at(21, minutes(60), 1, 0);
  EXPECT_EQ(run(next, {probe})[0], direct.read(moment_of(probe), next.set().all()).value());
  const auto checked = database_->write([&](store::Transaction& transaction) -> Result<void> {
    EXPECT_EQ(TRY(serving_fingerprint(transaction)), next.set().fingerprint());
    return {};
  });
  EXPECT_TRUE(checked.has_value());
}

TEST_P(LiveFeaturesTest, who_still_reads_by_a_set_that_has_just_retired_reads_right) {
  auto built = live();
  BackFill first(built, scan());
  log_ = {event_at(1, minutes(1), 1, 500)};
  std::string changed(kDefinitions);
  changed.replace(changed.find("window: 1h"), 10, "window: 24h");
  auto next = live({}, changed);
  BackFill fill(next, scan());
  for (auto* each : {&first, &fill}) {
    const auto done = database_->write([&](store::Transaction& transaction) -> Result<void> {
      TRY(each->step(transaction, 9, 1));
      return each->switch_over(transaction, 1, kStart);
    });
    ASSERT_TRUE(done) << done.error().text();
  }
  log_.push_back(event_at(2, minutes(2), 1, 100));
  auto old = following();
  EXPECT_EQ(now(old, 1, minutes(3))[0], 2.0);
  const auto built_again = database_->read([&](store::Reader& reader) -> Result<void> {
    EXPECT_EQ(old.watermark(reader).error().code, Code::kConflict);
    return {};
  });
  EXPECT_TRUE(built_again);
}

// One row a slice; cut short after two, as by a restart, it begins anew and leaves what serves alone.
TEST_P(LiveFeaturesTest, states_of_a_retired_set_go_slice_by_slice_also_after_a_restart) {
  constexpr store::Statement kStates("test.states",
                                     "SELECT (SELECT COUNT(*) FROM feature_states), COUNT(*) FROM feature_builds");
  auto old = live();
  for (int64_t seq = 1; seq <= 9; ++seq) run(old, {event_at(seq, minutes(seq), static_cast<uint8_t>(seq % 3), seq)});
  std::string changed(kDefinitions);
  changed.replace(changed.find("window: 1h"), 10, "window: 24h");
  auto next = live({}, changed);
  BackFill first(old, scan());
  BackFill fill(next, scan());
  const auto in_table = [&] {
    std::pair<int64_t, int64_t> counts;
    const auto read = database_->read([&](store::Reader& reader) {
      return reader.query(kStates, {}, [&](const store::Row& row) {
        return counts = {row.integer(0), row.integer(1)}, Result<void>();
      });
    });
    EXPECT_TRUE(read);
    return counts;
  };
  const auto write = [&](const std::function<Result<void>(store::Transaction&)>& work) {
    const auto done = database_->write(work);
    ASSERT_TRUE(done) << done.error().text();
  };
  write([&](store::Transaction& transaction) -> Result<void> {
    TRY(first.step(transaction, 9, 9));
    return first.switch_over(transaction, 9, kStart);
  });
  old.publish();
  const auto before = in_table().first;
  ASSERT_GT(before, 2);
  write([&](store::Transaction& transaction) -> Result<void> {
    TRY(fill.step(transaction, 9, 9));
    return fill.switch_over(transaction, 9, kStart + hours(1));
  });
  next.publish();
  ASSERT_EQ(in_table(), std::pair(2 * before, int64_t{2}));
  const auto remove = [&](int slices, Timestamp retired_by) {
    RetiredSlice slice;
    for (int i = 0; i < slices && !slice.is_last; ++i) {
      write([&](store::Transaction& transaction) -> Result<void> {
        slice = TRY(remove_retired_states(transaction, slice, 1, retired_by));
        return {};
      });
    }
    return slice.is_last;
  };
  EXPECT_TRUE(remove(1000, kStart));
  EXPECT_EQ(in_table(), std::pair(2 * before, int64_t{2})) << "it retired later";
  EXPECT_FALSE(remove(2, kStart + hours(1)));
  EXPECT_LT(in_table().first, 2 * before);
  EXPECT_EQ(in_table().second, 2);
  EXPECT_TRUE(remove(1000, kStart + hours(1)));
  EXPECT_EQ(in_table(), std::pair(before, int64_t{1}));
}

AMITY_ON_BOTH_DATABASES(LiveFeaturesTest);

}  // namespace
}  // namespace amity::features
