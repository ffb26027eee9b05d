// Statements and spreadsheets' encodings through a whole mapping.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "events/import.h"
#include "store/database_fixture.h"

namespace amity::events {
namespace {

using namespace std::string_view_literals;

class StatementImport : public testing::Test {
 protected:
  void put(const std::string& file, std::string_view text) {
    std::ofstream(folder_.path() / file, std::ios::binary) << text;
  }
  // Each event as text, then each rejected row.
  std::vector<std::string> import(std::string_view mapping) {
    auto opened = Import::open(folder_.path().string(), mapping);
    if (!opened) return {opened.error().text()};
    std::vector<std::string> found;
    const auto events = opened->next_batch(1000);
    if (!events) return {events.error().text()};
    for (const auto& event : *events) found.push_back(event.id + " " + write_json(event.data));
    for (const auto& row : opened->rejected()) found.push_back(fmt::format("{}:{} {}", row.file, row.line, row.reason));
    return found;
  }
  store::TemporaryFolder folder_;
};
using Lines = std::vector<std::string>;

constexpr std::string_view kStatements = R"(
mapping: 1
source: core
snapshot: 2024-12-31
format: mt940
currency: {column: currency}
files:
  - file: day.sta
    key: place
    events:
      - type: transaction.posted
        subject: account
        time: booked
        data: {amount: amount, direction: direction, category: code}
)";

TEST_F(StatementImport, an_entry_of_mt940_becomes_an_event_in_the_currency_of_its_row) {
  put("day.sta",
      ":20:A\n:25:X\n:28C:1\n:60F:C240101JPY10,\n:61:240102C5,NTRFx\n:61:240101D1,NTRFx\n:62F:C240101JPY14,\n-\n"
      ":20:B\n:25:X\n:28C:2\n:60F:C240101CNY1,\n:61:240103C5,NTRFx\n:62F:C240101CNY7,\n-\n");
  EXPECT_EQ(
      import(kStatements),
      (Lines{
          R"(day.sta/1.2/transaction.posted {"amount":{"amount_minor":1,"currency":"JPY"},"category":"NTRF","direction":"debit"})",
          R"(day.sta/1.1/transaction.posted {"amount":{"amount_minor":5,"currency":"JPY"},"category":"NTRF","direction":"credit"})",
          "day.sta:14 the whole statement is left out: opening balance and booked entries do not make the closing "
          "balance"}));
}

TEST_F(StatementImport, balances_may_be_ignored_and_a_file_without_statements_is_refused) {
  std::string mapping(kStatements);
  mapping.replace(mapping.find("format: mt940"), 13, "format: mt940\nbalances: ignore");
  put("day.sta", ":20:A\n:25:X\n:60F:C240101CNY1,\n:61:240103C5,NTRFx\n:62F:C240101CNY7,\n");
  EXPECT_EQ(import(mapping).size(), 1U);
  EXPECT_EQ(import(mapping)[0].substr(0, 34), "day.sta/1.1/transaction.posted {\"a");
  put("day.sta", "hello\n");
  EXPECT_EQ(import(mapping), Lines{"no MT940 or MT942 begins in this file (:20:) (at day.sta:1)"});
}

TEST_F(StatementImport, xml_that_is_not_well_formed_is_refused_with_its_place) {
  std::string mapping(kStatements);
  mapping.replace(mapping.find("format: mt940"), 13, "format: camt.053");
  put("day.sta", "<Document>\n <a></b>\n</Document>");
  EXPECT_EQ(import(mapping)[0],
            "the file is XML, but no message of ISO 20022; camt.053, version 001.02 to 001.13, is read here (at "
            "day.sta:1, column 1)");
  put("day.sta", "<x>\n <a></b>\n</x>");
  EXPECT_EQ(import(mapping)[0], "not well-formed XML: mismatched tag (at day.sta:2, column 7)");
  put("day.sta", "<x>");
  EXPECT_EQ(import(kStatements)[0], "the file is XML, no SWIFT message (at day.sta:1)");
  put("day.sta", ":20:A\n");
  EXPECT_EQ(import(mapping)[0], "the file is no XML, so no camt.053 (at day.sta:1)");
}

TEST_F(StatementImport, xml_is_read_in_the_encoding_it_declares_or_that_is_named) {
  std::string mapping(kStatements);
  mapping.replace(mapping.find("format: mt940"), 13, "format: statement");
  mapping.replace(mapping.find("category: code"), 14, "counterparty: remittance");
  const auto with = [](std::string_view declared, std::string_view remittance) {
    return fmt::format(
        "<?xml version='1.0'{}?><Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'><B><Stmt><Acct><Id>"
        "<IBAN>X</IBAN></Id></Acct><Ntry><Amt Ccy='CNY'>1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt>"
        "<Dt>2024-01-01</Dt></BookgDt><NtryDtls><TxDtls><RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        "</Stmt></B></Document>",
        declared, remittance);
  };
  const Lines expected = {
      R"(day.sta/1.1/transaction.posted {"amount":{"amount_minor":100,"currency":"CNY"},"counterparty":"知客","direction":"credit"})"};
  put("day.sta", with("", "知客"));
  EXPECT_EQ(import(mapping), expected);
  put("day.sta", with(" encoding='GBK'", "\xd6\xaa\xbf\xcd"));
  EXPECT_EQ(import(mapping), expected);
  put("day.sta", with("", "\xd6\xaa\xbf\xcd"));
  EXPECT_EQ(import(mapping)[0].substr(0, 38), "not well-formed XML: not well-formed (");
  EXPECT_EQ(import(mapping + "    encoding: gbk\n"), expected);
  put("day.sta", with(" encoding='EBCDIC'", "x"));
  EXPECT_EQ(import(mapping)[0].substr(0, 58), "the XML declares an encoding that is not known: name it (a");
}

constexpr std::string_view kPeople = R"(
mapping: 1
source: core
snapshot: 2024-12-31
files:
  - file: people.csv
    key: id
    events:
      - {type: customer.registered, subject: id, data: {name: name}}
)";

