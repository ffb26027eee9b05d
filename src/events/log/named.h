// The customers an event names besides its own home: holders, a relative, whose a card is.
//
// The event is sealed with its home's key, which lives as long as anybody holds the account. What it says of somebody
// else is sealed with that person's own key inside, so that their erasure takes it out of the log and of every backup
// and leaves the rest to those who stay (docs/decisions/0012).
#pragma once

#include <string>
#include <vector>

#include "events/catalogue.h"
#include "security/keys.h"

namespace amity::events {

// The customers `event.data` names, without its home.
std::vector<Uuid> named_besides_home(const Event& event, const Pseudonyms& pseudonyms);

// The data with each name as {"owner": UUID, "sealed": base64url}: a reference alone, a holder with the role. Whoever
// has no key is erased, and is left as a seal that nothing opens.
Result<json::object> close_names(const Event& event, security::KeyStore& keys, const Pseudonyms& pseudonyms);

struct OpenedNames {
  json::object data;                   // as it was sent; where somebody has been erased a reference that is nobody's
  std::vector<std::string> stand_ins;  // those references
};
// conflict: a name does not open. `access`: for a legal hold only those whose key is destroyed are erased.
Result<OpenedNames> open_names(const json::object& data, int64_t seq, security::KeyStore& keys,
                               security::KeyAccess access = security::KeyAccess::kUsual);

// Leaves out of data of the newest version whoever is erased or stands in for somebody erased. Whether there was one.
bool leave_out_erased(json::object& data, const Type& type, const std::vector<std::string>& stand_ins,
                      const security::KeyStore& keys, const Pseudonyms& pseudonyms,
                      security::KeyAccess access = security::KeyAccess::kUsual);

}  // namespace amity::events
