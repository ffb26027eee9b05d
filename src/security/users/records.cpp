#include "security/users/records.h"

#include "security/audit/entries.h"

namespace amity::security {
namespace {

using store::Row;
using store::Statement;
using store::Value;

constexpr Statement kUserByName{
    "security.user_by_name",
    "SELECT id, name, password_hash, one_time_digest, one_time_expires, roles, unit, customer, is_disabled, created "
    "FROM users WHERE name = $1"};
constexpr Statement kUserById{
    "security.user_by_id",
    "SELECT id, name, password_hash, one_time_digest, one_time_expires, roles, unit, customer, is_disabled, created "
    "FROM users WHERE id = $1"};
constexpr Statement kUsers{
    "security.users",
    "SELECT id, name, password_hash, one_time_digest, one_time_expires, roles, unit, customer, is_disabled, created "
    "FROM users WHERE name > $1 ORDER BY name LIMIT $2"};
constexpr Statement kReadyAdministrator{
    "security.ready_administrator",
    "SELECT id FROM users WHERE roles LIKE '%administrator%' AND password_hash <> '' LIMIT 1"};
constexpr Statement kAddUser{
    "security.add_user",
    "INSERT INTO users (id, name, password_hash, one_time_digest, one_time_expires, roles, unit, customer, "
    "is_disabled, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (name) DO NOTHING"};
constexpr Statement kWriteUser{
    "security.write_user",
    "UPDATE users SET password_hash = $2, one_time_digest = $3, one_time_expires = $4, roles = $5, unit = $6, "
    "is_disabled = $7 WHERE id = $1"};
constexpr Statement kDeleteCredentialsOf{
    "security.delete_credentials_of_customer",
    "DELETE FROM credentials WHERE user_id IN (SELECT id FROM users WHERE customer = $1)"};
constexpr Statement kDeleteUsersOf{"security.delete_users_of_customer", "DELETE FROM users WHERE customer = $1"};

constexpr Statement kCredential{
    "security.credential",
    "SELECT id, kind, user_id, secret_digest, label, scopes, created, last_used, expires FROM credentials "
    "WHERE id = $1"};
constexpr Statement kCredentials{
    "security.credentials",
    "SELECT id, kind, user_id, secret_digest, label, scopes, created, last_used, expires FROM credentials "
    "WHERE user_id = $1 AND kind = $2 ORDER BY created DESC, id"};
constexpr Statement kAddCredential{
    "security.add_credential",
    "INSERT INTO credentials (id, kind, user_id, secret_digest, label, scopes, created, last_used, expires) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr Statement kTouch{"security.touch_credential", "UPDATE credentials SET last_used = $2 WHERE id = $1"};
constexpr Statement kDeleteCredential{"security.delete_credential",
                                      "DELETE FROM credentials WHERE id = $1 AND user_id = $2 AND kind = $3"};
constexpr Statement kDeleteCredentials{"security.delete_credentials",
                                       "DELETE FROM credentials WHERE user_id = $1 AND kind = $2"};
constexpr Statement kTrim{
    "security.trim_credentials",
    "DELETE FROM credentials WHERE user_id = $1 AND kind = $2 AND (expires <= $3 OR id NOT IN (SELECT id FROM "
    "credentials WHERE user_id = $1 AND kind = $2 ORDER BY created DESC, id LIMIT $4))"};

template <class T>
std::string join(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) text.append(text.empty() ? "" : ",").append(name_of(value));
  return text;
}

template <class T, class Parse>
Result<std::vector<T>> split(std::string_view text, const Parse& parse) {
  std::vector<T> values;
  while (!text.empty()) {
    const size_t end = text.find(',');
    values.push_back(TRY(parse(text.substr(0, end))));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return values;
}

Result<UserRecord> user_of(const Row& row) {
  UserRecord record;
  record.user.id = {{TRY(fixed_bytes<16>(row.bytes(0)))}};
  record.user.name = row.text(1);
  record.password_hash = row.text(2);
  record.one_time_digest = TRY(fixed_bytes<32>(row.bytes(3)));
  record.one_time_expires = {row.integer(4)};
  record.user.roles = TRY(split<Role>(row.text(5), parse_role));
  record.user.unit = row.text(6);
  if (!row.is_null(7)) record.user.customer = CustomerId{{TRY(fixed_bytes<16>(row.bytes(7)))}};
  record.user.is_disabled = row.integer(8) != 0;
  record.user.created = {row.integer(9)};
  record.user.has_password = !record.password_hash.empty();
  return record;
}

Result<CredentialRecord> credential_of(const Row& row) {
  CredentialRecord record;
  record.token.id.bytes = TRY(fixed_bytes<16>(row.bytes(0)));
  record.token.kind = row.integer(1) == 1 ? CredentialKind::kSession : CredentialKind::kApiKey;
  record.user = {{TRY(fixed_bytes<16>(row.bytes(2)))}};
  record.token.secret_digest = TRY(fixed_bytes<32>(row.bytes(3)));
  record.label = row.text(4);
  record.scopes = TRY(split<Permission>(row.text(5), parse_permission));
  record.created = {row.integer(6)};
  record.last_used = {row.integer(7)};
  record.expires = {row.integer(8)};
  return record;
}

Value bytes_of(const Uuid& id) { return ByteView(id.bytes); }
Value number_of(CredentialKind kind) { return static_cast<int64_t>(kind); }

}  // namespace

Result<std::optional<UserRecord>> read_user(store::Reader& reader, std::string_view name) {
  const Value parameters[] = {name};
  return reader.first<UserRecord>(kUserByName, parameters, user_of);
}

Result<std::optional<UserRecord>> read_user(store::Reader& reader, const UserId& id) {
  const Value parameters[] = {bytes_of(id.value)};
  return reader.first<UserRecord>(kUserById, parameters, user_of);
}

Result<std::vector<User>> read_users(store::Reader& reader, std::string_view after_name, int limit) {
  std::vector<User> users;
  const Value parameters[] = {after_name, int64_t{limit}};
  TRY(reader.query(kUsers, parameters, [&](const Row& row) -> Result<void> {
    users.push_back(TRY(user_of(row)).user);
    return {};
  }));
  return users;
}

Result<bool> has_ready_administrator(store::Reader& reader) {
  bool found = false;
  TRY(reader.query(kReadyAdministrator, {}, [&](const Row&) -> Result<void> {
    found = true;
    return {};
  }));
  return found;
}

Result<void> add_user(store::Transaction& transaction, const UserRecord& record) {
  const User& user = record.user;
  const std::string roles = join(user.roles);
  const Value parameters[] = {bytes_of(user.id.value),
                              user.name,
                              record.password_hash,
                              ByteView(record.one_time_digest),
                              record.one_time_expires.us,
                              roles,
                              user.unit,
                              user.customer ? bytes_of(user.customer->value) : Value(),
                              int64_t{user.is_disabled},
                              user.created.us};
  if (TRY(transaction.execute(kAddUser, parameters)) == 1) return {};
  return fail(Code::kConflict, "there is a user of this name already", "/name");
}

Result<void> write_user(store::Transaction& transaction, const UserRecord& record) {
  const std::string roles = join(record.user.roles);
  const Value parameters[] = {bytes_of(record.user.id.value),
                              record.password_hash,
                              ByteView(record.one_time_digest),
                              record.one_time_expires.us,
                              roles,
                              record.user.unit,
                              int64_t{record.user.is_disabled}};
  if (TRY(transaction.execute(kWriteUser, parameters)) == 1) return {};
  return not_found("no such user");
}

Result<void> delete_users_of(store::Transaction& transaction, const CustomerId& customer) {
  const Value parameters[] = {bytes_of(customer.value)};
  TRY(transaction.post(kDeleteCredentialsOf, parameters));
  return transaction.post(kDeleteUsersOf, parameters);
}

Result<std::optional<CredentialRecord>> read_credential(store::Reader& reader, const Uuid& id) {
  const Value parameters[] = {bytes_of(id)};
  return reader.first<CredentialRecord>(kCredential, parameters, credential_of);
}

Result<std::vector<CredentialRecord>> read_credentials(store::Reader& reader, const UserId& user, CredentialKind kind) {
  std::vector<CredentialRecord> credentials;
  const Value parameters[] = {bytes_of(user.value), number_of(kind)};
  TRY(reader.query(kCredentials, parameters, [&](const Row& row) -> Result<void> {
    credentials.push_back(TRY(credential_of(row)));
    return {};
  }));
  return credentials;
}

Result<void> add_credential(store::Transaction& transaction, const CredentialRecord& record) {
  const std::string scopes = join(record.scopes);
  const Value parameters[] = {bytes_of(record.token.id),
                              number_of(record.token.kind),
                              bytes_of(record.user.value),
                              ByteView(record.token.secret_digest),
                              record.label,
                              scopes,
                              record.created.us,
                              record.last_used.us,
                              record.expires.us};
  return transaction.post(kAddCredential, parameters);
}

Result<void> touch_credential(store::Transaction& transaction, const Uuid& id, Timestamp now) {
  const Value parameters[] = {bytes_of(id), now.us};
  return transaction.post(kTouch, parameters);
}

Result<bool> delete_credential(store::Transaction& transaction, const UserId& user, CredentialKind kind,
                               const Uuid& id) {
  const Value parameters[] = {bytes_of(id), bytes_of(user.value), number_of(kind)};
  return TRY(transaction.execute(kDeleteCredential, parameters)) == 1;
}

Result<void> delete_credentials(store::Transaction& transaction, const UserId& user, CredentialKind kind) {
  const Value parameters[] = {bytes_of(user.value), number_of(kind)};
  return transaction.post(kDeleteCredentials, parameters);
}

Result<void> trim_credentials(store::Transaction& transaction, const UserId& user, CredentialKind kind, Timestamp now,
                              int limit) {
  const Value parameters[] = {bytes_of(user.value), number_of(kind), now.us, int64_t{limit}};
  return transaction.post(kTrim, parameters);
}

}  // namespace amity::security
