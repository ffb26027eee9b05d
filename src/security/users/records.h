// The tables of users and of what they come in with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "security/users.h"
#include "security/users/tokens.h"
#include "store/database.h"

namespace amity::security {

struct UserRecord {
  User user;
  std::string password_hash;  // empty: none set
  Digest one_time_digest{};
  Timestamp one_time_expires;  // kEarliest: no code
};

struct CredentialRecord {
  Token token;
  UserId user;
  std::string label;
  std::vector<Permission> scopes;
  Timestamp created;
  Timestamp last_used;
  Timestamp expires;
};

Result<std::optional<UserRecord>> read_user(store::Reader& reader, std::string_view name);
Result<std::optional<UserRecord>> read_user(store::Reader& reader, const UserId& id);
Result<std::vector<User>> read_users(store::Reader& reader, std::string_view after_name, int limit);
Result<bool> has_ready_administrator(store::Reader& reader);                       // one who has set a password
Result<void> add_user(store::Transaction& transaction, const UserRecord& record);  // conflict: the name is taken
Result<void> write_user(store::Transaction& transaction, const UserRecord& record);
Result<void> delete_users_of(store::Transaction& transaction, const CustomerId& customer);

Result<std::optional<CredentialRecord>> read_credential(store::Reader& reader, const Uuid& id);
Result<std::vector<CredentialRecord>> read_credentials(store::Reader& reader, const UserId& user, CredentialKind kind);
Result<void> add_credential(store::Transaction& transaction, const CredentialRecord& record);
Result<void> touch_credential(store::Transaction& transaction, const Uuid& id, Timestamp now);
Result<bool> delete_credential(store::Transaction& transaction, const UserId& user, CredentialKind kind,
                               const Uuid& id);
Result<void> delete_credentials(store::Transaction& transaction, const UserId& user, CredentialKind kind);
// What has expired, and the oldest beyond `limit`.
Result<void> trim_credentials(store::Transaction& transaction, const UserId& user, CredentialKind kind, Timestamp now,
                              int limit);

}  // namespace amity::security
