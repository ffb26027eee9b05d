// The built program looking at bank statements and taking them in.
#include "app/program_fixture.h"

namespace amity::app {
namespace {

constexpr const char* kGood =
    ":20:A\n:25:A1\n:28C:7\n:60F:C260201CNY1,\n:61:260203D5,NTRFx//y\n:86:?x\n:62F:D260203CNY4,\n-\n";

TEST_F(Commands, a_statement_is_shown_in_both_languages_and_as_json_lines_without_a_database) {
  write("good.sta", kGood);
  expect(0, "MT940 of account A1, number 7: 1 entries\n  opening balance 1.00, closing balance -4.00\n  2026-02-03",
         "statement show good.sta");
  expect(0, "MT940 账户 A1，编号 7：1 笔\n  期初余额 1.00，期末余额 -4.00\n", "statement show good.sta --language zh");
  expect(0,
         R"({"account":"A1","closing_balance":"-4.00","entries":"1","kind":"statement","line":1,"message":"MT940",)"
         R"("opening_balance":"1.00","statement":"A","statement_number":"7"})",
         "statement show good.sta --json");
  expect(0,
         R"({"account":"A1","amount":"5.00","bank_reference":"y","booked":"2026-02-03","code":"NTRF","currency":"CNY",)"
         R"("direction":"debit","information":"?x","kind":"entry","line":5,)",
         "statement show good.sta --json");
  expect(0, R"("signed_amount":"-5.00")", "statement show good.sta --json");
  EXPECT_FALSE(fs::exists(folder_ / "bank.db"));
}

TEST_F(Commands, what_is_wrong_with_a_statement_is_shown_beside_its_entries_and_ends_with_1) {
  std::string wrong(kGood);
  wrong.replace(wrong.find("D5,"), 3, "D6,");
  write("wrong.sta", wrong);
  const auto ended = run("statement show wrong.sta --json");
  EXPECT_EQ(ended.code, 1) << ended.output;
  EXPECT_NE(ended.output.find(R"("amount":"6.00")"), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find(R"({"field":":62F:","kind":"problem","line":7,"reason":"opening balance and booked)"),
            std::string::npos)
      << ended.output;
  expect(1, "第 7 行 :62F:", "statement show wrong.sta --language zh");
}

TEST_F(Commands, a_file_that_is_no_statement_is_refused_with_what_it_is) {
  write("pain.xml", "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.008.001.02'/>");
  expect(2, "the file is a message pain.008.001.02", "statement show pain.xml");
  write("laughs.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]>\n<a>&b;</a>");
  expect(2, "laughs.xml:1, column", "statement show laughs.xml");
  write("cut.xml", "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'><B><Stmt>");
  expect(2, "not well-formed XML", "statement show cut.xml");
  expect(4, "missing.xml", "statement show missing.xml");
  expect(2, "--encoding", "statement show pain.xml --encoding ebcdic");
  write("huge.xml", "<a b='");
  fs::resize_file(folder_ / "huge.xml", uintmax_t{1} << 30);  // an attribute of 1 GiB
  expect(6, "split the file", "statement show huge.xml");
  fs::resize_file(folder_ / "huge.xml", uintmax_t{400} << 20);
  expect(2, "huge.xml:1, column", "statement show huge.xml");
}

}  // namespace
}  // namespace amity::app
