// Names in Han characters as they are spelt in Latin letters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace amity::customers {

struct HanSpellings {
  std::vector<std::string> words;   // pinyin: family name and given name, or one word where no family name is known
  std::vector<std::string> sounds;  // run together: family name first and last; further readings, Wade-Giles, Cantonese
  std::vector<std::string> initials;  // with the given name's first letters only, and the first letters of all
};

// `characters` one by one in simplified form. With `has_family` the first one or two are the family name.
HanSpellings spell_han_name(const std::vector<std::string>& characters, bool has_family);

// Pinyin without tones of characters run together: {"建", "国"} -> "jianguo".
std::string pinyin_of(const std::vector<std::string>& characters);

// Pinyin of a syllable as Wade-Giles spells it, without apostrophes: "zhang" -> "chang", "xu" -> "hsu".
std::string wade_giles(std::string_view pinyin);
// One spelling for ü, which is typed v, yu or u: "lv", "lyu" -> "lu".
std::string plain_sound(std::string sound);

}  // namespace amity::customers
