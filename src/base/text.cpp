#include "base/text.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include "base/check.h"

namespace amity {
namespace {

bool is_han(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  return uscript_getScript(c, &status) == USCRIPT_HAN;
}

}  // namespace

std::string fold_text(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* folding = icu::Normalizer2::getNFKCCasefoldInstance(status);
  CHECK(U_SUCCESS(status));  // the data is part of the library
  const auto folded = folding->normalize(
      icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size()))), status);
  std::string out;
  folded.toUTF8String(out);
  return out;
}

std::vector<Word> words_of(std::string_view folded) {
  std::vector<Word> words;
  bool continues = false;
  const auto length = static_cast<int32_t>(folded.size());
  for (int32_t at = 0; at < length;) {
    const int32_t begin = at;
    UChar32 c = 0;
    U8_NEXT(folded.data(), at, length, c);
    const auto character = folded.substr(static_cast<size_t>(begin), static_cast<size_t>(at - begin));
    if (c < 0 || !u_isalnum(c)) {
      continues = false;
      continue;
    }
    const bool han = is_han(c);
    if (!continues || words.back().is_han != han) words.push_back({"", han, {}});
    words.back().text += character;
    if (han) words.back().characters.emplace_back(character);
    continues = true;
  }
  return words;
}

bool is_valid_utf8(std::string_view text) {
  const auto length = static_cast<int32_t>(text.size());
  for (int32_t at = 0; at < length;) {
    UChar32 c = 0;
    U8_NEXT(text.data(), at, length, c);
    if (c < 0) return false;
  }
  return true;
}

}  // namespace amity
