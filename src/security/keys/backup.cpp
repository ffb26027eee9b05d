// The key store's own backup: docs/formats/keys.md.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "security/keys/body.h"
#include "security/keys/private_file.h"

namespace amity::security {
namespace {

constexpr std::string_view kTitle = "amity key backup 1\n";
constexpr size_t kInstitutionBytes = 1 + 8 + kSealedKeyBytes;
constexpr size_t kErasureBytes = 1 + 16 + 16 + 8;
constexpr size_t kFreezeBytes = 1 + 3 * 16 + 3 * 8;  // and behind it as many bytes of text as its last field says
constexpr size_t kMaxDutiesBytes = 64 * 1024;
constexpr size_t kOwnerBytes = 1 + 16 + 8 + kSealedKeyBytes;
constexpr size_t kMacBytes = 1 + 32;
constexpr size_t kWriteBytes = 64 * 1024;
constexpr size_t kMergedAtOnce = 1000;

SecretKey mac_key_of(const MasterKey& master) { return master.key.derive("key backup"); }

void put_integer(Bytes& out, int64_t value) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i)));
}

void put_bytes(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

int64_t integer_at(ByteView bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = 8; i-- > 0;) value = value << 8 | bytes[at + i];
  return static_cast<int64_t>(value);
}

Uuid uuid_at(ByteView bytes, size_t at) {
  Uuid id;
  std::ranges::copy(bytes.subspan(at, 16), id.bytes.begin());
  return id;
}

Bytes bytes_at(ByteView bytes, size_t at) {
  return Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end());
}

size_t length_of(char kind) {
  switch (kind) {
    case 'I': return kInstitutionBytes;
    case 'E': return kErasureBytes;
    case 'F': return kFreezeBytes;
    case 'K': return kOwnerBytes;
    case 'M': return kMacBytes;
    default: return 0;
  }
}

// Gathers records, digests them and writes them in larger pieces.
class BackupWriter {
 public:
  static Result<BackupWriter> create(const std::string& path) {
    BackupWriter writer(TRY(PrivateFileWriter::create(path)));
    put_bytes(writer.pending_, as_bytes(kTitle));
    return writer;
  }
  Result<void> add(const Bytes& record) {
    digest_.add(record);
    put_bytes(pending_, record);
    return pending_.size() < kWriteBytes ? Result<void>() : flush();
  }
  Result<void> finish(const MasterKey& master) {
    pending_.push_back('M');
    put_bytes(pending_, keyed_digest(mac_key_of(master).bytes(), digest_.finish()));
    TRY(flush());
    return file_.finish();
  }

 private:
  explicit BackupWriter(PrivateFileWriter file) : file_(std::move(file)) {}
  Result<void> flush() {
    TRY(file_.add(pending_));
    pending_.clear();
    return {};
  }

  PrivateFileWriter file_;
  DigestWriter digest_;
  Bytes pending_;
};

std::unexpected<Error> damaged() { return fail(Code::kConflict, "the key backup is damaged or not one", "key backup"); }

using EachRecord = std::function<Result<void>(ByteView record)>;

// Every record up to and with the MAC, which must be the last.
Result<void> read_records(const std::string& path, const EachRecord& each) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return not_found("there is no such key backup, or it cannot be read", "key backup");
  std::string title(kTitle.size(), '\0');
  if (!in.read(title.data(), static_cast<std::streamsize>(title.size())) || title != kTitle) return damaged();
  char kind = 0;
  while (kind != 'M') {
    if (!in.get(kind)) return damaged();
    const size_t length = length_of(kind);
    if (length == 0) return damaged();
    std::string record(length, kind);
    if (!in.read(record.data() + 1, static_cast<std::streamsize>(length - 1))) return damaged();
    if (kind == 'F') {
      const auto text_bytes = static_cast<size_t>(integer_at(as_bytes(record), kFreezeBytes - 8));
      if (text_bytes > kMaxDutiesBytes) return damaged();
      record.resize(kFreezeBytes + text_bytes);
      if (!in.read(record.data() + kFreezeBytes, static_cast<std::streamsize>(text_bytes))) return damaged();
    }
    TRY(each(as_bytes(record)));
  }
  return in.peek() == std::ifstream::traits_type::eof() ? Result<void>() : damaged();
}

bool is_mac_of(const MasterKeys& masters, const Digest& content, ByteView mac) {
  return std::ranges::any_of(masters.all(), [&](const MasterKey& master) {
    return equal_in_constant_time(keyed_digest(mac_key_of(master).bytes(), content), mac);
  });
}

