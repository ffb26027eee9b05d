// Checkpoints: the head of the chain, signed, and kept where who can change the database cannot.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "security/audit.h"
#include "security/audit/entries.h"

namespace amity::security {
namespace {

using store::Row;
using store::Statement;
using store::Value;

constexpr Statement kLastCheckpoint{
    "security.audit_last_checkpoint",
    "SELECT seq, digest FROM audit_checkpoints WHERE chain = $1 ORDER BY seq DESC LIMIT 1"};
constexpr Statement kCheckpoints{
    "security.audit_checkpoints",
    "SELECT seq, digest, time, public_key, signature FROM audit_checkpoints WHERE chain = $1 ORDER BY seq"};
constexpr Statement kKeepCheckpoint{"security.audit_keep_checkpoint",
                                    "INSERT INTO audit_checkpoints (chain, seq, digest, time, public_key, signature) "
                                    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (chain, seq) DO NOTHING"};

Digest signed_digest(const Checkpoint& checkpoint) {
  DigestWriter writer;
  writer.add("amity audit checkpoint 1").add(checkpoint.chain).add(checkpoint.seq).add(checkpoint.digest);
  return writer.add(checkpoint.time.us).add(checkpoint.public_key).finish();
}

Result<AuditHead> last_checkpoint(store::Reader& reader, int64_t chain) {
  const Value parameters[] = {chain};
  const auto last = TRY(reader.first<AuditHead>(kLastCheckpoint, parameters, [](const Row& row) -> Result<AuditHead> {
    return AuditHead{row.integer(0), TRY(fixed_bytes<32>(row.bytes(1)))};
  }));
  return last.value_or(AuditHead{});
}

std::unexpected<Error> broken_at(int64_t seq) {
  return fail(Code::kConflict, "the audit chain is broken and is not signed: run `amity audit verify`",
              "entry " + std::to_string(seq));
}

// Follows the chain from `start` to its head. A broken chain is not signed.
Result<AuditHead> follow(store::Reader& reader, int64_t chain, AuditHead start) {
  const AuditHead end = TRY(read_head(reader, chain));
  if (end.seq < start.seq || (end.seq == start.seq && end.digest != start.digest)) return broken_at(start.seq);
  TRY(read_records_after(reader, chain, start.seq, [&](const AuditRecord& record) -> Result<void> {
    const bool follows = record.seq == start.seq + 1 && record.previous == start.digest;
    if (!follows || digest_of(chain, record) != record.digest) return broken_at(record.seq);
    start = {record.seq, record.digest};
    return {};
  }));
  return start;
}

Result<void> keep(store::Database& database, const Checkpoint& checkpoint) {
  return database.write([&](store::Transaction& transaction) -> Result<void> {
    const Value parameters[] = {checkpoint.chain,
                                checkpoint.seq,
                                ByteView(checkpoint.digest),
                                checkpoint.time.us,
                                ByteView(checkpoint.public_key),
                                ByteView(checkpoint.signature)};
    TRY(transaction.execute(kKeepCheckpoint, parameters));
    return {};
  });
}

template <size_t count>
Result<std::array<uint8_t, count>> fixed_hex(std::string_view text) {
  return fixed_bytes<count>(TRY(from_hex(text)));
}

Result<Checkpoint> read_checkpoint(std::string_view line, const std::string& place) {
  constexpr size_t kMaxLineBytes = 4096;
  const json::value value = TRY(parse_json(line, kMaxLineBytes));
  JsonReader in(value, place);
  in.integer("version", 1, 1);
  Checkpoint checkpoint;
  checkpoint.chain = in.integer("chain", 0, INT64_MAX);
  checkpoint.seq = in.integer("seq", 1, INT64_MAX);
  const std::string digest_text = in.text("digest");
  const std::string time = in.text("time");
  const std::string public_key = in.text("public_key");
  const std::string signature = in.text("signature");
  TRY(in.finish());
  checkpoint.digest = TRY(fixed_hex<32>(digest_text));
  checkpoint.time = TRY(parse_timestamp(time));
  checkpoint.public_key = TRY(fixed_hex<32>(public_key));
  checkpoint.signature = TRY(fixed_hex<64>(signature));
  return checkpoint;
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// A line torn by a power loss has no end: the next one begins on a line of its own.
bool ends_with_line_end(int descriptor) {
  const off_t size = ::lseek(descriptor, 0, SEEK_END);
  char last = '\n';
  return size <= 0 || (::pread(descriptor, &last, 1, size - 1) == 1 && last == '\n');
}

Result<void> append_line(const std::string& path, std::string_view line) {
  const auto refused = [&] {
    return fail(Code::kUnavailable, "a checkpoint cannot be written to the outside place; check that it is there",
                "audit checkpoints");
  };
  const File file(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (file.descriptor() < 0) return refused();
  std::string text = ends_with_line_end(file.descriptor()) ? "" : "\n";
  text.append(line).append("\n");
  const ssize_t written = ::write(file.descriptor(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()) || ::fsync(file.descriptor()) != 0) return refused();
  const auto folder = std::filesystem::path(path).parent_path();
  const File directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.descriptor() < 0 || ::fsync(directory.descriptor()) != 0) return refused();
  return {};
}

}  // namespace

std::string write_checkpoint(const Checkpoint& checkpoint) {
  return write_json(json::object{{"version", 1},
                                 {"chain", checkpoint.chain},
                                 {"seq", checkpoint.seq},
                                 {"digest", to_hex(checkpoint.digest)},
                                 {"time", format(checkpoint.time)},
                                 {"public_key", to_hex(checkpoint.public_key)},
                                 {"signature", to_hex(checkpoint.signature)}});
}

Result<std::vector<Checkpoint>> read_checkpoints(std::string_view lines) {
  std::vector<Checkpoint> checkpoints;
  for (int number = 1; !lines.empty(); ++number) {
    const size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 1);
    // Empty, or torn by a power loss while it was written (and then written again): no line of ours ends otherwise.
    if (line.empty() || line.back() != '}') continue;
    const std::string place = "line " + std::to_string(number);
    auto checkpoint = read_checkpoint(line, "");
    if (!checkpoint) return std::unexpected(std::move(checkpoint.error()).within(place));
    checkpoints.push_back(*std::move(checkpoint));
  }
  return checkpoints;
}

bool is_signed_by(const Checkpoint& checkpoint, std::span<const uint8_t> public_key) {
  return equal_in_constant_time(checkpoint.public_key, public_key) &&
         verify(public_key, signed_digest(checkpoint), checkpoint.signature);
}

CheckpointSink append_checkpoints_to(std::string path) {
  return [path = std::move(path)](std::string_view line) { return append_line(path, line); };
}

Result<std::optional<Checkpoint>> AuditChain::checkpoint(store::Database& database, const CheckpointSink& sink) const {
  AuditHead last;
  AuditHead head;
  TRY(database.read([&](store::Reader& reader) -> Result<void> {
    last = TRY(last_checkpoint(reader, options_.chain));
    head = TRY(follow(reader, options_.chain, last));
    return {};
  }));
  if (head.seq == last.seq) return std::nullopt;
  Checkpoint checkpoint{options_.chain, head.seq, head.digest, clock_.now(), signing_key_.public_key, {}};
  checkpoint.signature = sign(signing_key_, signed_digest(checkpoint));
  // Outside first: a copy outside that the database does not know is harmless, the other way round it would be missing.
  TRY(sink(write_checkpoint(checkpoint)));
  TRY(keep(database, checkpoint));
  return checkpoint;
}

Result<std::optional<Checkpoint>> AuditChain::checkpoint_if_due(store::Database& database,
                                                                const CheckpointSink& sink) const {
  bool is_due = false;
  TRY(database.read([&](store::Reader& reader) -> Result<void> {
    const AuditHead last = TRY(last_checkpoint(reader, options_.chain));
    const AuditHead head = TRY(read_head(reader, options_.chain));
    // The first comes with the first entry: by it a rewritten whole differs from a regrown tail.
    is_due = head.seq - last.seq >= (last.seq == 0 ? 1 : options_.checkpoint_every);
    return {};
  }));
  if (!is_due) return std::nullopt;
  return checkpoint(database, sink);
}

Result<std::vector<Checkpoint>> kept_checkpoints(store::Reader& reader, int64_t chain) {
  std::vector<Checkpoint> checkpoints;
  const Value parameters[] = {chain};
  TRY(reader.query(kCheckpoints, parameters, [&](const Row& row) -> Result<void> {
    checkpoints.push_back({chain, row.integer(0), TRY(fixed_bytes<32>(row.bytes(1))), Timestamp{row.integer(2)},
                           TRY(fixed_bytes<32>(row.bytes(3))), TRY(fixed_bytes<64>(row.bytes(4)))});
    return {};
  }));
  return checkpoints;
}

}  // namespace amity::security
