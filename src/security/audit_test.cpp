#include "security/audit.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "security/audit/entries.h"
#include "store/database_fixture.h"

namespace amity::security {
namespace {

using store::Statement;
using store::Transaction;
using store::Value;
using enum AuditFindingKind;

// What somebody with the database open in a tool can do.
constexpr Statement kFlipBit{"t", "UPDATE audit_entries SET object = 'model/8' WHERE seq = 7"};
constexpr Statement kFlipDigest{"t", "UPDATE audit_entries SET digest = previous WHERE seq = 7"};
constexpr Statement kRemove{"t", "DELETE FROM audit_entries WHERE seq = $1"};
constexpr Statement kCutAfter{"t", "DELETE FROM audit_entries WHERE seq > $1"};
constexpr Statement kMove{"t", "UPDATE audit_entries SET seq = $2 WHERE seq = $1"};
constexpr Statement kCopy{"t",
                          "INSERT INTO audit_entries (chain, seq, time, actor, actor_name, purpose, action, object, "
                          "detail, trace_id, previous, digest) SELECT chain, 0, time, actor, actor_name, purpose, "
                          "action, object, detail, trace_id, previous, digest FROM audit_entries WHERE seq = $1"};
constexpr Statement kSwapActions{"t",
                                 "UPDATE audit_entries SET object = CASE seq WHEN 4 THEN 'model/9' ELSE 'model/4' END "
                                 "WHERE seq = 4 OR seq = 9"};
constexpr Statement kRefuse{"t", "DROP TABLE audit_entries"};

class AuditTest : public store::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    database_ = open();
    ASSERT_NE(database_, nullptr);
    officer_.name = "officer";
    officer_.roles = {Role::kComplianceOfficer};
    officer_.user.value.bytes[0] = 9;
  }

  AuditEntry entry(int64_t number) const {
    return {"model.approved", "model/" + std::to_string(number), json::object{{"version", number}}};
  }
  // Entries first to last, with objects "model/1" and so on.
  void record(int64_t first, int64_t last) {
    for (int64_t i = first; i <= last; ++i) {
      clock_.advance(seconds(1));
      ASSERT_TRUE(database_->write([&](Transaction& t) { return chain_.record(t, officer_, entry(i)); }));
    }
  }
  void run(const Statement& statement, std::vector<Value> parameters = {}) {
    const auto done = database_->write([&](Transaction& t) -> Result<void> {
      TRY(t.execute(statement, parameters));
      return {};
    });
    ASSERT_TRUE(done) << done.error().text();
  }
  Checkpoint checkpoint() {
    const auto made = chain_.checkpoint(*database_, [](std::string_view) { return Result<void>(); });
    EXPECT_TRUE(made.has_value() && made->has_value());
    return **made;
  }
  AuditReport verify(const std::vector<Checkpoint>& checkpoints = {}) {
    AuditReport report;
    EXPECT_TRUE(database_->read([&](store::Reader& reader) -> Result<void> {
      report = TRY(verify_audit(reader, {0, checkpoints, chain_.public_key()}));
      return {};
    }));
    return report;
  }
  // Exactly one finding, of this kind at this seq.
  void expect_only(const AuditReport& report, AuditFindingKind kind, int64_t seq) {
    for (const auto& f : report.findings) SCOPED_TRACE(std::string(name_of(f.kind)) + ": " + f.text);
    ASSERT_EQ(report.findings.size(), 1u);
    EXPECT_EQ(name_of(report.findings[0].kind), name_of(kind)) << report.findings[0].text;
    EXPECT_EQ(report.findings[0].seq, seq);
  }

  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
  std::unique_ptr<store::Database> database_;
  Caller officer_;
  AuditChain chain_{clock_, SigningKey::from_seed(SecretKey::random())};
};

TEST_P(AuditTest, an_untouched_chain_verifies_with_and_without_checkpoints) {
  EXPECT_TRUE(verify().is_sound());
  record(1, 5);
  const Checkpoint first = checkpoint();
  record(6, 12);
  const Checkpoint second = checkpoint();
  EXPECT_TRUE(verify().is_sound());
  const AuditReport report = verify({first, second});
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.entry_count, 12);
  EXPECT_EQ(report.last_seq, 12);
  EXPECT_EQ(report.checkpoint_count, 2);
  EXPECT_EQ(report.head, second.digest);
}

TEST_P(AuditTest, finds_a_flipped_bit) {
  record(1, 12);
  run(kFlipBit);
  expect_only(verify(), kAltered, 7);
}

TEST_P(AuditTest, finds_a_changed_digest) {
  record(1, 12);
  run(kFlipDigest);
  expect_only(verify(), kAltered, 7);
}

TEST_P(AuditTest, finds_a_removed_entry) {
  record(1, 12);
  run(kRemove, {int64_t{5}});
  expect_only(verify(), kRemoved, 5);
}

TEST_P(AuditTest, finds_a_removed_entry_whose_gap_was_closed) {
  record(1, 12);
  run(kRemove, {int64_t{5}});
  for (int64_t seq = 6; seq <= 12; ++seq) run(kMove, {seq, seq - 1});
  expect_only(verify(), kRemoved, 5);
}

