// Idempotency-Key: the first answer to a POST is kept for seven days and given again, byte for byte.
//
// The scope is caller and route. begin() is durable before the handler runs, finish() before its answer leaves; so a
// change is made at most once even when the process dies in between: then the same key is refused as conflict (it is
// not known whether the change was made; the thing itself tells). Same key and another body is a conflict. A key whose
// first request is still running is a conflict too.
//
// Answers are sealed with a key derived from the institution's key and the Idempotency-Key, of which only a digest is
// kept: an answer can be read only by who shows the key again, so nothing is left to read when a customer is erased.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "api/message.h"
#include "base/clock.h"
#include "base/crypto.h"
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
  // Both must outlive this.
  FirstAnswers(store::Database& database, const Clock& clock, const SecretKey& institution_key);

  struct Ticket {
    Digest slot;
    SecretKey seal;
  };
  // A ticket: run the handler, then finish or release. A Response: the first answer.
  Result<std::variant<Ticket, Response>> begin(const RepeatedCall& call);
  Result<void> finish(const Ticket& ticket, const Response& response);
  // Nothing was done (unavailable, limit): the key may be used again.
  Result<void> release(const Ticket& ticket);
  // Whether it was done is not known: the key stays taken.
  void abandon(const Ticket& ticket);

  Result<int64_t> forget_old();  // deletes what is older than seven days; returns how many

 private:
  Ticket ticket_of(const RepeatedCall& call) const;
  // The first answer of an unexpired row, or nothing after a new row was added.
  Result<std::optional<Response>> find_or_add(store::Transaction& transaction, const Ticket& ticket,
                                              const Digest& request_digest);

  store::Database& database_;
  const Clock& clock_;
  SecretKey institution_key_;
  std::mutex mutex_;
  std::set<Digest> running_;
};

}  // namespace amity::api
