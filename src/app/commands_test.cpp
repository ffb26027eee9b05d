// The built program given wrong input: a clear message that names the place, the documented exit code, never a crash.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/crypto.h"

namespace amity::app {
namespace {

namespace fs = std::filesystem;

struct Ended {
  int code = -1;  // 128 and the signal where one ended it
  std::string output;
};

class Commands : public testing::Test {
 protected:
  Commands() { fs::create_directories(folder_); }
  ~Commands() override { fs::remove_all(folder_); }

  Ended run(const std::string& arguments, const std::string& environment = "") const {
    const auto line = "cd " + folder_.string() + " && env -i " + environment + " " + AMITY_PROGRAM +
                      " --database sqlite:bank.db " + arguments + " 2>&1 </dev/null";
    FILE* const pipe = popen(line.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    Ended ended;
    std::array<char, 4096> buffer{};
    for (size_t size = 0; (size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      ended.output.append(buffer.data(), size);
    }
    const int status = pclose(pipe);
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ended;
  }

  void expect(int code, const std::string& words, const std::string& arguments, const std::string& environment = "") {
    const auto ended = run(arguments, environment);
    EXPECT_EQ(ended.code, code) << arguments << '\n' << ended.output;
    EXPECT_NE(ended.output.find(words), std::string::npos) << arguments << '\n' << ended.output;
  }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return name;
  }

  // A bank with one officer, who has no password yet.
  void make_bank() {
    fs::create_directories(folder_ / "files");
    expect(0, "", "user add officer --roles risk_analyst");
  }

  fs::path folder_ = fs::temp_directory_path() / ("amity_commands_" + to_hex(random_bytes(8)));
};

TEST_F(Commands, wrong_usage_is_told_before_anything_is_made) {
  expect(2, "amity --help", "");
  expect(2, "amity --help", "no-such-command");
  expect(2, "--mapping", "import files");
  expect(2, "at --workers", "--workers 0 doctor");
  expect(2, "AMITY_WORKERS", "doctor", "AMITY_WORKERS=many");
  expect(2, "settings.yaml wokers", "--configuration " + write("settings.yaml", "wokers: 1\n") + " doctor");
  EXPECT_FALSE(fs::exists(folder_ / "bank.db"));
}

TEST_F(Commands, a_database_that_is_not_there_is_not_made_by_reading) {
  for (const auto* command : {"doctor", "audit verify", "replay --all", "customer show 7", "model list", "rebuild"}) {
    expect(4, "there is no database", command);
  }
  EXPECT_FALSE(fs::exists(folder_ / "bank.db"));
}

TEST_F(Commands, files_that_are_missing_are_named) {
  make_bank();
  expect(4, "no-such-mapping.yaml", "import files --mapping no-such-mapping.yaml");
  expect(4, "no-such-policy.yaml", "policy draft no-such-policy.yaml");
  expect(4, "no-such-tests", "expression test no-such-tests");
  expect(4, "no-such.yaml", "--configuration no-such.yaml doctor");
}

TEST_F(Commands, what_is_not_there_or_cannot_be_is_refused_with_its_place) {
  make_bank();
  expect(4, "no model of this name", "train no.such");
  expect(4, "no model of this name", "model approve no.such");
  expect(4, "no customer under this reference", "customer show 99");
  expect(2, "--account or --customer", "decide credit.application --amount 1 --months 12");
  expect(2, "--currency", "decide credit.application --customer 7 --amount 1 --months 12");
  expect(2, "--amount", "decide credit.application --customer 7 --amount 1,5 --currency CZK --months 12");
  expect(2, "--amount", "decide credit.application --customer 7 --amount 1 --currency CZX --months 12");
  expect(2, "--months", "decide credit.application --customer 7 --amount 1 --currency CZK --months 0");
  expect(5, "/subject", "decide credit.application --account 99 --amount 1 --currency CZK --months 12");
  expect(2, "role", "user add other --roles emperor");
  expect(2, "--all or --decision", "replay");
}

TEST_F(Commands, wrong_passwords_are_refused_and_then_locked_out) {
  make_bank();
  for (int i = 0; i < 5; ++i) expect(3, "wrong", "model list --as officer", "AMITY_PASSWORD=guess");
  bool is_locked = false;
  for (int i = 0; i < 3 && !is_locked; ++i)
    is_locked = run("model list --as officer", "AMITY_PASSWORD=guess").code == 6;
  EXPECT_TRUE(is_locked);
  expect(3, "AMITY_PASSWORD", "model list --as somebody");
}

TEST_F(Commands, another_key_file_does_not_open_the_bank) {
  make_bank();
  write("other.key", "");
  fs::permissions(folder_ / "other.key", fs::perms::owner_read | fs::perms::owner_write);
  const auto ended = run("--key-file other.key doctor");
  EXPECT_TRUE(ended.code == 2 || ended.code == 4 || ended.code == 5) << ended.code << ended.output;
  EXPECT_NE(ended.output.find("key"), std::string::npos) << ended.output;
  EXPECT_NE(run("--key-file missing.key doctor").code, 0);
  expect(0, "ok", "doctor");
}

TEST_F(Commands, a_mapping_that_does_not_fit_is_refused_with_its_line) {
  make_bank();
  const auto ended = run("import files --mapping " + write("broken.yaml", "source: [\n"));
  EXPECT_EQ(ended.code, 2) << ended.output;
  EXPECT_NE(ended.output.find("line"), std::string::npos) << ended.output;
}

TEST_F(Commands, a_mapping_that_does_not_fit_its_file_takes_nothing_and_points_at_the_piece) {
  make_bank();
  write("files/people.csv", "id,name,since\n1,Canary Wang,2020-01-01\n");
  const auto mapping = [&](const std::string& time) {
    return write("people.yaml",
                 "mapping: 1\nsource: small\nsnapshot: 2020-12-31\ncurrency: CNY\nfiles:\n"
                 "  - file: people.csv\n    key: id\n    events:\n"
                 "      - {type: customer.registered, subject: id, time: " +
                     time + ", data: {name: name}}\n");
  };
  expect(2, "mapping /files/0/events/0/time", "import files --mapping " + mapping("until"));
  expect(4, "no customer under this reference", "customer show 1");
  expect(0, "1 rows read, 1 events", "import files --mapping " + mapping("since"));
}

TEST_F(Commands, rows_that_cannot_be_taken_stand_in_the_rejects_with_line_and_reason_and_the_good_ones_are_kept) {
  make_bank();
  write("files/moves.csv",
        "id,account,day,amount\n1,a1,2020-01-02,5.00\n2,Canary,2020-01-03,5.00\n"
        "3,a1,2020-02-30,5.00\n4,a1,2020-01-04,1e400\n5,a1,2020-01-05,7.00\n");
  write("files/people.csv", "id,name,since\np1,Canary Wang,2020-01-01\n");
  write("files/accounts.csv", "id,who,since\na1,p1,2020-01-01\n");
  write("moves.yaml", R"(
mapping: 1
source: small
snapshot: 2020-12-31
currency: CNY
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
        data: {type: {constant: deposit}, currency: {constant: CNY}, holders: {each: owner, customer: owner.id, role: {constant: owner}}}
  - file: moves.csv
    key: id
    events:
      - {type: transaction.posted, subject: account, time: day, data: {amount: amount, direction: {constant: debit}}}
)");
  const auto ended = run("import files --mapping moves.yaml --rejects out.csv");
  EXPECT_EQ(ended.code, 1) << ended.output;
  EXPECT_EQ(ended.output.find("Canary"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("4 events in the log"), std::string::npos) << ended.output;
  std::ifstream file(folder_ / "out.csv");
  const std::string rejects(std::istreambuf_iterator<char>(file), {});
  for (const auto* line :
       {"\"moves.csv\",4,\"time\",\"no such day in the calendar\"\n", "\"moves.csv\",5,\"amount\",\"not an amount",
        "\"moves.csv\",3,\"/subject\",\"no account is open"}) {
    EXPECT_NE(rejects.find(line), std::string::npos) << line << rejects;
  }
  EXPECT_EQ(rejects.find("Canary"), std::string::npos) << rejects;
}

TEST_F(Commands, impossible_dates_and_numbers_are_refused_with_the_flag) {
  make_bank();
  for (const auto* at : {"2026-02-30", "2026-01-01T25:00:00Z", "0000-01-01", "2026-01-01T00:00:00+99:00", "soon"}) {
    const auto flags = " --amount 1 --currency CNY --months 12 --at " + std::string(at);
    expect(2, "at", "decide credit.application --customer 7" + flags);
    expect(2, "at", "customer show 7 --at " + std::string(at));
  }
  for (const auto* amount : {"NaN", "1e400", "0.001", "99999999999999999999", "0x10", "Infinity"}) {
    expect(2, "--amount",
           "decide credit.application --customer 7 --currency CNY --months 12 --amount=" + std::string(amount));
  }
  expect(2, "--start", "simulate --customers 1 --days 1 --start 2026-02-30");
  expect(2, "--days", "simulate --customers 1 --days 99999999999999999999");
}

TEST_F(Commands, a_server_says_at_start_what_it_cannot_serve_with) {
  make_bank();
  write("half.pem", "-----BEGIN");
  for (const auto* listen : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:80x", "127.0.0.1:65536", "localhost:0"}) {
    expect(2, "listen", "serve --listen " + std::string(listen));
  }
  expect(2, "listen", "serve --listen 0.0.0.0:0");
  expect(2, "tls-certificate", "serve --listen 127.0.0.1:0 --tls-key half.pem");
  expect(2, "tls-key", "serve --listen 127.0.0.1:0 --tls-certificate half.pem");
  expect(2, "tls-certificate", "serve --listen 127.0.0.1:0 --tls-certificate half.pem --tls-key half.pem");
  expect(0, "ok", "doctor");
}

TEST_F(Commands, a_file_that_is_no_database_is_refused_and_left_alone) {
  write("bank.db", std::string(8192, 'x'));
  const auto ended = run("doctor");
  EXPECT_TRUE(ended.code >= 4 && ended.code <= 6) << ended.code << ended.output;
  EXPECT_EQ(fs::file_size(folder_ / "bank.db"), 8192u);
}

}  // namespace
}  // namespace amity::app
