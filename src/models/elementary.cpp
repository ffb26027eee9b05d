#include "models/elementary.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace amity::models {
namespace {

// ln 2 in two parts: the first has 21 zero bits at its end, so that k * kLn2High is exact for every exponent k.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kInverseLn2 = 0x1.71547652b82fep+0;

constexpr int kTerms = 14;
constexpr std::array<double, kTerms + 1> kInverseFactorials = [] {
  std::array<double, kTerms + 1> terms{};
  double factorial = 1;  // exact: 14! < 2^53
  for (int n = 0; n <= kTerms; ++n) {
    if (n > 0) factorial *= n;
    terms[static_cast<size_t>(n)] = 1 / factorial;
  }
  return terms;
}();

double power_of_two(int exponent) { return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52); }

}  // namespace

double portable_exp(double x) {
  if (x != x) return x;
  if (x > 709.8) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0;
  const int k = static_cast<int>(x * kInverseLn2 + (x < 0 ? -0.5 : 0.5));
  const double high = x - k * kLn2High;
  const double low = k * kLn2Low;
  const double r = high - low;  // |r| <= 0.35: the series ends below 2^-57 after 14 terms
  const double lost = (high - r) - low;
  double series = kInverseFactorials[kTerms];
  for (int n = kTerms - 1; n >= 2; --n) series = series * r + kInverseFactorials[static_cast<size_t>(n)];
  const double value = 1 + (r + (r * r * series + lost));
  const int half = k / 2;  // two steps, so that results below the normal range are rounded once
  return value * power_of_two(half) * power_of_two(k - half);
}

double sigmoid(double margin) { return 1 / (1 + portable_exp(-margin)); }

}  // namespace amity::models
