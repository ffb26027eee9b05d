// Letting in somebody who gives a name: with a password, or with a one-time code to set one.
#include <chrono>

#include "security/users/body.h"

namespace amity::security {
namespace {

constexpr auto kLongestWaitToHash = std::chrono::seconds(10);

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return out;
}

// Names nobody has are not written down: people type passwords there.
Caller claimed(const std::optional<UserRecord>& record) { return record ? caller_of(record->user) : Caller{}; }

std::unexpected<Error> wrong() { return fail(Code::kUnauthenticated, "the name or what was given with it is wrong"); }

// A password changed, or the account disabled, between the check and the transaction does not let anybody in.
Result<void> check_unchanged(store::Reader& reader, const UserRecord& checked) {
  const auto now = TRY(read_user(reader, checked.user.id));
  if (!now || now->user.is_disabled || now->password_hash != checked.password_hash) return wrong();
  return {};
}

class Permit {
 public:
  explicit Permit(std::counting_semaphore<4>& semaphore)
      : semaphore_(semaphore), is_given_(semaphore.try_acquire_for(kLongestWaitToHash)) {}
  ~Permit() {
    if (is_given_) semaphore_.release();
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  Result<void> check() const {
    if (is_given_) return {};
    return fail(Code::kLimit, "too many people sign in at this moment; try again in a moment");
  }

 private:
  std::counting_semaphore<4>& semaphore_;
  bool is_given_;
};

}  // namespace

Caller caller_of(const User& user) {
  Caller caller;
  caller.user = user.id;
  caller.name = user.name;
  caller.roles = user.roles;
  caller.unit = user.unit;
  if (caller.is_marketer_only()) caller.purpose = Purpose::kMarketing;
  return caller;
}

std::string object_of(const UserId& user) { return "user/" + format(user); }

Users::Body::Body(store::Database& database, const AuditChain& audit, const Clock& clock, SecretKey secret,
                  UserRules rules)
    : database_(database),
      audit_(audit),
      clock_(clock),
      rules_(rules),
      lockout_(database, clock, std::move(secret), rules),
      nobodys_hash_(hash_password("nobody's password")),
      entries_(rules.cached_credential_count) {}

Uuid Users::Body::new_id() {
  Random random(random_seed());
  return make_uuid_v7(clock_.now(), random);
}

Result<Users::Body::Claim> Users::Body::begin(std::string_view name) {
  Claim claim;
  const std::string lowered = lower(name);
  TRY(read([&](store::Reader& reader) -> Result<void> {
    claim.record = TRY(read_user(reader, lowered));
    return {};
  }));
  claim.subject = claim.record ? lockout_.subject_of(claim.record->user.id) : lockout_.subject_of_unknown(lowered);
  claim.failures = TRY(lockout_.begin(claim.subject)).failures;
  return claim;
}

// As long for nobody, for somebody without a password and for a disabled one as for everybody else.
Result<bool> Users::Body::is_password_of(const Claim& claim, std::string_view password) {
  const Permit permit(hashing_);
  TRY(permit.check());
  const bool has_one = claim.record && !claim.record->password_hash.empty();
  const bool matches = password_matches(has_one ? claim.record->password_hash : nobodys_hash_, password);
  return matches && has_one && !claim.record->user.is_disabled;
}

Result<std::string> Users::Body::hash(std::string_view password) {
  const Permit permit(hashing_);
  TRY(permit.check());
  return hash_password(password);
}

// The failure itself was counted before the try.
std::unexpected<Error> Users::Body::refuse(const Claim& claim, std::string_view way) {
  const bool is_locked = claim.failures > rules_.free_failures;
  const std::string object = claim.record ? object_of(claim.record->user.id) : "user/unknown";
  const AuditEntry entry{is_locked ? "security.locked" : "signin.failed", object,
                         json::object{{"way", way}, {"failures", claim.failures}}};
  const auto audited = database_.write(
      [&](store::Transaction& transaction) { return audit_.record(transaction, claimed(claim.record), entry); });
  if (!audited) return std::unexpected(audited.error());
  return wrong();
}

Result<UserRecord> Users::Body::check_password_of(std::string_view name, std::string_view password,
                                                  std::string_view way, Claim& claim) {
  claim = TRY(begin(name));
  if (!TRY(is_password_of(claim, password))) return refuse(claim, way);
  UserRecord record = *claim.record;
  if (password_needs_rehash(record.password_hash)) record.password_hash = TRY(hash(password));
  return record;
}

Result<void> Users::Body::record_success(store::Transaction& transaction, const Claim& claim, std::string_view action,
                                         std::string_view way) {
  TRY(lockout_.succeed(transaction, claim.subject));
  return audit_.record(transaction, claimed(claim.record),
                       {std::string(action), object_of(claim.record->user.id), json::object{{"way", way}}});
}

Result<SignedIn> Users::Body::start_session(store::Transaction& transaction, const User& user) {
  const NewToken made = make_token(CredentialKind::kSession);
  const Timestamp now = clock_.now();
  const Timestamp expires = now + rules_.session_lifetime;
  TRY(add_credential(transaction, {made.token, user.id, "", {}, now, now, expires}));
  TRY(trim_credentials(transaction, user.id, CredentialKind::kSession, now, rules_.session_limit));
  return SignedIn{made.text, expires, user.id};
}

Result<SignedIn> Users::Body::sign_in(std::string_view name, std::string_view password) {
  Claim claim;
  const UserRecord record = TRY(check_password_of(name, password, "password", claim));
  SignedIn signed_in;
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    TRY(check_unchanged(transaction, *claim.record));
    if (record.password_hash != claim.record->password_hash) TRY(write_user(transaction, record));
    signed_in = TRY(start_session(transaction, record.user));
    return record_success(transaction, claim, "signin.succeeded", "password");
  }));
  forget_cached();
  return signed_in;
}

