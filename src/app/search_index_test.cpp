// The search index is no part of a backup and may be gone after a crash: it is built again, and until it is whole
// nobody is searched for.
#include <thread>

#include "app/bank_fixture.h"

namespace amity::app {
namespace {

using customers::kLastCustomer;

constexpr store::Statement kEmptyTokens("test.empty_tokens", "DELETE FROM search_tokens");
constexpr store::Statement kEmptyIndex("test.empty_index", "DELETE FROM search_index");
constexpr store::Statement kDropTokens("test.drop_tokens", "DELETE FROM search_tokens WHERE customer_id = $1");
constexpr store::Statement kCountTokens("test.count_tokens", "SELECT COUNT(*) FROM search_tokens");
constexpr store::Statement kTokensOf("test.tokens_of", "SELECT COUNT(*) FROM search_tokens WHERE customer_id = $1");
constexpr store::Statement kDamage("test.damage", "UPDATE customers SET sealed_record = $2 WHERE customer_id = $1");

constexpr auto kInChinese = "客户搜索索引正在重建，请几分钟后再搜索";

class SearchIndexTest : public BankTest {
 protected:
  void SetUp() override {
    BankTest::SetUp();
    must_take({registered("lin"), registered("wu"), registered("zhou"), registered("sun")});
  }

