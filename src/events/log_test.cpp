#include "events/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "security/keys_fixture.h"

namespace amity::events {
namespace {

const Timestamp kNow = *parse_timestamp("2024-06-01T12:00:00Z");

Timestamp day(int n) { return *parse_timestamp("2024-01-01T00:00:00Z") + days(n); }

class LogTest : public security::KeyedDatabaseTest {
 protected:
  LogTest() : KeyedDatabaseTest(kNow) {}

  void SetUp() override {
    KeyedDatabaseTest::SetUp();
    log_.emplace(*keys_, pseudonyms_);
  }

  // A posting of `minor` on an account, with a counterparty that all of them share.
  Event posting(std::string id, std::string account, Timestamp time, int64_t minor = 100) {
    auto event = *make_event({.source = "core",
                              .id = std::move(id),
                              .type = "transaction.posted",
                              .subject = {EntityKind::kAccount, std::move(account)},
                              .time = time,
                              .data = {{"amount", {{"amount_minor", minor}, {"currency", "CNY"}}},
                                       {"direction", "debit"},
                                       {"operation", "canary-7351"},
                                       {"counterparty", "shop"}}});
    event.entities = {pseudonyms_.of(event.subject), pseudonyms_.of({EntityKind::kCounterparty, "shop"})};
    event.home = event.entities[0].id;
    event.partition = partition_of(event.home);
    return event;
  }

  Result<void> append(std::vector<Event> events) {
    return database_->write([&](store::Transaction& transaction) { return log_->append(transaction, events, kNow); });
  }

  std::vector<Event> scan(int64_t from = 1, int64_t to = INT64_MAX) {
    std::vector<Event> events;
    const auto read = database_->read([&](store::Reader& reader) {
      return log_->scan(reader, from, to, [&](const Event& event) -> Result<void> {
        events.push_back(event);
        return {};
      });
    });
    EXPECT_TRUE(read) << read.error().text();
    return events;
  }

  std::vector<std::string> ids_of(const EntityRange& range) {
    std::vector<std::string> ids;
    const auto read = database_->read([&](store::Reader& reader) {
      return log_->of_entity(reader, range, [&](const Event& event) -> Result<void> {
        ids.push_back(event.id);
        return {};
      });
    });
    EXPECT_TRUE(read) << read.error().text();
    return ids;
  }

  // "0 e4" for each event told of the first, in the order told.
  std::vector<std::string> told_since(const std::vector<Since>& wanted) {
    std::vector<std::string> told;
    const auto read = database_->read([&](store::Reader& reader) {
      return log_->since(reader, wanted, [&](size_t index, const Event& event) -> Result<void> {
        told.push_back(std::to_string(index) + " " + event.id);
        return {};
      });
    });
    EXPECT_TRUE(read) << read.error().text();
    return told;
  }

  std::vector<std::optional<Known>> find_known(const std::vector<Event>& events) {
    std::vector<std::optional<Known>> known;
    const auto read = database_->read([&](store::Reader& reader) -> Result<void> {
      known = TRY(log_->find_known(reader, events));
      return {};
    });
    EXPECT_TRUE(read) << read.error().text();
    return known;
  }

