// camt.052 (report of the day), camt.053 (statement) and camt.054 (advice of debits and credits) of ISO 20022, versions
// 001.02 to 001.13.
#pragma once

#include "events/import/statement.h"
#include "events/import/text_file.h"

namespace amity::events {

// A statement whose balances do not agree with its entries is one row with a problem. An error is one of the whole
// file: not well-formed, another message, beyond a bound; its place "LINE, column COLUMN". `encoding`: of the file,
// instead of what the XML declares; or null.
Result<StatementRows> read_camt(TextFile& file, const char* encoding, const StatementReading& reading);

}  // namespace amity::events
