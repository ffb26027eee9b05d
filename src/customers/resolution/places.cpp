#include "customers/resolution/places.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/latin.h"
#include "base/text.h"
#include "customers/resolution/han_names.h"

namespace amity::customers {
namespace {

using Pairs = std::pair<std::string_view, std::string_view>;

// Written short, or in pinyin as on Chinese street signs.
constexpr std::array<Pairs, 42> kShortPlaces = {
    {{"rd", "road"},        {"st", "street"},     {"str", "street"},    {"ave", "avenue"},     {"av", "avenue"},
     {"dr", "drive"},       {"pl", "place"},      {"ct", "court"},      {"crt", "court"},      {"cres", "crescent"},
     {"cct", "circuit"},    {"cl", "close"},      {"ln", "lane"},       {"blvd", "boulevard"}, {"hwy", "highway"},
     {"tce", "terrace"},    {"pde", "parade"},    {"apt", "apartment"}, {"vlge", "village"},   {"fl", "floor"},
     {"sq", "square"},      {"bldg", "building"}, {"rm", "room"},       {"no", "number"},      {"nr", "number"},
     {"dist", "district"},  {"prov", "province"}, {"lu", "road"},       {"jie", "street"},     {"dajie", "street"},
     {"dadao", "avenue"},   {"xiang", "lane"},    {"nong", "lane"},     {"qu", "district"},    {"shi", "city"},
     {"sheng", "province"}, {"xian", "county"},   {"hao", "number"},    {"lou", "building"},   {"zhen", "town"},
     {"cun", "village"},    {"e", "east"}}};
// What ends a part of a Chinese address; the longer stand before.
constexpr std::array<Pairs, 34> kHanParts = {
    {{"自治区", "region"}, {"大道", "avenue"},    {"大街", "street"},   {"街道", "subdistrict"}, {"胡同", "hutong"},
     {"单元", "unit"},     {"大厦", "building"},  {"大楼", "building"}, {"小区", "estate"},      {"花园", "garden"},
     {"广场", "square"},   {"公寓", "apartment"}, {"新村", "village"},  {"省", "province"},      {"市", "city"},
     {"区", "district"},   {"县", "county"},      {"镇", "town"},       {"乡", "township"},      {"村", "village"},
     {"路", "road"},       {"街", "street"},      {"巷", "lane"},       {"弄", "lane"},          {"里", "lane"},
     {"号", "number"},     {"楼", "building"},    {"栋", "building"},   {"幢", "building"},      {"座", "block"},
     {"室", "room"},       {"房", "room"},        {"层", "floor"},      {"州", "prefecture"}}};
constexpr std::array<Pairs, 5> kDirections = {
    {{"东", "east"}, {"西", "west"}, {"南", "south"}, {"北", "north"}, {"中", "middle"}}};

template <size_t N>
std::string_view looked_up(const std::array<Pairs, N>& table, std::string_view word) {
  const auto found = std::ranges::find(table, word, &Pairs::first);
  return found == table.end() ? std::string_view{} : found->second;
}

struct Ending {
  size_t characters = 0;
  std::string_view word;
};

// Parts that begin at `at`: "大道" -> 2, avenue.
Ending ending_at(const std::vector<std::string>& characters, size_t at) {
  std::string text;
  Ending found;
  for (size_t length = 1; length <= 3 && at + length <= characters.size(); ++length) {
    text += characters[at + length - 1];
    if (const auto word = looked_up(kHanParts, text); !word.empty()) found = {length, word};
  }
  return found;
}

// "建国" -> jianguo; "建国东" before a road -> jianguo, east.
void spell_part(Place& place, std::vector<std::string>& part, std::string_view ending) {
  std::string_view direction;
  const bool is_road = ending == "road" || ending == "street" || ending == "avenue";
  if (is_road && part.size() >= 3) direction = looked_up(kDirections, part.back());
  if (!direction.empty()) part.pop_back();
  if (!part.empty()) {
    place.spelt.push_back(pinyin_of(part));
    place.sound += place.spelt.back();
  }
  if (!direction.empty()) place.spelt.emplace_back(direction);
  if (!ending.empty()) place.spelt.emplace_back(ending);
  part.clear();
}

void read_han(Place& place, const std::vector<std::string>& characters) {
  std::vector<std::string> part;
  for (size_t at = 0; at < characters.size();) {
    const auto ending = ending_at(characters, at);
    // A road that begins with such a character (里仁路) or a village called 市... has it as its name.
    const bool begins = part.empty() && place.spelt.empty();
    if (ending.characters == 0 || begins) {
      part.push_back(characters[at++]);
      continue;
    }
    spell_part(place, part, ending.word);
    at += ending.characters;
  }
  if (!part.empty()) spell_part(place, part, {});
  place.words.insert(place.words.end(), characters.begin(), characters.end());
}

}  // namespace

Place read_place(std::string_view folded) {
  Place place;
  for (const auto& word : words_of(simplified_text(folded))) {
    if (word.is_han) {
      place.is_han = true;
      read_han(place, word.characters);
      continue;
    }
    const auto latin = latin_text(word.text);
    const auto full = looked_up(kShortPlaces, latin);
    place.words.emplace_back(full.empty() ? std::string_view(latin) : full);
    place.spelt.push_back(place.words.back());
    if (!is_part_of_place(place.words.back())) place.sound += place.words.back();
  }
  if (!place.is_han) place.spelt.clear();
  return place;
}

bool is_part_of_place(std::string_view word) {
  return std::ranges::find(kHanParts, word, &Pairs::second) != kHanParts.end();
}

}  // namespace amity::customers
