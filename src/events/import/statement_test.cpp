#include <gtest/gtest.h>

#include <fmt/format.h>

#include "events/import/camt.h"
#include "events/import/mt940.h"
#include "events/import/text_file.h"

namespace amity::events {
namespace {

// "line: problem", or "line: columns joined by |".
std::vector<std::string> lines_of(const Result<StatementRows>& rows, std::vector<StatementColumn> columns) {
  if (!rows) return {"error at " + rows.error().place + ": " + rows.error().message};
  std::vector<std::string> lines;
  Row row;
  for (size_t i = 0; i < rows->size(); ++i) {
    rows->read(i, row);
    std::string text = fmt::format("{}:", rows->line(i));
    if (!row.problem.empty()) text += " " + row.problem;
    for (const auto column : columns) {
      if (row.problem.empty()) text += (column == columns[0] ? " " : "|") + row.cells[column];
    }
    lines.push_back(text);
  }
  return lines;
}
using Lines = std::vector<std::string>;

Result<StatementRows> read_camt(std::string text, const StatementReading& reading) {
  auto file = TextFile::of_text(std::move(text));
  return amity::events::read_camt(file, nullptr, reading);
}
Result<StatementRows> read_mt940(std::string_view text, bool checks_balances) {
  return amity::events::read_mt940(text, {.checks_balances = checks_balances});
}

std::string camt(std::string_view body, std::string_view name = "camt.053.001.08", std::string_view tag = "Stmt") {
  return fmt::format(
      "<?xml version=\"1.0\"?>\n<Document "
      "xmlns=\"urn:iso:std:iso:20022:tech:xsd:{}\"><M>\n<{}><Id>S</Id><Acct><Id><IBAN>"
      "A1</IBAN></Id></Acct>\n{}</{}></M></Document>",
      name, tag, body, tag);
}
std::string balance(std::string_view code, std::string_view amount, std::string_view sign = "CRDT") {
  return fmt::format(
      "<Bal><Tp><CdOrPrtry><Cd>{}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{}</Amt><CdtDbtInd>{}</CdtDbtInd></Bal>\n",
      code, amount, sign);
}
std::string entry(std::string_view amount, std::string_view sign, std::string_view more = "<Sts><Cd>BOOK</Cd></Sts>") {
  return fmt::format("<Ntry><Amt Ccy=\"CNY\">{}</Amt><CdtDbtInd>{}</CdtDbtInd>{}</Ntry>\n", amount, sign, more);
}
Lines read053(std::string_view body, std::vector<StatementColumn> columns = {kPlace, kAmount, kDirection}) {
  return lines_of(read_camt(camt(body), {}), std::move(columns));
}

TEST(Camt, gives_a_row_an_entry_where_the_balances_agree) {
  EXPECT_EQ(read053(balance("OPBD", "10.00") + balance("CLBD", "4.50") + entry("7.5", "DBIT") + entry("2.00", "CRDT")),
            (Lines{"6: 1.1|7.50|debit", "7: 1.2|2.00|credit"}));
}

TEST(Camt, leaves_a_statement_out_whose_balances_do_not_agree) {
  const auto lines = read053(balance("OPBD", "10.00") + balance("CLBD", "4.51") + entry("5.50", "DBIT"));
  EXPECT_EQ(lines,
            Lines{"5: the whole statement is left out: opening balance and booked entries do not make the closing "
                  "balance"});
}

TEST(Camt, takes_a_closing_balance_without_what_is_valued_after_its_day) {
  const auto closing = [](std::string_view day) {
    return "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt "
           "Ccy=\"CNY\">3</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>" +
           std::string(day) + "</Dt></Dt></Bal>\n";
  };
  const auto entries = entry("2", "CRDT") + entry("5", "CRDT", "<Sts>BOOK</Sts><ValDt><Dt>2026-02-02</Dt></ValDt>");
  EXPECT_EQ(read053(balance("OPBD", "1") + closing("2026-02-01") + entries, {kAmount}), (Lines{"6: 2.00", "7: 5.00"}));
  EXPECT_EQ(read053(balance("OPBD", "1") + closing("2026-02-02") + entries, {kAmount}).size(), 1U);
}

TEST(Camt, counts_a_debit_balance_as_negative_and_pending_entries_not_at_all) {
  EXPECT_EQ(read053(balance("OPBD", "1.00", "DBIT") + balance("CLBD", "1.00") + entry("2.00", "CRDT") +
                        entry("9.00", "CRDT", "<Sts>PDNG</Sts>"),
                    {kAmount, kStatus}),
            (Lines{"6: 2.00|booked", "7: 9.00|pending"}));
}

TEST(Camt, takes_the_sign_of_a_reversal_as_that_of_the_entry_and_the_parties_of_what_is_reversed) {
  const auto text = entry("3.00", "CRDT",
                          "<RvslInd>true</RvslInd><Sts>BOOK</Sts><NtryDtls><TxDtls><RltdPties><Dbtr><Nm>Me</Nm></Dbtr>"
                          "<Cdtr><Pty><Nm>Shop</Nm></Pty></Cdtr></RltdPties></TxDtls></NtryDtls>");
  EXPECT_EQ(read053(text, {kDirection, kReversal, kCounterparty}), Lines{"4: credit|true|Shop"});
}

TEST(Camt, splits_a_batch_whose_transactions_make_the_entry_and_leaves_another_whole) {
  const auto batch = [](std::string_view second) {
    return fmt::format(
        "<Sts>BOOK</Sts><NtryDtls>\n<TxDtls><Amt "
        "Ccy=\"CNY\">1.00</Amt><RmtInf><Ustrd>a</Ustrd><Ustrd>b</Ustrd></RmtInf>"
        "</TxDtls>\n<TxDtls><AmtDtls><TxAmt><Amt "
        "Ccy=\"CNY\">{}</Amt></TxAmt></AmtDtls><RmtInf><Strd><CdtrRefInf><Ref>RF1"
        "</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls>",
        second);
  };
  const std::vector<StatementColumn> columns = {kPlace, kAmount, kRemittance, kCreditorReference};
  EXPECT_EQ(read053(entry("3.00", "DBIT", batch("2.00")), columns),
            (Lines{"5: 1.1.1|1.00|a b|", "6: 1.1.2|2.00||RF1"}));
  EXPECT_EQ(read053(entry("3.00", "DBIT", batch("2.50")), columns),
            Lines{"4: its transactions together do not make its amount"});
  EXPECT_EQ(lines_of(read_camt(camt(entry("3.00", "DBIT", batch("2.50"))), {.checks_balances = false}), columns),
            Lines{"4: 1.1|3.00||"});
}

TEST(Camt, takes_the_amount_of_a_transaction_on_the_account_s_side_and_leaves_a_batch_whole_that_lacks_one) {
  const auto share = [](std::string_view amount) {
    return fmt::format(
        "<TxDtls><AmtDtls><TxAmt><Amt "
        "Ccy=\"EUR\">9</Amt></TxAmt>{}</AmtDtls><RmtInf><Ustrd>x</Ustrd></RmtInf></TxDtls>",
        amount);
  };
  const auto told = share("<CntrValAmt><Amt Ccy=\"CNY\">1.50</Amt></CntrValAmt>");
  const auto batch = [](const std::string& shares) { return "<Sts>BOOK</Sts><NtryDtls>" + shares + "</NtryDtls>"; };
  const std::vector<StatementColumn> columns = {kPlace, kSignedAmount, kRemittance};
  EXPECT_EQ(read053(entry("3.00", "DBIT", batch(told + told)), columns),
            (Lines{"4: 1.1.1|-1.50|x", "4: 1.1.2|-1.50|x"}));
  EXPECT_EQ(read053(entry("3.00", "DBIT", batch(told + share(""))), columns), Lines{"4: 1.1|-3.00|"});
}

TEST(Camt, loses_no_entry_that_cannot_be_read) {
  const auto text = camt(entry("1.005", "CRDT") + entry("2", "CRDT"));
  EXPECT_EQ(lines_of(read_camt(text, {}), {kAmount}),
            Lines{"4: the whole statement is left out: an amount cannot be read"});
  EXPECT_EQ(lines_of(read_camt(text, {.checks_balances = false}), {kAmount}),
            (Lines{"4: an amount cannot be read", "5: 2.00"}));
  EXPECT_EQ(lines_of(read_camt(text, {.leaves_out_refused = false}), {kAmount}),
            (Lines{"4: an amount cannot be read", "5: 2.00"}));
  const auto unknown = camt(entry("1", "CRDT", "<Sts>MINE</Sts>") + entry("2", "CRDT"));
  EXPECT_EQ(lines_of(read_camt(unknown, {}), {kAmount}),
            (Lines{"4: the status is none of BOOK, PDNG, INFO and FUTR", "5: 2.00"}));
}

TEST(Camt, shows_the_rows_of_a_statement_that_is_refused_before_the_problem) {
  const auto text = camt(balance("OPBD", "1") + balance("CLBD", "2") + entry("3", "CRDT"));
  const auto rows = read_camt(text, {.leaves_out_refused = false});
  EXPECT_EQ(lines_of(rows, {kAmount, kOpeningBalance, kClosingBalance, kAccount, kMessage}),
            (Lines{"6: 3.00|1.00|2.00|A1|camt.053.001.08",
                   "5: opening balance and booked entries do not make the closing balance"}));
  EXPECT_EQ(rows->statements()[0].entries, 1U);
}

TEST(Camt, adds_up_charges) {
  const std::string_view charges =
      "<Sts>BOOK</Sts><Chrgs><Rcrd><Amt Ccy=\"CNY\">0.10</Amt></Rcrd><Rcrd><Amt Ccy=\"CNY\">0.20</Amt></Rcrd></Chrgs>";
  EXPECT_EQ(read053(entry("3.00", "DBIT", charges), {kCharges}), Lines{"4: 0.30"});
}

TEST(Camt, reads_each_version_of_each_message_and_refuses_what_else_there_is_by_its_name) {
  const auto error = [](std::string_view name, std::string_view wanted = "") {
    return lines_of(read_camt(camt("", name), {.message = wanted}), {})[0];
  };
  constexpr std::string_view kRead = "; camt.052, camt.053 or camt.054, version 001.02 to 001.13, is read here";
  EXPECT_EQ(error("pain.002.001.03"),
            "error at 2, column 1: the file is a message pain.002.001.03" + std::string(kRead));
  EXPECT_EQ(error("camt.053.001.01"),
            "error at 2, column 1: the file is a message camt.053.001.01" + std::string(kRead));
  EXPECT_EQ(error("camt.053.001.14").substr(0, 60), "error at 2, column 1: the file is a message camt.053.001.14;");
  EXPECT_EQ(error("camt.054.001.08", "camt.053").substr(22),
            "the file is a message camt.054.001.08; camt.053, version 001.02 to 001.13, is read here");
  EXPECT_EQ(error("hello").substr(22, 44), "the file is XML, but no message of ISO 20022");
  EXPECT_EQ(lines_of(read_camt("<h xmlns='urn:iso:std:iso:20022:tech:xsd:head.001.001.01'/>", {}), {})[0].substr(0, 53),
            "error at 1: the file is a message head.001.001.01; ca");
  for (int version = 2; version <= 13; ++version) {
    for (const auto& [message, tag] :
         {std::pair{"camt.052", "Rpt"}, std::pair{"camt.053", "Stmt"}, std::pair{"camt.054", "Ntfctn"}}) {
      const auto text = camt(entry("1", "CRDT"), fmt::format("{}.001.{:02}", message, version), tag);
      EXPECT_EQ(lines_of(read_camt(text, {.message = message}), {kAmount}), Lines{"4: 1.00"}) << text;
      EXPECT_EQ(lines_of(read_camt(text, {}), {kAmount}), Lines{"4: 1.00"}) << text;
    }
  }
}

TEST(Camt, refuses_hostile_xml) {
  const auto error = [](const std::string& text) { return lines_of(read_camt(text, {}), {})[0]; };
  std::string laughs = "<!DOCTYPE a [<!ENTITY l0 \"lol\">\n";
  for (int i = 1; i < 10; ++i) laughs += fmt::format("<!ENTITY l{} \"&l{};&l{};&l{};\">\n", i, i - 1, i - 1, i - 1);
  EXPECT_EQ(error(laughs + "]><a>&l9;</a>").substr(0, 12), "error at 1, ");
  EXPECT_NE(error(laughs + "]><a>&l9;</a>").find("a document type (DTD) is not allowed here"), std::string::npos);
  EXPECT_NE(error("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>").find("(DTD)"), std::string::npos);
  EXPECT_NE(error(camt("<Ntry>&b;</Ntry>")).find("undefined entity"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_NE(error(camt(deep)).find("deeper than 40 elements"), std::string::npos);
  EXPECT_NE(error(deep).find("deeper than 40 elements"), std::string::npos);
  std::string many = "<Ntry";
  for (int i = 0; i < 100; ++i) many += fmt::format(" a{}=\"\"", i);
  EXPECT_NE(error(camt(many + "/>")).find("more than 32 attributes"), std::string::npos);
  EXPECT_NE(error(camt("<Ntry>" + std::string(70'000, 'x') + "</Ntry>")).find("more than 64 KiB"), std::string::npos);
  EXPECT_NE(error(camt("<Ntry a=\"" + std::string(3'000'000, 'x') + "\"/>")).find("too long"), std::string::npos);
  EXPECT_NE(error(camt("<Ntry>\n<Amt></Ntry>")).find("error at 5, column"), std::string::npos);
  EXPECT_EQ(error("").substr(0, 10), "error at 1");
}

TEST(Camt, refuses_a_file_that_was_cut_off_wherever_it_was) {
  const auto whole = camt(balance("OPBD", "1") + balance("CLBD", "4") + entry("3", "CRDT"));
  EXPECT_TRUE(read_camt(whole, {}));
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) EXPECT_FALSE(read_camt(whole.substr(0, bytes), {})) << bytes;
}

constexpr std::string_view kSmall =
    ":20:REF\r\n:25:ACC\r\n:28C:7/1\r\n:60F:C240101CNY100,00\r\n"
    ":61:2401020102D30,5NTRFMINE//BANK\r\nmore\r\n:86:166?00Order?20EREF+E1?21SVWZ+Re?22nt?32Mr ?33Li?31ACC2\r\n"
    ":61:240103RD1,NMSCNONREF\r\n:62F:C240103CNY70,5\r\n-\r\n";

std::string small_with(std::string_view from, std::string_view to) {
  std::string text(kSmall);
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Mt940, reads_entries_signs_and_structured_details) {
  EXPECT_EQ(
      lines_of(read_mt940(kSmall, true), {kPlace, kAccount, kStatementNumber, kBooked, kAmount, kDirection, kReversal,
                                          kReference, kBankReference}),
      (Lines{"5: 1.1|ACC|7/1|2024-01-02|30.50|debit|false|MINE|BANK", "8: 1.2|ACC|7/1|2024-01-03|1.00|credit|true||"}));
  EXPECT_EQ(lines_of(read_mt940(kSmall, true), {kEndToEnd, kRemittance, kCounterparty, kCounterpartyAccount})[0],
            "5: E1|Rent|Mr Li|ACC2");
}

TEST(Mt940, leaves_a_statement_out_that_does_not_add_up_or_cannot_be_read_with_its_line) {
  const auto first = [](std::string_view from, std::string_view to) {
    return lines_of(read_mt940(small_with(from, to), true), {kAmount})[0];
  };
  EXPECT_EQ(first("D30,5", "D30,6").substr(0, 50), "9: the whole statement is left out: opening balanc");
  EXPECT_EQ(first("D30,5", "X30,5"), "5: the whole statement is left out: an entry is neither C nor D");
  EXPECT_EQ(first("D30,5", "D,"), "5: the whole statement is left out: the amount of an entry cannot be read");
  EXPECT_EQ(first(":62F:", ":64:").substr(0, 64), "9: the whole statement is left out: it ends without a closing ba");
  EXPECT_EQ(first("more", "m\xd6re"), "5: not text of the file's encoding: name it");
  EXPECT_EQ(first("ACC\r",
                  "A\xd6"
                  "C\r"),
            "1: the whole statement is left out: not text of the file's encoding: name it");
  EXPECT_EQ(first("2401020102", "2413020102").substr(0, 20), "5: no such date");
}

TEST(Mt940, joins_pages_by_their_balances) {
  const std::string page1 = ":20:A\n:25:X\n:28C:1/1\n:60F:C240101JPY10,\n:61:240101C5,NTRFx\n:62M:C240101JPY15,\n-\n";
  const auto page2 = [](std::string_view opening) {
    return fmt::format(":20:A\n:25:X\n:28C:1/2\n:60M:C240101JPY{}\n:62F:C240101JPY{}\n-\n", opening, opening);
  };
  EXPECT_EQ(lines_of(read_mt940(page1 + page2("15,"), true), {kAmount}), Lines{"5: 5"});
  EXPECT_EQ(lines_of(read_mt940(page1 + page2("16,"), true), {kAmount}).size(), 2U);
  EXPECT_EQ(lines_of(read_mt940(page1 + page2("16,"), false), {kAmount}).size(), 1U);
}

TEST(Mt940, reads_a_30_february_as_the_end_of_the_month_and_an_entry_of_january_after_a_value_of_december) {
  const auto text = small_with("2401020102", "2302300301");
  EXPECT_EQ(lines_of(read_mt940(text, true), {kValueDate, kBooked})[0], "5: 2023-02-28|2023-03-01");
  EXPECT_EQ(lines_of(read_mt940(small_with("2401020102", "2312310102"), true), {kBooked})[0], "5: 2024-01-02");
}

TEST(Mt940, shows_what_can_be_read_of_a_statement_that_is_refused) {
  const auto read = [](std::string_view text) {
    return lines_of(amity::events::read_mt940(text, {.leaves_out_refused = false}), {kAmount, kCurrency, kDirection});
  };
  EXPECT_EQ(read(":61:1409010902DR000000000001,62NTRF0000549855700010//025498557/000001\n"),
            (Lines{"1: 1.62||debit", "1: it does not begin with :20:"}));
  EXPECT_EQ(read(small_with("D30,5", "X30,5")),
            (Lines{"5: an entry is neither C nor D", "8: 1.00|CNY|credit",
                   "9: opening balance and booked entries do not make the closing balance"}));
}

TEST(Mt940, refuses_a_statement_that_was_cut_off) {
  const std::string_view whole = kSmall.substr(0, kSmall.find("-\r\n"));
  for (size_t bytes = 4; bytes < whole.size() - 4; ++bytes) {
    const auto lines = lines_of(read_mt940(whole.substr(0, bytes), true), {kAmount});
    EXPECT_EQ(lines.size(), 1U) << bytes;
    EXPECT_NE(lines[0].find("left out"), std::string::npos) << bytes << lines[0];
  }
}

TEST(Mt940, bounds_a_field_and_a_file_and_names_another_message) {
  std::string many = ":61:2401020102D30,5NTRF\r\n";
  for (int i = 0; i < 2000; ++i) many += "x\r\n";
  EXPECT_EQ(lines_of(read_mt940(small_with("more", "more\r\n" + many.substr(25)), true), {kAmount})[0],
            "5: the whole statement is left out: longer than 64 KiB or 1024 lines");
  EXPECT_EQ(lines_of(read_mt940(small_with("166?00", std::string(70'000, 'x')), true), {kAmount})[0],
            "5: longer than 64 KiB or 1024 lines");
  EXPECT_EQ(lines_of(read_mt940("{1:F01A}{2:I103AN}{4:\n:20:X\n:32A:240101EUR1,\n-}\n", true), {})[0],
            "error at 1: the message is MT103, not a statement: MT940 and MT942 are read");
  EXPECT_EQ(lines_of(read_mt940("hello\n", true), {})[0], "error at 1: no MT940 or MT942 begins in this file (:20:)");
}

TEST(Mt940, reads_lines_that_were_broken_before_the_amount_or_inside_a_tag) {
  auto text = small_with("D30,5NTRF", "DR\r\n30,5NTRF");
  text.replace(text.find(":86:"), 4, ":\r\n86:");
  EXPECT_EQ(lines_of(read_mt940(text, true), {kAmount, kReference, kInformation, kEndToEnd})[0],
            "5: 30.50|MINE|more Order|E1");
}

// MT942 has no balances; it tells its least amount, and perhaps number and sum of debits and credits.
TEST(Mt942, takes_its_currency_from_the_least_amount_and_its_sums_must_be_those_of_its_entries) {
  const auto with = [](std::string_view sums) {
    return fmt::format(
        ":20:A\n:25:X\n:28C:1\n:34F:CNY0,\n:13D:2401021200+0800\n:61:2401020102C5,NTRFx\n"
        ":61:2401020102EC7,NTRFx\n:61:2401020102D2,NTRFx\n{}-\n",
        sums);
  };
  EXPECT_EQ(lines_of(read_mt940(with(":90D:1CNY2,\n:90C:1CNY5,\n"), true), {kAmount, kCurrency, kStatus, kMessage}),
            (Lines{"6: 5.00|CNY|booked|MT942", "7: 7.00|CNY|pending|MT942", "8: 2.00|CNY|booked|MT942"}));
  EXPECT_EQ(lines_of(read_mt940(with(""), true), {kAmount}).size(), 3U);
  constexpr std::string_view kWrong =
      "9: the whole statement is left out: its entries are not as many, or not the sum, that it tells";
  EXPECT_EQ(lines_of(read_mt940(with(":90D:1CNY3,\n"), true), {kAmount}), Lines{std::string(kWrong)});
  EXPECT_EQ(lines_of(read_mt940(with(":90C:2CNY5,\n"), true), {kAmount}), Lines{std::string(kWrong)});
  EXPECT_EQ(lines_of(read_mt940(with(":90C:2CNY5,\n"), false), {kAmount}).size(), 3U);
  EXPECT_EQ(lines_of(amity::events::read_mt940(with(""), {.message = "mt940"}), {})[0],
            "1: the whole statement is left out: it is of the other kind than the mapping says");
}

TEST(Mt940, reads_details_between_slashes_and_keywords_and_keeps_what_has_no_column) {
  const auto details = [](std::string_view text) {
    auto whole = small_with("166?00Order?20EREF+E1?21SVWZ+Re?22nt?32Mr ?33Li?31ACC2", text);
    return lines_of(read_mt940(whole, true), {kEndToEnd, kMandate, kCounterparty, kCounterpartyAccount,
                                              kCounterpartyBank, kRemittance, kCreditorReference})[0]
        .substr(3);
  };
  EXPECT_EQ(details("/TRTP/SEPA/IBAN/NL1/BIC/ABNANL2A/NAME/J. A/B Li/REMI/Rent 1/2/EREF/E2"),
            "E2||J. A/B Li|NL1|ABNANL2A|Rent 1/2|");
  EXPECT_EQ(details("/EREF/E3//CNTP/NL2/INGBNL2A/WU/CITY///REMI/USTD//Rent/"), "E3||WU|NL2|INGBNL2A|Rent|");
  EXPECT_EQ(details("/MARF/M1/BENM//NAME/WU/REMI//ISDT/2024-01-01"), "|M1|WU||||");
  EXPECT_EQ(details("/REMI/Fee/EREF/NOTPROVIDED"), "|||||Fee|");
  EXPECT_EQ(details("/REMI/STRD/CUR/RF18/"), "||||||RF18");
  EXPECT_EQ(details("Shop 7/EREF/ paid"), "|||||Shop 7/EREF/ paid|");
  const auto german = small_with("166?00Order?20EREF+E1?21SVWZ+Re?22nt?32Mr ?33Li?31ACC2",
                                 "166?00Debit?20MREF+M2CRED+DE9?21SVWZ+FeeABWA+Wu?30BANK?38IBAN1?31X");
  EXPECT_EQ(lines_of(read_mt940(german, true),
                     {kMandate, kRemittance, kCounterpartyBank, kCounterpartyAccount, kInformation})[0],
            "5: M2|Fee|BANK|IBAN1|more Debit CRED+DE9 ABWA+Wu");
}

TEST(Statement, amounts_have_the_digits_of_their_currency) {
  const auto yen = *Currency::parse("JPY");
  const auto dinar = *Currency::parse("KWD");
  EXPECT_EQ(*statement_amount("1000,00", yen), 1000);
  EXPECT_FALSE(statement_amount("1000,50", yen));
  EXPECT_EQ(*statement_amount("000001,234", dinar), 1234);
  EXPECT_EQ(*statement_amount(",5", dinar), 500);
  EXPECT_FALSE(statement_amount("-1", yen));
  EXPECT_FALSE(statement_amount("", yen));
}

}  // namespace
}  // namespace amity::events
