#include "base/latin.h"

#include <memory>

#include <unicode/translit.h>

#include "base/check.h"

namespace amity {
namespace {

std::unique_ptr<icu::Transliterator> transliterator(const char* id) {
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::Transliterator> made(icu::Transliterator::createInstance(id, UTRANS_FORWARD, status));
  CHECK(U_SUCCESS(status) && made != nullptr);  // the data is part of the library
  return made;
}

std::string changed(const icu::Transliterator& by, std::string_view text) {
  auto wide = icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  by.transliterate(wide);
  std::string out;
  wide.toUTF8String(out);
  return out;
}

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

}  // namespace

std::string latin_text(std::string_view folded) {
  if (is_ascii(folded)) return std::string(folded);
  // ICU's transliterators are slow to make and not said to be safe for several threads.
  thread_local const auto kLatin = transliterator("Any-Latin; Latin-ASCII; Lower");
  return changed(*kLatin, folded);
}

std::string simplified_text(std::string_view folded) {
  if (is_ascii(folded)) return std::string(folded);
  thread_local const auto kSimplified = transliterator("Traditional-Simplified");
  return changed(*kSimplified, folded);
}

}  // namespace amity
