// What Users is made of, for its sources: managing people, letting them in, and what they come in with.
#pragma once

#include <memory>
#include <mutex>
#include <semaphore>
#include <string>

#include "security/cache/recently_used.h"
#include "security/users.h"
#include "security/users/lockout.h"
#include "security/users/records.h"

namespace amity::security {

class Users::Body {
 public:
  Body(store::Database& database, const AuditChain& audit, const Clock& clock, SecretKey secret, UserRules rules);

  // Managing (users/managing.cpp).
  Result<std::optional<std::string>> first_administrator_code(std::string_view name);
  Result<std::string> add(const Caller& caller, const NewUser& user);
  Result<std::string> reset_password(const Caller& caller, const UserId& user);
  Result<void> set_roles(const Caller& caller, const UserId& user, const std::vector<Role>& roles,
                         std::string_view unit);
  Result<void> set_disabled(const Caller& caller, const UserId& user, bool is_disabled);
  Result<std::vector<User>> list(const Caller& caller, std::string_view after_name, int limit);
  Result<User> find(const Caller& caller, std::string_view name);
  Result<void> erase(store::Transaction& transaction, const CustomerId& customer);

  // Letting in with a name (users/signing_in.cpp).
  Result<SignedIn> sign_in(std::string_view name, std::string_view password);
  Result<SignedIn> redeem(std::string_view name, std::string_view code, std::string_view new_password);
  Result<Caller> verify_credential(std::string_view name, std::string_view password);
  Result<void> change_password(const Caller& caller, std::string_view old_password, std::string_view new_password);

  // Letting in with a token or key (users/credentials.cpp).
  Result<Caller> authenticate(std::string_view token_or_key);
  Result<void> sign_out(std::string_view token);
  Result<std::vector<Session>> sessions(const Caller& caller);
  Result<void> end(const Caller& caller, CredentialKind kind, const Uuid& id);
  Result<void> end_sessions(const Caller& caller);
  Result<ShownKey> make_api_key(const Caller& caller, const NewApiKey& key);
  Result<std::vector<ApiKey>> api_keys(const Caller& caller);

 private:
  // Whose name was given, if anybody's, and what its tries count on.
  struct Claim {
    std::optional<UserRecord> record;
    Digest subject{};
    int64_t failures = 0;
  };
  // A token or key as it is held in memory: a copy of its rows, believed for a moment.
  struct Entry {
    CredentialRecord credential;
    Caller caller;
    bool is_disabled = false;
    LockState lock;
    Timestamp checked;
  };
  using EntryPtr = std::shared_ptr<const Entry>;
  using Change = std::function<Result<void>(store::Transaction&, UserRecord&)>;

  Result<Claim> begin(std::string_view name);
  Result<bool> is_password_of(const Claim& claim, std::string_view password);
  Result<std::string> hash(std::string_view password);
  std::unexpected<Error> refuse(const Claim& claim, std::string_view way);
  Result<UserRecord> check_password_of(std::string_view name, std::string_view password, std::string_view way,
                                       Claim& claim);
  Result<SignedIn> start_session(store::Transaction& transaction, const User& user);
  Result<void> record_success(store::Transaction& transaction, const Claim& claim, std::string_view action,
                              std::string_view way);

  Result<EntryPtr> find_entry(const Token& token);
  Result<EntryPtr> load_entry(const Token& token);
  Result<void> touch(const Entry& entry);
  std::unexpected<Error> refuse_secret(const Entry& entry);
  void forget_cached();

  Result<void> change(const Caller& caller, const UserId& user, std::string_view action, const Change& change);
  Result<void> read(const std::function<Result<void>(store::Reader&)>& work) { return database_.read(work); }
  Uuid new_id();

  store::Database& database_;
  const AuditChain& audit_;
  const Clock& clock_;
  const UserRules rules_;
  const Lockout lockout_;
  const std::string nobodys_hash_;         // checked where there is nobody, so that it takes as long
  std::counting_semaphore<4> hashing_{4};  // 46 MiB each
  std::mutex mutex_;                       // guards what follows
  RecentlyUsed<EntryPtr> entries_;
  int64_t generation_ = 0;  // of what was cached: a read begun before a change is not kept after it
};

Caller caller_of(const User& user);
std::string object_of(const UserId& user);  // "user/UUID"

}  // namespace amity::security
