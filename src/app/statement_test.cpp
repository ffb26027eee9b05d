// A bank's statement through an import, on both databases, to the account as it is read afterwards.
#include <fstream>

#include <fmt/format.h>

#include "app/bank_fixture.h"
#include "events/import.h"

namespace amity::app {
namespace {

constexpr std::string_view kMapping = R"(
mapping: 1
source: bank
snapshot: 2026-03-31
format: statement
currency: {column: currency}
files:
  - file: day.xml
    key: place
    events:
      - type: transaction.posted
        subject: account
        time: booked
        when: row.status == "booked"
        data: {amount: amount, direction: direction, counterparty: counterparty_account}
  - file: day.sta
    key: place
    events:
      - {type: transaction.posted, subject: account, time: booked, data: {amount: amount, direction: direction}}
)";

std::string camt_entry(std::string_view amount, std::string_view sign, std::string_view day) {
  return fmt::format(
      "<Ntry><Amt Ccy='CNY'>{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{}</Dt></BookgDt>"
      "</Ntry>",
      amount, sign, day);
}
std::string camt_balance(std::string_view code, std::string_view amount) {
  return fmt::format(
      "<Bal><Tp><CdOrPrtry><Cd>{}</Cd></CdOrPrtry></Tp><Amt Ccy='CNY'>{}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>", code,
      amount);
}

class StatementTest : public BankTest {
 protected:
  void put(const std::string& file, std::string_view text) const {
    std::ofstream(folder() / file, std::ios::binary) << text;
  }
  // The rejected rows of an import whose events were all taken.
  std::vector<std::string> import() {
    auto import = events::Import::open(folder().string(), kMapping);
    EXPECT_TRUE(import) << import.error().text();
    must_take(*import->next_batch(100));
    std::vector<std::string> rejected;
    for (const auto& row : import->rejected()) {
      rejected.push_back(fmt::format("{}:{} {} {}", row.file, row.line, row.field, row.reason));
    }
    return rejected;
  }
  int64_t transactions_of(const std::string& account) {
    const auto response = get("/v1/accounts/" + account);
    EXPECT_EQ(response.status, 200) << response.body;
    return parse_json(response.body)->at("transaction_count").as_int64();
  }
};

TEST_P(StatementTest, becomes_the_balance_and_transactions_of_its_account_and_one_that_does_not_add_up_stays_out) {
  must_take({registered("lin"), opened("A1", {"lin"}), opened("A2", {"lin"})});
  put("day.xml",
      "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt><Id>1</Id>"
      "<Acct><Id><IBAN>A1</IBAN></Id></Acct>" +
          camt_balance("OPBD", "0.00") + camt_balance("CLBD", "70.50") + camt_entry("100.00", "CRDT", "2026-02-01") +
          camt_entry("29.50", "DBIT", "2026-02-02") + "</Stmt></BkToCstmrStmt></Document>");
  put("day.sta",
      ":20:1\n:25:A2\n:28C:1\n:60F:C260201CNY0,\n:61:260203C5,NTRFx\n:62F:C260203CNY5,\n-\n"
      ":20:2\n:25:A2\n:28C:2\n:60F:C260203CNY5,\n:61:260204C1,NTRFx\n:62F:C260204CNY9,\n-\n");
  EXPECT_EQ(import(), std::vector<std::string>{"day.sta:13 :62F: the whole statement is left out: opening balance and "
                                               "booked entries do not make the closing balance"});
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(transactions_of("A1"), 2);
    EXPECT_EQ(transactions_of("A2"), 1);
    import();  // once more: nothing is counted twice
  }
}

AMITY_ON_BOTH_DATABASES(StatementTest);

}  // namespace
}  // namespace amity::app
