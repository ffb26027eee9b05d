// What field :86: of MT940 (and :NS: of some banks) says of an entry.
#pragma once

#include <string_view>
#include <vector>

#include "events/import/statement.h"

namespace amity::events {

// Three ways of writing are known: a code and subfields (166?00...?20...), keywords between slashes (/EREF/../REMI/..),
// and plain text. The last one's lines are joined where they were broken at 65 characters.
void put_mt940_details(const std::vector<std::string_view>& lines, StatementCells& cells);
// Lines of two digits and a text, as Hungarian and older German banks write them.
void put_mt940_numbered_lines(const std::vector<std::string_view>& lines, StatementCells& cells);

}  // namespace amity::events
