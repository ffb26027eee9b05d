#include "store/sqlite/lease.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace amity::store {
namespace {

std::string address_in(int file) {
  std::array<char, 512> buffer{};
  const ssize_t size = pread(file, buffer.data(), buffer.size(), 0);
  std::string text(buffer.data(), size > 0 ? static_cast<size_t>(size) : 0);
  const size_t space = text.find(' ');
  const size_t end = text.find('\n');
  if (space == std::string::npos || end == std::string::npos || end < space) return {};
  return text.substr(space + 1, end - space - 1);
}

}  // namespace

Result<std::unique_ptr<SqliteLease>> SqliteLease::take(const std::string& database_path) {
  const std::string path = database_path + ".lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return fail(Code::kUnavailable, "the lock file beside the database cannot be made", "database");
  auto lease = std::unique_ptr<SqliteLease>(new SqliteLease(file));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(Code::kUnavailable, "the database's folder does not allow locks", "database");
    return fail(Code::kConflict, "another process has the database open", address_in(file));
  }
  if (const auto written = lease->announce(""); !written) return std::unexpected(written.error());
  return lease;
}

SqliteLease::~SqliteLease() { ::close(file_); }

Result<void> SqliteLease::announce(std::string_view address) {
  const std::string line = fmt::format("{} {}\n", getpid(), address);
  if (ftruncate(file_, 0) == 0 && pwrite(file_, line.data(), line.size(), 0) == static_cast<ssize_t>(line.size())) {
    return {};
  }
  return fail(Code::kUnavailable, "the lock file beside the database cannot be written", "database");
}

}  // namespace amity::store
