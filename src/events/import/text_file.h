// A file read at any offset through one window, never whole unless it is small.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/result.h"

namespace amity::events {

// Plain reads rather than a memory map: a file cut short meanwhile is an error here, not the end of the process.
class TextFile {
 public:
  static Result<TextFile> open(const std::string& path);
  static TextFile of_text(std::string text);  // a text in memory, read in the same way
  TextFile(TextFile&& other) noexcept;
  TextFile& operator=(TextFile&& other) noexcept;
  ~TextFile();

  uint64_t size() const { return size_; }
  // At least `count` bytes from `offset`, or all up to the end of the file. Valid until the next call.
  // unavailable: the file cannot be read or is shorter than when it was opened.
  Result<std::string_view> view(uint64_t offset, size_t count);

 private:
  TextFile(int descriptor, uint64_t size) : descriptor_(descriptor), size_(size) {}
  Result<void> fill(uint64_t offset, size_t count);

  int descriptor_ = -1;
  uint64_t size_ = 0;
  uint64_t begin_ = 0;  // of the window
  std::string window_;
};

// How a file's encoding is known: by its mark or else UTF-8, guessed from the whole of it, or as named.
enum class EncodingRule { kMarked, kGuessed, kNamed };
struct FileEncoding {
  EncodingRule rule = EncodingRule::kMarked;
  Encoding encoding = Encoding::kUtf8;  // where it is named
};
// "" is the mark alone, "auto" guesses, anything else is a name (base/encoding.h).
Result<FileEncoding> parse_file_encoding(std::string_view name);

// UTF-8 stays where it is, however large, its mark too; anything else is read whole and becomes a text in memory, in
// which what is no character is the byte 0xFF. limit: more than kMaxDecodedFileBytes.
constexpr uint64_t kMaxDecodedFileBytes = uint64_t{512} * 1024 * 1024;
Result<void> decode(TextFile& file, const FileEncoding& encoding);

}  // namespace amity::events
