// Other scripts in Latin letters, by the transliterations of ICU.
#pragma once

#include <string>
#include <string_view>

namespace amity {

// Folded text (base/text.h) in plain a-z and digits: "müller" -> "muller", "иванов" -> "ivanov"; Han characters become
// pinyin without tones, one syllable a word: "张伟" -> "zhang wei".
std::string latin_text(std::string_view folded);

// Traditional Han characters in their simplified form; everything else as it is.
std::string simplified_text(std::string_view folded);

}  // namespace amity