TEST_P(AuditTest, finds_swapped_neighbours) {
  record(1, 12);
  run(kMove, {int64_t{5}, int64_t{0}});
  run(kMove, {int64_t{6}, int64_t{5}});
  run(kMove, {int64_t{0}, int64_t{6}});
  expect_only(verify(), kSwapped, 5);
}

TEST_P(AuditTest, finds_swapped_contents_of_distant_entries) {
  record(1, 20);
  run(kMove, {int64_t{3}, int64_t{0}});
  run(kMove, {int64_t{18}, int64_t{3}});
  run(kMove, {int64_t{0}, int64_t{18}});
  expect_only(verify(), kSwapped, 3);
}

TEST_P(AuditTest, finds_contents_exchanged_under_digests_left_in_place) {
  record(1, 12);
  run(kSwapActions);
  const AuditReport report = verify();
  EXPECT_EQ(report.findings.size(), 2u);  // time and detail stayed: two altered entries, not a swap
  EXPECT_EQ(report.findings[0].seq, 4);
  EXPECT_EQ(report.findings[1].seq, 9);
}

TEST_P(AuditTest, finds_an_inserted_entry) {
  record(1, 12);
  for (int64_t seq = 12; seq >= 8; --seq) run(kMove, {seq, seq + 1});
  run(kCopy, {int64_t{3}});
  run(kMove, {int64_t{0}, int64_t{8}});
  expect_only(verify(), kInserted, 8);
}

TEST_P(AuditTest, finds_an_inserted_entry_with_a_digest_that_fits) {
  record(1, 7);
  record(8, 8);  // what will be the forged one: made by the very same rules
  run(kMove, {int64_t{8}, int64_t{0}});
  record(8, 12);
  for (int64_t seq = 12; seq >= 8; --seq) run(kMove, {seq, seq + 1});
  run(kMove, {int64_t{0}, int64_t{8}});
  expect_only(verify(), kInserted, 8);
}

TEST_P(AuditTest, a_cut_tail_shows_only_against_a_checkpoint) {
  record(1, 5);
  const Checkpoint first = checkpoint();
  record(6, 12);
  const Checkpoint second = checkpoint();
  run(kCutAfter, {int64_t{9}});
  EXPECT_TRUE(verify().is_sound());
  expect_only(verify({first, second}), kTailCut, 10);
}

TEST_P(AuditTest, a_cut_and_regrown_tail_shows_only_against_a_checkpoint) {
  record(1, 5);
  const Checkpoint first = checkpoint();
  record(6, 12);
  const Checkpoint second = checkpoint();
  run(kCutAfter, {int64_t{9}});
  record(50, 60);
  EXPECT_TRUE(verify().is_sound());
  expect_only(verify({first, second}), kTailRegrown, 6);
}

TEST_P(AuditTest, a_rewritten_whole_shows_only_against_a_checkpoint) {
  record(1, 5);
  const Checkpoint first = checkpoint();
  record(6, 12);
  const Checkpoint second = checkpoint();
  run(kCutAfter, {int64_t{0}});
  record(50, 70);
  EXPECT_TRUE(verify().is_sound());
  expect_only(verify({first, second}), kRewritten, 1);
}

TEST_P(AuditTest, a_checkpoint_of_another_key_proves_nothing) {
  record(1, 5);
  Checkpoint forged = checkpoint();
  forged.digest[0] ^= 1;
  expect_only(verify({forged}), kForgedCheckpoint, 5);
}