Result<Caller> Users::Body::verify_credential(std::string_view name, std::string_view password) {
  Claim claim;
  const UserRecord record = TRY(check_password_of(name, password, "approval", claim));
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    TRY(check_unchanged(transaction, *claim.record));
    return record_success(transaction, claim, "credential.verified", "approval");
  }));
  return caller_of(record.user);
}

Result<SignedIn> Users::Body::redeem(std::string_view name, std::string_view code, std::string_view new_password) {
  const Claim claim = TRY(begin(name));
  const std::string hashed = TRY(hash(new_password));  // always: it takes as long for nobody
  const bool is_code = claim.record && claim.record->one_time_expires > clock_.now() &&
                       equal_in_constant_time(claim.record->one_time_digest, digest_of_code(code)) &&
                       !claim.record->user.is_disabled;
  if (!is_code) return refuse(claim, "one_time_code");
  TRY(check_password(name, new_password));
  SignedIn signed_in;
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    auto record = TRY(read_user(transaction, claim.record->user.id));
    if (!record || record->user.is_disabled || record->one_time_digest != claim.record->one_time_digest) {
      return wrong();
    }
    record->password_hash = hashed;
    record->one_time_digest = {};
    record->one_time_expires = kEarliest;
    TRY(write_user(transaction, *record));
    TRY(delete_credentials(transaction, record->user.id, CredentialKind::kSession));
    signed_in = TRY(start_session(transaction, record->user));
    return record_success(transaction, claim, "user.password_set", "one_time_code");
  }));
  forget_cached();
  return signed_in;
}

Result<void> Users::Body::change_password(const Caller& caller, std::string_view old_password,
                                          std::string_view new_password) {
  if (!caller.key_scopes.empty()) return fail(Code::kForbidden, "an API key cannot change a password; sign in");
  Claim claim;
  UserRecord record = TRY(check_password_of(caller.name, old_password, "password_change", claim));
  TRY(check_password(caller.name, new_password));
  const std::string hashed = TRY(hash(new_password));
  const auto changed = database_.write([&](store::Transaction& transaction) -> Result<void> {
    auto now = TRY(read_user(transaction, record.user.id));
    if (!now || now->password_hash != claim.record->password_hash) {
      return fail(Code::kConflict, "the password was changed meanwhile");
    }
    now->password_hash = hashed;
    TRY(write_user(transaction, *now));
    TRY(delete_credentials(transaction, record.user.id, CredentialKind::kSession));
    return record_success(transaction, claim, "user.password_changed", "password_change");
  });
  forget_cached();
  return changed;
}

}  // namespace amity::security
