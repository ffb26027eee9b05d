// What arrives is asked whether it can be, given what is known already. Only what arrives: an event that is in the log
// was taken, and is replayed and rebuilt as it stands.
#pragma once

#include "customers/live_records.h"

namespace amity::customers {

// unprocessable, with the place, for a resolved event that contradicts what is known or itself:
// - money in another currency than the account's (amounts of different currencies are never added or compared, and
//   there is no recorded rate between them yet);
// - an account that is open opened as something else: of another type, in another currency, for others or in other
//   roles; a known customer registered in another unit. A repeat of what is known passes, and may bring other values;
// - what cannot be: born after the event, a relative of oneself, a holder removed who is none.
Result<void> check_arrival(const LiveRecords& records, const events::Event& event);

}  // namespace amity::customers
