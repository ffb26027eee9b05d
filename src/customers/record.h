// What is known of one customer, and of one account: the fold of the events about it.
//
// Every value knows its source (which event, when it happened, which system said so). A value of a later event time
// wins over an earlier one, whatever the order of arrival; so folding the same events in any order gives the same
// record, and the record as of a date is the fold of the events up to it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "events/event.h"

namespace amity::customers {

// Where a value comes from: its lineage.
struct Lineage {
  int64_t seq = 0;
  Timestamp time;
  std::string source;
  // Later in event time; between equal times, later in the log.
  bool is_newer_than(const Lineage& other) const { return std::tie(time, seq) > std::tie(other.time, other.seq); }
};

struct KnownValue {
  json::value value;
  Lineage from;
};
using KnownValues = std::map<std::string, KnownValue, std::less<>>;

struct Consent {
  bool given = false;  // false: withdrawn
  std::string notice_version;
  std::string language;
  Lineage from;
};

struct AccountLink {
  std::string account;  // reference
  Uuid account_id;
  std::string role;  // empty where it has ended
  Lineage from;
  bool ended = false;
};

struct CustomerRecord {
  std::string reference;                                     // the institution's own key
  KnownValues values;                                        // name, birth_date, phone, ...
  KnownValues relationships;                                 // other customer's reference -> {relationship, until}
  std::map<std::string, Consent, std::less<>> consents;      // by purpose
  std::map<std::string, AccountLink, std::less<>> accounts;  // by account reference
  int64_t interaction_count = 0;
  Timestamp newest = kEarliest;  // the latest event time folded in
  int64_t last_seq = 0;

  std::string text_of(std::string_view name) const;  // empty where unknown
  std::string unit() const { return text_of("unit"); }
};

struct Holder {
  std::string customer;  // reference
  Uuid customer_id;
  std::string role;  // empty where it has ended
  Lineage from;
  bool ended = false;
};

struct AccountRecord {
  std::string reference;
  KnownValues values;                                  // type, currency, product, unit, statements, balance
  std::map<std::string, Holder, std::less<>> holders;  // by customer reference
  KnownValues cards;                                   // card reference -> {card_type, customer}
  KnownValues standing_orders;                         // order -> {amount, purpose, counterparty}
  KnownValues loans;                                   // loan -> {amount, months, payment, status}
  int64_t transaction_count = 0;
  Timestamp newest = kEarliest;
  int64_t last_seq = 0;

  std::string text_of(std::string_view name) const;
  std::string unit() const { return text_of("unit"); }
};

// Folds one event in. The event is checked and is about this record (or links it); it cannot fail.
void fold(CustomerRecord& record, const events::Event& event, const events::Pseudonyms& pseudonyms);
void fold(AccountRecord& record, const events::Event& event, const events::Pseudonyms& pseudonyms);

// The customers whose own records an event changes besides its subject's: those it links to an account or parts from
// it. Other holders of the account are among the event's entities and stay as they are.
std::vector<Uuid> customers_linked_by(const events::Event& event, const events::Pseudonyms& pseudonyms);

// Whether a customer or an account has been erased.
using IsErased = std::function<bool(const Uuid& owner)>;
// Leaves out what names somebody erased: relatives, holders and whose a card is, links to an account that is gone. True
// where there was something.
bool leave_out(CustomerRecord& record, const IsErased& is_erased, const events::Pseudonyms& pseudonyms);
bool leave_out(AccountRecord& record, const IsErased& is_erased, const events::Pseudonyms& pseudonyms);

// For storage (sealed) and for people: the same fields everywhere.
json::object to_json(const CustomerRecord& record);
json::object to_json(const AccountRecord& record);
Result<CustomerRecord> customer_from_json(const json::value& value);
Result<AccountRecord> account_from_json(const json::value& value);

}  // namespace amity::customers
