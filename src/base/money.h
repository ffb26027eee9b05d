// Money: an integer of minor units with its ISO 4217 currency. Amounts of different currencies are never added.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace amity {

// An ISO 4217 currency known to the program; copied freely, compared by code.
class Currency {
 public:
  // "CNY", "USD", "JPY", ...; codes outside the list are invalid. Historical codes of imported records (CZK's
  // predecessors and the like) are listed with the exponent they had.
  static Result<Currency> parse(std::string_view code);

  std::string_view code() const { return {code_, 3}; }
  int exponent() const { return exponent_; }  // digits after the point: JPY 0, CNY 2, KWD 3
  bool operator==(const Currency& other) const { return code() == other.code(); }

 private:
  Currency(std::string_view code, int exponent);
  char code_[3];
  int8_t exponent_;
};

// Amounts beyond this are refused on input: the sum of a thousand million of them still fits in 128 bits, and any sum
// of a customer's history fits in a double without losing a minor unit that matters.
constexpr int64_t kMaxAmountMinor = 1'000'000'000'000'000;  // 10^15

struct Money {
  int64_t amount_minor = 0;
  Currency currency;
  bool operator==(const Money&) const = default;
};

Result<Money> add(const Money& a, const Money& b);       // conflict where the currencies differ, limit on overflow
Result<Money> subtract(const Money& a, const Money& b);  // likewise

// "-1234.50" with at most the currency's digits after the point; "1,234.50" and exponents are refused.
Result<int64_t> parse_amount_minor(std::string_view text, Currency currency);
std::string format(const Money& money);  // "1234.50 CZK"

}  // namespace amity