TEST_F(StatementImport, a_csv_of_a_spreadsheet_is_read_in_its_encoding) {
  const auto with = [](std::string_view encoding) {
    std::string mapping(kPeople);
    return mapping.replace(mapping.find("    key"), 0, fmt::format("    encoding: {}\n", encoding));
  };
  const Lines expected = {R"(people.csv/1/customer.registered {"name":"知客"})"};
  put("people.csv", "id,name\r\n1,\xd6\xaa\xbf\xcd\r\n"sv);
  EXPECT_EQ(import(with("gbk")), expected);
  EXPECT_EQ(import(with("gb18030")), expected);
  EXPECT_EQ(import(with("auto")), expected);
  EXPECT_EQ(import(kPeople), Lines{"people.csv:2 not text of the file's encoding: name it in the mapping"});
  put("people.csv",
      "\xff\xfei\0d\0,\0n\0a\0m\0e\0\n\0"
      "1\0,\0\xe5\x77\xa2\x5b\n\0"sv);
  EXPECT_EQ(import(kPeople), expected);
  put("people.csv",
      "\xfe\xff\0i\0d\0,\0n\0a\0m\0e\0\n\0"
      "1\0,\x77\xe5\x5b\xa2\0\n"sv);
  EXPECT_EQ(import(kPeople), expected);
  put("people.csv", "\xef\xbb\xbfid,name\n1,知客\n");
  EXPECT_EQ(import(with("auto")), expected);
  EXPECT_EQ(import(with("latin")).size(), 1U);
}

TEST_F(StatementImport, a_row_that_is_no_text_of_its_encoding_is_rejected_alone) {
  std::string mapping(kPeople);
  mapping.replace(mapping.find("    key"), 0, "    encoding: gbk\n");
  put("people.csv", "id,name\n1,\xff\n2,\xd6\xaa\n"sv);
  EXPECT_EQ(import(mapping), (Lines{R"(people.csv/2/customer.registered {"name":"知"})",
                                    "people.csv:2 not text of the file's encoding: name it in the mapping"}));
}

TEST_F(StatementImport, the_example_reads_a_file_of_each_kind) {
  std::stringstream mapping;
  mapping << std::ifstream(AMITY_SOURCE_DIR "/examples/statements.yaml").rdbuf();
  put("camt053.xml",
      "<Document "
      "xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'><BkToCstmrStmt><Stmt><Acct><Id><IBAN>X</IBAN></Id>"
      "</Acct><Ntry><Amt Ccy='KWD'>1.234</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2024-01-01</Dt>"
      "</BookgDt></Ntry></Stmt></BkToCstmrStmt></Document>");
  put("mt940.sta", ":20:A\n:25:X\n:60F:C240101CNY0,\n:61:240102C5,NTRF\n:86:\xd6\xaa\n:62F:C240101CNY5,\n");
  put("postings.csv", "\xef\xbb\xbf流水号,账号,日期,金额,借贷\n1,X,2024-01-03,2.50,借\n");
  EXPECT_EQ(
      import(mapping.str()),
      (Lines{
          R"(camt053.xml/1.1/transaction.posted {"amount":{"amount_minor":1234,"currency":"KWD"},"direction":"credit"})",
          R"(mt940.sta/1.1/transaction.posted {"amount":{"amount_minor":500,"currency":"CNY"},"direction":"credit","operation":"NTRF"})",
          R"(postings.csv/1/transaction.posted {"amount":{"amount_minor":250,"currency":"CNY"},"direction":"debit"})"}));
}

}  // namespace
}  // namespace amity::events
