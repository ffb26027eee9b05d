// Who knocks at doors that are not theirs: counts what was denied to each user and says when it becomes a pattern.
//
// Whoever turns a `forbidden` into an answer calls `denied` once; sign-ins that fail are recorded by security/users.h,
// which raises "security.locked" itself. Every denial is audited ("access.denied"), up to the threshold in a window;
// the one that reaches it is audited as "security.event", and the rest of that window is counted without an entry, so
// that a flood of denials does not become a flood of writes. Thread-safe.
#pragma once

#include <mutex>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "security/audit.h"
#include "security/cache/recently_used.h"
#include "security/caller.h"
#include "store/database.h"

namespace amity::security {

struct IntrusionRules {
  Duration window = minutes(5);
  int64_t threshold = 10;              // denials in one window that make a security event
  size_t watched_user_count = 10'000;  // the least recently denied are forgotten first
};

class IntrusionWatch {
 public:
  IntrusionWatch(store::Database& database, const AuditChain& audit, const Clock& clock, IntrusionRules rules = {})
      : database_(database), audit_(audit), clock_(clock), rules_(rules), counts_(rules.watched_user_count) {}

  // `what`: the permission, route or command, a word of the program. True: this one made a security event.
  Result<bool> denied(const Caller& caller, std::string_view what);

 private:
  struct Count {
    Timestamp window_start;
    int64_t denials = 0;
  };
  int64_t count(const Caller& caller);

  store::Database& database_;
  const AuditChain& audit_;
  const Clock& clock_;
  IntrusionRules rules_;
  std::mutex mutex_;
  RecentlyUsed<Count> counts_;
};

}  // namespace amity::security
