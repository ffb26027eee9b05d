// Text for comparing: Unicode normalisation by ICU, which base/encoding and the time zones of expressions name too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace amity {

// NFKC with case folding (UAX 15, UTS 46 mapping NFKC_Casefold): "ＡＢＣ Müller" -> "abc müller". Invalid UTF-8 becomes
// U+FFFD.
std::string fold_text(std::string_view text);

// Words of already folded text: runs of letters and digits; a run of Han characters is one word of its own.
struct Word {
  std::string text;
  bool is_han = false;
  std::vector<std::string> characters;  // of a Han word, one by one
};
std::vector<Word> words_of(std::string_view folded);

bool is_valid_utf8(std::string_view text);

}  // namespace amity
