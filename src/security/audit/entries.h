// The rows of the chain and how their digests are made.
#pragma once

#include <array>
#include <cstdint>

#include "security/audit.h"

namespace amity::security {

// BLAKE2b-256 over chain, seq and every field of the record up to `previous`, each preceded by its length.
Digest digest_of(int64_t chain, const AuditRecord& record);

struct AuditHead {
  int64_t seq = 0;
  Digest digest{};  // zeros before the first entry
};
Result<AuditHead> read_head(store::Reader& reader, int64_t chain);

using EachRecord = std::function<Result<void>(const AuditRecord&)>;
Result<void> read_records_after(store::Reader& reader, int64_t chain, int64_t seq, const EachRecord& each);

Result<AuditRecord> record_of(const store::Row& row);  // in the order of columns of the table, without chain

// A cell of exactly so many bytes; another length is damage, not a mistake of ours.
template <size_t count>
Result<std::array<uint8_t, count>> fixed_bytes(ByteView bytes) {
  if (bytes.size() != count) return fail(Code::kConflict, "a stored value has the wrong length: the table is damaged");
  std::array<uint8_t, count> fixed;
  for (size_t i = 0; i < count; ++i) fixed[i] = bytes[i];
  return fixed;
}

}  // namespace amity::security
