#include "events/import.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include "base/check.h"
#include "base/data_sets_fixture.h"
#include "store/database_fixture.h"

namespace amity::events {
namespace {

constexpr std::string_view kSmallMapping = R"(
mapping: 1
source: small
snapshot: 2020-12-31
currency: CNY
files:
  - file: people.csv
    key: id
    events:
      - type: customer.registered
        subject: id
        time: since
        data: {name: name, income: income}
  - file: accounts.csv
    key: number
    joins:
      - {name: owner, file: people.csv, key: id, by: person}
    events:
      - type: account.opened
        subject: number
        time: owner.since
        data:
          type: {column: kind, codes: {D: deposit, L: loan}}
          currency: {constant: CNY}
          holders: {each: owner, customer: owner.id, role: {constant: owner}}
      - type: loan.granted
        subject: number
        when: row.kind == "L"
        data: {loan: number, amount: sum, months: {constant: 12}}
)";

class ImportTest : public testing::Test {
 protected:
  void put(const std::string& file, std::string_view text) {
    std::ofstream(folder_.path() / file, std::ios::binary) << text;
  }
  void SetUp() override {
    put("people.csv", "id,name,since,income\n2,李娜,2020-02-01,8000.50\n1,Ann,2020-01-01,\n");
    put("accounts.csv", "number,person,kind,sum\n20,2,L,500.00\n10,1,D,\n");
  }
  Result<Import> open(std::string_view mapping = kSmallMapping) {
    return Import::open(folder_.path().string(), mapping);
  }
  // The error of opening with one piece of the small mapping replaced.
  std::string error_with(std::string_view from, std::string_view to) {
    std::string mapping(kSmallMapping);
    const size_t at = mapping.find(from);
    CHECK(at != std::string::npos);
    mapping.replace(at, from.size(), to);
    const auto import = open(mapping);
    return import ? "opened" : import.error().place + ": " + import.error().message;
  }
  static std::vector<std::string> all_ids(Import& import, size_t batch = 100) {
    std::vector<std::string> ids;
    for (;;) {
      const auto events = import.next_batch(batch);
      if (!events) ADD_FAILURE() << events.error().text();
      if (!events || events->empty()) return ids;
      for (const auto& event : *events) ids.push_back(event.id);
    }
  }
  std::vector<std::string> rejected_with(const std::string& file, std::string_view text) {
    put(file, text);
    const auto import = open();
    if (!import) return {import.error().text()};
    std::vector<std::string> found;
    for (const auto& row : import->rejected()) {
      found.push_back(fmt::format("{}:{} {}: {}", row.file, row.line, row.field, row.reason));
    }
    return found;
  }

  store::TemporaryFolder folder_;
};

TEST_F(ImportTest, merges_files_by_time_and_gives_events_their_own_ids) {
  auto import = open();
  ASSERT_TRUE(import) << import.error().text();
  EXPECT_TRUE(import->rejected().empty());
  EXPECT_EQ(import->counts().at("customer.registered"), 2);
  EXPECT_EQ(import->counts().at("account.opened"), 2);
  EXPECT_EQ(import->counts().at("loan.granted"), 1);
  EXPECT_EQ(all_ids(*import),
            (std::vector<std::string>{"people.csv/1/customer.registered", "accounts.csv/10/account.opened",
                                      "people.csv/2/customer.registered", "accounts.csv/20/account.opened",
                                      "accounts.csv/20/loan.granted"}));
}

TEST_F(ImportTest, fills_the_fields_of_the_catalogue) {
  auto import = open();
  ASSERT_TRUE(import) << import.error().text();
  const auto events = *import->next_batch(100);
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(write_json(events[0].data), R"({"name":"Ann"})");
  EXPECT_EQ(write_json(events[2].data), R"({"income":{"amount_minor":800050,"currency":"CNY"},"name":"李娜"})");
  EXPECT_EQ(write_json(events[3].data),
            R"({"currency":"CNY","holders":[{"customer":"2","role":"owner"}],"type":"loan"})");
  EXPECT_EQ(events[4].time, *parse_timestamp("2020-12-31T00:00:00Z"));  // undated: the snapshot's
  EXPECT_EQ(events[4].subject, (Reference{EntityKind::kAccount, "20"}));
  EXPECT_TRUE(events[4].is_history);
  EXPECT_EQ(events[4].source, "small");
}

TEST_F(ImportTest, gives_the_same_events_again_whatever_the_batch) {
  auto first = open();
  auto second = open();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(all_ids(*first, 1), all_ids(*second, 3));
  EXPECT_EQ(first->progress().events, 5);
  EXPECT_EQ(first->progress().events_total, 5);
  EXPECT_EQ(first->progress().rows, 4);
  EXPECT_EQ(first->progress().bytes, first->progress().bytes_total);
}

TEST_F(ImportTest, names_line_field_and_reason_of_rows_that_do_not_fit) {
  EXPECT_EQ(rejected_with("people.csv",
                          "id,name,since,income\n1,Ann,2020-01-01,\n2,Bo,2020-02-30,\n"
                          "3,Cy,2020-01-01,12.345\n4,Di\n,Ed,2020-01-01,\n\n5,Flo,2020-01-01,1e3\n"),
            (std::vector<std::string>{
                "people.csv:3 time: no such day in the calendar",
                "people.csv:4 income: CNY has 2 digits after the point",
                "people.csv:5 : 2 columns where 4 are expected",
                "people.csv:6 id: the key is blank",
                "people.csv:8 income: not an amount: write digits and at most one point, such as 1234.50",
                "accounts.csv:2 time: no such day in the calendar",
            }));
}

TEST_F(ImportTest, takes_a_row_whole_or_not_at_all) {
  const auto rejected = rejected_with("accounts.csv", "number,person,kind,sum\n20,2,L,none\n21,9,D,\n22,1,X,\n");
  ASSERT_EQ(rejected.size(), 3u);
  EXPECT_EQ(rejected[0], "accounts.csv:2 amount: not an amount: write digits and at most one point, such as 1234.50");
  EXPECT_EQ(rejected[1], "accounts.csv:3 person: no row of people.csv belongs to this one");
  EXPECT_EQ(rejected[2], "accounts.csv:4 type: not in the list of codes");
  EXPECT_EQ(open()->counts().count("account.opened"), 0u);
}

TEST_F(ImportTest, refuses_a_join_with_several_rows_where_one_is_meant) {
  const auto rejected =
      rejected_with("people.csv", "id,name,since,income\n1,A,2020-01-01,\n1,B,2020-01-02,\n2,C,2020-01-01,\n");
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected[0].substr(0, 22), "accounts.csv:3 person:");
}

