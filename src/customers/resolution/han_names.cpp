#include "customers/resolution/han_names.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "base/latin.h"

namespace amity::customers {
namespace {

using Pairs = std::pair<std::string_view, std::string_view>;

constexpr std::array<std::string_view, 22> kDoubleFamilyNames = {
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒",
    "夏侯", "端木", "宇文", "长孙", "独孤", "南宫", "轩辕", "淳于", "太史", "申屠", "百里"};
// Family names read otherwise than the common reading of the character that ICU gives.
constexpr std::array<Pairs, 20> kFamilyReadings = {
    {{"曾", "zeng"}, {"单", "shan"}, {"仇", "qiu"}, {"解", "xie"}, {"任", "ren"},  {"区", "ou"},   {"查", "zha"},
     {"朴", "piao"}, {"盖", "ge"},   {"尉", "wei"}, {"乐", "yue"}, {"翟", "zhai"}, {"覃", "qin"},  {"缪", "miao"},
     {"佘", "she"},  {"洗", "xian"}, {"宓", "mi"},  {"黑", "he"},  {"逄", "pang"}, {"种", "chong"}}};
// Characters of names with a second living reading.
constexpr std::array<Pairs, 26> kOtherReadings = {
    {{"乐", "yue"},  {"茜", "xi"},    {"朝", "zhao"}, {"长", "zhang"}, {"行", "hang"}, {"重", "zhong"}, {"晟", "sheng"},
     {"莘", "xin"},  {"盛", "cheng"}, {"筠", "yun"},  {"柏", "bo"},    {"俞", "shu"},  {"万", "mo"},    {"员", "yun"},
     {"覃", "tan"},  {"贾", "gu"},    {"沈", "chen"}, {"强", "jiang"}, {"娜", "nuo"},  {"都", "dou"},   {"石", "dan"},
     {"嬛", "xuan"}, {"乾", "gan"},   {"曾", "ceng"}, {"朴", "pu"},    {"谌", "shen"}}};
constexpr std::array<Pairs, 30> kCantonese = {
    {{"陈", "chan"},  {"王", "wong"},  {"黄", "wong"},  {"李", "lee"},   {"张", "cheung"}, {"林", "lam"},
     {"吴", "ng"},    {"刘", "lau"},   {"梁", "leung"}, {"郑", "cheng"}, {"何", "ho"},     {"罗", "law"},
     {"叶", "yip"},   {"杨", "yeung"}, {"周", "chow"},  {"徐", "tsui"},  {"郭", "kwok"},   {"许", "hui"},
     {"曾", "tsang"}, {"蔡", "choi"},  {"谢", "tse"},   {"邓", "tang"},  {"冯", "fung"},   {"关", "kwan"},
     {"麦", "mak"},   {"胡", "wu"},    {"赵", "chiu"},  {"马", "ma"},    {"朱", "chu"},    {"苏", "so"}}};
constexpr std::array<Pairs, 9> kGilesInitials = {{{"zh", "ch"},
                                                  {"x", "hs"},
                                                  {"q", "ch"},
                                                  {"j", "ch"},
                                                  {"z", "ts"},
                                                  {"c", "ts"},
                                                  {"b", "p"},
                                                  {"d", "t"},
                                                  {"g", "k"}}};

template <size_t N>
std::string_view looked_up(const std::array<Pairs, N>& table, std::string_view character) {
  const auto found = std::ranges::find(table, character, &Pairs::first);
  return found == table.end() ? std::string_view{} : found->second;
}

// ICU looks a character up in microseconds, a list of names holds few of them many times.
const std::string& syllable_of(const std::string& character) {
  thread_local std::unordered_map<std::string, std::string> known;  // as many as there are characters
  const auto [at, is_new] = known.try_emplace(character);
  if (is_new) at->second = plain_sound(latin_text(character));
  return at->second;
}

std::string joined(const std::vector<std::string>& parts, size_t begin, size_t end) {
  std::string out;
  for (size_t i = begin; i < std::min(end, parts.size()); ++i) out += parts[i];
  return out;
}

class Speller {
 public:
  Speller(const std::vector<std::string>& characters, bool has_family) : characters_(characters) {
    for (const auto& character : characters) syllables_.push_back(syllable_of(character));
    if (has_family) family_ = characters.size() > 2 && is_double() ? 2 : 1;
    if (family_ != 1) return;
    if (const auto reading = looked_up(kFamilyReadings, characters[0]); !reading.empty()) syllables_[0] = reading;
  }

