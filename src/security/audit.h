// Who did what, why and when, so that nobody can change the answer afterwards unseen.
//
// Every entry carries the digest of the one before it (BLAKE2b-256 over all its fields), so a changed, removed, swapped
// or inserted entry breaks the chain. What a bare chain cannot show (a cut tail, a tail cut and grown again, a chain
// rewritten whole) is shown by checkpoints: the head's seq and digest, signed with Ed25519 and kept outside this
// database. `record` writes in the transaction of the thing it records: where the entry cannot be written, the thing
// does not happen. Entries hold pseudonyms, never personal data. Format: docs/formats/audit.md.
//
// Thread-safe. One chain has one writing process (the holder of the writer's lease).
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/id.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "security/caller.h"
#include "store/database.h"

namespace amity::security {

struct AuditEntry {
  std::string action;   // "model.approved": the program's word, at most 64 characters of a-z 0-9 . _
  std::string object;   // "customer/UUID", "model/credit.default/3": what it was done to, at most 256 bytes
  json::object detail;  // numbers, ids and words of the program; at most 4096 bytes as JSON
};

// One entry as it stands in the chain.
struct AuditRecord {
  int64_t seq = 0;  // from 1, without gaps
  Timestamp time;
  UserId actor;            // nil: nobody signed in (a failed sign-in), or the program itself
  std::string actor_name;  // sign-in name of staff; "customer" for customers; "unknown" where nobody is known
  std::string purpose;
  std::string action;
  std::string object;
  std::string detail;  // canonical JSON
  std::string trace_id;
  Digest previous{};
  Digest digest{};
};

struct Checkpoint {
  int64_t chain = 0;
  int64_t seq = 0;  // of the last entry it covers; as seq has no gaps, also their count
  Digest digest{};  // of that entry
  Timestamp time;
  std::array<uint8_t, 32> public_key{};
  std::array<uint8_t, 64> signature{};
};
std::string write_checkpoint(const Checkpoint& checkpoint);                            // one JSON line, without its end
Result<std::vector<Checkpoint>> read_checkpoints(std::string_view lines);              // place: line number
bool is_signed_by(const Checkpoint& checkpoint, std::span<const uint8_t> public_key);  // needs no database

// Takes a checkpoint line to the outside place and returns when it is durable there.
using CheckpointSink = std::function<Result<void>(std::string_view line)>;
CheckpointSink append_checkpoints_to(std::string path);  // a file of JSON lines, only ever appended to, fsynced

class AuditChain {
 public:
  struct Options {
    int64_t chain = 0;                // number of this writer's chain
    int64_t checkpoint_every = 1000;  // entries
  };
  AuditChain(const Clock& clock, SigningKey signing_key, Options options);
  AuditChain(const Clock& clock, SigningKey signing_key) : AuditChain(clock, signing_key, Options{}) {}

  Result<void> record(store::Transaction& transaction, const Caller& caller, const AuditEntry& entry) const;
  // Several at once: the head is read once.
  Result<void> record(store::Transaction& transaction, const Caller& caller, std::span<const AuditEntry> entries) const;

  // Verifies what was added since the last checkpoint, signs the head, takes it to `sink` and keeps a copy. Nothing
  // new: nothing done. conflict: the chain is broken, and is not signed. unavailable: the sink failed; repeat later.
  Result<std::optional<Checkpoint>> checkpoint(store::Database& database, const CheckpointSink& sink) const;
  // The same where none was made yet or `checkpoint_every` entries came since. The app calls it every few seconds.
  Result<std::optional<Checkpoint>> checkpoint_if_due(store::Database& database, const CheckpointSink& sink) const;

  std::array<uint8_t, 32> public_key() const { return signing_key_.public_key; }  // give it to the auditors
  int64_t chain() const { return options_.chain; }

 private:
  const Clock& clock_;
  SigningKey signing_key_;
  Options options_;
};

// What may be asked of the entries, newest first.
struct AuditQuery {
  int64_t chain = 0;
  std::optional<int64_t> before_seq = {};  // the cursor
  std::optional<UserId> actor = {};
  std::string action = {};  // exactly; empty: all
  std::string object = {};  // exactly; empty: all
  int limit = 50;           // at most 500
};
Result<std::vector<AuditRecord>> read_audit(store::Reader& reader, const Caller& caller, const AuditQuery& query);
Result<std::vector<Checkpoint>> kept_checkpoints(store::Reader& reader, int64_t chain);

enum class AuditFindingKind {
  kAltered,           // an entry's content, link or digest is not what was recorded
  kRemoved,           // entries are missing inside the chain
  kSwapped,           // two entries changed places
  kInserted,          // an entry stands where none was recorded
  kTailCut,           // the chain ends before a checkpoint
  kTailRegrown,       // after a checkpoint that fits, other entries than those checkpointed
  kRewritten,         // no checkpoint fits: the whole chain is another
  kForgedCheckpoint,  // a checkpoint that our key did not sign
};
std::string_view name_of(AuditFindingKind kind);  // "tail_cut"

struct AuditFinding {
  AuditFindingKind kind;
  int64_t seq = 0;   // where it begins
  std::string text;  // for people
};

struct AuditReport {
  int64_t entry_count = 0;
  int64_t last_seq = 0;
  Digest head{};
  int64_t checkpoint_count = 0;        // that fit
  std::vector<AuditFinding> findings;  // in order of seq, at most 100; empty: verified
  bool is_sound() const { return findings.empty(); }
};

// Reads the chain from its first entry. `checkpoints` are those kept outside (with none, a cut or regrown tail and a
// rewritten whole cannot be seen); those of other chains are passed over. `public_key` comes from outside as well.
struct AuditAnchor {
  int64_t chain = 0;
  std::span<const Checkpoint> checkpoints;
  std::array<uint8_t, 32> public_key{};
};
Result<AuditReport> verify_audit(store::Reader& reader, const AuditAnchor& anchor);

}  // namespace amity::security
