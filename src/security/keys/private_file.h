// Small files that only their owner may read: the master key and key backups.
#pragma once

#include <string>

#include "base/crypto.h"
#include "base/result.h"

namespace amity::security {

// forbidden where group or others have any right to the file; not_found where it is missing; limit over `max_bytes`.
Result<Bytes> read_private_file(const std::string& path, size_t max_bytes);

// Gives `path` new content at once (a crash leaves the old or the new), mode 0600, durable when it returns. What it
// replaced is overwritten with zeros before its space is given back.
class PrivateFileWriter {
 public:
  static Result<PrivateFileWriter> create(std::string path);
  PrivateFileWriter(PrivateFileWriter&& other) noexcept;
  PrivateFileWriter& operator=(PrivateFileWriter&&) = delete;
  ~PrivateFileWriter();  // without finish: nothing happened

  Result<void> add(ByteView bytes);
  Result<void> finish();

 private:
  PrivateFileWriter(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;
};

}  // namespace amity::security