  Pseudonyms pseudonyms_{*SecretKey::from_bytes(Bytes(32, 3))};
  std::optional<EventLog> log_;
};

TEST_P(LogTest, gives_back_what_was_appended) {
  const auto sent = posting("a", "1", day(1), 4200);
  ASSERT_TRUE(append({sent}));
  const auto events = scan();
  ASSERT_EQ(events.size(), 1u);
  const auto& event = events[0];
  EXPECT_EQ(event.seq, 1);
  EXPECT_EQ(event.partition_seq, 1);
  EXPECT_EQ(event.source, "core");
  EXPECT_EQ(event.id, "a");
  EXPECT_EQ(event.type, "transaction.posted");
  EXPECT_EQ(event.subject, sent.subject);
  EXPECT_EQ(event.time, day(1));
  EXPECT_EQ(event.recorded, kNow);
  EXPECT_EQ(event.entities, sent.entities);
  EXPECT_EQ(event.home, sent.home);
  EXPECT_EQ(event.partition, sent.partition);
  EXPECT_EQ(event.data, sent.data);
  EXPECT_FALSE(event.is_history);
  EXPECT_FALSE(event.is_erased);
}

TEST_P(LogTest, numbers_events_without_gaps_over_all_and_in_each_partition) {
  ASSERT_TRUE(append({posting("a", "1", day(1)), posting("b", "2", day(1)), posting("c", "1", day(1))}));
  ASSERT_TRUE(append({posting("d", "1", day(1)), posting("e", "2", day(1))}));
  std::vector<int64_t> of_first;
  int64_t expected = 1;
  for (const auto& event : scan()) {
    EXPECT_EQ(event.seq, expected++);
    if (event.subject.key == "1") of_first.push_back(event.partition_seq);
  }
  ASSERT_NE(partition_of(posting("x", "1", day(1)).home), partition_of(posting("x", "2", day(1)).home));
  EXPECT_EQ(of_first, (std::vector<int64_t>{1, 2, 3}));
}

TEST_P(LogTest, leaves_no_gap_where_a_transaction_fails) {
  ASSERT_TRUE(append({posting("a", "1", day(1))}));
  std::vector<Event> lost = {posting("b", "1", day(1))};
  const auto failed = database_->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(log_->append(transaction, lost, kNow));
    return invalid("a later step refuses");
  });
  EXPECT_FALSE(failed);
  ASSERT_TRUE(append({posting("c", "1", day(1))}));
  const auto events = scan();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].id, "c");
  EXPECT_EQ(events[1].seq, 2);
  EXPECT_EQ(events[1].partition_seq, 2);
}

TEST_P(LogTest, tells_a_repeat_from_a_contradiction) {
  ASSERT_TRUE(append({posting("a", "1", day(1), 100), posting("b", "1", day(1), 100)}));
  auto other_source = posting("a", "1", day(1), 100);
  other_source.source = "branch";
  const auto known = find_known(
      {posting("c", "1", day(1)), posting("b", "1", day(1), 100), posting("a", "1", day(1), 999), other_source});
  ASSERT_EQ(known.size(), 4u);
  EXPECT_FALSE(known[0]);
  ASSERT_TRUE(known[1]);
  EXPECT_EQ(known[1]->seq, 2);
  EXPECT_TRUE(known[1]->is_same);
  ASSERT_TRUE(known[2]);
  EXPECT_EQ(known[2]->seq, 1);
  EXPECT_FALSE(known[2]->is_same);
  EXPECT_FALSE(known[3]);
}

TEST_P(LogTest, finds_repeats_within_a_batch) {
  const std::vector<Event> events = {posting("a", "1", day(1)), posting("b", "1", day(1)), posting("a", "2", day(2))};
  const auto repeats = log_->repeats_within(events);
  EXPECT_FALSE(repeats[0]);
  EXPECT_FALSE(repeats[1]);
  EXPECT_EQ(repeats[2], 0u);
}

TEST_P(LogTest, refuses_to_append_an_identity_twice) {
  ASSERT_TRUE(append({posting("a", "1", day(1))}));
  for (const auto& account : {"1", "2"}) {  // a repeat and a contradiction
    const auto again = append({posting("a", account, day(1))});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::kConflict);
    EXPECT_EQ(again.error().message, "the log already holds an event of this source and id");
  }
  EXPECT_EQ(append({posting("b", "1", day(1)), posting("b", "1", day(1))}).error().place, "/id");
  EXPECT_EQ(scan().size(), 1u);
}

