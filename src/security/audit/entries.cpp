#include "security/audit/entries.h"

#include <optional>

namespace amity::security {
namespace {

using store::Row;
using store::Statement;
using store::Value;

constexpr Statement kHead{"security.audit_head",
                          "SELECT seq, digest FROM audit_entries WHERE chain = $1 ORDER BY seq DESC LIMIT 1"};
constexpr Statement kAfter{
    "security.audit_after",
    "SELECT seq, time, actor, actor_name, purpose, action, object, detail, trace_id, previous, digest "
    "FROM audit_entries WHERE chain = $1 AND seq > $2 ORDER BY seq"};

}  // namespace

Digest digest_of(int64_t chain, const AuditRecord& record) {
  DigestWriter writer;
  writer.add("amity audit entry 1").add(chain).add(record.seq).add(record.time.us).add(record.actor.value.bytes);
  writer.add(record.actor_name).add(record.purpose).add(record.action).add(record.object).add(record.detail);
  return writer.add(record.trace_id).add(record.previous).finish();
}

Result<AuditHead> read_head(store::Reader& reader, int64_t chain) {
  const Value parameters[] = {chain};
  const auto head = TRY(reader.first<AuditHead>(kHead, parameters, [](const Row& row) -> Result<AuditHead> {
    return AuditHead{row.integer(0), TRY(fixed_bytes<32>(row.bytes(1)))};
  }));
  return head.value_or(AuditHead{});
}

Result<void> read_records_after(store::Reader& reader, int64_t chain, int64_t seq, const EachRecord& each) {
  const Value parameters[] = {chain, seq};
  return reader.query(kAfter, parameters, [&](const Row& row) -> Result<void> { return each(TRY(record_of(row))); });
}

Result<AuditRecord> record_of(const Row& row) {
  AuditRecord record;
  record.seq = row.integer(0);
  record.time = {row.integer(1)};
  record.actor = {{TRY(fixed_bytes<16>(row.bytes(2)))}};
  record.actor_name = row.text(3);
  record.purpose = row.text(4);
  record.action = row.text(5);
  record.object = row.text(6);
  record.detail = row.text(7);
  record.trace_id = row.text(8);
  record.previous = TRY(fixed_bytes<32>(row.bytes(9)));
  record.digest = TRY(fixed_bytes<32>(row.bytes(10)));
  return record;
}

}  // namespace amity::security