// Reads it whole before anything is changed, and returns the institution's key in it.
Result<SealedKey> check_backup(const std::string& path, const MasterKeys& masters) {
  DigestWriter content;
  std::optional<SealedKey> institution;
  bool is_genuine = false;
  TRY(read_records(path, [&](ByteView record) -> Result<void> {
    if (record[0] == 'M') {
      is_genuine = is_mac_of(masters, content.finish(), record.subspan(1));
      return {};
    }
    content.add(record);
    if (record[0] == 'I') institution = SealedKey{Uuid{}, integer_at(record, 1), bytes_at(record, 9)};
    return {};
  }));
  if (!is_genuine) {
    return fail(Code::kConflict, "the key backup was made under another master key, or is damaged", "key backup");
  }
  if (!institution) return damaged();
  return *institution;
}

Bytes record_of(const Freeze& freeze) {
  Bytes record{'F'};
  for (const Uuid* id : {&freeze.owner, &freeze.person, &freeze.request}) put_bytes(record, id->bytes);
  put_integer(record, freeze.registered.us);
  put_integer(record, freeze.until.us);
  put_integer(record, static_cast<int64_t>(freeze.duties.size()));
  put_bytes(record, as_bytes(freeze.duties));
  return record;
}

Freeze freeze_of(ByteView record) {
  return {uuid_at(record, 1),
          uuid_at(record, 17),
          uuid_at(record, 33),
          Timestamp{integer_at(record, 49)},
          Timestamp{integer_at(record, 57)},
          std::string(as_text(record.subspan(kFreezeBytes)))};
}

}  // namespace

Result<void> KeyStore::Body::export_backup(const std::string& path) const {
  const std::lock_guard exclusive(rotation_);
  auto writer = TRY(BackupWriter::create(path));
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    const auto institution = TRY(read_institution_key(reader));
    Bytes record{'I'};
    put_integer(record, institution->generation);
    put_bytes(record, institution->sealed);
    TRY(writer.add(record));
    for (const Erasure& erasure : TRY(read_erasures(reader, 0))) {
      record = {'E'};
      put_bytes(record, erasure.owner.bytes);
      put_bytes(record, erasure.request.bytes);
      put_integer(record, erasure.registered.us);
      TRY(writer.add(record));
    }
    for (const Freeze& freeze : TRY(read_freezes(reader, kLatest))) TRY(writer.add(record_of(freeze)));
    return read_all_owner_keys(reader, [&](const SealedKey& key) -> Result<void> {
      record = {'K'};
      put_bytes(record, key.owner.bytes);
      put_integer(record, key.generation);
      put_bytes(record, key.sealed);
      return writer.add(record);
    });
  }));
  return writer.finish(masters().newest());
}

namespace {

// The registers stand before the keys: what is erased here or there never comes back, and what is frozen is nobody's to
// read, not even for a moment.
template <class Body>
Result<void> merge(Body& body, const std::string& path) {
  std::vector<Erasure> erasures;
  std::vector<Freeze> freezes;
  std::vector<SealedKey> keys;
  const auto flush = [&]() -> Result<void> {
    TRY(body.merge_erasures(erasures));
    TRY(body.merge_freezes(freezes));
    TRY(body.merge_keys(keys));
    erasures.clear();
    freezes.clear();
    keys.clear();
    return {};
  };
  TRY(read_records(path, [&](ByteView record) -> Result<void> {
    if (record[0] == 'E') {
      erasures.push_back({0, uuid_at(record, 1), uuid_at(record, 17), Timestamp{integer_at(record, 33)}, false});
    } else if (record[0] == 'F') {
      freezes.push_back(freeze_of(record));
    } else if (record[0] == 'K') {
      keys.push_back({uuid_at(record, 1), integer_at(record, 17), bytes_at(record, 25)});
    }
    return erasures.size() + freezes.size() + keys.size() < kMergedAtOnce ? Result<void>() : flush();
  }));
  return flush();
}

}  // namespace

Result<void> KeyStore::restore_backup(const KeyStoreOptions& options, const std::string& path, const Clock& clock) {
  const MasterKeys masters = TRY(MasterKeys::read(options.key_file));
  const SealedKey institution = TRY(check_backup(path, masters));
  {
    const auto body = TRY(Body::open(options, clock, &institution));
    const SecretKey root = TRY(open_key(masters, institution));
    if (!equal_in_constant_time(body->root().bytes(), root.bytes())) {
      return fail(Code::kConflict, "the key store is another institution's than the backup", "key backup");
    }
    TRY(merge(*body, path));
  }
  // Opening finishes the erasures that the backup brought.
  TRY(Body::open(options, clock));
  return {};
}

}  // namespace amity::security
