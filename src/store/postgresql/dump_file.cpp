#include "store/postgresql/dump_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "store/postgresql/values.h"

namespace amity::store {
namespace {

constexpr std::string_view kPlainMagic = "amity dump 1 plain \n";
constexpr std::string_view kSealedMagic = "amity dump 1 sealed\n";
constexpr size_t kMaxBody = 64 * 1024 * 1024;

Digest link(const Digest& before, RecordKind kind, std::string_view body) {
  return DigestWriter().add(ByteView(before)).add(static_cast<int64_t>(kind)).add(body).finish();
}

std::string place_of(int64_t index) { return fmt::format("dump:{}", index); }

std::unexpected<Error> damaged() {
  return fail(Code::kConflict, "the backup is damaged or cut short; use another one", "backup");
}

}  // namespace

DumpWriter::DumpWriter(const std::string& path, std::optional<SecretKey> key)
    : path_(path), key_(std::move(key)), file_(path, std::ios::binary | std::ios::trunc) {
  file_ << (key_ ? kSealedMagic : kPlainMagic);
}

Result<void> DumpWriter::add(const Record& record) {
  std::string body = record.body;
  if (key_) body = as_text(seal(*key_, as_bytes(body), place_of(count_)));
  ++count_;
  chain_ = link(chain_, record.kind, body);
  std::string head(1, static_cast<char>(record.kind));
  append_big_endian(head, body.size(), 8);
  file_ << head << body << as_text(chain_);
  if (file_) return {};
  return fail(Code::kUnavailable, "the backup file cannot be written", "backup");
}

Result<void> DumpWriter::close() {
  file_.close();
  const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_synced = !file_.fail() && file >= 0 && fsync(file) == 0;
  if (file >= 0) ::close(file);
  if (is_synced) return {};
  return fail(Code::kUnavailable, "the backup file cannot be written durably", "backup");
}

Result<DumpReader> DumpReader::open(const std::string& path, std::optional<SecretKey> key) {
  DumpReader reader(std::move(key));
  reader.file_.open(path, std::ios::binary);
  if (!reader.file_) return not_found("there is no such backup file", "backup");
  std::string magic(kPlainMagic.size(), '\0');
  reader.file_.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  if (magic == kPlainMagic) {
    if (reader.key_) return fail(Code::kConflict, "the backup is not sealed: who made it had no page key", "backup");
  } else if (magic != kSealedMagic) {
    return fail(Code::kConflict, "the file is not a dump of an Amity database", "backup");
  } else if (!reader.key_) {
    return fail(Code::kConflict, "the backup is sealed; the page key it was made with is needed", "backup");
  }
  return reader;
}

Result<Record> DumpReader::next() {
  std::string head(9, '\0');
  if (!file_.read(head.data(), 9)) return damaged();
  const uint64_t size = big_endian(as_bytes(head).subspan(1));
  if (size > kMaxBody) return damaged();
  Record record{static_cast<RecordKind>(head[0]), std::string(size, '\0')};
  std::string stored(chain_.size(), '\0');
  file_.read(record.body.data(), static_cast<std::streamsize>(size));
  if (!file_.read(stored.data(), static_cast<std::streamsize>(stored.size()))) return damaged();
  chain_ = link(chain_, record.kind, record.body);
  if (stored != as_text(chain_)) return damaged();
  if (key_) {
    const auto opened = amity::open(*key_, as_bytes(record.body), place_of(count_));
    if (!opened) return fail(Code::kConflict, "the page key does not open this backup", "backup");
    record.body = as_text(*opened);
  }
  ++count_;
  return record;
}

}  // namespace amity::store
