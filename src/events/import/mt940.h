// MT940 customer statements and MT942 interim reports (SWIFT Standards MT, category 9), and what banks make of them.
#pragma once

#include <string_view>

#include "events/import/statement.h"

namespace amity::events {

// `text` is decoded (base/encoding.h). A statement that cannot be read, or whose balances do not agree with its
// entries, is one row with a problem at its line. An error, its place the line, means that there is no statement in the
// file.
Result<StatementRows> read_mt940(std::string_view text, const StatementReading& reading);

}  // namespace amity::events
