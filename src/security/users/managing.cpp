// Managing users: their administrator makes them, never knows their password, and cannot change themselves.
#include <algorithm>
#include <iterator>

#include "security/users/body.h"

namespace amity::security {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr int kMaxListed = 500;

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '@';
}

Result<void> check_name(std::string_view name) {
  if (!name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, is_name_letter)) return {};
  return invalid("a name for signing in is 1 to 64 of a-z 0-9 . _ - @", "/name");
}

// A customer sees their own and nothing else; staff is no customer in the same account.
Result<void> check_roles(const std::vector<Role>& roles, bool is_customer) {
  if (roles.empty()) return invalid("a user has at least one role", "/roles");
  const bool has_customer = std::ranges::find(roles, Role::kCustomer) != roles.end();
  if (has_customer != is_customer)
    return invalid("the role customer goes with a customer, and only with one", "/roles");
  if (has_customer && roles.size() > 1) return invalid("the role customer goes with no other", "/roles");
  return {};
}

json::object detail_of(const User& user) {
  json::array roles;
  for (const Role role : user.roles) roles.push_back(json::string(name_of(role)));
  return {{"roles", std::move(roles)}, {"unit", user.unit}};
}

// The new code, which voids the one before.
std::string set_code(UserRecord& record, Timestamp expires) {
  std::string code = make_one_time_code();
  record.one_time_digest = digest_of_code(code);
  record.one_time_expires = expires;
  return code;
}

// Of another unit a user is as if there were none.
bool is_managed(const Caller& caller, const User& user) { return caller.sees_unit(user.unit); }

// Nobody makes or moves a user beyond what they manage themselves.
Result<void> check_own_unit(const Caller& caller, std::string_view unit) {
  if (auto ok = check_unit(unit); !ok) return std::unexpected(std::move(ok).error().within("/unit"));
  if (caller.sees_unit(unit)) return {};
  return fail(Code::kForbidden, "you manage users of your own unit and those below", "/unit");
}

Caller program() {
  Caller caller;
  caller.name = "amity";
  caller.purpose = Purpose::kOperation;
  return caller;
}

}  // namespace

Result<std::optional<std::string>> Users::Body::first_administrator_code(std::string_view name) {
  TRY(check_name(name));
  std::optional<std::string> code;
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    code.reset();
    if (TRY(has_ready_administrator(transaction))) return {};
    auto existing = TRY(read_user(transaction, name));
    UserRecord record = existing.value_or(UserRecord{});
    code = set_code(record, clock_.now() + rules_.one_time_code_lifetime);
    if (!existing) {
      record.user = {.id = {new_id()},
                     .name = std::string(name),
                     .roles = {Role::kAdministrator},
                     .unit = "/",
                     .customer = {},
                     .is_disabled = false,
                     .has_password = false,
                     .created = clock_.now()};
      TRY(add_user(transaction, record));
    } else if (std::ranges::find(record.user.roles, Role::kAdministrator) == record.user.roles.end()) {
      return fail(Code::kConflict, "there is a user of this name who is no administrator", "/name");
    } else {
      TRY(write_user(transaction, record));
    }
    return audit_.record(transaction, program(), {"user.first_administrator", object_of(record.user.id), {}});
  }));
  return code;
}

Result<std::string> Users::Body::add(const Caller& caller, const NewUser& user) {
  TRY(require(caller, Permission::kManageUsers));
  TRY(check_name(user.name));
  TRY(check_own_unit(caller, user.unit));
  TRY(check_roles(user.roles, user.customer.has_value()));
  UserRecord record;
  record.user = {.id = {new_id()},
                 .name = user.name,
                 .roles = user.roles,
                 .unit = user.unit,
                 .customer = user.customer,
                 .is_disabled = false,
                 .has_password = false,
                 .created = clock_.now()};
  std::string code = set_code(record, clock_.now() + rules_.one_time_code_lifetime);
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    TRY(add_user(transaction, record));
    auto detail = detail_of(record.user);
    if (user.is_demo) detail["demo"] = true;
    return audit_.record(transaction, caller, {"user.added", object_of(record.user.id), std::move(detail)});
  }));
  return code;
}

// One change of another's account, with its audit entry; at once for every request after it.
Result<void> Users::Body::change(const Caller& caller, const UserId& user, std::string_view action,
                                 const Change& change) {
  TRY(require(caller, Permission::kManageUsers));
  TRY(require_other_person(caller, user));
  const auto changed = database_.write([&](store::Transaction& transaction) -> Result<void> {
    auto record = TRY(read_user(transaction, user));
    if (!record || !is_managed(caller, record->user)) return not_found("no such user");
    TRY(change(transaction, *record));
    TRY(write_user(transaction, *record));
    return audit_.record(transaction, caller, {std::string(action), object_of(user), detail_of(record->user)});
  });
  forget_cached();
  return changed;
}

Result<std::string> Users::Body::reset_password(const Caller& caller, const UserId& user) {
  std::string code;
  TRY(change(caller, user, "user.password_reset", [&](store::Transaction& transaction, UserRecord& record) {
    code = set_code(record, clock_.now() + rules_.one_time_code_lifetime);
    record.password_hash.clear();
    return delete_credentials(transaction, user, CredentialKind::kSession);
  }));
  return code;
}

Result<void> Users::Body::set_roles(const Caller& caller, const UserId& user, const std::vector<Role>& roles,
                                    std::string_view unit) {
  TRY(check_own_unit(caller, unit));
  return change(caller, user, "user.roles_set", [&](store::Transaction&, UserRecord& record) -> Result<void> {
    TRY(check_roles(roles, record.user.customer.has_value()));
    record.user.roles = roles;
    record.user.unit = unit;
    return {};
  });
}

Result<void> Users::Body::set_disabled(const Caller& caller, const UserId& user, bool is_disabled) {
  const std::string_view action = is_disabled ? "user.disabled" : "user.enabled";
  return change(caller, user, action, [&](store::Transaction& transaction, UserRecord& record) {
    record.user.is_disabled = is_disabled;
    return delete_credentials(transaction, user, CredentialKind::kSession);
  });
}

Result<std::vector<User>> Users::Body::list(const Caller& caller, std::string_view after_name, int limit) {
  TRY(require(caller, Permission::kManageUsers));
  if (limit < 1 || limit > kMaxListed) return invalid("limit is 1 to 500", "/limit");
  const auto wanted = static_cast<size_t>(limit);
  std::vector<User> users;
  TRY(read([&](store::Reader& reader) -> Result<void> {
    std::string after(after_name);
    for (bool is_more = true; is_more && users.size() < wanted;) {
      const auto page = TRY(read_users(reader, after, limit));
      is_more = page.size() == wanted;
      if (is_more) after = page.back().name;
      std::ranges::copy_if(page, std::back_inserter(users), [&](const User& user) { return is_managed(caller, user); });
    }
    return {};
  }));
  if (users.size() > wanted) users.resize(wanted);
  return users;
}

Result<User> Users::Body::find(const Caller& caller, std::string_view name) {
  TRY(require(caller, Permission::kManageUsers));
  std::optional<UserRecord> record;
  TRY(read([&](store::Reader& reader) -> Result<void> {
    record = TRY(read_user(reader, name));
    return {};
  }));
  if (!record || !is_managed(caller, record->user)) return not_found("no such user");
  return record->user;
}

Result<void> Users::Body::erase(store::Transaction& transaction, const CustomerId& customer) {
  TRY(delete_users_of(transaction, customer));
  forget_cached();
  return {};
}

}  // namespace amity::security
