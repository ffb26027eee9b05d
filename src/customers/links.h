// Who has been found to be one: the links that people make between customers and take back.
//
// A merge says that a customer is known twice, and under which of the two references from now on; taking it back says
// that this was wrong. Neither touches what is known of either: each keeps the fold of the events sent under its own
// reference, and is read together with the others as long as the link holds. So taking a merge back restores what was,
// byte for byte, whatever came in between. Links are never forgotten while those they join are there: a decision is
// made again with those that held when it was made. docs/decisions/0016.
#pragma once

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "customers/record.h"
#include "events/event.h"

namespace amity::customers {

// customer.merged and customer.unmerged: they change no record.
bool is_link(const events::Event& event);

// A place in the log at a time.
struct LinkMoment {
  int64_t seq = 0;
  Timestamp time;
  bool operator==(const LinkMoment&) const = default;
};

struct Link {
  Uuid customer;  // who is known under another's reference,
  Uuid into;      // and whose
  LinkMoment made;
  std::optional<LinkMoment> undone = {};
  bool operator==(const Link&) const = default;
};

// Everything the log says before `before_seq`, of events up to `time`.
struct LinkedAsOf {
  Timestamp time = kLatest;
  int64_t before_seq = INT64_MAX;
};

class Links {
 public:
  // The event is resolved: it is about who stays and touches whom else it names.
  void apply(const events::Event& event);
  void add(const Link& link);  // as it was stored
  void forget(const Uuid& customer);

  bool is_empty() const { return made_.empty(); }
  // Whom this customer is merged into; nothing: known under their own reference.
  std::optional<Link> link_of(const Uuid& customer, const LinkedAsOf& moment = {}) const;
  // Everybody who is one with this customer, this one included: first the one they are known as, the others by id.
  std::vector<Uuid> one_with(const Uuid& customer, const LinkedAsOf& moment = {}) const;
  // The time of the newest change to the links of this customer; the earliest time there is where there is none.
  Timestamp newest(const Uuid& customer) const;
  // Every link there was, by customer and seq.
  std::vector<Link> all() const;
  // Those of one customer, oldest first.
  std::span<const Link> of(const Uuid& customer) const;

 private:
  std::unordered_map<Uuid, std::vector<Link>> made_;  // by who was merged, oldest first
  std::unordered_map<Uuid, std::vector<Uuid>> into_;  // by into whom: everybody who ever was, in order of id
};

// The other references under which the customer that an event names first was known as of the event, by id.
std::vector<events::Entity> one_with_first(const Links& links, const events::Event& event);

// What is known of somebody under several references: the newest of each value and consent, all relationships, accounts
// and interactions. Reference and unit are those of the first. None is null.
CustomerRecord joined(std::span<const CustomerRecord* const> records);

}  // namespace amity::customers