TEST_F(ImportTest, reads_marked_files_and_rejects_rows_of_an_encoding_that_was_not_named) {
  EXPECT_TRUE(
      rejected_with("people.csv", "\xef\xbb\xbfid,name,since,income\n1,A,2020-01-01,\n2,B,2020-01-01,\n").empty());
  EXPECT_EQ(rejected_with("people.csv", std::string_view("\xff\xfei\0d\0", 6)).at(0),
            "people.csv has no column \"since\", nor is it a column of a join (at mapping /files/0/events/0/time)");
  const auto gbk = rejected_with("people.csv", "id,name,since,income\n1,\xc0\xee,2020-01-01,\n2,B,2020-01-01,\n");
  EXPECT_EQ(gbk.at(0), "people.csv:2 : not text of the file's encoding: name it in the mapping");
}

TEST_F(ImportTest, names_the_line_of_impossible_dates_amounts_and_bytes_and_never_shows_them) {
  const auto reason_of = [&](const std::string& since, const std::string& income, const std::string& name = "Canary") {
    put("accounts.csv", "number,person,kind,sum\n");
    const auto rows =
        rejected_with("people.csv", "id,name,since,income\n1," + name + "," + since + "," + income + "\n");
    return rows.size() == 1 ? rows[0] : "taken";
  };
  EXPECT_EQ(reason_of("2020-01-01", "1.00"), "taken");
  for (const auto* since : {"2020-02-30", "2019-02-29", "2020-13-01", "0000-01-01", "1899-12-31", "2101-01-01",
                            "2020-01-01T25:00:00Z", "2016-12-31T23:59:60Z", "2020-01-01T00:00:00+99:00", "Canary"}) {
    const auto reason = reason_of(since, "1.00");
    EXPECT_TRUE(reason.starts_with("people.csv:2 time: ")) << since << ": " << reason;
    EXPECT_EQ(reason.find(since), std::string::npos) << reason;
  }
  for (const auto* income : {"-1", "NaN", "Infinity", "1e400", "0.001", "10000000000000000", "0x10", "Canary",
                             "99999999999999999999999999999999"}) {
    const auto reason = reason_of("2020-01-01", income);
    EXPECT_TRUE(reason.starts_with("people.csv:2 income")) << income << ": " << reason;
    EXPECT_EQ(reason.find("Canary"), std::string::npos) << reason;
  }
  for (const auto* name : {"Canary\xff", "Canary\xc0\xaf", "Canary\xed\xa0\x80", "Canary\xf4\x90\x80\x80"}) {
    EXPECT_EQ(reason_of("2020-01-01", "1.00", name),
              "people.csv:2 : not text of the file's encoding: name it in the mapping");
  }
  EXPECT_EQ(reason_of("2020-01-01", "1.00", std::string("Can\0ary", 7)).substr(0, 20), "people.csv:2 : holds");
  EXPECT_TRUE(reason_of("2020-01-01", "1.00", "Canary\x1b[31m").starts_with("people.csv:2 name: control"));
}

