#include "customers/resolution/names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/latin.h"
#include "base/text.h"
#include "customers/resolution/fields.h"
#include "customers/resolution/han_names.h"

namespace amity::customers {
namespace {

using Pairs = std::pair<std::string_view, std::string_view>;

// The word of a sorted list of pairs, else the word itself.
template <size_t N>
std::string_view looked_up(const std::array<Pairs, N>& table, std::string_view word) {
  for (const auto& [from, to] : table) {
    if (from == word) return to;
  }
  return word;
}

// Said before or after a name, and what a company is by law: never what makes two names one.
constexpr std::array<std::string_view, 44> kNotTheName = {
    "mr",      "mrs", "ms",      "miss", "dr",          "prof", "sir", "madam", "jr",   "sr",  "ltd",
    "limited", "co",  "company", "corp", "corporation", "inc",  "llc", "plc",   "gmbh", "ag",  "sa",
    "sas",     "srl", "spa",     "bv",   "nv",          "oy",   "ab",  "pty",   "kg",   "ooo", "zao",
    "pao",     "oao", "llp",     "lp",   "sarl",        "kk",   "fze", "fzco",  "the",  "and", "of"};
// The longest first: each is taken off the end of a name in Han characters.
constexpr std::array<std::string_view, 12> kHanEndings = {"股份有限公司", "有限责任公司", "集团有限公司", "有限公司",
                                                          "公司",         "集团",         "先生",         "女士",
                                                          "小姐",         "太太",         "教授",         "博士"};
constexpr std::array<Pairs, 52> kShortNames = {
    {{"bill", "william"},    {"will", "william"},    {"billy", "william"},   {"bob", "robert"},
     {"rob", "robert"},      {"bobby", "robert"},    {"dick", "richard"},    {"rick", "richard"},
     {"jim", "james"},       {"jimmy", "james"},     {"jack", "john"},       {"johnny", "john"},
     {"mike", "michael"},    {"mick", "michael"},    {"tom", "thomas"},      {"tommy", "thomas"},
     {"tony", "anthony"},    {"joe", "joseph"},      {"dave", "david"},      {"dan", "daniel"},
     {"danny", "daniel"},    {"steve", "stephen"},   {"steven", "stephen"},  {"chris", "christopher"},
     {"matt", "matthew"},    {"nick", "nicholas"},   {"alex", "alexander"},  {"ben", "benjamin"},
     {"sam", "samuel"},      {"andy", "andrew"},     {"drew", "andrew"},     {"ed", "edward"},
     {"ted", "edward"},      {"greg", "gregory"},    {"ken", "kenneth"},     {"ron", "ronald"},
     {"pat", "patrick"},     {"pete", "peter"},      {"liz", "elizabeth"},   {"beth", "elizabeth"},
     {"betty", "elizabeth"}, {"kate", "katherine"},  {"kathy", "katherine"}, {"cathy", "katherine"},
     {"sue", "susan"},       {"maggie", "margaret"}, {"peggy", "margaret"},  {"meg", "margaret"},
     {"jenny", "jennifer"},  {"becky", "rebecca"},   {"vicky", "victoria"},  {"nat", "nathan"}}};

bool is_not_the_name(std::string_view word) { return std::ranges::find(kNotTheName, word) != kNotTheName.end(); }

bool is_company_ending(std::string_view ending) { return ending.ends_with("公司") || ending == "集团"; }

std::string_view without_endings(std::string_view name) {
  for (const auto ending : kHanEndings) {
    if (name.size() > ending.size() && name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

std::string joined(const std::vector<std::string>& parts, size_t begin) {
  std::string out;
  for (size_t i = begin; i < parts.size(); ++i) out += parts[i];
  return out;
}

// "xiao3ming2" -> "xiaoming": tones are not part of a name.
std::string without_tones(const std::string& word) {
  std::string out;
  for (const char c : word) {
    const bool is_tone = !out.empty() && out.back() >= 'a' && c >= '1' && c <= '5';
    if (!is_tone) out += c;
  }
  return out;
}

// Run together as written, with the first word last and the last word first: family names stand at either end.
void add_latin_sounds(Name& name, const std::vector<std::string>& words) {
  const auto add = [&](std::string sound) {
    sound = plain_sound(std::move(sound));
    if (std::ranges::find(name.sounds, sound) == name.sounds.end()) name.sounds.push_back(std::move(sound));
  };
  add(joined(words, 0));
  if (words.size() < 2) return;
  add(joined(words, 1) + words.front());
  if (words.size() > 2) add(words.back() + joined({words.begin(), words.end() - 1}, 0));
}

void add_han(Name& name, const std::string& run, FieldKind kind) {
  const auto han = without_endings(run);
  const auto characters = words_of(han).front().characters;
  const bool is_company = han.size() < run.size() && is_company_ending(std::string_view(run).substr(han.size()));
  auto spelt = spell_han_name(characters, kind == FieldKind::kName && !is_company);
  name.is_han = true;
  name.words = characters;
  name.spelt = std::move(spelt.words);
  name.sounds = std::move(spelt.sounds);
  name.initials = std::move(spelt.initials);
}

}  // namespace

Name read_name(std::string_view folded, FieldKind kind) {
  std::string apart;  // what a hyphen or an apostrophe divides is one word
  for (const char c : simplified_text(folded)) {
    if (c != '\'' && c != '.' && c != '`') apart += c;
  }
  Name name;
  std::string han;  // "张 晓明" is one name
  std::vector<std::string> latin;
  std::vector<std::string> left_out;
  for (const auto& word : words_of(apart)) {
    if (word.is_han) {
      han += word.text;
      continue;
    }
    auto plain = without_tones(latin_text(word.text));
    (is_not_the_name(plain) ? left_out : latin).push_back(std::move(plain));
  }
  if (latin.empty() && han.empty()) latin = std::move(left_out);
  if (!han.empty()) add_han(name, han, kind);
  if (!latin.empty()) add_latin_sounds(name, latin);
  // Beside characters Latin words are another spelling or a further name: "张伟 (David Zhang)".
  (han.empty() ? name.words : name.spelt)
      .insert((han.empty() ? name.words : name.spelt).end(), latin.begin(), latin.end());
  return name;
}

std::string_view root_of_name(std::string_view word) { return looked_up(kShortNames, word); }

std::string skeleton_of(std::string_view word) {
  if (!word.empty() && static_cast<unsigned char>(word[0]) >= 0x80) return pinyin_of({std::string(word)});
  // By letter: vowels, half vowels and h (which marks a breath or changes the letter before it) are dropped.
  constexpr std::string_view kClasses = "-pkt-fk--jklnn-pkrst-f-k-s";
  std::string out;
  for (const char c : word) {
    char kept = c;
    if (c >= 'a' && c <= 'z') kept = out.empty() && c == 'h' ? 'h' : kClasses[static_cast<size_t>(c - 'a')];
    if (kept != '-' && (out.empty() || out.back() != kept)) out += kept;
  }
  return out;
}

}  // namespace amity::customers
