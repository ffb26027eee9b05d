#include "security/keys/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace amity::security {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

std::string partial_of(const std::string& path) { return path + ".partial"; }

bool write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

bool sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const Descriptor directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.number() >= 0 && ::fsync(directory.number()) == 0;
}

void wipe(int descriptor) {
  struct stat info{};
  if (::fstat(descriptor, &info) != 0) return;
  const Bytes zeros(64 * 1024, 0);
  for (off_t at = 0; at < info.st_size;) {
    const auto count = std::min<off_t>(info.st_size - at, static_cast<off_t>(zeros.size()));
    if (::pwrite(descriptor, zeros.data(), static_cast<size_t>(count), at) != count) return;
    at += count;
  }
  ::fsync(descriptor);
}

std::unexpected<Error> not_written() {
  return fail(Code::kUnavailable, "a key file cannot be written: check that its folder is there and has space");
}

}  // namespace

Result<Bytes> read_private_file(const std::string& path, size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) {
    if (errno == ENOENT) return not_found("the key file is missing", path);
    return fail(Code::kForbidden, "the key file cannot be read by this user", path);
  }
  struct stat info{};
  if (::fstat(file.number(), &info) != 0) return fail(Code::kUnavailable, "the key file cannot be read", path);
  if ((info.st_mode & 077) != 0) {
    return fail(Code::kForbidden, "others than its owner may read the key file: chmod 600 it, and think who did", path);
  }
  if (info.st_size < 0 || static_cast<size_t>(info.st_size) > max_bytes) {
    return fail(Code::kLimit, "the key file is too long to be one", path);
  }
  Bytes content(static_cast<size_t>(info.st_size));
  const ssize_t got = ::read(file.number(), content.data(), content.size());
  if (got != static_cast<ssize_t>(content.size())) return fail(Code::kUnavailable, "the key file cannot be read", path);
  return content;
}

Result<PrivateFileWriter> PrivateFileWriter::create(std::string path) {
  const std::string partial = partial_of(path);
  ::unlink(partial.c_str());
  const int descriptor = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return not_written();
  return PrivateFileWriter(std::move(path), descriptor);
}

PrivateFileWriter::PrivateFileWriter(PrivateFileWriter&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

PrivateFileWriter::~PrivateFileWriter() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(partial_of(path_).c_str());
}

Result<void> PrivateFileWriter::add(ByteView bytes) {
  if (!write_all(descriptor_, bytes)) return not_written();
  return {};
}

Result<void> PrivateFileWriter::finish() {
  if (::fsync(descriptor_) != 0) return not_written();
  const Descriptor replaced(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
  if (::rename(partial_of(path_).c_str(), path_.c_str()) != 0 || !sync_folder_of(path_)) return not_written();
  ::close(std::exchange(descriptor_, -1));
  if (replaced.number() >= 0) wipe(replaced.number());
  return {};
}

}  // namespace amity::security
