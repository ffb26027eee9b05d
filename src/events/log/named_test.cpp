// The names of others in the log: as format 2 writes them, and as an older database holds them.
#include "events/log/named.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "events/log.h"
#include "security/keys_fixture.h"

namespace amity::events {
namespace {

const Timestamp kNow = *parse_timestamp("2024-06-01T12:00:00Z");
constexpr store::Statement kSealed("test.sealed", "SELECT sealed FROM events WHERE seq = 1");
constexpr store::Statement kStore("test.store", "UPDATE events SET sealed = $1 WHERE seq = 1");

class NamedTest : public security::KeyedDatabaseTest {
 protected:
  NamedTest() : KeyedDatabaseTest(kNow) {}
  void SetUp() override {
    KeyedDatabaseTest::SetUp();
    log_.emplace(*keys_, pseudonyms_);
  }

  Uuid id_of(const std::string& customer) const { return pseudonyms_.of({EntityKind::kCustomer, customer}).id; }

  Event event_of(const std::string& type, Reference subject, json::object data) {
    auto event = *make_event({.source = "core",
                              .id = "a",
                              .type = type,
                              .subject = std::move(subject),
                              .time = kNow,
                              .data = std::move(data)});
    event.entities = {pseudonyms_.of(event.subject)};
    event.home = event.entities[0].id;
    event.partition = partition_of(event.home);
    return event;
  }
  // An account that Lin and Wu hold together.
  Event joint() {
    return event_of("account.opened", {EntityKind::kAccount, "j1"},
                    {{"type", "deposit"},
                     {"currency", "CNY"},
                     {"holders", json::array{{{"customer", "lin-4711"}, {"role", "owner"}},
                                             {{"customer", "wu-4712"}, {"role", "joint_owner"}}}}});
  }
  void append(Event event) {
    const auto done = database_->write(
        [&](store::Transaction& transaction) { return log_->append(transaction, std::span(&event, 1), kNow); });
    ASSERT_TRUE(done) << done.error().text();
  }
  Result<Event> read() {
    std::optional<Event> event;
    TRY(database_->read([&](store::Reader& reader) -> Result<void> {
      event = TRY(log_->at(reader, 1));
      return {};
    }));
    return *event;
  }
  // What the home's key opens.
  std::string plain(const Uuid& home) {
    std::string text;
    const auto read = database_->read([&](store::Reader& reader) {
      return reader.query(kSealed, {}, [&](const store::Row& row) -> Result<void> {
        text = as_text(TRY(amity::open(TRY(keys_->key_of(home)), row.bytes(0), "events.sealed:1")));
        return {};
      });
    });
    EXPECT_TRUE(read) << read.error().text();
    return text;
  }
  // As a database of a version before has it, or somebody's forgery.
  void store_plain(const Uuid& home, const std::string& text) {
    const auto sealed = seal(*keys_->key_of(home), as_bytes(text), "events.sealed:1");
    const auto done = database_->write([&](store::Transaction& transaction) -> Result<void> {
      const store::Value parameters[] = {ByteView(sealed)};
      TRY(transaction.execute(kStore, parameters));
      return {};
    });
    ASSERT_TRUE(done);
  }

  Pseudonyms pseudonyms_{*SecretKey::from_bytes(Bytes(32, 3))};
  std::optional<EventLog> log_;
};

TEST_P(NamedTest, holders_are_sealed_with_their_own_keys_and_come_back_as_they_were_sent) {
  const auto sent = joint();
  append(sent);
  const auto text = plain(sent.home);
  EXPECT_EQ(text[0], 2) << "the format";
  for (const auto* name : {"lin-4711", "wu-4712", "joint_owner"}) EXPECT_EQ(text.find(name), std::string::npos) << name;
  for (const auto* name : {"lin-4711", "wu-4712"}) EXPECT_NE(text.find(format(id_of(name))), std::string::npos);
  const auto event = read();
  ASSERT_TRUE(event) << event.error().text();
  EXPECT_EQ(event->data, sent.data);
  EXPECT_FALSE(event->has_lost_names);
}

TEST_P(NamedTest, somebody_erased_is_left_out_and_the_others_stay) {
  const auto sent = joint();
  append(sent);
  ASSERT_TRUE(keys_->destroy(id_of("lin-4711"), Uuid{.bytes = {1}}));
  const auto event = read();
  ASSERT_TRUE(event) << event.error().text();
  EXPECT_TRUE(event->has_lost_names);
  EXPECT_EQ(write_json(event->data.at("holders")), R"([{"customer":"wu-4712","role":"joint_owner"}])");
  EXPECT_EQ(event->data.at("currency"), "CNY");
}

TEST_P(NamedTest, a_required_name_of_somebody_erased_is_missing) {
  const auto sent = event_of("relationship.recorded", {EntityKind::kCustomer, "wu-4712"},
                             {{"other", "lin-4711"}, {"relationship", "spouse"}});
  append(sent);
  EXPECT_EQ(plain(sent.home).find("lin-4711"), std::string::npos);
  EXPECT_EQ(read()->data, sent.data);
  ASSERT_TRUE(keys_->destroy(id_of("lin-4711"), Uuid{.bytes = {1}}));
  const auto event = read();
  ASSERT_TRUE(event) << event.error().text();
  EXPECT_TRUE(event->has_lost_names);
  EXPECT_FALSE(event->data.contains("other"));
  EXPECT_EQ(event->data.at("relationship"), "spouse");
}

TEST_P(NamedTest, the_home_of_an_event_is_no_other) {
  const auto sent = event_of("relationship.recorded", {EntityKind::kCustomer, "wu-4712"},
                             {{"other", "wu-4712"}, {"relationship", "spouse"}});
  EXPECT_TRUE(named_besides_home(sent, pseudonyms_).empty());
  EXPECT_EQ(named_besides_home(joint(), pseudonyms_), (std::vector{id_of("lin-4711"), id_of("wu-4712")}));
}

TEST_P(NamedTest, events_of_format_1_are_still_read_and_leave_out_who_is_erased) {
  const auto sent = joint();
  append(sent);
  store_plain(sent.home, std::string(1, 1) +
                             write_json(json::object{
                                 {"data", sent.data}, {"id", "a"}, {"source", "core"}, {"subject", "account/j1"}}));
  const auto event = read();
  ASSERT_TRUE(event) << event.error().text();
  EXPECT_EQ(event->data, sent.data);
  EXPECT_EQ(event->subject, sent.subject);
  EXPECT_FALSE(event->has_lost_names);
  ASSERT_TRUE(keys_->destroy(id_of("lin-4711"), Uuid{.bytes = {1}}));
  const auto later = read();
  ASSERT_TRUE(later) << later.error().text();
  EXPECT_TRUE(later->has_lost_names);
  EXPECT_EQ(write_json(later->data.at("holders")), R"([{"customer":"wu-4712","role":"joint_owner"}])");
}

TEST_P(NamedTest, a_format_that_is_not_known_and_a_name_moved_from_elsewhere_are_refused) {
  const auto sent = joint();
  append(sent);
  auto text = plain(sent.home);
  text[0] = 3;
  store_plain(sent.home, text);
  EXPECT_EQ(read().error().place, "event 1");
  text[0] = 2;
  const auto lin = format(id_of("lin-4711"));
  text.replace(text.find(lin), lin.size(), format(id_of("wu-4712")));
  store_plain(sent.home, text);
  EXPECT_FALSE(read());
}

AMITY_ON_BOTH_DATABASES(NamedTest);

}  // namespace
}  // namespace amity::events
