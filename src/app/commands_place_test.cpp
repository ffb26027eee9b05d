// The built program where it stands: its environment, its keys, what is known already, and who is asked.
#include "app/program_fixture.h"
#include "store/database_fixture.h"

namespace amity::app {
namespace {

TEST_F(Commands, a_variable_that_is_no_setting_is_told_by_its_name_alone) {
  make_bank();
  const std::string wrong = "AMITY_WORKER=secret AMITY_LANGUAGE=zh AMITY_PASSWORD=x";
  expect(1, "BAD  environment  AMITY_WORKER is set and is no setting", "doctor", wrong);
  const auto listed = run("policy list", wrong);
  EXPECT_EQ(listed.code, 0) << listed.output;
  const auto warned = listed.output.find("AMITY_LANGUAGE, AMITY_WORKER");
  EXPECT_NE(warned, std::string::npos) << listed.output;
  EXPECT_EQ(listed.output.find("not a setting", warned), std::string::npos) << listed.output;  // once
  EXPECT_EQ(listed.output.find("secret"), std::string::npos) << listed.output;
  EXPECT_EQ(listed.output.find("AMITY_PASSWORD"), std::string::npos) << listed.output;
  EXPECT_EQ(run("policy list", "AMITY_PASSWORD=x AMITY_TEST_X=1").output.find("AMITY_"), std::string::npos);
}

TEST_F(Commands, nothing_is_made_for_a_database_of_a_server_that_only_is_asked_or_is_not_there) {
  database_ = "postgresql://amity@nohost.invalid/bank";
  for (const auto* command : {"doctor", "audit verify", "customer show 7", "model list", "backup x"}) {
    const auto ended = run(command);
    EXPECT_EQ(ended.code, 4) << command << ended.output;
    EXPECT_NE(ended.output.find("--key-file"), std::string::npos) << ended.output;
  }
  for (const auto* command : {"simulate --customers 1 --days 1", "serve --listen 127.0.0.1:0"}) {
    const auto ended = run(command);
    EXPECT_EQ(ended.code, 6) << command << ended.output;
  }
  EXPECT_TRUE(fs::is_empty(folder_)) << run("doctor").output;
}

TEST_F(Commands, keys_are_not_made_beside_data_that_lost_its_own) {
  make_bank();
  fs::rename(folder_ / "bank.db.keys", folder_ / "elsewhere.keys");
  fs::rename(folder_ / "bank.db.key", folder_ / "elsewhere.key");
  for (const auto* command : {"doctor", "user add other --roles marketer", "serve --listen 127.0.0.1:0"}) {
    expect(4, "name it by --keys and its key file by --key-file", command);
  }
  EXPECT_FALSE(fs::exists(folder_ / "bank.db.keys"));
  EXPECT_FALSE(fs::exists(folder_ / "bank.db.key"));
  expect(0, "ok", "--keys sqlite:elsewhere.keys --key-file elsewhere.key doctor");
}

// Of each kind of database: made, backed up, and brought back elsewhere with its key file alone, then with its keys.
TEST_F(Commands, a_backup_is_not_restored_beside_new_keys) {
  const store::PostgresqlDatabase made(store::test_postgresql_url());
  const store::PostgresqlDatabase restored(store::test_postgresql_url());
  for (const auto& [from, to] :
       {std::pair<std::string, std::string>{"sqlite:bank.db", "sqlite:to/bank.db"}, {made.url(), restored.url()}}) {
    database_ = from;
    const std::string here = "--keys sqlite:bank.keys --key-file bank.key ";
    const std::string there = "--keys sqlite:to/bank.keys --key-file bank.key ";
    expect(0, "", here + "user add officer --roles risk_analyst");
    expect(0, "", here + "backup one");
    database_ = to;
    expect(4, "by --keys-backup", there + "restore backups/one");
    EXPECT_FALSE(fs::exists(folder_ / "to/bank.keys")) << to;
    expect(0, "", there + "restore backups/one --keys-backup backups/keys.newest");
    expect(0, "officer", there + "user list");
    for (const auto* left : {"bank.keys", "bank.key", "backups", "to"}) fs::remove_all(folder_ / left);
  }
}

// Where the key store still stands its newest state needs no backup.
TEST_F(Commands, a_backup_is_restored_beside_the_key_store_it_was_made_with) {
  make_bank();
  expect(0, "", "backup one");
  database_ = "sqlite:to.db";
  const std::string keys = "--keys sqlite:bank.db.keys --key-file bank.db.key ";
  expect(0, "", keys + "restore backups/one");
  expect(0, "officer", keys + "user list");
}

// A core system that was read under another mapping names its accounts again.
TEST_F(Commands, openings_that_contradict_the_first_import_are_refused_with_their_line_and_repeats_are_taken) {
  make_bank();
  write("files/people.csv", "id,name,since\np1,Ann,2020-01-01\np2,Bea,2020-01-01\n");
  write("files/accounts.csv", "id,who,since,money\na1,p1,2020-01-01,CNY\na2,p2,2020-01-01,CNY\n");
  const auto mapping = [&](const std::string& source) {
    return write(source + ".yaml", "mapping: 1\nsource: " + source + R"(
snapshot: 2020-12-31
files:
  - file: people.csv
    key: id
    events: [{type: customer.registered, subject: id, time: since, data: {name: name}}]
  - file: accounts.csv
    key: id
    joins: [{name: owner, file: people.csv, key: id, by: who}]
    events:
      - type: account.opened
        subject: id
        time: since
        data: {type: {constant: deposit}, currency: money, holders: {each: owner, customer: owner.id, role: {constant: owner}}}
)");
  };
  expect(0, "4 events in the log", "import files --mapping " + mapping("first"));
  expect(0, "4 events in the log", "import files --mapping " + mapping("first"));
  write("files/accounts.csv", "id,who,since,money\na1,p1,2020-01-01,CNY\na2,p2,2020-01-01,USD\n");
  expect(1, "3 events in the log", "import files --rejects out.csv --mapping " + mapping("second"));
  std::ifstream file(folder_ / "out.csv");
  const std::string rejects(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(rejects.find("\"accounts.csv\",3,\"/data/currency\",\"the account is open already"), std::string::npos)
      << rejects;
  expect(0, "0 differences", "rebuild --check");
}

// Nobody else may either: the hint to act as another person would be wrong.
TEST_F(Commands, what_a_customer_refused_is_refused_to_whoever_asks) {
  make_bank();
  write("files/people.csv", "id,name,since\np1,Ann,2020-01-01\n");
  write("small.yaml",
        "mapping: 1\nsource: small\nsnapshot: 2020-12-31\ncurrency: CNY\nfiles:\n  - file: people.csv\n"
        "    key: id\n    events:\n"
        "      - {type: customer.registered, subject: id, time: since, data: {name: name}}\n");
  expect(0, "", "import files --mapping small.yaml");
  const auto refused = run("customer show p1 --purpose marketing");
  EXPECT_EQ(refused.code, 3) << refused.output;
  EXPECT_NE(refused.output.find("has not consented"), std::string::npos) << refused.output;
  EXPECT_EQ(refused.output.find("--as"), std::string::npos) << refused.output;
  std::ifstream shipped(AMITY_SOURCE_DIR "/institution/policies/payment.fraud.yaml");
  std::string policy((std::istreambuf_iterator<char>(shipped)), {});
  policy.replace(policy.find("8.0"), 3, "9.0");
  expect(0, "", "policy draft " + write("changed.yaml", policy));
  expect(3, "--as NAME acts as another person", "policy activate payment.fraud --version 2");
}

}  // namespace
}  // namespace amity::app
