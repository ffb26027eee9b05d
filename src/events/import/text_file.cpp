#include "events/import/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace amity::events {
namespace {

constexpr uint64_t kSmallFileBytes = 4 * 1024 * 1024;  // read once and kept
constexpr size_t kRunBytes = 256 * 1024;               // read ahead while going forward
constexpr size_t kJumpBytes = 8 * 1024;                // read after a jump

}  // namespace

Result<TextFile> TextFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return not_found("the file is missing or cannot be read");
  struct stat status = {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return invalid("not a file");
  }
  return TextFile(descriptor, static_cast<uint64_t>(status.st_size));
}

TextFile TextFile::of_text(std::string text) {
  TextFile file(-1, text.size());
  file.window_ = std::move(text);
  return file;
}

TextFile::TextFile(TextFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      begin_(other.begin_),
      window_(std::move(other.window_)) {}

TextFile& TextFile::operator=(TextFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  std::swap(begin_, other.begin_);
  std::swap(window_, other.window_);
  return *this;
}

TextFile::~TextFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::string_view> TextFile::view(uint64_t offset, size_t count) {
  if (offset >= size_) return std::string_view{};
  const uint64_t wanted = std::min<uint64_t>(count, size_ - offset);
  const bool is_inside = offset >= begin_ && offset + wanted <= begin_ + window_.size();
  if (!is_inside) {
    const bool goes_on = offset >= begin_ && offset <= begin_ + window_.size();
    const uint64_t ahead = size_ <= kSmallFileBytes ? size_ : goes_on ? kRunBytes : kJumpBytes;
    const uint64_t from = size_ <= kSmallFileBytes ? 0 : offset;
    TRY(fill(from, static_cast<size_t>(std::min(std::max(ahead, wanted), size_ - from))));
  }
  return std::string_view(window_).substr(static_cast<size_t>(offset - begin_));
}

Result<void> TextFile::fill(uint64_t offset, size_t count) {
  window_.resize(count);
  begin_ = offset;
  for (size_t done = 0; done < count;) {
    const auto got = ::pread(descriptor_, window_.data() + done, count - done, static_cast<off_t>(offset + done));
    if (got <= 0) {
      window_.clear();
      return fail(Code::kUnavailable, "the file could not be read to its end: was it changed meanwhile?");
    }
    done += static_cast<size_t>(got);
  }
  return {};
}

Result<FileEncoding> parse_file_encoding(std::string_view name) {
  if (name.empty()) return FileEncoding{};
  if (name == "auto") return FileEncoding{EncodingRule::kGuessed, Encoding::kUtf8};
  return FileEncoding{EncodingRule::kNamed, TRY(parse_encoding(name))};
}

Result<void> decode(TextFile& file, const FileEncoding& how) {
  auto encoding = how.encoding;
  if (how.rule == EncodingRule::kMarked) {
    encoding = marked_encoding(TRY(file.view(0, 4)).substr(0, 4)).value_or(Encoding::kUtf8);
  }
  const bool must_be_read = how.rule == EncodingRule::kGuessed || encoding != Encoding::kUtf8;
  if (!must_be_read) return {};
  if (file.size() > kMaxDecodedFileBytes) {
    return fail(Code::kLimit,
                fmt::format("a file of more than {} MiB must be UTF-8, named or not", kMaxDecodedFileBytes >> 20));
  }
  const auto bytes = TRY(file.view(0, static_cast<size_t>(file.size())));
  if (how.rule == EncodingRule::kGuessed) encoding = TRY(guess_encoding(bytes));
  if (encoding != Encoding::kUtf8) file = TextFile::of_text(decode_text(bytes, encoding));
  return {};
}

}  // namespace amity::events
