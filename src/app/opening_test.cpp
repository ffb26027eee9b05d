// Opening a bank that this program, these keys or this moment do not fit: refused with what to do, nothing harmed.
#include <sys/wait.h>

#include <fstream>

#include "app/engine.h"
#include "store/database_fixture.h"

namespace amity::app {
namespace {

namespace fs = std::filesystem;

constexpr store::Statement kCount("test.count", "SELECT COUNT(*) FROM events");

struct Ended {
  int code = -1;
  std::string output;
};

class Opening : public store::DatabaseTest {
 protected:
  Configuration configuration(const std::string& keys = "first") const {
    Configuration chosen;
    chosen.database = options().url;
    chosen.keys = "sqlite:" + (folder() / (keys + ".keys")).string();
    chosen.key_file = (folder() / (keys + ".key")).string();
    chosen.checkpoints = (folder() / "checkpoints").string();
    return chosen;
  }
  Result<std::unique_ptr<Engine>> open_bank(const std::string& keys = "first") const {
    return Engine::open(configuration(keys), clock_);
  }
  static void register_somebody(Engine& engine, const std::string& customer) {
    auto event = events::make_event({.source = "test",
                                     .id = customer,
                                     .type = "customer.registered",
                                     .subject = {events::EntityKind::kCustomer, customer},
                                     .time = parse_moment("2024-01-01").value(),
                                     .data = {{"kind", "person"}},
                                     .is_history = true});
    const auto answers = engine.pipeline().submit(local_operator(), {event.value()});
    ASSERT_TRUE(answers.front()) << answers.front().error().text();
  }
  // The database itself, with these migrations, and the page key of the bank's own key store.
  Result<std::unique_ptr<store::Database>> open_database(const std::vector<EmbeddedFile>& migrations) const {
    const auto chosen = configuration();
    auto keys = TRY(security::KeyStore::open({.url = chosen.keys, .key_file = chosen.key_file}, clock_));
    auto how = options();
    how.page_key = keys->institution_key("pages");
    how.migrations = migrations;
    return store::open_database(how);
  }
  // The first so many of the program's own.
  static std::vector<EmbeddedFile> migrations(size_t count = store::main_migrations().size()) {
    const auto all = store::main_migrations();
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
  }
  Ended run_program(const std::string& arguments) const {
    const auto chosen = configuration();
    const auto line = fmt::format("cd {} && env -i {} --database '{}' --keys {} --key-file {} --checkpoints {} {} 2>&1",
                                  folder().string(), AMITY_PROGRAM, chosen.database, chosen.keys, chosen.key_file,
                                  chosen.checkpoints, arguments);
    FILE* const pipe = popen(line.c_str(), "r");
    Ended ended;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) ended.output += static_cast<char>(c);
    const int status = pclose(pipe);
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ended;
  }

  SystemClock clock_;
};

TEST_P(Opening, a_database_of_a_newer_program_is_refused_and_left_as_it_is) {
  {
    const auto engine = open_bank();
    ASSERT_TRUE(engine) << engine.error().text();
    register_somebody(**engine, "zhang");
  }
  auto newer = migrations();
  newer.push_back({"9999_from_the_future.sql", "CREATE TABLE future (x BIGINT);"});
  ASSERT_TRUE(open_database(newer));
  const auto refused = open_bank();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find("newer version"), std::string::npos) << refused.error().text();
  EXPECT_NE(refused.error().message.find("use the newer program"), std::string::npos) << refused.error().text();
  const auto command = run_program("doctor");
  EXPECT_EQ(command.code, 5) << command.output;
  EXPECT_NE(command.output.find("newer version"), std::string::npos) << command.output;
  const auto server = run_program("serve --listen 127.0.0.1:0");
  EXPECT_EQ(server.code, 5) << server.output;

