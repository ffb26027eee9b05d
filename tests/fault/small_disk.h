// A real file system that is really full: a tmpfs of so many mebibytes over a folder, where this process may mount one.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/check.h"

namespace amity::fault {

class SmallDisk {
 public:
  SmallDisk(std::filesystem::path folder, int mebibytes) : folder_(std::move(folder)) {
    const auto options = "size=" + std::to_string(mebibytes) + "m,mode=755";
    is_mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool is_mounted() const { return is_mounted_; }
  // Something else takes all the space but so many bytes.
  void fill_but(int64_t bytes) const {
    struct statvfs status = {};
    CHECK(::statvfs(folder_.c_str(), &status) == 0);
    const auto free = static_cast<int64_t>(status.f_bavail) * static_cast<int64_t>(status.f_bsize);
    const int file = ::open(ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(file >= 0 && free > bytes && ::posix_fallocate(file, 0, free - bytes) == 0);
    ::close(file);
  }
  void give_space() const { std::filesystem::remove(ballast()); }

 private:
  std::filesystem::path ballast() const { return folder_ / "ballast"; }

  std::filesystem::path folder_;
  bool is_mounted_ = false;
};

}  // namespace amity::fault