  HanSpellings spellings() {
    spelt_.words = {joined(syllables_, family_, kAll)};
    if (family_ > 0) spelt_.words.insert(spelt_.words.begin(), joined(syllables_, 0, family_));
    add(syllables_);
    for (size_t i = 0; i < characters_.size(); ++i) {
      if (const auto other = looked_up(kOtherReadings, characters_[i]); !other.empty()) add_with(i, other);
    }
    auto giles = syllables_;
    for (auto& syllable : giles) syllable = wade_giles(syllable);
    add(giles);
    if (const auto spoken = looked_up(kCantonese, characters_[0]); family_ == 1 && !spoken.empty()) add_with(0, spoken);
    if (family_ > 0) add_initials();
    return std::move(spelt_);
  }

 private:
  static constexpr size_t kAll = static_cast<size_t>(-1);

  bool is_double() const {
    return std::ranges::find(kDoubleFamilyNames, characters_[0] + characters_[1]) != kDoubleFamilyNames.end();
  }

  static void add_new(std::vector<std::string>& to, std::string text) {
    if (std::ranges::find(to, text) == to.end()) to.push_back(std::move(text));
  }

  void add(const std::vector<std::string>& syllables) {
    add_new(spelt_.sounds, joined(syllables, 0, kAll));
    if (family_ > 0) add_new(spelt_.sounds, joined(syllables, family_, kAll) + joined(syllables, 0, family_));
  }

  void add_with(size_t at, std::string_view reading) {
    auto syllables = syllables_;
    syllables[at] = reading;
    add(syllables);
  }

  void add_initials() {
    std::string given;
    for (size_t i = family_; i < syllables_.size(); ++i) given += syllables_[i].substr(0, 1);
    if (given.empty()) return;
    const auto family = joined(syllables_, 0, family_);
    std::string all;
    for (const auto& syllable : syllables_) all += syllable.substr(0, 1);
    spelt_.initials = {family + given, given + family, all};
  }

  const std::vector<std::string>& characters_;
  std::vector<std::string> syllables_;
  size_t family_ = 0;  // how many characters
  HanSpellings spelt_;
};

}  // namespace

HanSpellings spell_han_name(const std::vector<std::string>& characters, bool has_family) {
  if (characters.empty()) return {};
  return Speller(characters, has_family && characters.size() > 1).spellings();
}

std::string pinyin_of(const std::vector<std::string>& characters) {
  std::string out;
  for (const auto& character : characters) out += syllable_of(character);
  return out;
}

std::string plain_sound(std::string sound) {
  for (const std::string_view typed : {"lyu", "nyu", "lv", "nv"}) {
    for (size_t at = sound.find(typed); at != std::string::npos; at = sound.find(typed, at + 1)) {
      sound.replace(at + 1, typed.size() - 1, "u");
    }
  }
  return sound;
}

std::string wade_giles(std::string_view pinyin) {
  std::string out(pinyin);
  for (const auto& [from, to] : kGilesInitials) {
    if (!out.starts_with(from) || out.starts_with("ch") || (from != "zh" && out.starts_with("zh"))) continue;
    out.replace(0, from.size(), to);
    break;
  }
  const auto ends = [&](std::string_view from, std::string_view to) {
    if (!out.ends_with(from)) return false;
    out.replace(out.size() - from.size(), from.size(), to);
    return true;
  };
  if (ends("ong", "ung") || ends("ian", "ien") || ends("ie", "ieh") || ends("ue", "ueh")) return out;
  if (!out.starts_with("k")) ends("uo", "o");
  if (pinyin.starts_with("r")) out.replace(0, 1, "j");
  return out;
}

}  // namespace amity::customers
