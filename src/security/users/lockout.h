// Counts wrong tries on whatever a credential is tried on, and locks it for longer and longer (security/users.h).
#pragma once

#include "base/clock.h"
#include "base/crypto.h"
#include "security/users.h"
#include "store/database.h"

namespace amity::security {

struct LockState {
  int64_t failures = 0;
  Timestamp last_failure;
  Timestamp locked_until;
};

class Lockout {
 public:
  Lockout(store::Database& database, const Clock& clock, SecretKey secret, const UserRules& rules)
      : database_(database), clock_(clock), secret_(std::move(secret)), rules_(rules) {}

  // What the tries are counted on. Of names that do not exist only 16 bits count, so that they fill no table.
  Digest subject_of(const UserId& user) const;
  Digest subject_of_unknown(std::string_view name) const;
  Digest subject_of_credential(const Uuid& id) const;

  // Before a try: counts it as failed, durably, or `limit` while locked. So tries at the same time count as well.
  Result<LockState> begin(const Digest& subject) const;
  // After it succeeded: forgets the failures.
  Result<void> succeed(store::Transaction& transaction, const Digest& subject) const;
  Result<LockState> state_of(store::Reader& reader, const Digest& subject) const;
  Result<void> check(const LockState& state) const;

 private:
  LockState after_failure(LockState state, Timestamp now) const;

  store::Database& database_;
  const Clock& clock_;
  SecretKey secret_;
  UserRules rules_;
};

}  // namespace amity::security