TEST_P(LogTest, orders_late_events_of_an_entity_by_time_and_then_by_arrival) {
  ASSERT_TRUE(append({posting("second", "1", day(5)), posting("other", "2", day(4))}));
  ASSERT_TRUE(append({posting("late", "1", day(2)), posting("third", "1", day(5))}));
  const auto account = pseudonyms_.of({EntityKind::kAccount, "1"}).id;
  const auto shop = pseudonyms_.of({EntityKind::kCounterparty, "shop"}).id;
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids_of({.entity = account}), (Ids{"late", "second", "third"}));
  EXPECT_EQ(ids_of({.entity = shop}), (Ids{"late", "other", "second", "third"}));
  EXPECT_EQ(ids_of({.entity = account, .max_seq = 2}), (Ids{"second"}));
  EXPECT_EQ(ids_of({.entity = account, .max_time = day(4)}), (Ids{"late"}));
  EXPECT_EQ(ids_of({.entity = account, .min_time = day(5)}), (Ids{"second", "third"}));
  EXPECT_EQ(ids_of({.entity = account, .max_seq = 3, .min_time = day(2), .max_time = day(5)}), (Ids{"late", "second"}));
  EXPECT_EQ(ids_of({.entity = pseudonyms_.of({EntityKind::kAccount, "9"}).id}), Ids{});
}

TEST_P(LogTest, accepts_a_recording_clock_that_goes_backwards) {
  ASSERT_TRUE(append({posting("a", "1", day(1))}));
  std::vector<Event> earlier = {posting("b", "1", day(1))};
  ASSERT_TRUE(database_->write(
      [&](store::Transaction& transaction) { return log_->append(transaction, earlier, kNow - hours(5)); }));
  const auto events = scan();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].id, "b");
  EXPECT_EQ(events[1].recorded, kNow - hours(5));
}

TEST_P(LogTest, reads_on_over_pages_and_within_bounds) {
  std::vector<Event> events;
  for (int i = 0; i < 2500; ++i) events.push_back(posting(std::to_string(i), std::to_string(i % 7), day(i % 100)));
  ASSERT_TRUE(append(events));
  EXPECT_EQ(scan().size(), 2500u);
  const auto middle = scan(1000, 2100);
  ASSERT_EQ(middle.size(), 1101u);
  EXPECT_EQ(middle.front().seq, 1000);
  EXPECT_EQ(middle.back().seq, 2100);
  const auto shop = pseudonyms_.of({EntityKind::kCounterparty, "shop"}).id;
  const auto ids = ids_of({.entity = shop});
  ASSERT_EQ(ids.size(), 2500u);
  EXPECT_EQ(ids[0], "0");
  EXPECT_EQ(ids[1], "100");
  EXPECT_EQ(ids[2499], "2499");
}

TEST_P(LogTest, gives_the_same_after_reopening) {
  ASSERT_TRUE(append({posting("a", "1", day(1)), posting("b", "2", day(2))}));
  reopen();
  ASSERT_NE(database_, nullptr);
  ASSERT_TRUE(append({posting("c", "1", day(3))}));
  const auto events = scan();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].id, "a");
  EXPECT_EQ(events[2].seq, 3);
  EXPECT_TRUE(find_known({posting("b", "2", day(2))})[0]->is_same);
}

