// One value of a row, in the form in which values of its kind are compared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "customers/resolution.h"

namespace amity::customers {

enum class Style { kWords, kDigits, kWhole };
Style style_of(FieldKind kind);
bool is_name(FieldKind kind);
// What says where somebody lives rather than who they are.
bool is_place(FieldKind kind);

struct FieldWord {
  std::string text;
  uint32_t id = 0;  // in the vocabulary of the column's words
};

struct Field {
  std::string whole;             // equal means the same; empty where nothing is said
  uint32_t id = 0;               // in the vocabulary of the column's values
  std::vector<FieldWord> words;  // of kWords, in their order; Han characters one by one
  std::vector<FieldWord> spelt;  // what stands in Han characters, word by word in pinyin (addresses: in English too)
  // Names in Han characters: their pinyin with family name first and last, other readings, Wade-Giles and Cantonese
  // spellings. Names in Latin letters: their words run together, in their order, the first one last, the last one
  // first. Places: their name without "city" or "district".
  std::vector<FieldWord> sounds;
  std::vector<std::string> initials;  // of a Chinese name: "zhangxm", "xmzhang", "zxm"
  bool is_han = false;
  bool is_proven = false;  // an identity number that came with a check digit, and it is right
};

// Names lose honorifics and the legal forms of companies; phones keep national digits; identity numbers of 15 digits
// become 18 (GB 11643-1999); dates become year, month and day (dates.h); sex and country become one code.
Field read_field(FieldKind kind, std::string_view text);

// Eighteen characters whose last is the check character of ISO 7064 MOD 11-2.
bool is_chinese_identity_number(std::string_view digits);

}  // namespace amity::customers
