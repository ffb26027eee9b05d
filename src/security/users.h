// Who may come in: users, passwords, sessions, API keys, and the lockout that guards every one of these ways.
//
// A credential becomes a Caller in three ways: a session's bearer token or an API key (`authenticate`, on every
// request, answered from memory), and name and password given again by a second person who approves
// (`verify_credential`). Tokens and keys are 256 random bits, only their digests are kept, and they are shown once.
// An account is made without a password: its owner sets one with a one-time code. All results are audited.
//
// Lockout: after `free_failures` wrong tries on one name or key, each further one waits twice as long as the one
// before, up to `longest_lock`; the count is durable before the answer, counts tries that run at the same time, and
// names that do not exist are treated alike in answer and time. While locked: `limit`, also for the right credential.
//
// Thread-safe. A change acts at once in this process and within `recheck_after` in others.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "security/audit.h"
#include "security/caller.h"
#include "store/database.h"

namespace amity::security {

struct UserRules {
  Duration idle_timeout = minutes(30);
  Duration session_lifetime = hours(12);
  Duration one_time_code_lifetime = hours(24);
  Duration recheck_after = seconds(1);
  int free_failures = 5;
  Duration first_lock = seconds(2);
  Duration longest_lock = minutes(15);
  Duration forget_failures_after = hours(24);
  int session_limit = 20;  // per user: the oldest ends
  size_t cached_credential_count = 50'000;
};

struct NewUser {
  std::string name;  // for signing in: 1 to 64 of a-z 0-9 . _ - @, unique
  std::vector<Role> roles;
  std::string unit = "/";
  std::optional<CustomerId> customer;  // whom a user of role customer is; erased with the person
  bool is_demo = false;                // made by `amity demo`, with a password that its note tells: said in the audit
};

struct User {
  UserId id;
  std::string name;
  std::vector<Role> roles;
  std::string unit;
  std::optional<CustomerId> customer;
  bool is_disabled = false;
  bool has_password = false;
  Timestamp created;
};

struct SignedIn {
  std::string token;  // "ams_...": for the Authorization header; shown once
  Timestamp expires;  // at the latest
  UserId user;
};

struct Session {
  Uuid id;
  Timestamp created;
  Timestamp last_used;  // to the minute
  Timestamp expires;
};

struct NewApiKey {
  std::string label;               // for people; at most 64 bytes
  std::vector<Permission> scopes;  // at least one; what the user's roles allow of them counts
  Timestamp expires;               // at most 366 days ahead
};

struct ApiKey {
  Uuid id;
  std::string label;
  std::vector<Permission> scopes;
  Timestamp created;
  Timestamp expires;
};

struct ShownKey {
  std::string key;  // "amk_...": shown once
  Uuid id;
};

// nothing wrong, or `unprocessable` with the reason: 8 to 1024 characters of any script, not easily guessed (see
// users/guessing.h: no list of passwords, but the ways in which people make them). No other rules (NIST SP 800-63B
// 3.1.1.2, OWASP ASVS 5.0 6.2).
Result<void> check_password(std::string_view name, std::string_view password);

class Users {
 public:
  // `secret`: institution_key("users"), for keyed digests.
  Users(store::Database& database, const AuditChain& audit, const Clock& clock, SecretKey secret, UserRules rules = {});
  ~Users();

  // The way in for the first administrator: a one-time code while no administrator has set a password yet (each call
  // makes a new one and voids the last), else nothing.
  Result<std::optional<std::string>> first_administrator_code(std::string_view name);

  // Returns the one-time code with which the person sets a password.
  Result<std::string> add(const Caller& caller, const NewUser& user);
  Result<std::string> reset_password(const Caller& caller, UserId user);  // ends sessions and the old password
  Result<void> set_roles(const Caller& caller, UserId user, const std::vector<Role>& roles, std::string_view unit);
  Result<void> set_disabled(const Caller& caller, UserId user, bool is_disabled);  // ends sessions
  Result<std::vector<User>> list(const Caller& caller, std::string_view after_name, int limit);
  Result<User> find(const Caller& caller, std::string_view name);

  // unauthenticated: wrong name, password or code, or disabled: one answer for all. limit: locked; the message says how
  // many seconds. `purpose` and `trace_id` of a Caller are the request's: set by who received it.
  Result<SignedIn> sign_in(std::string_view name, std::string_view password);
  Result<SignedIn> redeem(std::string_view name, std::string_view one_time_code, std::string_view new_password);
  Result<Caller> authenticate(std::string_view token_or_key);
  Result<Caller> verify_credential(std::string_view name, std::string_view password);

  // A user's own. Changing the password ends every session, the current one too; sign in again.
  Result<void> change_password(const Caller& caller, std::string_view old_password, std::string_view new_password);
  Result<void> sign_out(std::string_view token);
  Result<std::vector<Session>> sessions(const Caller& caller);
  Result<void> end_session(const Caller& caller, Uuid session);
  Result<void> end_sessions(const Caller& caller);

  Result<ShownKey> make_api_key(const Caller& caller, const NewApiKey& key);
  Result<std::vector<ApiKey>> api_keys(const Caller& caller);
  Result<void> revoke_api_key(const Caller& caller, Uuid key);

  // The eraser of this room's columns: forgets the users who are this customer.
  Result<void> erase(store::Transaction& transaction, CustomerId customer);

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

}  // namespace amity::security
