#include "security/intrusion.h"

namespace amity::security {

int64_t IntrusionWatch::count(const Caller& caller) {
  const Timestamp now = clock_.now();
  const std::lock_guard lock(mutex_);
  Count current = counts_.find(caller.user.value).value_or(Count{now, 0});
  const bool is_over = now < current.window_start || now - current.window_start >= rules_.window;
  if (is_over) current = {now, 0};
  ++current.denials;
  counts_.put(caller.user.value, current);
  return current.denials;
}

Result<bool> IntrusionWatch::denied(const Caller& caller, std::string_view what) {
  const int64_t denials = count(caller);
  if (denials > rules_.threshold) return false;
  const bool is_event = denials == rules_.threshold;
  const AuditEntry entry{is_event ? "security.event" : "access.denied", "user/" + format(caller.user),
                         json::object{{"what", what}, {"denials", denials}}};
  TRY(database_.write([&](store::Transaction& transaction) { return audit_.record(transaction, caller, entry); }));
  return is_event;
}

}  // namespace amity::security
