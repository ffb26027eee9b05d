// Idempotency-Key: the first answer to a POST is kept for seven days and given again, byte for byte.
//
// The scope is caller and route. begin() is durable before the handler runs, finish() before its answer leaves; so a
// change is made at most once even when the process dies in between: then the same key is refused as conflict (it is
// not known whether the change was made; the thing itself tells). Same key and another body is a conflict. A key whose
// first request is still running is a conflict too.
//
// Answers are sealed with a key derived from the institution's key and the Idempotency-Key, of which only a digest is
// kept: an answer can be read only by who shows the key again. One that tells of customers and accounts
// (Response::about) is sealed with the keys of all of them besides: when one is erased it is gone from the table, the
// write-ahead log and every backup at once. The same key is then a conflict whatever the request says, as nothing is
// left to compare it with; nothing is done again.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "api/message.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "security/keys.h"
#include "store/database.h"

namespace amity::api {

constexpr Duration kFirstAnswerAge = days(7);
constexpr size_t kIdempotencyKeyBytesMax = 128;

struct RepeatedCall {
  std::string_view caller;  // the user's id
  std::string_view route;   // "POST /v1/policies"
  std::string_view key;     // as sent: 1 to 128 visible ASCII characters
  std::string_view target;  // path and query: part of what must be equal
  std::string_view body;
};

class FirstAnswers {
 public:
  // All must outlive this.
  FirstAnswers(store::Database& database, const Clock& clock, security::KeyStore& keys);

  struct Ticket {
    Digest slot;
    SecretKey seal;
    Digest request;  // what must be equal, keyed with the seal
  };
  // A ticket: run the handler, then finish or release. A Response: the first answer.
  Result<std::variant<Ticket, Response>> begin(const RepeatedCall& call);
  Result<void> finish(const Ticket& ticket, const Response& response);
  // Nothing was done (unavailable, limit): the key may be used again.
  Result<void> release(const Ticket& ticket);
  // Whether it was done is not known: the key stays taken.
  void abandon(const Ticket& ticket);

  Result<int64_t> forget_old();  // deletes what is older than seven days, a thousand at most; returns how many

 private:
  Ticket ticket_of(const RepeatedCall& call) const;
  // The first answer of an unexpired row, or nothing after a new row was added.
  Result<std::optional<Response>> find_or_add(store::Transaction& transaction, const Ticket& ticket);
  Result<Response> repeat(const Ticket& ticket, ByteView kept) const;
  Result<std::optional<SecretKey>> key_of_all(const Ticket& ticket, std::span<const Uuid> owners) const;
  Result<Bytes> sealed(const Ticket& ticket, const Response& response) const;

  store::Database& database_;
  const Clock& clock_;
  security::KeyStore& keys_;
  SecretKey institution_key_;
  std::mutex mutex_;
  std::set<Digest> running_;
};

}  // namespace amity::api
