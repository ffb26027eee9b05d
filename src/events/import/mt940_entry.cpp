#include "events/import/mt940_entry.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/time.h"

namespace amity::events {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool are_digits(std::string_view text, size_t count) {
  return text.size() >= count && std::ranges::all_of(text.substr(0, count), is_digit);
}

std::string_view take(std::string_view& text, size_t count) {
  const auto taken = text.substr(0, count);
  text.remove_prefix(taken.size());
  return taken;
}

void skip_spaces(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

std::string_view take_amount(std::string_view& text) {
  size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == ',' || text[end] == '.')) ++end;
  return take(text, end);
}

int number_of(std::string_view digits) {
  int number = 0;
  for (const char c : digits) number = number * 10 + (c - '0');
  return number;
}

int year_of(int two_digits) { return two_digits < 80 ? 2000 + two_digits : 1900 + two_digits; }

// Value dates count months of 30 days at some banks: 30 February is the last day of February.
Result<Date> value_date(std::string_view text) {
  const int year = year_of(number_of(text.substr(0, 2)));
  const int month = number_of(text.substr(2, 2));
  const int day = number_of(text.substr(4, 2));
  if (month == 2 && (day == 29 || day == 30)) {
    if (auto leap = make_date(year, 2, 29)) return leap;
    return make_date(year, 2, 28);
  }
  return make_date(year, month, day);
}

// An entry date has no year: the one that brings it nearest to the value date.
Result<Date> entry_date(std::string_view text, std::string_view value) {
  const int value_month = number_of(value.substr(2, 2));
  const int month = number_of(text.substr(0, 2));
  int year = year_of(number_of(value.substr(0, 2)));
  if (month - value_month > 6) --year;
  if (value_month - month > 6) ++year;
  return make_date(year, month, number_of(text.substr(2, 2)));
}

Result<void> read_dates(std::string_view& text, Mt940Entry& entry) {
  if (!are_digits(text, 6)) return invalid("an entry has no value date");
  const auto value = take(text, 6);
  std::string_view booked;
  if (are_digits(text, 4)) booked = take(text, 4);
  skip_spaces(text);
  const auto valued_on = value_date(value);
  const auto booked_on = booked.empty() ? valued_on : entry_date(booked, value);
  if (!valued_on || !booked_on) entry.problem = "no such date";
  if (valued_on) entry.cells[kValueDate] = format(*valued_on);
  if (booked_on) entry.cells[kBooked] = format(*booked_on);
  return {};
}

// [R|E][C|D], then perhaps a letter of the currency: what an entry does to the account.
Result<int> read_mark(std::string_view& text, Mt940Entry& entry) {
  const bool is_reversal = text.starts_with('R');
  entry.is_booked = !text.starts_with('E');
  if (is_reversal || !entry.is_booked) take(text, 1);
  const auto mark = take(text, 1);
  if (mark != "C" && mark != "D") return invalid("an entry is neither C nor D");
  const int sign = (mark == "C") != is_reversal ? 1 : -1;
  if (!text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0) take(text, 1);
  skip_spaces(text);
  entry.cells[kReversal] = is_reversal ? "true" : "false";
  entry.cells[kStatus] = entry.is_booked ? "booked" : "pending";
  entry.cells[kDirection] = sign > 0 ? "credit" : "debit";
  return sign;
}

Result<void> read_amount(std::string_view& text, int sign, std::optional<Currency> currency, Mt940Entry& entry) {
  const auto amount = take_amount(text);
  // Without a currency the digits stay as they are: euros, for the check of their form only.
  const auto known = currency.value_or(*Currency::parse("EUR"));
  const auto minor = statement_amount(amount, known);
  if (!minor) return invalid("the amount of an entry cannot be read");
  entry.cells[kAmount] = amount_text(*minor, known);
  if (!currency) return {};
  entry.amount_minor = sign * *minor;
  entry.cells[kCurrency] = currency->code();
  return {};
}

void read_references(std::string_view text, Mt940Entry& entry) {
  auto& cells = entry.cells;
  cells[kCode] = take(text, 4);
  const size_t slashes = text.find("//");
  const auto own = text.substr(0, slashes);
  if (own != "NONREF") cells[kReference] = own;
  if (slashes == std::string_view::npos) return;
  const auto bank = text.substr(slashes + 2);
  if (bank != "NONREF") cells[kBankReference] = bank;
}

std::optional<Currency> take_currency(std::string_view& text) {
  const auto currency = Currency::parse(text.substr(0, 3));
  if (!currency) return std::nullopt;
  take(text, 3);
  return *currency;
}

}  // namespace

Result<Mt940Entry> read_mt940_entry(const SwiftField& field, std::optional<Currency> currency) {
  Mt940Entry entry;
  std::string_view text = field.lines[0];
  size_t more = 1;
  TRY(read_dates(text, entry));
  const int sign = TRY(read_mark(text, entry));
  if (text.empty() && more < field.lines.size()) text = field.lines[more++];
  TRY(read_amount(text, sign, currency, entry));
  read_references(text, entry);
  auto& information = entry.cells[kInformation];
  for (; more < field.lines.size(); ++more) {
    if (!information.empty() && !field.lines[more].empty()) information += ' ';
    information += field.lines[more];
  }
  return entry;
}

Result<Money> read_mt940_balance(std::string_view text, std::optional<Currency> currency) {
  const auto sign = take(text, 1);
  if (sign != "C" && sign != "D") return invalid("a balance begins with C or D");
  if (!are_digits(text, 6)) return invalid("a balance has no date");
  take(text, 6);
  if (!text.empty() && !is_digit(text[0])) {
    currency = take_currency(text);
    if (!currency) return invalid("the currency of a balance is not known");
  }
  if (!currency) return invalid("a balance has no currency");
  const auto minor = statement_amount(take_amount(text), *currency);
  const bool is_whole = text.find_first_not_of(' ') == std::string_view::npos;
  if (!minor || !is_whole) return invalid("the amount of a balance cannot be read");
  return Money{sign == "D" ? -*minor : *minor, *currency};
}

Result<Mt940Sum> read_mt940_sum(std::string_view text) {
  int64_t entries = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + std::min<size_t>(text.size(), 5), entries);
  if (error != std::errc{} || entries < 0) return invalid("it does not tell how many entries there are");
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  const auto currency = take_currency(text);
  if (!currency) return invalid("the currency of a sum is not known");
  const auto minor = statement_amount(take_amount(text), *currency);
  const bool is_whole = text.find_first_not_of(' ') == std::string_view::npos;
  if (!minor || !is_whole) return invalid("a sum cannot be read");
  return Mt940Sum{entries, {*minor, *currency}};
}

}  // namespace amity::events