TEST_P(LogTest, the_index_reads_the_same_before_while_and_after_it_is_settled) {
  std::vector<Event> events;
  for (int i = 0; i < 20; ++i) events.push_back(posting("e" + std::to_string(i), std::to_string(i % 3), day(20 - i)));
  const EntityRange of_one{.entity = events[1].home, .max_seq = 17, .min_time = day(3), .max_time = day(18)};
  const std::vector<std::string> expected{"e16", "e13", "e10", "e7", "e4"};  // e1 and e19 are out of the range
  ASSERT_TRUE(append({events.begin(), events.begin() + 12}));
  ASSERT_TRUE(database_->read([&](store::Reader& reader) { return log_->begin_settling(reader); }));
  ASSERT_TRUE(append({events.begin() + 12, events.end()}));
  EXPECT_EQ(ids_of(of_one), expected);
  for (size_t written = 5; written > 0;) {  // 12 events of two entities each
    const bool is_last = ids_of(of_one) == expected && written == 4;
    ASSERT_TRUE(database_->write([&](store::Transaction& transaction) -> Result<void> {
      written = TRY(log_->settle(transaction, 5));
      return written < 5 ? log_->finish_settling(transaction) : Result<void>();
    })) << is_last;
    log_->settled();
    EXPECT_EQ(ids_of(of_one), expected);
    if (written < 5) break;
  }
  log_.emplace(*keys_, pseudonyms_);
  EXPECT_EQ(ids_of(of_one), expected) << "found in the log itself";
  ASSERT_TRUE(database_->read([&](store::Reader& reader) { return log_->take_up(reader); }));
  EXPECT_EQ(ids_of(of_one), expected);
  EXPECT_EQ(ids_of({.entity = events[0].entities[1].id}).size(), 20u);
}

TEST_P(LogTest, tells_what_came_later_of_several_in_order_wherever_the_index_stands) {
  std::vector<Event> events;
  for (int i = 0; i < 9; ++i) events.push_back(posting("e" + std::to_string(i), std::to_string(i % 3), day(20 - i)));
  const Uuid shop = events[0].entities[1].id;
  const std::vector<Since> wanted = {{events[0].home, 1}, {shop, 6}, {events[1].home, 9}, {Uuid{{7}}, 0}};
  const std::vector<std::string> expected = {"0 e3", "0 e6", "1 e6", "1 e7", "1 e8"};
  ASSERT_TRUE(append({events.begin(), events.begin() + 5}));
  EXPECT_EQ(told_since({{shop, 3}}), (std::vector<std::string>{"0 e3", "0 e4"}));
  ASSERT_TRUE(database_->read([&](store::Reader& reader) { return log_->begin_settling(reader); }));
  ASSERT_TRUE(append({events.begin() + 5, events.end()}));
  EXPECT_EQ(told_since(wanted), expected);
  ASSERT_TRUE(database_->write([&](store::Transaction& transaction) -> Result<void> {
    EXPECT_EQ(TRY(log_->settle(transaction, 100)), 10u);
    return log_->finish_settling(transaction);
  }));
  log_->settled();
  EXPECT_EQ(told_since(wanted), expected);
  log_.emplace(*keys_, pseudonyms_);
  EXPECT_EQ(told_since(wanted), expected) << "found in the log itself";
  ASSERT_TRUE(database_->read([&](store::Reader& reader) { return log_->take_up(reader); }));
  EXPECT_EQ(told_since(wanted), expected);
}