TEST_F(ImportTest, says_which_file_is_missing_or_empty) {
  std::filesystem::remove(folder_.path() / "accounts.csv");
  EXPECT_EQ(open().error().place, "accounts.csv");
  put("accounts.csv", "");
  EXPECT_EQ(open().error().place, "accounts.csv:1");
}

TEST_F(ImportTest, points_into_a_mapping_that_does_not_fit) {
  EXPECT_EQ(error_with("time: since", "time: until").substr(0, 30), "mapping /files/0/events/0/time");
  EXPECT_EQ(error_with("key: number", "key: no").substr(0, 20), "mapping /files/1/key");
  EXPECT_EQ(error_with("type: loan.granted", "type: loan.gone").substr(0, 30), "mapping /files/1/events/1/type");
  EXPECT_EQ(error_with("type: loan.granted", "type: customer.erased").substr(0, 30), "mapping /files/1/events/1/type");
  EXPECT_EQ(error_with("loan: number, ", "").substr(0, 30), "mapping /files/1/events/1/data");
  EXPECT_EQ(error_with("loan: number", "loon: number").substr(0, 35), "mapping /files/1/events/1/data/loon");
  EXPECT_EQ(error_with("D: deposit", "D: pocket").substr(0, 41), "mapping /files/1/events/0/data/type/codes");
  EXPECT_EQ(error_with("key: id, by: person", "key: ix, by: person").substr(0, 28), "mapping /files/1/joins/0/key");
  EXPECT_EQ(error_with("by: person", "by: parson").substr(0, 27), "mapping /files/1/joins/0/by");
  EXPECT_EQ(error_with("currency: CNY", "currency: GOLD").substr(0, 17), "mapping /currency");
  EXPECT_EQ(error_with("source: small", "sauce: small").substr(0, 15), "mapping /source");
  EXPECT_EQ(error_with("snapshot: 2020-12-31", "snapshot: 2020-12-32").substr(0, 17), "mapping /snapshot");
  EXPECT_EQ(error_with("file: people.csv\n    key", "file: ../people.csv\n    key").substr(0, 21),
            "mapping /files/0/file");
  EXPECT_EQ(error_with("mapping: 1", "mapping: 1\nmapping: 1").substr(0, 8), "mapping ");
}

TEST_F(ImportTest, points_at_the_character_of_a_wrong_expression) {
  EXPECT_EQ(error_with("when: row.kind == \"L\"", "when: row.kin == \"L\"").substr(0, 30),
            "mapping /files/1/events/1/when");
  EXPECT_EQ(error_with("when: row.kind == \"L\"", "when: row.kind ==").substr(0, 30), "mapping /files/1/events/1/when");
  EXPECT_EQ(error_with("when: row.kind == \"L\"", "when: row.kind").substr(0, 30), "mapping /files/1/events/1/when");
}

TEST_F(ImportTest, reads_json_lines) {
  put("moves.jsonl",
      "{\"id\":\"m1\",\"acc\":10,\"on\":\"2020-03-01T08:30:00Z\",\"amt\":-12.5}\n\n"
      "{\"id\":\"m2\",\"acc\":10,\"on\":\"2020-02-01\",\"amt\":7,\"to\":{\"name\":\"shop\"}}\n{\"id\":\n");
  auto import = open(R"(
mapping: 1
source: moves
snapshot: 2020-12-31
currency: CNY
files:
  - file: moves.jsonl
    format: jsonl
    columns: [id, acc, on, amt, to.name]
    key: id
    events:
      - type: transaction.posted
        subject: acc
        time: on
        data:
          amount: {cel: 'row.amt.startsWith("-") ? row.amt.substring(1) : row.amt'}
          direction: {cel: 'row.amt.startsWith("-") ? "debit" : "credit"'}
          merchant: to.name
)");
  ASSERT_TRUE(import) << import.error().text();
  const auto events = *import->next_batch(10);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(write_json(events[0].data),
            R"({"amount":{"amount_minor":700,"currency":"CNY"},"direction":"credit","merchant":"shop"})");
  EXPECT_EQ(write_json(events[1].data), R"({"amount":{"amount_minor":1250,"currency":"CNY"},"direction":"debit"})");
  ASSERT_EQ(import->rejected().size(), 1u);
  EXPECT_EQ(import->rejected()[0].line, 4);
}