  const auto database = open_database(newer);  // as the newer program would
  ASSERT_TRUE(database) << database.error().text();
  EXPECT_TRUE((*database)->read([](store::Reader& reader) {
    return reader.query(kCount, {}, [](const store::Row& row) -> Result<void> {
      EXPECT_EQ(row.integer(0), 1);
      return {};
    });
  }));
}

TEST_P(Opening, a_second_process_is_told_that_the_database_is_taken) {
  const auto engine = open_bank();
  ASSERT_TRUE(engine) << engine.error().text();
  register_somebody(**engine, "zhang");
  for (const auto* command : {"doctor", "customer show zhang", "serve --listen 127.0.0.1:0"}) {
    const auto second = run_program(command);
    EXPECT_EQ(second.code, 6) << command << second.output;  // later it may be free
    EXPECT_NE(second.output.find("another process"), std::string::npos) << command << ": " << second.output;
  }
  register_somebody(**engine, "li");  // the first goes on undisturbed
  EXPECT_EQ((*engine)->event_count().value(), 2);
}

TEST_P(Opening, another_key_store_does_not_open_the_database_and_harms_nothing) {
  {
    const auto engine = open_bank();
    ASSERT_TRUE(engine) << engine.error().text();
    register_somebody(**engine, "zhang");
  }
  const auto missing = open_bank("another");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound) << missing.error().text();
  EXPECT_NE(missing.error().message.find("--key-file"), std::string::npos) << missing.error().text();
  EXPECT_FALSE(fs::exists(folder() / "another.keys"));
  EXPECT_FALSE(fs::exists(folder() / "another.key"));
  const auto chosen = configuration("another");
  ASSERT_TRUE(security::KeyStore::open({.url = chosen.keys, .key_file = chosen.key_file}, clock_));
  const auto refused = open_bank("another");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict) << refused.error().text();
  EXPECT_NE(refused.error().message.find("key"), std::string::npos) << refused.error().text();
  const auto engine = open_bank();
  ASSERT_TRUE(engine) << engine.error().text();
  EXPECT_EQ((*engine)->event_count().value(), 1);
  EXPECT_TRUE((*engine)->customers().profile(local_operator(), "zhang"));
}

// As the versions wrote them that had these migrations and no later ones; never to be changed with the tables.
constexpr store::Statement kOldProbe("test.old_probe", "INSERT INTO write_probe (id, filler) VALUES (1, $1)");
constexpr store::Statement kOldUser(
    "test.old_user",
    "INSERT INTO users (id, name, roles, unit, customer, is_disabled, password_hash, one_time_digest, "
    "one_time_expires, created) VALUES ($1, 'old.hand', 'marketer', '/', NULL, 0, '', $2, 0, 0)");

TEST_P(Opening, a_database_made_by_the_first_migration_opens_after_all_later_ones_with_what_is_in_it) {
  const auto count = migrations().size();
  ASSERT_GE(count, 8u);
  for (size_t last = 1; last < count; ++last) {  // each was the newest once
    const auto database = open_database(migrations(last));
    ASSERT_TRUE(database) << last << ": " << database.error().text();
    if (last > 2) continue;
    ASSERT_TRUE((*database)->write([&](store::Transaction& transaction) -> Result<void> {
      const Bytes bytes(last == 1 ? 16 : 32, 7);
      if (last == 1) return transaction.post(kOldProbe, std::array<store::Value, 1>{ByteView(bytes)});
      return transaction.post(kOldUser, std::array<store::Value, 2>{ByteView(bytes).first(16), ByteView(bytes)});
    }));
  }
  const auto engine = open_bank();
  ASSERT_TRUE(engine) << engine.error().text();
  EXPECT_TRUE((*engine)->users().find(local_operator(), "old.hand"));
  register_somebody(**engine, "zhang");
  EXPECT_TRUE((*engine)->customers().profile(local_operator(), "zhang"));
}

AMITY_ON_BOTH_DATABASES(Opening);

}  // namespace
}  // namespace amity::app
