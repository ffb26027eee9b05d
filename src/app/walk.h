// The way of one event, walked by a batch inside one transaction:
//
//   make unique -> resolve the subject -> decide -> apply to records and features -> consequences -> save
//
// Each event sees the state after exactly those before it, so that the size of a batch never changes an outcome. What
// an event sets in motion (a posting) walks right behind it, two rounds at most. Writer thread only.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "app/deciding.h"
#include "app/settling.h"
#include "base/clock.h"
#include "events/log.h"
#include "features/store.h"
#include "security/audit.h"

namespace amity::app {

// Everything the way passes. References: their owner (engine.h) outlives the walk.
struct Rooms {
  store::Database& database;
  const events::Pseudonyms& pseudonyms;
  events::EventLog& log;
  customers::LiveRecords& records;
  features::LiveFeatures* features;  // another one after a back-filled set took over
  const decisions::PolicyBook& policies;
  decisions::DecisionDesk& desk;
  const security::AuditChain& audit;
  const Clock& clock;
  Settling& settling;
  ModelFeatures model_features;
  // What the rooms outside this list forget when a person is erased, in the same transaction.
  std::function<Result<void>(store::Transaction& transaction, std::span<const events::Entity> erased)> erase;
};

// An event with who sent it.
struct Arrival {
  const security::Caller* caller;
  events::Event event;
};

// The answer to one event: {"seq": 7, "decisions": [...]}. The same event gets the same answer for ever.
using Answer = Result<json::object>;

class Walk {
 public:
  Walk(Rooms& rooms, store::Transaction& transaction);

  // Answers stand in the order of the arrivals. An event refused for itself (an unknown customer, another body under a
  // known id) has its error as answer and leaves no trace. Any other error fails the batch as a whole, and the
  // transaction must be rolled back and the rooms' stages discarded.
  Result<std::vector<Answer>> run(std::span<const Arrival> arrivals);

 private:
  Result<void> prepare(std::span<events::Event> events);
  Result<Answer> take(const security::Caller& caller, events::Event event, const std::optional<events::Known>& known);
  Result<Answer> repeat_of(const events::Event& event, const events::Known& known);
  Result<json::object> walk(const security::Caller& caller, events::Event arrived, int round);
  Result<void> forget(const events::Event& erasure);
  json::object record(const security::Caller& caller, const decisions::Decision& decision);
  Result<decisions::Decision> decide(const events::Event& event, const decisions::Policy& policy);
  Result<void> follow(const security::Caller& caller, size_t place, const decisions::Policy& policy,
                      const decisions::Decision& decision, int round);
  Result<void> history(const events::Entity& entity, int64_t max_seq, Timestamp max_time,
                       const std::function<Result<void>(const events::Event&)>& each);
  using Signed = std::pair<const security::Caller*, security::AuditEntry>;
  Result<void> save();
  std::vector<Signed> accepted() const;
  Result<void> chain(std::vector<Signed> signed_entries);

  Rooms& rooms_;
  store::Transaction& transaction_;
  int64_t next_seq_ = 0;
  std::vector<events::Event> appended_;
  std::vector<const security::Caller*> senders_;  // of the appended
  std::map<Digest, size_t> walked_;               // identity of this batch's events -> place in appended_
  std::map<int64_t, json::object> answers_;       // by seq
  std::vector<Signed> audit_entries_;
};

// What would be decided now about this event, as if it were the next; nothing is kept. not_found: no policy decides
// this type of event.
Result<json::object> evaluate(Rooms& rooms, store::Reader& reader, events::Event event);

}  // namespace amity::app
