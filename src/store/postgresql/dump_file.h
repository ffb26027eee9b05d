// The file of a dump: a chain of records, each with a digest over itself and everything before it, so that a changed,
// missing, swapped or added record is found, and a cut file lacks its last one.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/result.h"

namespace amity::store {

enum class RecordKind : char { kTable = 'T', kRows = 'R', kEnd = 'E' };

struct Record {
  RecordKind kind = RecordKind::kEnd;
  std::string body;
};

class DumpWriter {
 public:
  // Sealed with the key where there is one.
  DumpWriter(const std::string& path, std::optional<SecretKey> key);
  Result<void> add(const Record& record);
  Result<void> close();  // durable when it returns

 private:
  std::string path_;
  std::optional<SecretKey> key_;
  std::ofstream file_;
  Digest chain_{};
  int64_t count_ = 0;
};

class DumpReader {
 public:
  static Result<DumpReader> open(const std::string& path, std::optional<SecretKey> key);
  // conflict: damaged, cut, or sealed with another key.
  Result<Record> next();

 private:
  explicit DumpReader(std::optional<SecretKey> key) : key_(std::move(key)) {}
  std::optional<SecretKey> key_;
  std::ifstream file_;
  Digest chain_{};
  int64_t count_ = 0;
};

}  // namespace amity::store
