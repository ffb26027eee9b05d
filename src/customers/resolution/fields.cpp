#include "customers/resolution/fields.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/latin.h"
#include "base/text.h"
#include "customers/resolution/dates.h"
#include "customers/resolution/names.h"
#include "customers/resolution/places.h"

namespace amity::customers {
namespace {

std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return digits;
}

std::string letters_and_digits_of(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) kept += c;
  }
  return kept;
}

std::string without_blanks(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if (c != ' ' && c != '\t') kept += c;
  }
  return kept;
}

// The first number of several, without an extension. National digits: without the country's code of China, without
// leading zeros, at most the last 11 (the code of another country stays and is met by comparing the ends).
std::string phone_digits(std::string_view text) {
  for (const std::string_view end : {";", "/", ",", "、", "ext", "转", "x"}) text = text.substr(0, text.find(end, 5));
  auto digits = digits_of(text);
  bool has_country = text.find_first_of("+(") < text.find_first_of("0123456789") && text.contains("+");
  if (digits.starts_with("00")) {
    digits.erase(0, 2);
    has_country = true;
  }
  if ((digits.size() > 11 || has_country) && digits.starts_with("86")) digits.erase(0, 2);
  digits.erase(0, digits.find_first_not_of('0') == std::string::npos ? digits.size() : digits.find_first_not_of('0'));
  if (digits.size() > 11) digits.erase(0, digits.size() - 11);
  return digits.size() < 5 ? "" : digits;
}

char check_character(std::string_view digits) {
  constexpr std::array kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i) sum += (digits[i] - '0') * kWeights[i];
  return "10x98765432"[sum % 11];
}

std::string identity_digits(std::string_view text) {
  auto number = letters_and_digits_of(text);
  if (number.size() == 15 && digits_of(number).size() == 15) {
    number.insert(6, "19");
    number += check_character(number);
  }
  return number;
}

std::vector<FieldWord> as_words(std::vector<std::string> texts) {
  std::vector<FieldWord> words;
  for (auto& text : texts) words.push_back({std::move(text), 0});
  return words;
}

Field read_words(FieldKind kind, std::string_view folded) {
  Field field;
  if (is_name(kind)) {
    auto name = read_name(folded, kind);
    field.words = as_words(std::move(name.words));
    field.spelt = as_words(std::move(name.spelt));
    field.sounds = as_words(std::move(name.sounds));
    field.initials = std::move(name.initials);
    field.is_han = name.is_han;
  } else {
    auto place = read_place(folded);
    field.words = as_words(std::move(place.words));
    field.spelt = as_words(std::move(place.spelt));
    if (!place.sound.empty()) field.sounds = {{std::move(place.sound), 0}};
    field.is_han = place.is_han;
  }
  for (const auto& word : field.words) field.whole += (field.whole.empty() ? "" : " ") + word.text;
  return field;
}

std::string category_of(std::string_view folded) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kCodes = {{{"男", "m"},
                                                                                     {"男性", "m"},
                                                                                     {"male", "m"},
                                                                                     {"man", "m"},
                                                                                     {"女", "f"},
                                                                                     {"女性", "f"},
                                                                                     {"female", "f"},
                                                                                     {"woman", "f"},
                                                                                     {"中国", "cn"},
                                                                                     {"中华人民共和国", "cn"},
                                                                                     {"china", "cn"},
                                                                                     {"chn", "cn"},
                                                                                     {"prchina", "cn"},
                                                                                     {"peoplesrepublicofchina", "cn"}}};
  std::string plain;
  for (const auto& word : words_of(simplified_text(folded))) plain += word.text;
  for (const auto& [text, code] : kCodes) {
    if (plain == text) return std::string(code);
  }
  return plain;
}

}  // namespace

Style style_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::kName:
    case FieldKind::kGivenName:
    case FieldKind::kFamilyName:
    case FieldKind::kAddress:
    case FieldKind::kCity: return Style::kWords;
    case FieldKind::kPhone:
    case FieldKind::kPostcode:
    case FieldKind::kNumber:
    case FieldKind::kIdentityNumber:
    case FieldKind::kDate: return Style::kDigits;
    default: return Style::kWhole;
  }
}

bool is_name(FieldKind kind) {
  return kind == FieldKind::kName || kind == FieldKind::kGivenName || kind == FieldKind::kFamilyName;
}

bool is_place(FieldKind kind) {
  return kind == FieldKind::kAddress || kind == FieldKind::kCity || kind == FieldKind::kPostcode ||
         kind == FieldKind::kNumber || kind == FieldKind::kCategory;
}

bool is_chinese_identity_number(std::string_view number) {
  if (number.size() != 18 || digits_of(number.substr(0, 17)).size() != 17) return false;
  return number[17] == check_character(number) && !date_digits(number.substr(6, 8)).empty();
}

Field read_field(FieldKind kind, std::string_view text) {
  if (text.empty() || text == "-0-" || kind == FieldKind::kIgnored) return {};
  const auto folded = fold_text(text);
  if (style_of(kind) == Style::kWords) return read_words(kind, folded);
  Field field;
  switch (kind) {
    case FieldKind::kPhone: field.whole = phone_digits(folded); break;
    case FieldKind::kIdentityNumber:
      field.whole = identity_digits(folded);
      field.is_proven = is_chinese_identity_number(letters_and_digits_of(folded));
      break;
    case FieldKind::kDate:
      field.whole = date_digits(folded);
      if (field.whole.empty()) field.whole = digits_of(folded);  // a mistyped day still resembles the right one
      break;
    case FieldKind::kEmail: field.whole = without_blanks(folded); break;
    case FieldKind::kCategory: field.whole = category_of(folded); break;
    default:
      for (const auto& word : words_of(simplified_text(folded))) field.whole += word.text;
  }
  return field;
}

}  // namespace amity::customers
