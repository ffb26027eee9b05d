// What the law demands to be kept: the institution's retention duties, and what they say about one customer.
//
// A person who asks to be erased is erased, but for data a law demands to be kept: that is frozen (stored and secured,
// nothing else) until the last of these duties ends (PIPL article 47 (2)). The institution declares its duties in
// institution/retention.yaml; a period is counted by the calendar, and its last day counts whole in every time zone.
//
// A period runs from the end of the relationship: the day the customer left the last account they held; an account they
// still hold ends for them with the request. Or it runs from each event of certain types, so the newest one counts.
// What cannot be read any more (an account gone with its last holder) counts as held: in doubt for keeping.
//
// Any thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.h"

namespace amity::customers {

// "10 years", "6 months", "30 days".
struct Period {
  enum class Unit { kYears, kMonths, kDays };
  int count = 0;
  Unit unit = Unit::kYears;
};
// The first midnight UTC after the whole last day has passed everywhere on earth. 29 February becomes 1 March.
Timestamp end_of(Timestamp from, const Period& period);

struct BilingualText {
  std::string en;
  std::string zh;
};

struct Duty {
  enum class From { kRelationshipEnd, kEvent };
  std::string name;
  BilingualText title;
  BilingualText basis;  // the law, with its article
  From from = From::kRelationshipEnd;
  Period keep;
  std::set<std::string, std::less<>> customers;  // kinds: person, organisation
  std::set<std::string, std::less<>> accounts;   // types of accounts they hold or held; of the end of a relationship
  std::set<std::string, std::less<>> events;     // types, about the customer or an account while they held it
};

// A duty that keeps a customer's data.
struct RunningDuty {
  const Duty* duty;
  Timestamp until;
};

// What duties are asked about: the events of one customer, oldest first.
class CustomerPast {
 public:
  CustomerPast(const Uuid& customer, const events::Pseudonyms& pseudonyms)
      : customer_(customer), pseudonyms_(pseudonyms) {}
  void add(const events::Event& event);

 private:
  friend class Retention;
  struct Held {
    std::string type;  // empty: cannot be read
    Timestamp newest;
    bool is_open = false;
  };
  bool names(const events::Event& event) const;
  std::optional<Timestamp> begin_of(const Duty& duty, Timestamp requested) const;

  Uuid customer_;
  const events::Pseudonyms& pseudonyms_;
  std::string kind_;  // empty: unknown
  std::map<Uuid, Held> accounts_;
  std::map<std::string, Timestamp, std::less<>> newest_;  // by type of event
};

class Retention {
 public:
  // The text of retention.yaml; the error names the place of the first mistake.
  static Result<Retention> parse(std::string_view yaml);

  // The duties that still run at `now`, the one that ends last first. `requested`: when the customer asked to be
  // erased.
  std::vector<RunningDuty> running(const CustomerPast& past, Timestamp requested, Timestamp now) const;

 private:
  std::vector<Duty> duties_;
};

// "frozen until 2036-11-24 because of ... (Article 34 ...)" in both languages; `running` is not empty.
BilingualText text_of(std::span<const RunningDuty> running);

}  // namespace amity::customers
