#include "events/import/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

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

}  // namespace amity::events
