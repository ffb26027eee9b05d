// Decoding ends, and gives UTF-8 with 0xFF where there was no character.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/text.h"

using namespace amity;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto encoding :
       {Encoding::kUtf16Le, Encoding::kUtf16Be, Encoding::kGbk, Encoding::kGb18030, Encoding::kLatin1,
        Encoding::kLatin2, Encoding::kCp852, Encoding::kWindows1250, Encoding::kWindows1251, Encoding::kWindows1252}) {
    auto text = decode_text(bytes, encoding);
    std::ranges::replace(text, '\xff', '?');
    if (!is_valid_utf8(text)) std::abort();
  }
  if (const auto guessed = guess_encoding(bytes)) static_cast<void>(decode_text(bytes, *guessed));
  return 0;
}
