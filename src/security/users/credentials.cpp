// Letting in what brings a token or a key: on every request, from memory.
#include <algorithm>

#include "security/users/body.h"

namespace amity::security {
namespace {

constexpr Duration kTouchEvery = minutes(1);
constexpr Duration kLongestKeyLifetime = days(366);
constexpr size_t kMaxLabelBytes = 64;
constexpr int kMaxApiKeys = 50;

std::unexpected<Error> unknown_token() {
  return fail(Code::kUnauthenticated, "the token or key is not known, has ended or has expired");
}

Result<void> require_session(const Caller& caller) {
  if (caller.key_scopes.empty()) return {};
  return fail(Code::kForbidden, "an API key cannot do this; sign in");
}

bool is_printable(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; }

}  // namespace

void Users::Body::forget_cached() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  entries_.clear();
}

Result<Users::Body::EntryPtr> Users::Body::load_entry(const Token& token) {
  const auto begun = [&] {
    const std::lock_guard lock(mutex_);
    return generation_;
  }();
  auto entry = std::make_shared<Entry>();
  TRY(read([&](store::Reader& reader) -> Result<void> {
    auto credential = TRY(read_credential(reader, token.id));
    if (!credential || credential->token.kind != token.kind) return unknown_token();
    const auto user = TRY(read_user(reader, credential->user));
    if (!user) return unknown_token();
    entry->lock = TRY(lockout_.state_of(reader, lockout_.subject_of_credential(token.id)));
    entry->caller = caller_of(user->user);
    entry->caller.key_scopes = credential->scopes;
    entry->is_disabled = user->user.is_disabled;
    entry->credential = *std::move(credential);
    return {};
  }));
  entry->checked = clock_.now();
  const std::lock_guard lock(mutex_);
  if (generation_ == begun) entries_.put(token.id, entry);
  return entry;
}

Result<Users::Body::EntryPtr> Users::Body::find_entry(const Token& token) {
  const Timestamp now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    const auto cached = entries_.find(token.id);
    const bool is_fresh = cached && now >= (*cached)->checked && now - (*cached)->checked < rules_.recheck_after;
    if (is_fresh && (*cached)->credential.token.kind == token.kind) return *cached;
  }
  return load_entry(token);
}

std::unexpected<Error> Users::Body::refuse_secret(const Entry& entry) {
  const Uuid& id = entry.credential.token.id;
  const auto state = lockout_.begin(lockout_.subject_of_credential(id));
  {
    const std::lock_guard lock(mutex_);
    entries_.remove(id);
  }
  if (!state) return std::unexpected(state.error());
  const bool is_locked = state->failures > rules_.free_failures;
  const auto audited = database_.write([&](store::Transaction& transaction) {
    return audit_.record(transaction, Caller{},
                         {is_locked ? "security.locked" : "signin.failed", "credential/" + format(id),
                          json::object{{"way", "token"}, {"failures", state->failures}}});
  });
  if (!audited) return std::unexpected(audited.error());
  return unknown_token();
}

// Remembers to the minute when it was last used, and forgets wrong tries after a right one.
Result<void> Users::Body::touch(const Entry& entry) {
  const Timestamp now = clock_.now();
  const bool is_due = now - entry.credential.last_used >= kTouchEvery;
  if (!is_due && entry.lock.failures == 0) return {};
  const Uuid& id = entry.credential.token.id;
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    TRY(touch_credential(transaction, id, now));
    return entry.lock.failures == 0 ? Result<void>()
                                    : lockout_.succeed(transaction, lockout_.subject_of_credential(id));
  }));
  auto touched = std::make_shared<Entry>(entry);
  touched->credential.last_used = now;
  touched->lock = {};
  const std::lock_guard lock(mutex_);
  if (entries_.find(id)) entries_.put(id, touched);
  return {};
}