TEST_F(ImportTest, reads_a_large_file_in_another_order_than_it_stands) {
  std::string rows = "id,name,since,income\n";
  const std::string name(2000, 'x');
  for (int row = 0; row < 3000; ++row) {  // 6 MB, from the last day to the first
    rows += fmt::format("{},{},{},\n", row, name, format(Date{19000 - row}));
  }
  put("people.csv", rows);
  put("accounts.csv", "number,person,kind,sum\n10,7,D,\n");
  auto import = open();
  ASSERT_TRUE(import) << import.error().text();
  const auto ids = all_ids(*import, 64);
  ASSERT_EQ(ids.size(), 3001u);
  EXPECT_EQ(ids[0], "people.csv/2999/customer.registered");
  EXPECT_EQ(ids[2998 - 7], "people.csv/8/customer.registered");
  EXPECT_EQ(ids[2999 - 7], "people.csv/7/customer.registered");
  EXPECT_EQ(ids[3000 - 7], "accounts.csv/10/account.opened");
  EXPECT_EQ(ids[3000], "people.csv/0/customer.registered");
}

TEST_F(ImportTest, notices_a_file_that_changes_while_it_is_imported) {
  std::string rows = "id,name,since,income\n";
  const std::string name(2000, 'x');
  while (rows.size() < 5'000'000) rows += fmt::format("{},{},2020-01-01,1.00\n", rows.size(), name);
  put("people.csv", rows);
  put("accounts.csv", "number,person,kind,sum\n");
  auto import = open();
  ASSERT_TRUE(import) << import.error().text();
  put("people.csv", "id,name,since,income\n");
  std::optional<Error> stopped;
  for (;;) {
    const auto events = import->next_batch(10'000);
    if (!events) stopped = events.error();
    if (!events || events->empty()) break;
  }
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->code, Code::kUnavailable);
}

class BerkaTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(data_sets() / "berka/trans.asc")) {
      GTEST_SKIP() << "no folder berka: name the folder of data sets in AMITY_DATA";
    }
    std::ifstream mapping(std::filesystem::path(AMITY_SOURCE_DIR) / "examples/berka.yaml");
    const std::string text((std::istreambuf_iterator<char>(mapping)), {});
    auto import = Import::open((data_sets() / "berka").string(), text);
    ASSERT_TRUE(import) << import.error().text();
    import_.emplace(*std::move(import));
  }
  std::optional<Import> import_;
};

TEST_F(BerkaTest, makes_every_record_an_event) {
  for (const auto& row : import_->rejected())
    ADD_FAILURE() << row.file << ":" << row.line << " " << row.field << row.reason;
  const std::map<std::string, int64_t> expected = {{"customer.registered", 5369}, {"account.opened", 4500},
                                                   {"card.issued", 892},          {"transaction.posted", 78960},
                                                   {"credit.application", 682},   {"loan.granted", 682},
                                                   {"loan.status_recorded", 565}, {"standing_order.created", 6471}};
  EXPECT_EQ(import_->counts(), expected);
}

TEST_F(BerkaTest, lets_nothing_happen_before_what_it_refers_to) {
  std::set<std::string> customers, accounts, applied;
  Timestamp last = kEarliest;
  for (;;) {
    const auto events = import_->next_batch(4096);
    ASSERT_TRUE(events) << events.error().text();
    if (events->empty()) break;
    for (const auto& event : *events) {
      EXPECT_LE(last, event.time);
      last = event.time;
      if (event.type == "customer.registered") customers.insert(event.subject.key);
      if (event.type == "account.opened") accounts.insert(event.subject.key);
      if (event.type == "credit.application") applied.insert(event.subject.key);
      if (event.type == "loan.granted") {
        EXPECT_TRUE(applied.contains(event.subject.key));
      }
      if (event.subject.kind == EntityKind::kAccount) {
        EXPECT_TRUE(accounts.contains(event.subject.key)) << event.id;
      }
      for (const auto& holder : event.data.contains("holders") ? event.data.at("holders").as_array() : json::array()) {
        EXPECT_TRUE(customers.contains(std::string(holder.at("customer").as_string())));
      }
    }
  }
  EXPECT_EQ(customers.size(), 5369u);
}

TEST_F(BerkaTest, reads_sex_and_birth_date_out_of_the_birth_number) {
  std::map<std::string, json::object> data;
  const auto events = *import_->next_batch(100'000);
  for (const auto& event : events) {
    if (event.type == "customer.registered") data[event.subject.key] = event.data;
  }
  EXPECT_EQ(data["1"].at("birth_date"), "1970-12-13");  // 706213
  EXPECT_EQ(data["1"].at("sex"), "female");
  EXPECT_EQ(data["2"].at("birth_date"), "1945-02-04");  // 450204
  EXPECT_EQ(data["2"].at("sex"), "male");
  EXPECT_EQ(data["2"].at("district"), "Hl.m. Praha");
}

}  // namespace
}  // namespace amity::events
