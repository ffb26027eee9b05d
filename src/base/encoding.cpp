#include "base/encoding.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <span>

#include "base/check.h"
#include "base/text.h"

namespace amity {
namespace {

struct Name {
  std::string_view name;
  Encoding encoding;
  const char* icu;
};
// GBK is read as GB18030, which holds it: ICU's own tables for it give meanings to bytes that have none.
constexpr std::array kNames = {
    Name{"utf-8", Encoding::kUtf8, "UTF-8"},
    Name{"utf-16le", Encoding::kUtf16Le, "UTF-16LE"},
    Name{"utf-16be", Encoding::kUtf16Be, "UTF-16BE"},
    Name{"gbk", Encoding::kGbk, "gb18030"},
    Name{"gb2312", Encoding::kGbk, "gb18030"},
    Name{"gb18030", Encoding::kGb18030, "gb18030"},
    Name{"latin-1", Encoding::kLatin1, "ISO-8859-1"},
    Name{"latin-2", Encoding::kLatin2, "ISO-8859-2"},
    Name{"iso-8859-2", Encoding::kLatin2, "ISO-8859-2"},
    Name{"cp852", Encoding::kCp852, "ibm-852"},
    Name{"windows-1250", Encoding::kWindows1250, "windows-1250"},
    Name{"windows-1251", Encoding::kWindows1251, "windows-1251"},
    Name{"windows-1252", Encoding::kWindows1252, "windows-1252"},
};
constexpr char kNoCharacter = '\xff';
constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr size_t kGuessBytes = 4096;
constexpr size_t kUnits = 8192;

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

Converter open_converter(Encoding encoding) {
  const auto name = std::ranges::find(kNames, encoding, &Name::encoding);
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name->icu, &error));
  CHECK(U_SUCCESS(error));  // all of kNames are part of ICU's own data
  ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
  CHECK(U_SUCCESS(error));
  return converter;
}

void append_character(char32_t c, std::string& text) {
  const auto byte = [&](char32_t value) { text += static_cast<char>(value); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xc0 | (c >> 6));
  } else if (c < 0x10000) {
    byte(0xe0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3f));
  } else {
    byte(0xf0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3f));
    byte(0x80 | ((c >> 6) & 0x3f));
  }
  byte(0x80 | (c & 0x3f));
}

// UTF-16 units as UTF-8; a pair may stand in two pieces.
class Writer {
 public:
  explicit Writer(std::string& text) : text_(text) {}
  void write(std::span<const UChar> units) {
    for (const UChar unit : units) {
      if (unit >= 0xd800 && unit < 0xdc00) {
        high_ = unit;
      } else if (unit >= 0xdc00 && unit < 0xe000) {
        append_character(0x10000 + ((static_cast<char32_t>(high_) - 0xd800) << 10) + (unit - 0xdc00u), text_);
      } else if (unit != 0xfeff || !text_.empty()) {
        append_character(unit, text_);
      }
    }
  }

 private:
  std::string& text_;
  UChar high_ = 0xd800;
};

std::optional<Encoding> unmarked_utf16(std::string_view start) {
  std::array<size_t, 2> nuls{};
  for (size_t i = 0; i < start.size(); ++i) nuls[i % 2] += start[i] == '\0' ? 1 : 0;
  const size_t many = start.size() / 8;  // a Chinese file still has separators, digits and line ends
  if (start.size() < 4 || nuls[0] == nuls[1]) return std::nullopt;
  if (nuls[1] > many && nuls[0] * 16 < nuls[1]) return Encoding::kUtf16Le;
  if (nuls[0] > many && nuls[1] * 16 < nuls[0]) return Encoding::kUtf16Be;
  return std::nullopt;
}

}  // namespace

Result<Encoding> parse_encoding(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto found = std::ranges::find(kNames, lower, &Name::name);
  if (found != kNames.end()) return found->encoding;
  std::string known;
  for (const auto& each : kNames) known += (known.empty() ? "" : ", ") + std::string(each.name);
  return invalid("not a known encoding: one of " + known);
}

std::optional<Encoding> marked_encoding(std::string_view start) {
  if (start.starts_with(kUtf8Mark)) return Encoding::kUtf8;
  if (start.starts_with("\xff\xfe")) return Encoding::kUtf16Le;
  if (start.starts_with("\xfe\xff")) return Encoding::kUtf16Be;
  return std::nullopt;
}

Result<Encoding> guess_encoding(std::string_view bytes) {
  if (const auto marked = marked_encoding(bytes)) return *marked;
  if (const auto utf16 = unmarked_utf16(bytes.substr(0, kGuessBytes))) return *utf16;
  if (is_valid_utf8(bytes)) return Encoding::kUtf8;
  if (is_valid_utf8(decode_text(bytes, Encoding::kGb18030))) return Encoding::kGb18030;
  return invalid("the encoding cannot be guessed: name it in the mapping");
}

std::string decode_text(std::string_view bytes, Encoding encoding) {
  if (encoding == Encoding::kUtf8) {
    return std::string(bytes.starts_with(kUtf8Mark) ? bytes.substr(kUtf8Mark.size()) : bytes);
  }
  const auto converter = open_converter(encoding);
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 2);
  Writer writer(text);
  std::array<UChar, kUnits> units;
  const char* from = bytes.data();
  const char* const end = from + bytes.size();
  for (;;) {
    UErrorCode error = U_ZERO_ERROR;
    UChar* to = units.data();
    ucnv_toUnicode(converter.get(), &to, units.data() + units.size(), &from, end, nullptr, 1, &error);
    writer.write({units.data(), to});
    if (U_SUCCESS(error)) return text;
    if (error == U_BUFFER_OVERFLOW_ERROR) continue;
    text += kNoCharacter;
    if (from == end && error == U_TRUNCATED_CHAR_FOUND) return text;
  }
}

}  // namespace amity