Result<Caller> Users::Body::authenticate(std::string_view token_or_key) {
  const auto token = parse_token(token_or_key);
  if (!token) return unknown_token();
  const EntryPtr entry = TRY(find_entry(*token));
  TRY(lockout_.check(entry->lock));
  if (!equal_in_constant_time(entry->credential.token.secret_digest, token->secret_digest))
    return refuse_secret(*entry);
  const Timestamp now = clock_.now();
  const bool is_idle =
      token->kind == CredentialKind::kSession && now - entry->credential.last_used >= rules_.idle_timeout;
  if (entry->is_disabled || is_idle || now >= entry->credential.expires) return unknown_token();
  // Where nothing can be written, who is known stays known: what they then do says for itself that it cannot be kept.
  std::ignore = touch(*entry);
  return entry->caller;
}

Result<void> Users::Body::sign_out(std::string_view token_text) {
  const Caller caller = TRY(authenticate(token_text));
  return end(caller, CredentialKind::kSession, parse_token(token_text)->id);
}

Result<std::vector<Session>> Users::Body::sessions(const Caller& caller) {
  std::vector<Session> sessions;
  TRY(read([&](store::Reader& reader) -> Result<void> {
    for (const auto& c : TRY(read_credentials(reader, caller.user, CredentialKind::kSession))) {
      const bool is_over = c.expires <= clock_.now() || clock_.now() - c.last_used >= rules_.idle_timeout;
      if (!is_over) sessions.push_back({c.token.id, c.created, c.last_used, c.expires});
    }
    return {};
  }));
  return sessions;
}

Result<void> Users::Body::end(const Caller& caller, CredentialKind kind, const Uuid& id) {
  TRY(require_session(caller));
  const std::string action = kind == CredentialKind::kSession ? "session.ended" : "api_key.revoked";
  const auto ended = database_.write([&](store::Transaction& transaction) -> Result<void> {
    if (!TRY(delete_credential(transaction, caller.user, kind, id))) return not_found("no such session or key");
    return audit_.record(transaction, caller, {action, "credential/" + format(id), {}});
  });
  forget_cached();
  return ended;
}

Result<void> Users::Body::end_sessions(const Caller& caller) {
  TRY(require_session(caller));
  const auto ended = database_.write([&](store::Transaction& transaction) -> Result<void> {
    TRY(delete_credentials(transaction, caller.user, CredentialKind::kSession));
    return audit_.record(transaction, caller, {"session.all_ended", object_of(caller.user), {}});
  });
  forget_cached();
  return ended;
}

Result<ShownKey> Users::Body::make_api_key(const Caller& caller, const NewApiKey& key) {
  TRY(require_session(caller));
  const Timestamp now = clock_.now();
  if (key.scopes.empty()) return invalid("an API key has at least one scope", "/scopes");
  if (key.label.size() > kMaxLabelBytes || !std::ranges::all_of(key.label, is_printable)) {
    return invalid("a label is at most 64 bytes without control characters", "/label");
  }
  if (key.expires <= now || key.expires > now + kLongestKeyLifetime) {
    return invalid("an API key expires at most 366 days ahead", "/expires");
  }
  for (const Permission scope : key.scopes) TRY(require(caller, scope));
  const NewToken made = make_token(CredentialKind::kApiKey);
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    TRY(trim_credentials(transaction, caller.user, CredentialKind::kApiKey, now, kMaxApiKeys));
    const auto held = TRY(read_credentials(transaction, caller.user, CredentialKind::kApiKey));
    if (held.size() >= kMaxApiKeys) return fail(Code::kLimit, "a user has at most 50 API keys; revoke one");
    TRY(add_credential(transaction, {made.token, caller.user, key.label, key.scopes, now, now, key.expires}));
    return audit_.record(transaction, caller, {"api_key.made", "credential/" + format(made.token.id), {}});
  }));
  return ShownKey{made.text, made.token.id};
}

Result<std::vector<ApiKey>> Users::Body::api_keys(const Caller& caller) {
  std::vector<ApiKey> keys;
  TRY(read([&](store::Reader& reader) -> Result<void> {
    for (const auto& c : TRY(read_credentials(reader, caller.user, CredentialKind::kApiKey))) {
      keys.push_back({c.token.id, c.label, c.scopes, c.created, c.expires});
    }
    return {};
  }));
  return keys;
}

}  // namespace amity::security
