// Statements of account as a table: one row an entry, the same columns whatever the message, so that one mapping reads
// camt.052, camt.053, camt.054, MT940 and MT942 (docs/formats/statements.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "events/import/row.h"

namespace amity::events {

enum StatementColumn : size_t {
  // Of the whole statement.
  kMessage,  // "camt.053.001.08", "MT940"
  kAccount,  // IBAN, or the bank's own number
  kStatement,
  kStatementNumber,  // and page, as written
  kOpeningBalance,   // "-12.50" where the account is overdrawn; blank where none is told
  kClosingBalance,
  kStatementOnly,  // how many the columns of the statement are
  // Of the entry.
  kPlace = kStatementOnly,  // "2.5" or "2.5.1": statement of the file, entry, transaction of a batch; a row's key
  kBooked,                  // ISO date or time
  kValueDate,
  kAmount,        // not negative, with a decimal point
  kSignedAmount,  // the same, negative where it is a debit
  kCurrency,
  kDirection,  // credit or debit: what the entry itself does to the account, also where it is a reversal
  kReversal,   // true or false
  kStatus,     // booked, pending, information, future
  kCode,       // PMNT/RCDT/ESCT, the bank's own, or NTRF
  kReference,  // the account owner's
  kBankReference,
  kEndToEnd,
  kMandate,
  kCounterparty,  // name
  kCounterpartyAccount,
  kCounterpartyBank,
  kRemittance,         // unstructured, or its meaningful part
  kCreditorReference,  // structured
  kCharges,            // in the entry's currency
  kInformation,        // what the bank says of the entry
  kStatementColumnCount
};
const std::vector<std::string>& statement_columns();

using StatementCells = std::array<std::string, kStatementColumnCount>;
using StatementHead = std::array<std::string, kStatementOnly>;

// What is wrong with an entry or a statement; never a value of it.
struct StatementProblem {
  std::string field;  // ":61:", "Ntry/Amt"
  std::string reason;
  int64_t line = 0;
};

struct StatementReading {
  std::string_view message = "";  // "camt.052" to "camt.054", "mt940", "mt942"; empty: whichever it is
  bool checks_balances = true;
  // A statement that is refused is one row, with the problem; otherwise its rows stand there too, before the problem.
  bool leaves_out_refused = true;
};

constexpr size_t kMaxStatementFileBytes = size_t{512} * 1024 * 1024;
constexpr size_t kMaxStatementTextBytes = size_t{1024} * 1024 * 1024;  // of all rows: a batch repeats its entry's

// All rows of a file, statement by statement, kept as one text.
class StatementRows {
 public:
  struct Statement {
    StatementHead head;
    int64_t line = 0;
    size_t first_row = 0;
    size_t entries = 0;  // read, also those that were left out with their statement
  };

  size_t size() const { return rows_.size(); }
  int64_t line(size_t row) const { return rows_[row].line; }
  const std::vector<Statement>& statements() const { return statements_; }
  // bytes 1; lines up to the next row. The cells of a row with a problem are what could be read.
  void read(size_t index, Row& row) const;

  // While a file is read, of its last statement.
  void open_statement(int64_t line);
  Statement& statement() { return statements_.back(); }
  Result<void> add(const StatementCells& cells, const StatementProblem& problem, int64_t line);  // limit: see above
  void drop_rows();
  Result<void> check_bounds(int64_t line) const;

 private:
  struct Place {
    size_t begin;
    int64_t line;
    uint32_t statement;
  };
  std::string text_;
  std::vector<Place> rows_;
  std::vector<Statement> statements_;
};

// The statement that is being read: its rows are taken together where its balances agree with its entries.
class OpenStatement {
 public:
  // `number` from 1: of the statement in its file.
  OpenStatement(StatementRows& rows, const StatementReading& reading, int64_t line);

  StatementHead& head() { return rows_->statement().head; }
  size_t begin_entry() { return ++rows_->statement().entries; }
  // A row of the entry begun last; its place is written here. Control characters become spaces.
  // Bytes that are no text are a problem of the row.
  Result<void> add(StatementCells cells, StatementProblem problem, int64_t line, size_t transaction = 0);
  // An entry of which not even the amount can be read: without it the balances prove nothing, so it ends the statement
  // unless they are not checked.
  Result<void> lose_entry(StatementProblem problem);
  // What a booked entry adds to the balance: negative where it is a debit.
  // Some banks leave what is valued after the day of the closing balance out of it.
  void count(const Money& amount, bool is_valued_later = false);
  // The first of these is why none of the statement's rows is taken.
  void refuse(StatementProblem problem);
  void check(const std::optional<Money>& opening, const std::optional<Money>& closing, const StatementProblem& place);
  // MT942 tells number and sum of its debits (sign -1) and credits (1).
  void check_sum(int sign, int64_t entries, const Money& sum, const StatementProblem& place);
  bool is_skipped() const { return problem_ && reading_->leaves_out_refused; }
  bool is_refused() const { return problem_.has_value(); }
  Result<void> finish();

 private:
  __extension__ typedef __int128 Sum;
  struct Counted {
    Sum minor = 0;
    int64_t entries = 0;
  };
  StatementRows* rows_;
  const StatementReading* reading_;
  size_t number_;
  int64_t line_;
  std::array<Counted, 2> counted_;  // debits, credits; both not negative
  Sum later_minor_ = 0;             // of those, signed, what is valued later
  std::optional<Currency> currency_;
  bool is_mixed_ = false;
  std::optional<StatementProblem> problem_;
};

// "1234,5" or "1234.50" as minor units; zeros beyond the currency's digits are passed over.
Result<int64_t> statement_amount(std::string_view text, Currency currency);
std::string amount_text(int64_t amount_minor, Currency currency);  // "1234.50", "-0.01"

}  // namespace amity::events
