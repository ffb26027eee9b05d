// The catalogue: every type of event there is, its schema versions, fields, classes and links.
//
// Data is checked against it field by field: an unknown field, a missing required one, a wrong type or a value beyond
// its range refuses the event with the JSON pointer of the place. Older versions are brought to the newest by upcasters
// when read; what was stored stays as it was.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "events/event.h"

namespace amity::events {

enum class FieldKind {
  kText,
  kInteger,
  kNumber,
  kBoolean,
  kMoney,      // {"amount_minor": 90000, "currency": "CZK"}
  kDate,       // "1993-01-01"
  kTimestamp,  // RFC 3339
  kCode,       // one of `codes`
  kCurrency,   // a code of ISO 4217
  kReference,  // the key of an entity of kind `entity`, which becomes one of the event's entities
  kHolders,    // [{"customer": "1", "role": "owner"}]
  kUnit,       // an organisation unit, "/east/shanghai": as those of users (security/caller.h)
};

// JR/T 0171-2020: C1 internal, C2 personal (identity, contact, balances, transactions), C3 authentication secrets.
enum class DataClass { kC1, kC2, kC3 };

struct Field {
  std::string_view name;
  FieldKind kind = FieldKind::kText;
  bool required = false;
  DataClass data_class = DataClass::kC1;
  EntityKind entity = EntityKind::kCustomer;  // for kReference
  std::string_view codes = {};                // for kCode and the roles of kHolders: "credit|debit"
  int64_t least = INT64_MIN;                  // for kInteger and the minor units of kMoney
  int64_t most = INT64_MAX;                   // (money never goes beyond +-kMaxAmountMinor)
};

// A schema version that is no longer the newest: what it allowed, and how its data becomes that of the next one.
struct OlderVersion {
  int version = 1;
  std::span<const Field> fields;
  json::object (*to_next)(json::object data) = nullptr;
};

struct Type {
  std::string_view name;  // "transaction.posted"
  int version = 1;        // newest schema version
  EntityKind subject = EntityKind::kCustomer;
  std::string_view purpose;  // one line for people and openapi
  std::span<const Field> fields;
  bool internal = false;  // made by the engine only, refused from outside
  std::span<const OlderVersion> older = {};
};

std::span<const Type> catalogue();
const Type* find_type(std::string_view name);

// Checks data of `version` and brings it to the newest version. `place` is put before pointers in errors.
Result<json::object> check_data(const Type& type, int version, const json::value& data, std::string_view place);

// Every reference in the event's data, in the catalogue's order of fields (the subject is not among them).
std::vector<Reference> parties_of(const Event& event);

}  // namespace amity::events
