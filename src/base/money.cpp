#include "base/money.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace amity {
namespace {

struct ByExponent {
  int exponent;
  std::string_view codes;  // separated by spaces
};

// ISO 4217:2015 list one (active) and, behind it, withdrawn codes met in old records.
constexpr ByExponent kCurrencies[] = {
    {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"},
    {2,
     "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP "
     "CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR "
     "JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN "
     "NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP "
     "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWL DEM FRF ATS NLG FIM IEP HRK"},
    {3, "BHD IQD JOD KWD LYD OMR TND"},
    {4, "CLF UYW"},
    {0, "ITL ESP BEF PTE GRD LUF"},
};

}  // namespace

Currency::Currency(std::string_view code, int exponent) : exponent_(static_cast<int8_t>(exponent)) {
  std::memcpy(code_, code.data(), 3);
}

Result<Currency> Currency::parse(std::string_view code) {
  const bool three_capitals =
      code.size() == 3 && std::ranges::all_of(code, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (three_capitals) {
    for (const auto& [exponent, codes] : kCurrencies) {
      for (size_t at = 0; at < codes.size(); at += 4) {
        if (codes.substr(at, 3) == code) return Currency(code, exponent);
      }
    }
  }
  return invalid("unknown currency: use a code of ISO 4217, such as CNY or EUR");
}

Result<Money> add(const Money& a, const Money& b) {
  if (a.currency != b.currency) {
    return fail(Code::kConflict, "amounts of different currencies are not added: convert one at a recorded rate first");
  }
  int64_t sum = 0;
  if (__builtin_add_overflow(a.amount_minor, b.amount_minor, &sum)) return fail(Code::kLimit, "the sum is too large");
  return Money{sum, a.currency};
}

Result<Money> subtract(const Money& a, const Money& b) {
  if (b.amount_minor == INT64_MIN) return fail(Code::kLimit, "the difference is too large");
  return add(a, Money{-b.amount_minor, b.currency});
}

Result<int64_t> parse_amount_minor(std::string_view text, Currency currency) {
  const bool negative = text.starts_with('-');
  const std::string_view body = text.substr(negative ? 1 : 0);
  const size_t point = std::min(body.find('.'), body.size());
  const std::string_view fraction = point < body.size() ? body.substr(point + 1) : std::string_view{};
  if (point == 0 || (point + 1 == body.size())) return invalid("not an amount: write digits, such as 1234.50");
  if (fraction.find_last_not_of('0') != std::string_view::npos &&
      fraction.find_last_not_of('0') >= static_cast<size_t>(currency.exponent())) {
    return invalid(fmt::format("{} has {} digits after the point", currency.code(), currency.exponent()));
  }
  int64_t minor = 0;
  const auto take = [&](char c) {
    if (c < '0' || c > '9') return false;
    minor = minor * 10 + (c - '0');
    return true;
  };
  for (size_t i = 0; i < point + static_cast<size_t>(currency.exponent()); ++i) {
    const char c = i < point ? body[i] : (i - point < fraction.size() ? fraction[i - point] : '0');
    if (!take(c)) return invalid("not an amount: write digits and at most one point, such as 1234.50");
    if (minor > kMaxAmountMinor) return invalid("the amount is beyond the range of 10^15 minor units");
  }
  if (!std::ranges::all_of(fraction, [](char c) { return c >= '0' && c <= '9'; })) {
    return invalid("not an amount: write digits and at most one point, such as 1234.50");
  }
  return negative ? -minor : minor;
}

std::string format(const Money& money) {
  const int exponent = money.currency.exponent();
  uint64_t scale = 1;
  for (int i = 0; i < exponent; ++i) scale *= 10;
  const bool negative = money.amount_minor < 0;
  const uint64_t magnitude =
      negative ? 0 - static_cast<uint64_t>(money.amount_minor) : static_cast<uint64_t>(money.amount_minor);
  auto text = fmt::format("{}{}", negative ? "-" : "", magnitude / scale);
  if (exponent > 0) text += fmt::format(".{:0{}}", magnitude % scale, exponent);
  return fmt::format("{} {}", text, money.currency.code());
}

}  // namespace amity