TEST_P(AuditTest, signs_no_broken_chain) {
  record(1, 5);
  checkpoint();
  record(6, 12);
  run(kRemove, {int64_t{8}});
  const auto refused = chain_.checkpoint(*database_, [](std::string_view) { return Result<void>(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_EQ(refused.error().place, "entry 9");
  run(kCutAfter, {int64_t{4}});
  EXPECT_FALSE(chain_.checkpoint(*database_, [](std::string_view) { return Result<void>(); }));
}

TEST_P(AuditTest, a_rolled_back_savepoint_leaves_the_chain_whole) {
  record(1, 2);
  const auto refused = database_->write([&](Transaction& t) -> Result<void> {
    TRY(chain_.record(t, officer_, entry(3)));
    return fail(Code::kUnprocessable, "no");
  });
  EXPECT_FALSE(refused);
  const AuditEntry several[] = {entry(3), entry(4), entry(5)};
  ASSERT_TRUE(database_->write([&](Transaction& t) -> Result<void> {
    TRY(chain_.record(t, officer_, several));
    return chain_.record(t, officer_, entry(6));
  }));
  const AuditReport report = verify();
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.last_seq, 6);
}

TEST_P(AuditTest, many_writers_at_once_make_one_chain) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 25; ++i) {
        const bool fails = i % 5 == 4;
        std::ignore = database_->write([&](Transaction& t) -> Result<void> {
          TRY(chain_.record(t, officer_, entry(thread * 100 + i)));
          return fails ? fail(Code::kUnprocessable, "no") : Result<void>();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const AuditReport report = verify();
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.entry_count, 80);  // 4 times 25 without every fifth
}

TEST_P(AuditTest, where_it_cannot_be_written_nothing_happens) {
  run(kRefuse);
  bool went_on = false;
  EXPECT_FALSE(database_->write([&](Transaction& t) -> Result<void> {
    TRY(chain_.record(t, officer_, entry(1)));
    went_on = true;
    return {};
  }));
  EXPECT_FALSE(went_on);
}

TEST_P(AuditTest, an_entry_holds_no_line_ends_or_escape_sequences) {
  for (const AuditEntry& bad : {AuditEntry{"model.approved", "a\nb", {}}, AuditEntry{"model.approved", "\x1b[2J", {}},
                                AuditEntry{"a b", "x", {}}, AuditEntry{"", "x", {}}}) {
    const auto refused = database_->write([&](Transaction& t) { return chain_.record(t, officer_, bad); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kInvalid);
  }
  officer_.trace_id = "x\r\ny";
  ASSERT_TRUE(database_->write([&](Transaction& t) {
    return chain_.record(t, officer_, {"model.approved", "model/1", json::object{{"note", "a\nb"}}});
  }));
  ASSERT_TRUE(database_->read([&](store::Reader& reader) -> Result<void> {
    const auto rows = TRY(read_audit(reader, officer_, {}));
    EXPECT_EQ(rows.at(0).trace_id, "");
    EXPECT_EQ(rows.at(0).detail, R"({"note":"a\nb"})");
    return {};
  }));
}

TEST_P(AuditTest, is_read_newest_first_by_those_who_may) {
  record(1, 9);
  ASSERT_TRUE(database_->read([&](store::Reader& reader) -> Result<void> {
    const auto page = TRY(read_audit(reader, officer_, {.before_seq = 8, .limit = 3}));
    EXPECT_EQ(page.size(), 3u);
    EXPECT_EQ(page.at(0).seq, 7);
    EXPECT_EQ(page.at(0).actor_name, "officer");
    const auto one = TRY(read_audit(reader, officer_, {.actor = officer_.user, .object = "model/4"}));
    EXPECT_EQ(one.size(), 1u);
    EXPECT_TRUE(TRY(read_audit(reader, officer_, {.action = "model.retired"})).empty());
    Caller agent = officer_;
    agent.roles = {Role::kServiceAgent};
    EXPECT_EQ(read_audit(reader, agent, {}).error().code, Code::kForbidden);
    return {};
  }));
}

TEST_P(AuditTest, a_customers_name_does_not_stand_in_it) {
  Caller customer;
  customer.name = "li.lei@example.com";
  customer.roles = {Role::kCustomer};
  ASSERT_TRUE(database_->write([&](Transaction& t) { return chain_.record(t, customer, entry(1)); }));
  ASSERT_TRUE(database_->read([&](store::Reader& reader) -> Result<void> {
    EXPECT_EQ(TRY(read_audit(reader, officer_, {})).at(0).actor_name, "customer");
    return {};
  }));
}

TEST_P(AuditTest, checkpoints_go_to_a_file_outside_and_read_back) {
  const std::string path = (folder() / "checkpoints.jsonl").string();
  const auto sink = append_checkpoints_to(path);
  EXPECT_FALSE((*chain_.checkpoint_if_due(*database_, sink)).has_value());
  record(1, 1);
  EXPECT_TRUE((*chain_.checkpoint_if_due(*database_, sink)).has_value());  // the first at once
  record(2, 3);
  EXPECT_FALSE((*chain_.checkpoint_if_due(*database_, sink)).has_value());  // the next after 1000 more
  std::ofstream(path, std::ios::app) << R"({"chain":0,"dig)";               // power went while it was written
  EXPECT_TRUE((*chain_.checkpoint(*database_, sink)).has_value());
  EXPECT_FALSE((*chain_.checkpoint(*database_, sink)).has_value());
  std::ifstream in(path);
  const std::string lines((std::istreambuf_iterator<char>(in)), {});
  const auto read = read_checkpoints(lines);
  ASSERT_TRUE(read) << read.error().text();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[1].seq, 3);
  EXPECT_TRUE(is_signed_by((*read)[1], chain_.public_key()));
  EXPECT_TRUE(verify(*read).is_sound());
  ASSERT_TRUE(database_->read([&](store::Reader& reader) -> Result<void> {
    EXPECT_EQ(TRY(kept_checkpoints(reader, 0)).size(), 2u);
    return {};
  }));
}

TEST_P(AuditTest, a_checkpoint_that_cannot_leave_is_not_made) {
  record(1, 3);
  EXPECT_FALSE(chain_.checkpoint(*database_, append_checkpoints_to((folder() / "no" / "such").string())));
  EXPECT_TRUE((*chain_.checkpoint_if_due(*database_, [](std::string_view) { return Result<void>(); })).has_value());
}

AMITY_ON_BOTH_DATABASES(AuditTest);

TEST(Checkpoints, name_the_line_that_is_wrong) {
  const auto refused = read_checkpoints("\n{\"version\":2}\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().place.substr(0, 6), "line 2");
}

}  // namespace
}  // namespace amity::security
