// Bytes of a file to UTF-8, by ICU: what spreadsheets and core systems write that is not UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace amity {

enum class Encoding {
  kUtf8,
  kUtf16Le,
  kUtf16Be,
  kGbk,
  kGb18030,
  kLatin1,
  kLatin2,
  kCp852,
  kWindows1250,
  kWindows1251,
  kWindows1252
};

// "utf-8", "utf-16le", "utf-16be", "gbk" or "gb2312", "gb18030", "latin-1", "latin-2" or "iso-8859-2", "cp852",
// "windows-1250", "windows-1251", "windows-1252"; lower or upper case.
Result<Encoding> parse_encoding(std::string_view name);

// The encoding that a byte-order mark at the beginning names.
std::optional<Encoding> marked_encoding(std::string_view start);

// The encoding of a whole file: its mark, else UTF-16 where every other byte of the beginning is mostly NUL, else UTF-8
// where all of it is, else GB18030 where all of it is. invalid: none of them; Western single-byte encodings cannot be
// told apart and must be named.
Result<Encoding> guess_encoding(std::string_view bytes);

// The text in UTF-8, without a mark. What is no character of the encoding becomes the byte 0xFF, which no UTF-8 has: so
// that whoever reads the rows finds it, in its row.
std::string decode_text(std::string_view bytes, Encoding encoding);

}  // namespace amity
