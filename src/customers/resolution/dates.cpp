#include "customers/resolution/dates.h"

#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace amity::customers {
namespace {

constexpr std::array<std::string_view, 11> kHanDigits = {"〇", "一", "二", "三", "四", "五",
                                                         "六", "七", "八", "九", "十"};

bool is_day(int year, int month, int day) {
  return year >= 1800 && year < 2200 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

int month_named(std::string_view word) {
  constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                        "jul", "aug", "sep", "oct", "nov", "dec"};
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (word.starts_with(kMonths[i])) return static_cast<int>(i) + 1;
  }
  return 0;
}

// The digit that stands here in Chinese, 10 for 十; -1 for anything else.
int han_digit_at(std::string_view text, size_t at) {
  for (size_t i = 0; i < kHanDigits.size(); ++i) {
    if (text.substr(at).starts_with(kHanDigits[i])) return static_cast<int>(i);
  }
  return text.substr(at).starts_with("零") ? 0 : -1;
}

// "二十一" -> 21, "一九八〇" -> 1980: the digits as they would be typed.
std::string without_han_digits(std::string_view text) {
  std::string out;
  int number = -1;  // the one being read
  for (size_t at = 0; at < text.size();) {
    const int digit = han_digit_at(text, at);
    if (digit < 0) {
      if (number >= 0) out += std::to_string(number);
      number = -1;
      out += text[at++];
      continue;
    }
    const int before = std::min(number, 9999);
    if (digit == 10) {
      number = std::max(before, 1) * 10;
    } else {
      const bool after_ten = before > 0 && before % 10 == 0 && before <= 90 && text.substr(0, at).ends_with("十");
      number = before < 0 ? digit : after_ten ? before + digit : before * 10 + digit;
    }
    at += 3;  // bytes of each of these characters
  }
  if (number >= 0) out += std::to_string(number);
  return out;
}

// Numbers and names of months (below zero) in their order.
std::vector<int> numbers_in(std::string_view text) {
  std::vector<int> numbers;
  for (size_t i = 0; i < text.size() && numbers.size() < 3;) {
    const size_t begin = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    if (i > begin) {
      numbers.push_back(i - begin > 8 ? 0 : std::atoi(std::string(text.substr(begin, i - begin)).c_str()));
      continue;
    }
    while (i < text.size() && text[i] >= 'a' && text[i] <= 'z') ++i;
    if (const int month = month_named(text.substr(begin, i - begin)); month > 0) numbers.push_back(-month);
    if (i == begin) ++i;
  }
  return numbers;
}

int full_year(int year) { return year >= 100 ? year : year > 30 ? 1900 + year : 2000 + year; }

}  // namespace

std::string date_digits(std::string_view folded) {
  auto numbers = numbers_in(folded);
  if (numbers.size() < 3 && (folded.contains("年") || folded.contains("月"))) {
    numbers = numbers_in(without_han_digits(folded));
  }
  if (!numbers.empty() && numbers[0] >= 1'000'000)
    numbers = {numbers[0] / 10000, numbers[0] / 100 % 100, numbers[0] % 100};
  if (numbers.size() != 3) return "";
  auto [first, second, third] = std::array{numbers[0], numbers[1], numbers[2]};
  if (first < 0) std::swap(first, second);  // Jan 31 2024
  if (std::abs(first) < 1000) std::swap(first, third);
  second = std::abs(second);
  if (second > 12 && third <= 12) std::swap(second, third);  // month before the day, as in the United States
  first = full_year(first);
  return is_day(first, second, third) ? fmt::format("{:04}{:02}{:02}", first, second, third) : "";
}

bool is_day_and_month_exchanged(std::string_view left, std::string_view right) {
  return left.size() == 8 && right.size() == 8 && left != right && left.substr(0, 4) == right.substr(0, 4) &&
         left.substr(4, 2) == right.substr(6, 2) && left.substr(6, 2) == right.substr(4, 2);
}

}  // namespace amity::customers
