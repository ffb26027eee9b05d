#include "security/audit.h"

#include <algorithm>

#include "security/audit/entries.h"

namespace amity::security {
namespace {

using store::Row;
using store::Statement;
using store::Value;

constexpr Statement kAppend{
    "security.audit_append",
    "INSERT INTO audit_entries (chain, seq, time, actor, actor_name, purpose, action, object, detail, trace_id, "
    "previous, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"};
constexpr Statement kSearch{
    "security.audit_search",
    "SELECT seq, time, actor, actor_name, purpose, action, object, detail, trace_id, previous, digest "
    "FROM audit_entries WHERE chain = $1 AND seq < $2 AND (CAST($3 AS BIGINT) = 0 OR actor = $4) "
    "AND (CAST($5 AS TEXT) = '' OR action = $5) ORDER BY seq DESC LIMIT $6"};
// A query of its own, for the index by object.
constexpr Statement kSearchObject{
    "security.audit_search_object",
    "SELECT seq, time, actor, actor_name, purpose, action, object, detail, trace_id, previous, digest "
    "FROM audit_entries WHERE chain = $1 AND seq < $2 AND (CAST($3 AS BIGINT) = 0 OR actor = $4) "
    "AND (CAST($5 AS TEXT) = '' OR action = $5) AND object = $7 ORDER BY seq DESC LIMIT $6"};

constexpr size_t kMaxActionBytes = 64;
constexpr size_t kMaxObjectBytes = 256;
constexpr size_t kMaxDetailBytes = 4096;
constexpr size_t kMaxTraceBytes = 64;
constexpr int kMaxAuditRows = 500;

bool is_action_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_'; }
bool is_printable(char c) { return c > 0x20 && c < 0x7f; }

// One entry stays one line in whatever shows it: nothing here can hold a line end or an escape sequence.
Result<void> check_entry(const AuditEntry& entry, const std::string& detail) {
  if (entry.action.empty() || entry.action.size() > kMaxActionBytes ||
      !std::ranges::all_of(entry.action, is_action_letter)) {
    return invalid("an audit action is 1 to 64 characters of a-z 0-9 . _");
  }
  if (entry.object.size() > kMaxObjectBytes || !std::ranges::all_of(entry.object, is_printable)) {
    return invalid("an audit object is at most 256 printable ASCII characters without spaces");
  }
  if (detail.size() > kMaxDetailBytes) return fail(Code::kLimit, "the detail of an audit entry is over 4096 bytes");
  return {};
}

// The trace id comes with the request: an odd one is dropped, since what it belongs to must be audited all the same.
std::string trace_of(const Caller& caller) {
  const bool is_good = caller.trace_id.size() <= kMaxTraceBytes && std::ranges::all_of(caller.trace_id, is_printable);
  return is_good ? caller.trace_id : "";
}

std::string actor_name_of(const Caller& caller) {
  if (std::ranges::find(caller.roles, Role::kCustomer) != caller.roles.end()) return "customer";
  return caller.name.empty() ? "unknown" : caller.name;
}

Result<AuditRecord> make_record(const Caller& caller, const AuditEntry& entry) {
  AuditRecord record;
  record.actor = caller.user;
  record.actor_name = actor_name_of(caller);
  record.purpose = name_of(caller.purpose);
  record.action = entry.action;
  record.object = entry.object;
  record.detail = write_json(entry.detail);
  record.trace_id = trace_of(caller);
  TRY(check_entry(entry, record.detail));
  return record;
}

Result<void> append(store::Transaction& transaction, int64_t chain, const AuditRecord& record) {
  const Value parameters[] = {chain,
                              record.seq,
                              record.time.us,
                              ByteView(record.actor.value.bytes),
                              record.actor_name,
                              record.purpose,
                              record.action,
                              record.object,
                              record.detail,
                              record.trace_id,
                              ByteView(record.previous),
                              ByteView(record.digest)};
  return transaction.post(kAppend, parameters);
}

}  // namespace

AuditChain::AuditChain(const Clock& clock, SigningKey signing_key, Options options)
    : clock_(clock), signing_key_(signing_key), options_(options) {}

Result<void> AuditChain::record(store::Transaction& transaction, const Caller& caller, const AuditEntry& entry) const {
  return record(transaction, caller, std::span(&entry, 1));
}

// The head is read in the transaction every time: a savepoint rolled back or a failed commit takes it back by itself.
Result<void> AuditChain::record(store::Transaction& transaction, const Caller& caller,
                                std::span<const AuditEntry> entries) const {
  if (entries.empty()) return {};
  AuditHead head = TRY(read_head(transaction, options_.chain));
  const Timestamp now = clock_.now();
  for (const AuditEntry& entry : entries) {
    AuditRecord record = TRY(make_record(caller, entry));
    record.seq = head.seq + 1;
    record.time = now;
    record.previous = head.digest;
    record.digest = digest_of(options_.chain, record);
    TRY(append(transaction, options_.chain, record));
    head = {record.seq, record.digest};
  }
  return {};
}

Result<std::vector<AuditRecord>> read_audit(store::Reader& reader, const Caller& caller, const AuditQuery& query) {
  TRY(require(caller, Permission::kReadAudit));
  if (query.limit < 1 || query.limit > kMaxAuditRows) return invalid("limit is 1 to 500", "/limit");
  const UserId actor = query.actor.value_or(UserId{});
  const Value parameters[] = {query.chain,
                              query.before_seq.value_or(INT64_MAX),
                              int64_t{query.actor.has_value()},
                              ByteView(actor.value.bytes),
                              query.action,
                              int64_t{query.limit},
                              query.object};
  std::vector<AuditRecord> records;
  const auto each = [&](const Row& row) -> Result<void> {
    records.push_back(TRY(record_of(row)));
    return {};
  };
  if (query.object.empty()) {
    TRY(reader.query(kSearch, store::Values(parameters).first(6), each));
  } else {
    TRY(reader.query(kSearchObject, parameters, each));
  }
  return records;
}

}  // namespace amity::security
