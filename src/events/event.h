// The event: something that happened, about one subject, with the parties linked to it.
//
// Outside it is a CloudEvents 1.0 JSON document (structured or batch mode):
//   {"specversion":"1.0","id":"t-171812","source":"core/ledger","type":"transaction.posted","dataschema":"1",
//    "subject":"account/576","time":"1993-01-01T00:00:00Z","data":{"amount":{"amount_minor":90000,"currency":"CZK"},...}}
// (source, id) is unique for ever. `subject` is "kind/reference" with the institution's own reference. Inside, every
// reference becomes a pseudonym: a UUID from a keyed digest, so that the log's keys say nothing about a person.
//
// An Event is filled on its way down the house: events/ decodes and checks it against the catalogue, customers/
// resolves its entities and home, the log gives it its seq. Rooms further down only read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/id.h"
#include "base/json.h"
#include "base/time.h"

namespace amity::events {

enum class EntityKind : uint8_t { kCustomer = 1, kAccount, kCard, kDevice, kMerchant, kCounterparty };
std::string_view name_of(EntityKind kind);  // "customer"
Result<EntityKind> parse_entity_kind(std::string_view name);

// What an event is about or touches, by the institution's own reference.
struct Reference {
  EntityKind kind = EntityKind::kCustomer;
  std::string key;  // "576": at most 128 bytes of UTF-8, no control characters
  bool operator==(const Reference&) const = default;
};
Result<Reference> parse_reference(std::string_view text);  // "account/576"
std::string format(const Reference& reference);

// The same thing inside: a pseudonym.
struct Entity {
  EntityKind kind = EntityKind::kCustomer;
  Uuid id;
  auto operator<=>(const Entity&) const = default;
};

// reference -> pseudonym: UUID version 8 from BLAKE2b keyed with the institution's pseudonym key. A pure function: the
// same reference always gives the same id, on every node and after every restart, and nothing is looked up.
class Pseudonyms {
 public:
  explicit Pseudonyms(SecretKey key) : key_(std::move(key)) {}
  Entity of(const Reference& reference) const;
  Digest identity_of(std::string_view source, std::string_view id) const;  // of an event, for Once
  // What the log keeps in clear to tell a repeat from a contradiction: keyed, so that no body can be guessed from it.
  Digest tag_of(const Digest& body_digest) const;

 private:
  SecretKey key_;
};

struct Event {
  // As received.
  std::string source;
  std::string id;
  std::string type;  // of the catalogue
  int schema_version = 1;
  Reference subject;
  Timestamp time;           // when it happened
  json::object data;        // checked against the catalogue; references in it stay as received
  Digest body_digest{};     // of type, version, subject, time and canonical data: tells a repeat from a contradiction
  bool is_history = false;  // imported: changes state, but decides and sends nothing
  bool is_erased = false;   // read from the log after its owner's key was destroyed or locked: the rest is empty
  bool has_lost_names = false;  // read from the log: it named customers erased since, whom `data` leaves out; a
                                // required field may be missing for that

  // Set on the way.
  std::vector<Entity> entities;  // resolved subject first, then parties, without repeats; joint holders all appear
  Uuid home;                     // whose key seals the data: the account's, else the customer's id
  int partition = 0;             // by hash of the home customer; never moves
  int64_t seq = 0;               // commit order over all, from 1
  int64_t partition_seq = 0;     // commit order within the partition, from 1
  Timestamp recorded;            // when it was appended
};

constexpr int kPartitionCount = 64;

// customer.erased and account.erased, and customer.frozen and account.frozen, after which as little can be read: they
// name pseudonyms (docs/decisions/0009) and belong to nobody.
bool is_erasure(const Event& event);

// A new event from its parts, checked against the catalogue as decode_event does, its body digest set: for events the
// engine makes itself, for imports and for the simulator. `data` is of the newest schema version.
struct EventParts {
  std::string source = {};
  std::string id = {};
  std::string type = {};
  Reference subject = {};
  Timestamp time = {};
  json::object data = {};
  bool is_history = false;
};
Result<Event> make_event(EventParts parts);

}  // namespace amity::events
