// The built program given wrong input: a clear message that names the place, the documented exit code, never a crash.
#include "app/program_fixture.h"

namespace amity::app {
namespace {

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
  expect(2, "no such purpose", "customer show 99 --purpose curiosity");
  expect(4, "no customer under this reference", "customer timeline 99 --purpose legal_hold");
  expect(2, "--account or --customer", "decide credit.application --amount 1 --months 12");
  expect(2, "--currency", "decide credit.application --customer 7 --amount 1 --months 12");
  expect(2, "--amount", "decide credit.application --customer 7 --amount 1,5 --currency CZK --months 12");
  expect(2, "--amount", "decide credit.application --customer 7 --amount 1 --currency CZX --months 12");
  expect(2, "(at --months)", "decide credit.application --customer 7 --amount 1 --currency CZK --months 0");
  expect(5, "(at --account)", "decide credit.application --account 99 --amount 1 --currency CZK --months 12");
  expect(2, "(at --at)", "decide credit.application --account 99 --amount 1 --currency CZK --months 12 --at soon");
  expect(2, "(at --at)", "customer show 99 --at soon");
  expect(2, "(at --at)", "customer show 99 --at 2999-01-01");
  expect(2, "(at --purpose)", "customer show 99 --purpose curiosity");
  expect(2, "(at decision)", "decision show 7");
  expect(2, "(at --since)", "evaluate credit.default --since soon");
  expect(2, "(at --roles)", "user add other --roles emperor");
  expect(2, "(at --unit)", "user add other --roles marketer --unit nowhere");
  expect(2, "--all or --decision", "replay");
}

// 120 rows whose target follows from a number: enough to learn, quick to train.
std::string loans(const std::string& delimiter = ",") {
  std::string text = "amount" + delimiter + "purpose" + delimiter + "bad\n";
  for (int i = 0; i < 120; ++i) {
    const int amount = (i * 37) % 101;
    text += std::to_string(amount) + delimiter + (i % 3 == 0 ? "\"a, b; \"\"c\"\"\"" : "car") + delimiter +
            (amount > 50 + i % 7 ? "1" : "0") + "\n";
  }
  return text;
}

TEST_F(Commands, a_file_is_learnt_from_and_another_is_scored_and_measured) {
  make_bank();
  write("loans.csv", loans());
  write("others.csv", loans(";"));
  expect(0, "1 is the positive value", "train --data loans.csv --target bad --name loans");
  expect(0, "loans", "train --data loans.csv --target bad --name loans");  // again: the same model, no error
  write("more.csv", loans() + "99,car,1\n");
  expect(0, "other learnt", "train --data more.csv --target bad --name other");
  expect(0, "other learnt", "train --data loans.csv --target bad --name other");
  expect(5, "another of the name has been trained since", "train --data more.csv --target bad --name other");
  const auto measured = run("evaluate loans --data others.csv --json --predictions scores.csv");
  EXPECT_EQ(measured.code, 0) << measured.output;
  EXPECT_NE(measured.output.find("\"better_than_chance\":true"), std::string::npos) << measured.output;
  EXPECT_NE(measured.output.find("\"rows\":120"), std::string::npos) << measured.output;
  std::ifstream scores(folder_ / "scores.csv");
  std::string line;
  int lines = 0;
  while (std::getline(scores, line)) ++lines;
  EXPECT_EQ(lines, 121);
  write("unlabelled.csv", "purpose,amount\ncar,7\n");
  expect(0, "1 rows scored", "evaluate loans --data unlabelled.csv --predictions scores.csv");
  expect(2, "--target, or give --predictions", "evaluate loans --data unlabelled.csv");
  expect(2, "overwrite the data", "evaluate loans --data loans.csv --predictions ./loans.csv");
  expect(6, "cannot be written (at no/scores.csv)", "evaluate loans --data loans.csv --predictions no/scores.csv");
  expect(5, "not here: amount, purpose", "evaluate loans --data " + write("x.csv", "x,bad\n1,1\n2,0\n"));
  expect(5, "line 2, column amount", "evaluate loans --data " + write("x.csv", "amount,purpose,bad\nmuch,car,1\n"));
  expect(5, "rows of both values", "evaluate loans --data " + write("x.csv", "amount,purpose,bad\n7,car,1\n"));
  expect(4, "no model of this name", "evaluate others --data loans.csv");
}

TEST_F(Commands, a_scorecard_is_learnt_from_a_file_measured_and_exported_in_both_languages) {
  make_bank();
  write("loans.csv", loans());
  expect(2, "boosted_trees, scorecard and multilayer_perceptron",
         "train --data loans.csv --target bad --name card --algorithm magic");
  expect(0, "1 is the positive value", "train --data loans.csv --target bad --name card --algorithm scorecard");
  expect(0, "card", "train --data loans.csv --target bad --name card --algorithm scorecard");  // again: the same
  expect(0, "Population stability index", "evaluate card --data loans.csv --predictions scores.csv");
  expect(0, "PSI", "evaluate card --data loans.csv --language zh");
  expect(0, "| amount |", "model export card");
  expect(0, "| 分箱 |", "model export card --language zh");
  expect(0, "WHEN a.\"amount\" < ", "model export card --format sql");
  expect(2, "(at --format)", "model export card --format cobol");
  expect(4, "no model of this name", "model export no.such");
  expect(0, "learnt", "train --data loans.csv --target bad --name trees");
  expect(5, "only a scorecard can be exported", "model export trees");
}

TEST_F(Commands, a_file_that_nothing_can_be_learnt_from_is_refused_with_its_place_and_a_remedy) {
  make_bank();
  const auto refuse = [&](const std::string& words, const std::string& text, const std::string& target = "bad") {
    write("x.csv", text);
    const auto ended = run("train --data x.csv --target " + target + " --name x");
    EXPECT_TRUE(ended.code == 2 || ended.code == 5) << ended.code << ended.output;
    EXPECT_NE(ended.output.find(words), std::string::npos) << ended.output;
  };
  expect(4, "no-such.csv", "train --data no-such.csv --target bad --name x");
  expect(2, "--name", "train --data no-such.csv --target bad");
  expect(2, "--target", "train --data no-such.csv --name x");
  refuse("empty: a header line", "");
  refuse("a header but no rows", "amount,bad\n");
  refuse("x.csv: line 2", "amount,bad\n1,\xE9t\xE9\n");
  refuse("not UTF-8: convert the file", "amount,bad\n1,\xE9t\xE9\n");
  refuse("never closed", "amount,bad\n1,\"0\n2,1\n");
  refuse("3 fields where the header names 2", "amount,bad\n1,000,1\n");
  refuse("there is no column worse", loans(), "worse");
  refuse("too little to learn from", "amount,bad\n1,1\n2,0\n");
  auto text = loans();
  refuse("more than two values", text + "7,car,2\n");
  refuse("line 122, column bad", text + "7,car,2\n");
  refuse("the target is missing in a row: remove it (at line 122, column bad)", text + "7,car,\n");
  refuse("cut short", std::string("\xFD"
                                  "7zXZ\0\0\4",
                                  8));
  for (size_t at = 0; (at = text.find(",1\n", at)) != std::string::npos;) text[at + 1] = '0';
  refuse("one value only", text);
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

// Two customers of one name in the first row would be two columns of one name.
TEST_F(Commands, a_file_without_its_header_line_is_refused_and_no_field_of_it_repeated) {
  make_bank();
  write("files/people.csv", "Canary Wang,2020-01-01,Canary Wang\nCanary Li,2020-01-02,Canary Li\n");
  const auto mapping = write("people.yaml",
                             "mapping: 1\nsource: small\nsnapshot: 2020-12-31\ncurrency: CNY\nfiles:\n"
                             "  - file: people.csv\n    key: id\n    events:\n"
                             "      - {type: customer.registered, subject: id, time: since, data: {name: name}}\n");
  const auto imported = run("import files --mapping " + mapping);
  EXPECT_EQ(imported.code, 2) << imported.output;
  EXPECT_NE(imported.output.find("columns 1 and 3 have the same name: is the header line missing? (at people.csv:1)"),
            std::string::npos)
      << imported.output;
  EXPECT_EQ(imported.output.find("Canary"), std::string::npos) << imported.output;
  const auto trained = run("train --data files/people.csv --target bad --name canary");
  EXPECT_EQ(trained.code, 2) << trained.output;
  EXPECT_EQ(trained.output.find("Canary"), std::string::npos) << trained.output;
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

// Words of each language, and none of the other's; nothing is told by the key of its text.
TEST_F(Commands, what_people_read_is_said_whole_in_the_language_asked_for) {
  make_bank();
  write("files/people.csv", "id,name,since,sex\np1,Ann,2020-01-01,female\n");
  write("files/accounts.csv", "id,who,since\na1,p1,2020-01-01\n");
  write("small.yaml", R"(
mapping: 1
source: small
snapshot: 2020-12-31
currency: CNY
files:
  - file: people.csv
    key: id
    events: [{type: customer.registered, subject: id, time: since, data: {name: name, sex: sex}}]
  - file: accounts.csv
    key: id
    joins: [{name: owner, file: people.csv, key: id, by: who}]
    events:
      - type: account.opened
        subject: id
        time: since
        data: {type: {constant: deposit}, currency: {constant: CNY}, holders: {each: owner, customer: owner.id, role: {constant: owner}}}
)");
  const struct {
    const char* command;
    std::vector<std::string> english, chinese;
  } said[] = {
      {"import files --mapping small.yaml", {"rows read", "account.opened"}, {"读取 2 行", "开户"}},
      {"customer show p1",
       {"Customer p1", "name ", "female", "Account a1, 0 transactions", "deposit", "held by", "customer p1 as owner"},
       {"客户 p1", "姓名", "女", "账户 a1，0 笔交易", "存款", "持有人", "客户 p1，身份：持有人"}},
      {"customer timeline p1", {"customer.registered", "sex female"}, {"客户建档", "性别 女"}},
      {"customer find nobody", {"nobody found"}, {"未找到客户"}},
      {"decide credit.application --account a1 --amount 9000 --months 12",
       {"A person decides", "because", "rule ", "policy ", "as of", "record "},
       {"转人工审核", "原因", "规则", "策略", "截至", "记录号"}},
      {"replay --all", {"1 decisions made again"}, {"重算了 1 个决策"}},
      {"rebuild --check", {"1 customers and 1 accounts built again"}, {"1 位客户和 1 个账户"}},
      {"audit verify", {"intact"}, {"完整"}},
      {"doctor", {"ok   database", "MiB free", "the chain is intact"}, {"正常 数据库", "剩余空间", "审计链完整"}},
      {"user list", {"risk analyst"}, {"风险分析师"}},
      {"policy list", {"version 1  active"}, {"版本 1  生效中"}},
  };
  const auto expect_words = [](const std::string& output, const std::vector<std::string>& own,
                               const std::vector<std::string>& others) {
    for (const auto& word : own) EXPECT_NE(output.find(word), std::string::npos) << word << '\n' << output;
    for (const auto& word : others) EXPECT_EQ(output.find(word), std::string::npos) << word << '\n' << output;
    for (const auto* key : {"say.", "label.", "field.", "code.", "outcome."}) {
      EXPECT_EQ(output.find(key), std::string::npos) << key << '\n' << output;
    }
  };
  for (const auto& [command, english, chinese] : said) {
    expect_words(run(command).output, english, chinese);
    const std::string_view one_more = command;
    if (one_more.starts_with("decide")) continue;  // below: another decision would be one more to replay
    expect_words(run(std::string(command) + " --language zh").output, chinese, english);
  }
  expect_words(run(std::string(said[4].command) + " --language zh").output, said[4].chinese, said[4].english);
  expect(2, "--language", "doctor --language fr");
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
  expect(2, "since", "evaluate credit.default --since soon");
}

TEST_F(Commands, a_truth_that_cannot_be_written_is_told_before_a_bank_is_made) {
  make_bank();
  expect(6, "cannot be written (at no/truth.csv)", "simulate --customers 1 --days 1 --truth no/truth.csv");
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
