// Who it happened to: the 360 picture of a customer, for people and programs that may see it.
//
// The room keeps one record a customer and one an account: the fold of the events about it (record.h), changed by each
// event on its way (live_records.h) and rebuilt at will. This face reads them. Every call names its Caller: rows
// outside the caller's organisation unit read as not found, a purpose that needs the customer's consent is refused
// without it, and every personal read is audited before it is answered. Whoever is frozen (retention.h) reads as not
// found, but for a compliance officer with the purpose legal_hold: to them the profile, accounts and timeline are read
// from the log, which is all that is kept.
//
// Any thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "customers/live_records.h"
#include "customers/rebuild.h"
#include "customers/retention.h"
#include "events/log.h"
#include "security/audit.h"

namespace amity::customers {

// The place of the refusal where the customer has not consented to the caller's purpose (forbidden).
constexpr std::string_view kConsentPlace = "consents";

struct Found {
  std::string customer;  // reference
  std::string name;      // for the list; masked where the caller's purpose does not need it
  int matched = 0;       // words of the query that match
};

struct TimelinePage {
  std::vector<json::object> events;  // newest first, with id, type, time, seq and data
  std::optional<std::string> next;   // the cursor of the next page; the pages together are one snapshot
};

class Customers {
 public:
  struct Parts {
    store::Database& database;
    const events::EventLog& log;
    const LiveRecords& live;
    security::KeyStore& keys;
    const security::AuditChain& audit;
    const events::Pseudonyms& pseudonyms;
  };
  explicit Customers(Parts parts)
      : parts_(parts),
        search_index_(parts.keys),
        held_log_(parts.keys, parts.pseudonyms, security::KeyAccess::kLegalHold) {}

  // The record with its accounts, every value with its lineage. `at`: as it was on that moment. Whoever is merged with
  // others (links.h) is read together with them, under any of their references.
  Result<json::object> profile(const security::Caller& caller, std::string_view reference,
                               std::optional<Timestamp> at = {}) const;
  Result<json::object> account(const security::Caller& caller, std::string_view reference,
                               std::optional<Timestamp> at = {}) const;
  Result<TimelinePage> timeline(const security::Caller& caller, std::string_view reference,
                                std::optional<std::string_view> cursor, int limit) const;
  // unavailable, at kSearchIndexPlace: the search index is being built (search_index.h).
  Result<std::vector<Found>> search(const security::Caller& caller, std::string_view query, int limit) const;

  // The events of a customer, also of one who is frozen, for asking what keeps them.
  Result<CustomerPast> past_of(store::Reader& reader, const Uuid& customer) const;

  // Of these erased owners, those that rows still stand for: what an erasure cut short or a restored backup must forget
  // before it serves. An account goes with its home customer, or alone where that one stays or is gone already.
  struct Remains {
    std::map<Uuid, std::vector<Uuid>> customers;  // with accounts
    std::vector<Uuid> accounts;
  };
  Result<Remains> remains_of(std::span<const Uuid> erased) const;
  // The references under which a customer is known (links.h), first the one they are known as; of whom the caller may
  // not see, or who is gone, the one that was asked for.
  Result<std::vector<std::string>> references_of(const security::Caller& caller, std::string_view reference) const;
  // The accounts of a customer that nobody else holds, as of this moment. Inside a transaction nobody can open another
  // one meanwhile.
  Result<std::vector<Uuid>> sole_accounts(const security::Caller& caller, store::Reader& reader,
                                          std::string_view reference) const;
  // The customers and accounts that these events of the log are about, with those whose values decisions about them
  // read: what is kept of an answer to them goes with any of these.
  Result<std::vector<Uuid>> concerned_by(std::span<const int64_t> seqs) const;
  // One event of the log; not_found where it is about somebody the caller may not see.
  Result<json::object> event(const security::Caller& caller, int64_t seq) const;
  // Whether a customer or account lies in the caller's organisation unit; what is unknown does not.
  Result<bool> may_see(const security::Caller& caller, store::Reader& reader, const events::Entity& entity) const;
  // The same, and where the caller's purpose needs consent, that the customer has given it: all holders of an account.
  Result<bool> may_read(const security::Caller& caller, store::Reader& reader, const events::Entity& entity) const;
  // What a customer said about a purpose: given, withdrawn, or nothing.
  Result<std::optional<bool>> consent(const security::Caller& caller, std::string_view reference,
                                      std::string_view purpose) const;

 private:
  Result<CustomerRecord> customer_record(store::Reader& reader, const Uuid& id) const;
  Result<AccountRecord> account_record(store::Reader& reader, const Uuid& id) const;
  // A customer with all who are one with them.
  struct Person {
    std::vector<Uuid> ids;  // as Links::one_with
    CustomerRecord record;  // joined
  };
  Result<Person> person_now(store::Reader& reader, const Uuid& id) const;
  Result<Person> visible_person(const security::Caller& caller, store::Reader& reader,
                                std::string_view reference) const;
  Result<CustomerRecord> person_folded(const security::Caller& caller, store::Reader& reader, const Uuid& id,
                                       Timestamp at) const;
  Result<json::array> merged_with(store::Reader& reader, std::span<const Uuid> ids, std::optional<Timestamp> at) const;
  Result<json::object> account_as_of(const security::Caller& caller, store::Reader& reader, const Uuid& id,
                                     std::optional<Timestamp> at) const;
  // Frozen, and this caller may read them all the same.
  bool is_held_for(const security::Caller& caller, const Uuid& owner) const;
  const events::EventLog& log_for(const security::Caller& caller, const Uuid& owner) const;
  // The fold of the log up to then; without events where there is none.
  Result<CustomerRecord> customer_folded(const security::Caller& caller, store::Reader& reader, const Uuid& id,
                                         Timestamp at) const;
  Result<AccountRecord> account_folded(const security::Caller& caller, store::Reader& reader, const Uuid& id,
                                       Timestamp at) const;
  Result<bool> has_all_consents(const security::Caller& caller, store::Reader& reader,
                                const events::Entity& entity) const;
  Result<bool> is_sole_holder(store::Reader& reader, const Uuid& account, std::string_view reference) const;
  // Whether a customer's reference stands for somebody erased, or frozen and not held for the caller.
  std::function<bool(std::string_view customer)> is_gone_for(const security::Caller& caller) const;
  Result<void> audit_read(const security::Caller& caller, std::string_view action, const std::string& object) const;

  Parts parts_;
  SearchIndex search_index_;
  events::EventLog held_log_;  // opens what is frozen, too
};

}  // namespace amity::customers
