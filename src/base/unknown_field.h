// The error of a field that nobody knows, in whatever is read by the names of its fields.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace amity {

// The field's name is never repeated, because it may be anything, a customer's data too: the place is the object it
// stands in, `position` its number there from 1.
std::unexpected<Error> unknown_field(size_t position, std::span<const std::string_view> known, std::string_view place);

}  // namespace amity
