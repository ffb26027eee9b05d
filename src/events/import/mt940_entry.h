// An entry (:61:) and a balance (:60a:, :62a:) of MT940 and MT942.
#pragma once

#include <optional>
#include <string>

#include "events/import/statement.h"
#include "events/import/swift_fields.h"

namespace amity::events {

struct Mt940Entry {
  StatementCells cells;
  std::optional<int64_t> amount_minor;  // signed; none where no currency is known
  bool is_booked = true;
  std::string problem;  // of the entry alone: its amount is known all the same
};

// Value date, entry date or nothing or spaces, mark, letter of the currency or nothing, amount, type, references; on
// the next line what more there is. The amount may stand on a line of its own. An error is one of mark or amount.
Result<Mt940Entry> read_mt940_entry(const SwiftField& field, std::optional<Currency> currency);

// [C|D]YYMMDD[CCY]amount; some banks leave the currency out where `currency`, of the opening balance, tells it.
Result<Money> read_mt940_balance(std::string_view text, std::optional<Currency> currency);

// Number, currency and sum of entries of :90D: and :90C:, "75CNY5310,25"; the sum is not negative.
struct Mt940Sum {
  int64_t entries = 0;
  Money sum;
};
Result<Mt940Sum> read_mt940_sum(std::string_view text);

}  // namespace amity::events
