#include "security/users.h"

#include "security/users/body.h"

namespace amity::security {

Users::Users(store::Database& database, const AuditChain& audit, const Clock& clock, SecretKey secret, UserRules rules)
    : body_(std::make_unique<Body>(database, audit, clock, std::move(secret), rules)) {}
Users::~Users() = default;

Result<std::optional<std::string>> Users::first_administrator_code(std::string_view name) {
  return body_->first_administrator_code(name);
}
Result<std::string> Users::add(const Caller& caller, const NewUser& user) { return body_->add(caller, user); }
Result<std::string> Users::reset_password(const Caller& caller, UserId user) {
  return body_->reset_password(caller, user);
}
Result<void> Users::set_roles(const Caller& caller, UserId user, const std::vector<Role>& roles,
                              std::string_view unit) {
  return body_->set_roles(caller, user, roles, unit);
}
Result<void> Users::set_disabled(const Caller& caller, UserId user, bool is_disabled) {
  return body_->set_disabled(caller, user, is_disabled);
}
Result<std::vector<User>> Users::list(const Caller& caller, std::string_view after_name, int limit) {
  return body_->list(caller, after_name, limit);
}
Result<User> Users::find(const Caller& caller, std::string_view name) { return body_->find(caller, name); }

Result<SignedIn> Users::sign_in(std::string_view name, std::string_view password) {
  return body_->sign_in(name, password);
}
Result<SignedIn> Users::redeem(std::string_view name, std::string_view one_time_code, std::string_view new_password) {
  return body_->redeem(name, one_time_code, new_password);
}
Result<Caller> Users::authenticate(std::string_view token_or_key) { return body_->authenticate(token_or_key); }
Result<Caller> Users::verify_credential(std::string_view name, std::string_view password) {
  return body_->verify_credential(name, password);
}

Result<void> Users::change_password(const Caller& caller, std::string_view old_password,
                                    std::string_view new_password) {
  return body_->change_password(caller, old_password, new_password);
}
Result<void> Users::sign_out(std::string_view token) { return body_->sign_out(token); }
Result<std::vector<Session>> Users::sessions(const Caller& caller) { return body_->sessions(caller); }
Result<void> Users::end_session(const Caller& caller, Uuid session) {
  return body_->end(caller, CredentialKind::kSession, session);
}
Result<void> Users::end_sessions(const Caller& caller) { return body_->end_sessions(caller); }

Result<ShownKey> Users::make_api_key(const Caller& caller, const NewApiKey& key) {
  return body_->make_api_key(caller, key);
}
Result<std::vector<ApiKey>> Users::api_keys(const Caller& caller) { return body_->api_keys(caller); }
Result<void> Users::revoke_api_key(const Caller& caller, Uuid key) {
  return body_->end(caller, CredentialKind::kApiKey, key);
}

Result<void> Users::erase(store::Transaction& transaction, CustomerId customer) {
  return body_->erase(transaction, customer);
}

}  // namespace amity::security