  void execute(const store::Statement& statement, store::Values parameters = {}) {
    const auto written = engine_->database().write([&](store::Transaction& transaction) -> Result<void> {
      TRY(transaction.execute(statement, parameters));
      return {};
    });
    ASSERT_TRUE(written) << written.error().text();
  }
  // What restoring a backup or a crash of PostgreSQL leaves. The running engine has seen a whole index.
  void lose_index() {
    ASSERT_TRUE(*engine_->see_to_search_index());
    execute(kEmptyTokens);
    execute(kEmptyIndex);
  }
  int64_t count(const store::Statement& statement, store::Values parameters = {}) {
    int64_t rows = -1;
    EXPECT_TRUE(engine_->database().read([&](store::Reader& reader) {
      return reader.query(statement, parameters,
                          [&](const store::Row& row) { return rows = row.integer(0), Result<void>(); });
    }));
    return rows;
  }
  bool is_indexed(const std::string& key) {
    const auto id = id_of(customer(key));
    const store::Value parameters[] = {ByteView(id.bytes)};
    return count(kTokensOf, parameters) > 0;
  }
  // One slice, as between batches.
  bool build(int64_t customer_count) {
    const customers::SearchIndex index(engine_->keys());
    bool is_whole = false;
    const auto built = engine_->database().write([&](store::Transaction& transaction) -> Result<void> {
      is_whole = TRY(index.build(transaction, customer_count));
      return {};
    });
    EXPECT_TRUE(built) << built.error().text();
    return is_whole;
  }
  Uuid built_to() {
    const customers::SearchIndex index(engine_->keys());
    Uuid last;
    EXPECT_TRUE(engine_->database().read(
        [&](store::Reader& reader) -> Result<void> { return last = TRY(index.built_to(reader)), Result<void>(); }));
    return last;
  }
  // In the order of their ids, in which the index is built.
  std::vector<std::string> everybody() {
    std::vector<std::string> keys = {"lin", "wu", "zhou", "sun"};
    std::ranges::sort(keys, {}, [&](const std::string& key) { return id_of(customer(key)); });
    return keys;
  }
  // References found, or why nobody is searched for.
  std::vector<std::string> search(const std::string& query) {
    const auto found = engine_->customers().search(local_operator(), query, 10);
    if (!found) return {std::string(name_of(found.error().code)), found.error().place};
    std::vector<std::string> references;
    for (const auto& one : *found) references.push_back(one.customer);
    std::ranges::sort(references);
    return references;
  }
  void wait_until_whole() {
    for (int i = 0; i < 100 && !*engine_->see_to_search_index(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_TRUE(*engine_->see_to_search_index());
  }

  // Puts what a backup holds in the place of the database.
  void restore(const std::string& backup) {
    const auto page_key = engine_->keys().institution_key("pages");
    engine_.reset();
    if (is_sqlite()) {
      for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(sqlite_path() + end);
    } else {
      restored_ = std::make_unique<store::PostgresqlDatabase>(store::test_postgresql_url());
      configuration_.database = restored_->url();
    }
    const store::OpenOptions place{.url = configuration_.database, .page_key = page_key};
    const auto done = store::restore_database(place, backup);
    ASSERT_TRUE(done) << done.error().text();
  }

  const std::vector<std::string> kUnavailable = {"unavailable", std::string(customers::kSearchIndexPlace)};
  std::unique_ptr<store::PostgresqlDatabase> restored_;
};

TEST_P(SearchIndexTest, while_it_is_built_nobody_is_searched_for_and_both_languages_say_so) {
  EXPECT_EQ(get("/v1/customers?query=name").status, 200);
  lose_index();
  const auto english = get("/v1/customers?query=name");
  EXPECT_EQ(english.status, 503);
  EXPECT_NE(english.body.find("The search index is being built"), std::string::npos) << english.body;
  EXPECT_NE(english.body.find("/problems/unavailable"), std::string::npos) << english.body;
  const auto chinese = get("/v1/customers?query=name", "zh-CN");
  EXPECT_EQ(chinese.status, 503);
  EXPECT_NE(chinese.body.find(kInChinese), std::string::npos) << chinese.body;
  EXPECT_EQ(get("/v1/customers/lin").status, 200) << "by their reference";
  EXPECT_FALSE(build(3));
  EXPECT_EQ(search("name"), kUnavailable) << "three of four";
  EXPECT_TRUE(build(3));
  EXPECT_EQ(search("name"), (std::vector<std::string>{"lin", "sun", "wu", "zhou"}));
}

TEST_P(SearchIndexTest, that_went_while_it_served_is_built_again_with_no_event_coming) {
  lose_index();
  EXPECT_EQ(search("lin"), kUnavailable);
  EXPECT_FALSE(*engine_->see_to_search_index());
  wait_until_whole();
  EXPECT_EQ(search("lin"), (std::vector<std::string>{"lin"}));
}

TEST_P(SearchIndexTest, is_built_on_by_the_next_start_where_it_was_left) {
  const auto keys = everybody();
  lose_index();
  EXPECT_FALSE(build(1));
  EXPECT_FALSE(build(1));
  EXPECT_EQ(built_to(), id_of(customer(keys[1])));
  const auto first = id_of(customer(keys[0]));
  execute(kDropTokens, std::array<store::Value, 1>{ByteView(first.bytes)});  // tells whether it is done twice
  open_engine();
  wait_until_whole();
  EXPECT_EQ(built_to(), kLastCustomer);
  EXPECT_FALSE(is_indexed(keys[0]));
  for (size_t i = 1; i < keys.size(); ++i) EXPECT_TRUE(is_indexed(keys[i])) << keys[i];
}

TEST_P(SearchIndexTest, holds_what_changes_while_it_is_built) {
  const auto keys = everybody();
  lose_index();
  EXPECT_FALSE(build(2));
  for (const auto& key : keys) {
    must_take({event_of("customer.updated", customer(key), {{"name", "Heron " + key}})});
  }
  must_take({registered("new")});
  EXPECT_TRUE(build(10));
  EXPECT_EQ(search("heron").size(), 4U);
  EXPECT_EQ(search("name"), (std::vector<std::string>{"new"}));
}

TEST_P(SearchIndexTest, takes_in_nobody_erased_or_frozen_though_their_rows_are_still_there) {
  lose_index();
  ASSERT_TRUE(engine_->keys().destroy(id_of(customer("lin")), Uuid{.bytes = {1}}));
  const security::Freeze freeze{id_of(customer("wu")), id_of(customer("wu")),  Uuid{.bytes = {2}},
                                clock_.now(),          clock_.now() + days(1), "d1"};
  ASSERT_TRUE(engine_->keys().freeze(std::span(&freeze, 1)));
  EXPECT_TRUE(build(10));
  EXPECT_FALSE(is_indexed("lin"));
  EXPECT_FALSE(is_indexed("wu"));
  EXPECT_EQ(search("name"), (std::vector<std::string>{"sun", "zhou"}));
}

TEST_P(SearchIndexTest, is_not_stopped_by_a_damaged_record_and_rebuilding_that_puts_it_in) {
  lose_index();
  const auto id = id_of(customer("lin"));
  const auto damage = as_bytes("not what was sealed here, not at all");
  execute(kDamage, std::array<store::Value, 2>{ByteView(id.bytes), damage});
  open_engine();
  wait_until_whole();
  EXPECT_EQ(search("name").size(), 3U);
  EXPECT_EQ(engine_->rebuild(local_operator(), false)->difference_count, 1);
  EXPECT_EQ(search("lin"), (std::vector<std::string>{"lin"}));
  EXPECT_EQ(engine_->rebuild(local_operator(), true)->difference_count, 0);
}

TEST_P(SearchIndexTest, is_compared_by_a_rebuilding_as_far_as_it_is_built) {
  const auto keys = everybody();
  const auto differences = [&] { return engine_->rebuild(local_operator(), true)->difference_count; };
  EXPECT_EQ(differences(), 0);
  lose_index();
  EXPECT_EQ(differences(), 0);
  EXPECT_FALSE(build(2));
  EXPECT_EQ(differences(), 0);
  const auto first = id_of(customer(keys[0]));
  execute(kDropTokens, std::array<store::Value, 1>{ByteView(first.bytes)});
  EXPECT_EQ(differences(), 1);
}

TEST_P(SearchIndexTest, is_in_no_backup_and_one_restored_finds_everybody_but_who_was_erased_since) {
  const auto backup = (folder() / "backup").string();
  const auto made = engine_->database().backup_to(backup);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_GT(count(kCountTokens), 10) << "where it was made it stays";
  EXPECT_TRUE(*engine_->see_to_search_index());
  ASSERT_TRUE(erase("wu"));
  restore(backup);
  {
    const auto keys =
        security::KeyStore::open({.url = configuration_.keys, .key_file = configuration_.key_file}, clock_);
    const auto page_key = (*keys)->institution_key("pages");
    const auto alone = store::open_database({.url = configuration_.database, .page_key = page_key});
    ASSERT_TRUE(alone) << alone.error().text();
    ASSERT_TRUE((*alone)->read([&](store::Reader& reader) -> Result<void> {
      TRY(reader.query(kCountTokens, {}, [](const store::Row& row) -> Result<void> {
        EXPECT_EQ(row.integer(0), 0);
        return {};
      }));
      EXPECT_TRUE(TRY(customers::SearchIndex(**keys).built_to(reader)).is_nil());
      return {};
    }));
  }
  open_engine();
  wait_until_whole();
  EXPECT_EQ(search("name"), (std::vector<std::string>{"lin", "sun", "zhou"}));
  EXPECT_FALSE(is_indexed("wu"));
}

TEST_P(SearchIndexTest, of_a_database_made_before_it_could_be_missing_is_whole) {
  constexpr store::Statement add("test.add_token", "INSERT INTO search_tokens (token, customer_id) VALUES ($1, $1)");
  const auto page_key = SecretKey::random();
  std::unique_ptr<store::PostgresqlDatabase> other;
  if (!is_sqlite()) other = std::make_unique<store::PostgresqlDatabase>(store::test_postgresql_url());
  store::OpenOptions place{.url = other ? other->url() : "sqlite:" + (folder() / "other.db").string(),
                           .page_key = page_key};
  place.migrations = store::main_migrations().first(11);
  const Bytes token(16, 7);
  ASSERT_TRUE(open(place)->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(transaction.execute(add, std::array<store::Value, 1>{ByteView(token)}));
    return {};
  }));
  place.migrations = store::main_migrations();
  ASSERT_TRUE(open(place)->read([&](store::Reader& reader) -> Result<void> {
    EXPECT_TRUE(TRY(customers::SearchIndex(engine_->keys()).is_whole(reader)));
    return reader.query(kCountTokens, {}, [](const store::Row& row) -> Result<void> {
      EXPECT_EQ(row.integer(0), 1);
      return {};
    });
  }));
}

AMITY_ON_BOTH_DATABASES(SearchIndexTest);

}  // namespace
}  // namespace amity::app
