#include "events/import/mt940.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "events/import/mt940_details.h"
#include "events/import/mt940_entry.h"
#include "events/import/swift_fields.h"

namespace amity::events {
namespace {

std::string colons(std::string_view tag) { return fmt::format(":{}:", tag); }

// With which a statement begins where its :20: is missing. A :86: or :NS: alone does not make a statement.
bool is_of_statement(std::string_view tag) {
  constexpr std::array<std::string_view, 13> kTags = {"20",  "25", "25P", "28",  "28C", "34F", "60F",
                                                      "60M", "61", "62F", "62M", "90D", "90C"};
  return std::ranges::find(kTags, tag) != kTags.end();
}

// "940" of "{1:..}{2:O940..": what the carrier says of the message; empty where it says nothing.
std::string_view type_of(std::string_view blocks) {
  const size_t at = blocks.find("{2:");
  if (at == std::string_view::npos || blocks.size() < at + 7) return {};
  const auto type = blocks.substr(at + 4, 3);
  const bool is_number = std::ranges::all_of(type, [](unsigned char c) { return std::isdigit(c) != 0; });
  return is_number ? type : std::string_view{};
}

class Statements {
 public:
  explicit Statements(const StatementReading& reading) : reading_(reading) {}

  Result<void> take(const SwiftField& field) {
    if (field.tag.empty()) return begin_message(field);
    if (field.tag == "20") TRY(close(field.line));
    if (!statement_ && !is_of_statement(field.tag)) return {};
    if (!statement_) open(field);
    if (field.is_too_long) {
      const StatementProblem problem{colons(field.tag), "longer than 64 KiB or 1024 lines", field.line};
      if (field.tag == "61") return lose_entry(problem);
      if (!entry_) statement_->refuse(problem);
      if (entry_ && entry_->problem.empty()) entry_->problem = problem.reason;
    }
    return take_part(field);
  }

  // A statement ends where the next begins, or with "-".
  Result<void> close(int64_t line) {
    if (!statement_) return {};
    TRY(put_entry());
    statement_->head()[kMessage] = is_interim_ ? "MT942" : "MT940";
    const int64_t last_line = std::max(begin_line_, line - 1);
    if (statement_->head()[kAccount].empty()) statement_->refuse({":25:", "it names no account", begin_line_});
    if (!is_wanted()) statement_->refuse({"", "it is of the other kind than the mapping says", begin_line_});
    if (!is_interim_) close_balances(last_line);
    for (const auto& [field, sum] : sums_) {
      const StatementProblem place{field, "", last_line};
      if (reading_.checks_balances) statement_->check_sum(field == ":90D:" ? -1 : 1, sum.entries, sum.sum, place);
    }
    TRY(statement_->finish());
    statement_.reset();
    return {};
  }

  StatementRows rows;

 private:
  // The blocks before a message name its type; another message than a statement is no statement that is broken.
  Result<void> begin_message(const SwiftField& field) {
    TRY(close(field.line));
    const auto type = type_of(field.text());
    const bool is_statement = type.empty() || type == "940" || type == "942" || type == "950";
    if (is_statement) return {};
    return invalid(fmt::format("the message is MT{}, not a statement: MT940 and MT942 are read", type),
                   fmt::format("{}", field.line));
  }

  bool is_wanted() const { return reading_.message.empty() || reading_.message == (is_interim_ ? "mt942" : "mt940"); }

  void open(const SwiftField& field) {
    statement_.emplace(rows, reading_, field.line);
    if (field.tag != "20") statement_->refuse({":20:", "it does not begin with :20:", field.line});
    begin_line_ = closing_line_ = field.line;
    opening_ = closing_ = std::nullopt;
    currency_ = std::nullopt;
    sums_.clear();
    is_interim_ = is_page_ = false;
    entry_.reset();
  }

  Result<void> take_part(const SwiftField& field) {
    const auto tag = field.tag;
    auto& head = statement_->head();
    if (tag == "20") head[kStatement] = field.text();
    if (tag == "25" || tag == "25P") head[kAccount] = field.text();
    if (tag == "28" || tag == "28C") head[kStatementNumber] = field.text();
    if (tag == "34F") open_interim(field);
    if (tag == "60F" || tag == "60M") open_balance(field);
    if (tag == "61") return begin_entry(field);
    if (tag == "86" && entry_) put_mt940_details(field.lines, entry_->cells);
    if (tag == "NS" && entry_) put_mt940_numbered_lines(field.lines, entry_->cells);
    if (tag == "62F" || tag == "62M") return close_balance(field);
    if (tag == "90D" || tag == "90C") return take_sum(field);
    return {};
  }