TEST_P(LogTest, a_round_of_settling_cut_short_is_made_again) {
  ASSERT_TRUE(append({posting("a", "1", day(1)), posting("b", "1", day(2)), posting("c", "1", day(3))}));
  const Uuid one = posting("x", "1", day(1)).home;
  ASSERT_TRUE(database_->read([&](store::Reader& reader) { return log_->begin_settling(reader); }));
  ASSERT_TRUE(database_->write([&](store::Transaction& transaction) -> Result<void> {
    EXPECT_EQ(TRY(log_->settle(transaction, 4)), 4u);
    return {};
  }));
  log_.emplace(*keys_, pseudonyms_);  // after a crash: some rows stand, the watermark has not moved
  EXPECT_EQ(ids_of({.entity = one}), (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_TRUE(database_->read([&](store::Reader& reader) { return log_->begin_settling(reader); }));
  ASSERT_TRUE(database_->write([&](store::Transaction& transaction) -> Result<void> {
    EXPECT_EQ(TRY(log_->settle(transaction, 100)), 6u);
    return log_->finish_settling(transaction);
  }));
  log_->settled();
  EXPECT_EQ(ids_of({.entity = one}), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_P(LogTest, a_failed_append_leaves_nothing_in_the_index) {
  ASSERT_TRUE(append({posting("a", "1", day(1))}));
  const Uuid one = posting("x", "1", day(1)).home;
  std::vector<Event> lost = {posting("lost", "1", day(2)), posting("lost too", "1", day(2))};
  EXPECT_FALSE(database_->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(log_->append(transaction, lost, kNow));
    return fail(Code::kUnprocessable, "the batch fails");
  }));
  EXPECT_EQ(ids_of({.entity = one}), (std::vector<std::string>{"a"}));
  ASSERT_TRUE(append({posting("b", "1", day(3))}));
  EXPECT_EQ(ids_of({.entity = one}), (std::vector<std::string>{"a", "b"}));
}

TEST_P(LogTest, finds_one_event_by_its_seq) {
  ASSERT_TRUE(append({posting("a", "1", day(1)), posting("b", "2", day(2))}));
  ASSERT_TRUE(database_->read([&](store::Reader& reader) -> Result<void> {
    EXPECT_EQ(TRY(log_->at(reader, 2)).id, "b");
    EXPECT_EQ(log_->at(reader, 3).error().code, Code::kNotFound);
    EXPECT_EQ(TRY(log_->last_seq(reader)), 2);
    return {};
  }));
}

TEST_P(LogTest, shows_nothing_of_an_erased_owner_but_that_something_was) {
  ASSERT_TRUE(append({posting("a", "1", day(1)), posting("b", "2", day(2))}));
  ASSERT_TRUE(keys_->destroy(pseudonyms_.of({EntityKind::kAccount, "1"}).id, Uuid{.bytes = {1}}));
  const auto events = scan();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(events[0].is_erased);
  EXPECT_TRUE(events[0].data.empty());
  EXPECT_EQ(events[0].id, "");
  EXPECT_EQ(events[0].subject.key, "");
  EXPECT_EQ(events[0].entities.size(), 2u);
  EXPECT_FALSE(events[1].is_erased);
  EXPECT_FALSE(append({posting("c", "1", day(3))}));
}

constexpr store::Statement kSwap("test.swap", "UPDATE events SET sealed = (SELECT sealed FROM events WHERE seq = 1)");

TEST_P(LogTest, notices_sealed_data_that_was_moved_to_another_event) {
  ASSERT_TRUE(append({posting("a", "1", day(1)), posting("b", "1", day(1))}));
  ASSERT_TRUE(database_->write([](store::Transaction& transaction) -> Result<void> {
    TRY(transaction.execute(kSwap, {}));
    return {};
  }));
  const auto read = database_->read([&](store::Reader& reader) -> Result<void> {
    EXPECT_TRUE(log_->at(reader, 1));
    EXPECT_EQ(log_->at(reader, 2).error().code, Code::kConflict);
    return {};
  });
  EXPECT_TRUE(read);
}

constexpr store::Statement kAllCells("test.all_cells", "SELECT type, home, entities, sealed FROM events");

TEST_P(LogTest, keeps_nothing_personal_in_clear) {
  ASSERT_TRUE(append({posting("a-telling-id", "a-telling-account", day(1))}));
  std::string cells;
  ASSERT_TRUE(database_->read([&](store::Reader& reader) {
    return reader.query(kAllCells, {}, [&](const store::Row& row) -> Result<void> {
      cells += row.text(0);
      for (int column = 1; column < 4; ++column) cells += as_text(row.bytes(column));
      return {};
    });
  }));
  EXPECT_NE(cells.find("transaction.posted"), std::string::npos);
  for (const auto* canary : {"telling", "canary", "core", "shop"}) EXPECT_EQ(cells.find(canary), std::string::npos);
}

AMITY_ON_BOTH_DATABASES(LogTest);

}  // namespace
}  // namespace amity::events
