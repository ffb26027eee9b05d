#include "events/import/statement.h"

#include <algorithm>

#include <fmt/format.h>

#include "events/text.h"

namespace amity::events {
namespace {

constexpr char kCellEnd = '\0';
constexpr size_t kMaxHeadBytes = 1024;
constexpr std::string_view kNotText = "not text of the file's encoding: name it";

// Cells become texts of events, which may not hold control characters; a line break inside a message means a space.
void clean(std::string& cell) {
  for (char& c : cell) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  const size_t begin = cell.find_first_not_of(' ');
  if (begin == std::string::npos) return cell.clear();
  cell.erase(cell.find_last_not_of(' ') + 1);
  cell.erase(0, begin);
}

}  // namespace

const std::vector<std::string>& statement_columns() {
  static const std::vector<std::string> kNames = {"message",
                                                  "account",
                                                  "statement",
                                                  "statement_number",
                                                  "opening_balance",
                                                  "closing_balance",
                                                  "place",
                                                  "booked",
                                                  "value_date",
                                                  "amount",
                                                  "signed_amount",
                                                  "currency",
                                                  "direction",
                                                  "reversal",
                                                  "status",
                                                  "code",
                                                  "reference",
                                                  "bank_reference",
                                                  "end_to_end",
                                                  "mandate",
                                                  "counterparty",
                                                  "counterparty_account",
                                                  "counterparty_bank",
                                                  "remittance",
                                                  "creditor_reference",
                                                  "charges",
                                                  "information"};
  return kNames;
}

void StatementRows::read(size_t index, Row& row) const {
  const auto& place = rows_[index];
  std::string_view rest = std::string_view(text_).substr(place.begin);
  const auto next = [&] {
    const size_t end = rest.find(kCellEnd);
    const auto cell = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return cell;
  };
  row.problem_field = next();
  row.problem = next();
  row.is_blank = false;
  row.bytes = 1;
  row.lines = index + 1 < rows_.size() ? rows_[index + 1].line - place.line : 1;
  row.cells.resize(kStatementColumnCount);
  std::ranges::copy(statements_[place.statement].head, row.cells.begin());
  for (size_t column = kStatementOnly; column < kStatementColumnCount; ++column) row.cells[column] = next();
}

void StatementRows::open_statement(int64_t line) { statements_.push_back({{}, line, rows_.size(), 0}); }

Result<void> StatementRows::add(const StatementCells& cells, const StatementProblem& problem, int64_t line) {
  rows_.push_back({text_.size(), line, static_cast<uint32_t>(statements_.size() - 1)});
  text_.append(problem.field) += kCellEnd;
  text_.append(problem.reason) += kCellEnd;
  for (size_t column = kStatementOnly; column < kStatementColumnCount; ++column) {
    text_.append(cells[column]) += kCellEnd;
  }
  return check_bounds(line);
}

Result<void> StatementRows::check_bounds(int64_t line) const {
  const size_t bytes = text_.size() + rows_.size() * sizeof(Place) + statements_.size() * sizeof(Statement);
  if (bytes <= kMaxStatementTextBytes) return {};
  return fail(Code::kLimit, "too many entries for one file: split it", fmt::format("{}", line));
}

void StatementRows::drop_rows() {
  const size_t first = statement().first_row;
  if (first == rows_.size()) return;
  text_.resize(rows_[first].begin);
  rows_.resize(first);
}

OpenStatement::OpenStatement(StatementRows& rows, const StatementReading& reading, int64_t line)
    : rows_(&rows), reading_(&reading), number_(rows.statements().size() + 1), line_(line) {
  rows_->open_statement(line);
}

Result<void> OpenStatement::add(StatementCells cells, StatementProblem problem, int64_t line, size_t transaction) {
  if (is_skipped()) return {};
  cells[kPlace] = fmt::format("{}.{}", number_, rows_->statement().entries);
  if (transaction > 0) cells[kPlace] += fmt::format(".{}", transaction);
  cells[kSignedAmount] = (cells[kDirection] == "debit" ? "-" : "") + cells[kAmount];
  size_t bytes = 0;
  for (size_t column = kStatementOnly; column < kStatementColumnCount; ++column) {
    auto& cell = cells[column];
    clean(cell);
    bytes += cell.size();
    if (is_utf8(cell)) continue;
    cell.clear();
    if (problem.reason.empty()) problem = {statement_columns()[column], std::string(kNotText), line};
  }
  if (bytes <= kMaxRowBytes) return rows_->add(cells, problem, line);
  return rows_->add({}, {"", fmt::format("more than {} KiB of text", kMaxRowBytes >> 10), line}, line);
}

Result<void> OpenStatement::lose_entry(StatementProblem problem) {
  if (reading_->checks_balances && reading_->leaves_out_refused) {
    refuse(std::move(problem));
    return {};
  }
  const int64_t line = problem.line;
  return add({}, std::move(problem), line);
}

void OpenStatement::count(const Money& amount, bool is_valued_later) {
  if (!currency_) currency_ = amount.currency;
  if (*currency_ != amount.currency) is_mixed_ = true;
  auto& counted = counted_[amount.amount_minor < 0 ? 0 : 1];
  counted.minor += amount.amount_minor < 0 ? -Sum{amount.amount_minor} : Sum{amount.amount_minor};
  ++counted.entries;
  if (is_valued_later) later_minor_ += amount.amount_minor;
}

void OpenStatement::refuse(StatementProblem problem) {
  if (!is_refused()) problem_ = std::move(problem);
}

void OpenStatement::check(const std::optional<Money>& opening, const std::optional<Money>& closing,
                          const StatementProblem& place) {
  if (!opening || !closing) return;
  if (opening->currency != closing->currency) {
    return refuse({place.field, "its opening and closing balance have different currencies", place.line});
  }
  if (is_mixed_ || (currency_ && *currency_ != opening->currency)) {
    return refuse({place.field, "an entry has another currency than the balances", place.line});
  }
  const Sum booked = Sum{opening->amount_minor} - counted_[0].minor + counted_[1].minor;
  const Sum told = closing->amount_minor;
  if (booked == told || booked - later_minor_ == told) return;
  refuse({place.field, "opening balance and booked entries do not make the closing balance", place.line});
}

void OpenStatement::check_sum(int sign, int64_t entries, const Money& sum, const StatementProblem& place) {
  const auto& counted = counted_[sign < 0 ? 0 : 1];
  const bool is_same = counted.entries == entries && counted.minor == Sum{sum.amount_minor} &&
                       (entries == 0 || (currency_ && *currency_ == sum.currency));
  if (!is_same) refuse({place.field, "its entries are not as many, or not the sum, that it tells", place.line});
}

Result<void> OpenStatement::finish() {
  for (auto& cell : rows_->statement().head) {
    clean(cell);
    if (cell.size() > kMaxHeadBytes) refuse({"", "its account, number or balance is too long", line_});
    if (!is_utf8(cell)) refuse({"", std::string(kNotText), line_});
    if (cell.size() > kMaxHeadBytes || !is_utf8(cell)) cell.clear();
  }
  if (!problem_) return rows_->check_bounds(line_);
  if (reading_->leaves_out_refused) {
    rows_->drop_rows();
    problem_->reason = "the whole statement is left out: " + problem_->reason;
  }
  return rows_->add({}, *problem_, std::max(problem_->line, line_));
}

Result<int64_t> statement_amount(std::string_view text, Currency currency) {
  std::string plain(text);
  std::ranges::replace(plain, ',', '.');
  const size_t point = plain.find('.');
  if (point != std::string::npos) {
    const size_t digits = static_cast<size_t>(currency.exponent());
    while (plain.size() > point + 1 + digits && plain.ends_with('0')) plain.pop_back();
    if (plain.ends_with('.')) plain.pop_back();
  }
  const bool is_plain = !plain.empty() && plain.find_first_not_of("0123456789.") == std::string::npos;
  if (!is_plain) return invalid("not an amount");
  while (plain.size() > 1 && plain[0] == '0' && plain[1] != '.') plain.erase(0, 1);
  if (plain.starts_with('.')) plain.insert(0, "0");
  return parse_amount_minor(plain, currency);
}

std::string amount_text(int64_t amount_minor, Currency currency) {
  const auto text = format(Money{amount_minor, currency});
  return text.substr(0, text.find(' '));
}

}  // namespace amity::events
