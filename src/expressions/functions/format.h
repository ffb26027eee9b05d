// text.format(list): the clauses %s %d %f %e %b %o %x %X with a precision, and %%.
#pragma once

#include <span>

#include "expressions/value.h"

namespace amity::expressions {

Value format_text(std::span<const Value> arguments);

}  // namespace amity::expressions