  // The least amount that is told singly, of MT942 alone; its currency is that of the entries.
  void open_interim(const SwiftField& field) {
    is_interim_ = true;
    const auto currency = Currency::parse(field.text().substr(0, 3));
    if (!currency) return statement_->refuse({":34F:", "the currency is not known", field.line});
    currency_ = *currency;
  }

  void open_balance(const SwiftField& field) {
    const auto place = colons(field.tag);
    const auto balance = read_mt940_balance(field.text(), std::nullopt);
    if (!balance) return statement_->refuse({place, balance.error().message, field.line});
    if (opening_) return statement_->refuse({place, "a second opening balance", field.line});
    opening_ = *balance;
    currency_ = balance->currency;
    statement_->head()[kOpeningBalance] = amount_text(balance->amount_minor, balance->currency);
    const auto page = pages_.find(statement_->head()[kAccount]);
    const bool breaks = field.tag == "60M" && page != pages_.end() && page->second != *opening_;
    if (breaks && reading_.checks_balances) {
      statement_->refuse(
          {place, "this page does not begin with the balance the page before it ended with", field.line});
    }
  }

  Result<void> close_balance(const SwiftField& field) {
    TRY(put_entry());
    const auto place = colons(field.tag);
    const auto balance = read_mt940_balance(field.text(), currency_);
    if (!balance) statement_->refuse({place, balance.error().message, field.line});
    if (closing_) statement_->refuse({place, "a second closing balance", field.line});
    if (!balance || closing_) return {};
    closing_ = *balance;
    closing_line_ = field.line;
    closing_field_ = place;
    statement_->head()[kClosingBalance] = amount_text(balance->amount_minor, balance->currency);
    is_page_ = field.tag == "62M";
    return {};
  }

  void close_balances(int64_t last_line) {
    if (!opening_) statement_->refuse({":60F:", "it has no opening balance (:60F: or :60M:)", begin_line_});
    if (!closing_) statement_->refuse({":62F:", "it ends without a closing balance (:62F: or :62M:)", last_line});
    if (reading_.checks_balances) statement_->check(opening_, closing_, {closing_field_, "", closing_line_});
    const auto& account = statement_->head()[kAccount];
    const bool goes_on = is_page_ && !statement_->is_refused();
    if (goes_on) pages_.insert_or_assign(account, *closing_);
    if (!goes_on) pages_.erase(account);
  }

  Result<void> take_sum(const SwiftField& field) {
    TRY(put_entry());
    auto sum = read_mt940_sum(field.text());
    if (!sum) {
      statement_->refuse({colons(field.tag), sum.error().message, field.line});
    } else if (is_interim_) {
      sums_.insert_or_assign(colons(field.tag), *sum);
    }
    return {};
  }

  Result<void> lose_entry(const StatementProblem& problem) {
    TRY(put_entry());
    statement_->begin_entry();
    return statement_->lose_entry(problem);
  }

  Result<void> begin_entry(const SwiftField& field) {
    TRY(put_entry());
    if (!currency_) statement_->refuse({":61:", "an entry before the opening balance", field.line});
    if (closing_) statement_->refuse({":61:", "an entry after the closing balance", field.line});
    auto entry = read_mt940_entry(field, currency_);
    if (!entry) return lose_entry({":61:", entry.error().message, field.line});
    entry_ = *std::move(entry);
    entry_line_ = field.line;
    return {};
  }

  Result<void> put_entry() {
    if (!entry_) return {};
    auto entry = *std::move(entry_);
    entry_.reset();
    statement_->begin_entry();
    if (entry.is_booked && entry.amount_minor) statement_->count({*entry.amount_minor, *currency_});
    const StatementProblem problem{entry.problem.empty() ? "" : ":61:", entry.problem, entry_line_};
    return statement_->add(std::move(entry.cells), problem, entry_line_);
  }

  const StatementReading& reading_;
  std::optional<OpenStatement> statement_;
  int64_t begin_line_ = 0;
  std::optional<Money> opening_;
  std::optional<Money> closing_;
  std::optional<Currency> currency_;
  std::string closing_field_;
  int64_t closing_line_ = 0;
  bool is_interim_ = false;
  bool is_page_ = false;
  std::map<std::string, Mt940Sum> sums_;  // by field
  std::optional<Mt940Entry> entry_;       // until its details are read
  int64_t entry_line_ = 0;
  std::map<std::string, Money> pages_;  // by account: how its last page ended, where another follows
};

}  // namespace

Result<StatementRows> read_mt940(std::string_view text, const StatementReading& reading) {
  Statements statements(reading);
  SwiftFields fields(text);
  SwiftField field;
  while (fields.next(field)) TRY(statements.take(field));
  TRY(statements.close(fields.line() + 1));
  if (statements.rows.statements().empty()) return invalid("no MT940 or MT942 begins in this file (:20:)", "1");
  return std::move(statements.rows);
}

}  // namespace amity::events
