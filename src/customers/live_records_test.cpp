#include "customers/live_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "events/log.h"
#include "security/keys_fixture.h"

namespace amity::customers {
namespace {

using events::EntityKind;
using events::Event;

Timestamp day(int n) { return *parse_timestamp("2024-01-01T00:00:00Z") + days(n); }

class LiveRecordsTest : public security::KeyedDatabaseTest {
 protected:
  void SetUp() override {
    KeyedDatabaseTest::SetUp();
    log_ = std::make_unique<events::EventLog>(*keys_, pseudonyms_);
    forget_memory();
  }

  void forget_memory(size_t cache_limit = 1000) {
    records_ = std::make_unique<LiveRecords>(pseudonyms_, *keys_, *log_, cache_limit);
  }

  Event event_of(const std::string& type, const events::Reference& subject, json::object data,
                 Timestamp time = day(0)) {
    const auto seq = next_seq_++;
    auto event = *events::make_event({.source = "core",
                                      .id = std::to_string(seq),
                                      .type = type,
                                      .subject = subject,
                                      .time = time,
                                      .data = std::move(data)});
    event.seq = seq;
    return event;
  }
  Event registered(const std::string& key) {
    return event_of("customer.registered", {EntityKind::kCustomer, key}, {{"name", "name of " + key}});
  }
  Event opened(const std::string& key, std::initializer_list<std::string> holders) {
    json::array list;
    for (const auto& holder : holders) list.push_back({{"customer", holder}, {"role", "owner"}});
    return event_of("account.opened", {EntityKind::kAccount, key},
                    {{"type", "deposit"}, {"currency", "CNY"}, {"holders", list}});
  }
  Event joined(const std::string& account, const std::string& customer) {
    return event_of("account.holder_added", {EntityKind::kAccount, account},
                    {{"customer", customer}, {"role", "joint_owner"}});
  }

  Event posted(const std::string& account) {
    return event_of("transaction.posted", {EntityKind::kAccount, account},
                    {{"amount", {{"amount_minor", 100}, {"currency", "CNY"}}}, {"direction", "credit"}});
  }

  // A new process, which meets those these events speak of.
  void restart(const std::vector<Event>& events) {
    forget_memory();
    const auto read = database_->read([&](store::Reader& reader) { return records_->load(reader, events); });
    EXPECT_TRUE(read) << read.error().text();
  }
  size_t settle(size_t count) {
    size_t written = 0;
    const auto done = database_->write([&](store::Transaction& transaction) -> Result<void> {
      written = TRY(records_->settle(transaction, count));
      return {};
    });
    EXPECT_TRUE(done) << done.error().text();
    records_->settled();
    return written;
  }
  int64_t transactions_now(const std::string& key) {
    int64_t count = -1;
    const auto read = database_->read([&](store::Reader& reader) -> Result<void> {
      const auto live = TRY(records_->account_now(reader, account(key)));
      if (live != nullptr) count = live->record.transaction_count;
      return {};
    });
    EXPECT_TRUE(read) << read.error().text();
    return count;
  }
  int64_t transactions(const std::string& key) { return records_->account(account(key))->record.transaction_count; }

  // One batch; events are refused for themselves in `resolve`.
  Result<void> walk(std::vector<Event> batch) {
    auto written = database_->write([&](store::Transaction& transaction) -> Result<void> {
      TRY(records_->load(transaction, batch));
      int64_t seq = TRY(log_->last_seq(transaction));
      for (auto& event : batch) {
        event.seq = ++seq;
        TRY(records_->resolve(event));
        records_->apply(event);
      }
      TRY(log_->append(transaction, batch, day(1)));
      return records_->save(transaction);
    });
    if (written) records_->publish();
    if (!written) records_->discard();
    if (!written) last_error_ = written.error().text();
    return written;
  }

  Uuid customer(const std::string& key) { return pseudonyms_.of({EntityKind::kCustomer, key}).id; }
  Uuid account(const std::string& key) { return pseudonyms_.of({EntityKind::kAccount, key}).id; }

