#include "models/table/text_source.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <lzma.h>

namespace amity::models {
namespace {

constexpr size_t kPieceBytes = 256 * 1024;
constexpr uint64_t kUnpackingMemoryBytes = 256 * 1024 * 1024;
constexpr std::string_view kXzMagic(
    "\xFD"
    "7zXZ\0",
    6);

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

class PlainSource final : public TextSource {
 public:
  explicit PlainSource(File file) : file_(std::move(file)), piece_(kPieceBytes) {}

  Result<std::string_view> next() override {
    const size_t count = std::fread(piece_.data(), 1, piece_.size(), file_.get());
    if (std::ferror(file_.get())) return fail(Code::kUnavailable, "the file could not be read to its end");
    return std::string_view(piece_.data(), count);
  }

 private:
  File file_;
  std::vector<char> piece_;
};

class XzSource final : public TextSource {
 public:
  explicit XzSource(File file) : packed_(std::move(file)), piece_(kPieceBytes) {
    started_ = lzma_stream_decoder(&stream_, kUnpackingMemoryBytes, LZMA_FAIL_FAST) == LZMA_OK;
  }
  ~XzSource() override { lzma_end(&stream_); }
  XzSource(const XzSource&) = delete;
  XzSource& operator=(const XzSource&) = delete;

  Result<std::string_view> next() override {
    if (!started_) return fail(Code::kUnavailable, "unpacking could not be started");
    stream_.next_out = reinterpret_cast<uint8_t*>(piece_.data());
    stream_.avail_out = piece_.size();
    while (stream_.avail_out > 0 && !ended_) TRY(unpack());
    return std::string_view(piece_.data(), piece_.size() - stream_.avail_out);
  }

 private:
  Result<void> unpack() {
    if (stream_.avail_in == 0) {
      input_ = TRY(packed_.next());
      stream_.next_in = reinterpret_cast<const uint8_t*>(input_.data());
      stream_.avail_in = input_.size();
    }
    const auto code = lzma_code(&stream_, input_.empty() ? LZMA_FINISH : LZMA_RUN);
    if (code == LZMA_STREAM_END) return end();
    if (code == LZMA_MEMLIMIT_ERROR) return fail(Code::kLimit, "unpacking this .xz file needs over 256 MiB of memory");
    if (code != LZMA_OK) return invalid("the .xz file is damaged or cut short: fetch or pack it again");
    return {};
  }

  Result<void> end() {
    ended_ = true;
    if (stream_.avail_in > 0 || !TRY(packed_.next()).empty()) {
      return invalid("something follows the .xz stream: exactly one stream is expected");
    }
    return {};
  }

  PlainSource packed_;
  std::vector<char> piece_;
  std::string_view input_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<TextSource>> open_text(const std::string& path) {
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) return not_found(fmt::format("cannot be opened: {}", std::generic_category().message(errno)), path);
  std::array<char, 6> magic{};
  const size_t count = std::fread(magic.data(), 1, magic.size(), file.get());
  std::rewind(file.get());
  if (std::string_view(magic.data(), count) == kXzMagic) return std::make_unique<XzSource>(std::move(file));
  return std::make_unique<PlainSource>(std::move(file));
}

}  // namespace amity::models
