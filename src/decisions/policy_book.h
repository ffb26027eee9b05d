// The versions of every policy: drafted by one person, activated by another, never changed, never lost.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "decisions/policy.h"
#include "security/audit.h"
#include "store/database.h"

namespace amity::decisions {

struct PolicyVersion {
  std::string name;
  int64_t version = 0;  // from 1
  Digest fingerprint{};
  std::string stage;  // "draft", "active", "retired"
  std::string definition;
  std::string drafted_by;    // user id
  std::string activated_by;  // user id; empty while a draft
  Timestamp drafted;
  Timestamp activated;
};
json::object to_json(const PolicyVersion& version);  // without the definition's text

class PolicyBook {
 public:
  // Whether what a definition names beyond this room (features, models) exists here; the error names the place.
  using Fits = std::function<Result<void>(const PolicyDefinition& definition)>;

  PolicyBook(store::Database& database, const security::AuditChain& audit, const Clock& clock, Fits fits = {});

  // Brings the active policies into memory. What the installation ships (`shipped`: texts) and the book has never seen
  // is taken in; as the first version of its name it becomes active by the act of installing, unless another policy
  // decides that type of event already; later ones are drafts. conflict: two shipped ones decide the same type.
  Result<void> open(const security::Caller& installer, const std::vector<std::string>& shipped);

  // Checks and keeps a new draft. conflict: this very definition is already a version.
  Result<PolicyVersion> draft(const security::Caller& caller, std::string_view definition);
  // Makes a draft the active version; the active one retires. forbidden: the caller drafted it. conflict: not a draft,
  // or a policy of another name decides the same type of event.
  Result<PolicyVersion> activate(const security::Caller& caller, std::string_view name, int64_t version);

  Result<std::vector<PolicyVersion>> list(const security::Caller& caller);
  Result<PolicyVersion> version(const security::Caller& caller, std::string_view name, int64_t version);

  // The active policy that decides this type of event, or null. Any thread; the policy lives as long as it is held.
  std::shared_ptr<const Policy> active_for(std::string_view event_type) const;
  // Any version ever kept, for replay.
  Result<std::shared_ptr<const Policy>> by_fingerprint(store::Reader& reader, const Digest& fingerprint) const;

 private:
  Result<void> refuse_rivals(const std::vector<std::string>& shipped) const;
  Result<void> load_active();
  Result<Policy> read(std::string_view definition) const;  // parsed, and everything it names exists

  store::Database& database_;
  const security::AuditChain& audit_;
  const Clock& clock_;
  Fits fits_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Policy>, std::less<>> active_;  // by event type
};

}  // namespace amity::decisions