  // What is known under these keys, loaded on a new start.
  std::string name_after_restart(const std::string& key) {
    forget_memory();
    const auto asks = event_of("customer.updated", {EntityKind::kCustomer, key}, {{"name", "x"}});
    const auto read =
        database_->read([&](store::Reader& reader) { return records_->load(reader, std::span(&asks, 1)); });
    EXPECT_TRUE(read) << read.error().text();
    const auto* found = records_->customer(customer(key));
    return found == nullptr ? "nobody" : found->record.text_of("name");
  }

  events::Pseudonyms pseudonyms_{SecretKey::random()};
  std::unique_ptr<events::EventLog> log_;
  std::unique_ptr<LiveRecords> records_;
  int64_t next_seq_ = 1;
  std::string last_error_;
};

TEST_P(LiveRecordsTest, a_transaction_waits_to_be_settled_and_is_seen_all_the_same) {
  ASSERT_TRUE(walk({registered("lin"), opened("a1", {"lin"})})) << last_error_;
  EXPECT_EQ(records_->unsettled_account(account("a1")), nullptr) << "an account is saved with the event that opens it";
  ASSERT_TRUE(walk({posted("a1"), posted("a1")})) << last_error_;
  ASSERT_NE(records_->unsettled_account(account("a1")), nullptr);
  EXPECT_EQ(records_->unsettled_account(account("a1"))->record.transaction_count, 2);
  forget_memory();
  ASSERT_TRUE(walk({posted("a1")})) << last_error_;
  EXPECT_EQ(transactions("a1"), 3) << "the table knows nothing of the first two: they come from the log";
}

TEST_P(LiveRecordsTest, no_event_counts_twice_after_a_crash_in_the_middle_of_settling) {
  const std::vector<Event> first = {registered("lin"), opened("a1", {"lin"}), opened("a2", {"lin"})};
  const std::vector<Event> then = {posted("a1"), posted("a2"), posted("a2")};
  ASSERT_TRUE(walk(first)) << last_error_;
  ASSERT_TRUE(walk(then)) << last_error_;
  records_->begin_settling();
  EXPECT_EQ(settle(1), 1u);
  forget_memory();
  EXPECT_EQ(transactions_now("a2"), 2) << "for who reads, before anybody has met it";
  EXPECT_EQ(records_->unsettled_account(account("a2")), nullptr);
  restart(then);
  EXPECT_EQ(transactions("a1"), 1);
  EXPECT_EQ(transactions("a2"), 2);
  records_->begin_settling();
  while (settle(1) > 0) {
  }
  restart({});
  ASSERT_TRUE(walk({posted("a1"), posted("a2")})) << last_error_;
  EXPECT_EQ(transactions("a1"), 2);
  EXPECT_EQ(transactions("a2"), 3);
}

TEST_P(LiveRecordsTest, a_batch_that_fails_takes_nothing_of_what_waits) {
  ASSERT_TRUE(walk({registered("lin"), opened("a1", {"lin"})})) << last_error_;
  ASSERT_TRUE(walk({posted("a1")})) << last_error_;
  EXPECT_FALSE(walk({posted("a1"), posted("nobody's")}));
  EXPECT_EQ(transactions("a1"), 1);
  EXPECT_EQ(records_->unsettled_account(account("a1"))->record.transaction_count, 1);
}

TEST_P(LiveRecordsTest, keep_what_a_batch_said_over_a_restart) {
  ASSERT_TRUE(walk({registered("lin"), opened("a1", {"lin"})})) << last_error_;
  EXPECT_EQ(records_->customer(customer("lin"))->record.accounts.size(), 1U);
  EXPECT_EQ(name_after_restart("lin"), "name of lin");
  EXPECT_EQ(records_->customer(customer("lin"))->record.accounts.at("a1").role, "owner");
}

TEST_P(LiveRecordsTest, show_nothing_of_a_batch_that_failed) {
  ASSERT_TRUE(walk({registered("lin")}));
  EXPECT_FALSE(
      walk({event_of("customer.updated", {EntityKind::kCustomer, "lin"}, {{"name", "Wu"}}), joined("a9", "lin")}));
  EXPECT_EQ(records_->customer(customer("lin"))->record.text_of("name"), "name of lin");
  EXPECT_EQ(name_after_restart("lin"), "name of lin");
}

TEST_P(LiveRecordsTest, refuse_who_is_unknown_with_the_place) {
  ASSERT_TRUE(walk({registered("lin"), opened("a1", {"lin"})}));
  const auto refused = [&](Event event) {
    const auto walked = walk({std::move(event)});
    return walked ? "taken" : std::string(name_of(walked.error().code)) + " " + walked.error().place;
  };
  EXPECT_EQ(refused(event_of("customer.updated", {EntityKind::kCustomer, "wu"}, {{"name", "x"}})),
            "unprocessable /subject");
  EXPECT_EQ(refused(event_of("card.issued", {EntityKind::kAccount, "a9"}, {{"card", "k"}})), "unprocessable /subject");
  EXPECT_EQ(refused(opened("a2", {"lin", "wu"})), "unprocessable /data/holders");
  EXPECT_EQ(refused(joined("a1", "wu")), "unprocessable /data/customer");
}

TEST_P(LiveRecordsTest, name_every_holder_of_a_joint_account_as_a_party) {
  ASSERT_TRUE(walk({registered("lin"), registered("wu"), opened("a1", {"lin", "wu"})}));
  auto posting = event_of("card.issued", {EntityKind::kAccount, "a1"}, {{"card", "k"}});
  ASSERT_TRUE(records_->resolve(posting));
  const auto has = [&](const events::Entity& entity) {
    return std::ranges::find(posting.entities, entity) != posting.entities.end();
  };
  EXPECT_TRUE(has({EntityKind::kCustomer, customer("lin")}));
  EXPECT_TRUE(has({EntityKind::kCustomer, customer("wu")}));
  EXPECT_TRUE(has(pseudonyms_.of({EntityKind::kCard, "k"})));
  EXPECT_EQ(posting.entities[0], pseudonyms_.of({EntityKind::kAccount, "a1"}));
  EXPECT_EQ(posting.home, account("a1"));
  EXPECT_EQ(posting.partition, partition_of(customer("lin")));
}

TEST_P(LiveRecordsTest, leave_other_holders_as_they_are_when_one_joins_after_a_restart) {
  ASSERT_TRUE(walk({registered("lin"), registered("wu"), opened("a1", {"lin"})}));
  forget_memory();
  ASSERT_TRUE(walk({joined("a1", "wu")}));
  EXPECT_EQ(name_after_restart("lin"), "name of lin");
  EXPECT_EQ(name_after_restart("wu"), "name of wu");
}

TEST_P(LiveRecordsTest, keep_what_a_batch_loaded_until_its_end_however_small_the_cache) {
  ASSERT_TRUE(walk({registered("c1"), registered("c2"), registered("c3"), registered("c4"), registered("c5")}));
  forget_memory(1);
  for (int round = 0; round < 3; ++round) {
    const auto walked = walk({opened("a" + std::to_string(round), {"c1", "c2", "c3", "c4", "c5"})});
    ASSERT_TRUE(walked) << walked.error().text();
  }
  EXPECT_EQ(name_after_restart("c1"), "name of c1");
  EXPECT_EQ(records_->customer(customer("c1"))->record.accounts.size(), 3U);
}

TEST_P(LiveRecordsTest, take_nothing_about_somebody_erased) {
  ASSERT_TRUE(walk({registered("lin"), registered("wu"), opened("a1", {"lin", "wu"})}));
  ASSERT_TRUE(keys_->destroy(customer("lin"), Uuid{}));
  auto erasure = *events::make_event({.source = "amity/erasure",
                                      .id = "1",
                                      .type = "customer.erased",
                                      .subject = {EntityKind::kCustomer, format(customer("lin"))},
                                      .time = day(1),
                                      .data = {{"basis", "request 1"}}});
  erasure.seq = next_seq_++;
  ASSERT_TRUE(walk({erasure}));
  EXPECT_EQ(records_->customer(customer("lin")), nullptr);
  EXPECT_EQ(name_after_restart("lin"), "nobody");
  EXPECT_EQ(walk({registered("lin")}).error().code, Code::kUnprocessable);
  // The joint account goes on with its other holder, and others may join it.
  ASSERT_TRUE(walk({registered("zhao")}));
  const auto walked = walk({joined("a1", "zhao")});
  ASSERT_TRUE(walked) << walked.error().text();
  auto posting = event_of("card.issued", {EntityKind::kAccount, "a1"}, {{"card", "k"}});
  ASSERT_TRUE(records_->resolve(posting));
  EXPECT_EQ(std::ranges::count(posting.entities, EntityKind::kCustomer, &events::Entity::kind), 2);
}

TEST_P(LiveRecordsTest, show_policies_the_customer_as_of_the_event) {
  const events::Reference lin{EntityKind::kCustomer, "lin"};
  std::vector<Event> log{registered("lin"), event_of("customer.updated", lin, {{"district", "north"}}, day(9))};
  ASSERT_TRUE(walk(log));
  const History history = [&](events::Entity, int64_t max_seq, Timestamp max_time, const auto& each) -> Result<void> {
    for (auto event : log) {
      TRY(records_->resolve(event));
      if (event.seq <= max_seq && event.time <= max_time) TRY(each(event));
    }
    return {};
  };
  const auto seen_at = [&](Timestamp time) {
    auto event = event_of("interaction.recorded", lin, {{"channel", "phone"}, {"direction", "in"}}, time);
    EXPECT_TRUE(records_->resolve(event));
    return *records_->view(nullptr, event, history);
  };
  EXPECT_EQ(seen_at(day(10)).at("district"), "north");
  EXPECT_FALSE(seen_at(day(5)).contains("district"));
  EXPECT_EQ(seen_at(day(5)).at("name"), "name of lin");
}

TEST_P(LiveRecordsTest, find_their_customers_by_tokens_not_by_words) {
  ASSERT_TRUE(walk({registered("lin")}));
  constexpr store::Statement kTokens("test.tokens", "SELECT COUNT(*) FROM search_tokens WHERE customer_id = $1");
  const auto id = customer("lin");
  const auto count = [&] {
    int64_t tokens = -1;
    const auto read = database_->read([&](store::Reader& reader) {
      const store::Value parameters[] = {ByteView(id.bytes)};
      return reader.query(kTokens, parameters,
                          [&](const store::Row& row) { return tokens = row.integer(0), Result<void>(); });
    });
    EXPECT_TRUE(read);
    return tokens;
  };
  EXPECT_EQ(count(), 3);  // name, of, lin
  ASSERT_TRUE(
      walk({event_of("customer.updated", {EntityKind::kCustomer, "lin"}, {{"name", "Lin Wei Bo Anna"}}, day(1))}));
  EXPECT_EQ(count(), 4);
}

// The first batch is committed, but the answer was lost: memory knows nothing of it until all is forgotten.
TEST_P(LiveRecordsTest, are_loaded_anew_after_a_commit_whose_fate_is_not_known) {
  ASSERT_TRUE(walk({registered("c1"), opened("a1", {"c1"}), registered("c2")})) << last_error_;
  std::vector<Event> lost{joined("a1", "c2")};
  ASSERT_TRUE(database_->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(records_->load(transaction, lost));
    TRY(records_->resolve(lost[0]));
    TRY(log_->append(transaction, lost, day(1)));
    records_->apply(lost[0]);
    return records_->save(transaction);
  }));
  const auto holders = [&] {
    return records_->account(pseudonyms_.of({EntityKind::kAccount, "a1"}).id)->record.holders.size();
  };
  records_->discard();
  EXPECT_EQ(holders(), 1U);
  records_->forget_all();
  ASSERT_TRUE(walk({registered("c3"), joined("a1", "c3")})) << last_error_;
  EXPECT_EQ(holders(), 3U);
}

AMITY_ON_BOTH_DATABASES(LiveRecordsTest);

}  // namespace
}  // namespace amity::customers
