#include "security/users/lockout.h"

#include <algorithm>

namespace amity::security {
namespace {

using store::Row;
using store::Statement;
using store::Value;

constexpr Statement kState{"security.lock_state",
                           "SELECT failures, last_failure, locked_until FROM credential_failures WHERE subject = $1"};
constexpr Statement kCount{
    "security.count_failure",
    "INSERT INTO credential_failures (subject, failures, last_failure, locked_until) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_failure = excluded.last_failure, "
    "locked_until = excluded.locked_until"};
constexpr Statement kForget{"security.forget_failures", "DELETE FROM credential_failures WHERE subject = $1"};

constexpr int64_t kMaxDoublings = 30;

}  // namespace

Digest Lockout::subject_of(const UserId& user) const {
  return DigestWriter().add(secret_.bytes()).add("user").add(user.value.bytes).finish();
}

Digest Lockout::subject_of_credential(const Uuid& id) const {
  return DigestWriter().add(secret_.bytes()).add("credential").add(id.bytes).finish();
}

Digest Lockout::subject_of_unknown(std::string_view name) const {
  const Digest whole = keyed_digest(secret_.bytes(), as_bytes(name));
  return DigestWriter().add(secret_.bytes()).add("unknown").add(ByteView(whole).first(2)).finish();
}

Result<LockState> Lockout::state_of(store::Reader& reader, const Digest& subject) const {
  const Value parameters[] = {ByteView(subject)};
  const auto found = TRY(reader.first<LockState>(kState, parameters, [](const Row& row) -> Result<LockState> {
    return LockState{row.integer(0), Timestamp{row.integer(1)}, Timestamp{row.integer(2)}};
  }));
  return found.value_or(LockState{});
}

Result<void> Lockout::check(const LockState& state) const {
  const Duration left = state.locked_until - clock_.now();
  // Longer than any lock: the clock was set back meanwhile, and nobody is kept out for that.
  if (left <= Duration{} || left > rules_.longest_lock) return {};
  const int64_t left_seconds = (left.us + 999'999) / 1'000'000;
  return fail(Code::kLimit, "too many wrong tries: try again in " + std::to_string(left_seconds) + " seconds");
}

LockState Lockout::after_failure(LockState state, Timestamp now) const {
  if (now - state.last_failure > rules_.forget_failures_after) state.failures = 0;
  ++state.failures;
  state.last_failure = now;
  const int64_t beyond = state.failures - rules_.free_failures;
  if (beyond <= 0) return state;
  const int64_t factor = int64_t{1} << std::min(beyond - 1, kMaxDoublings);
  const bool is_longest = rules_.longest_lock.us / factor <= rules_.first_lock.us;
  state.locked_until = now + (is_longest ? rules_.longest_lock : Duration{rules_.first_lock.us * factor});
  return state;
}

Result<LockState> Lockout::begin(const Digest& subject) const {
  LockState state;
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    const LockState before = TRY(state_of(transaction, subject));
    TRY(check(before));
    state = after_failure(before, clock_.now());
    const Value parameters[] = {ByteView(subject), state.failures, state.last_failure.us, state.locked_until.us};
    return transaction.post(kCount, parameters);
  }));
  return state;
}

Result<void> Lockout::succeed(store::Transaction& transaction, const Digest& subject) const {
  const Value parameters[] = {ByteView(subject)};
  return transaction.post(kForget, parameters);
}

}  // namespace amity::security
