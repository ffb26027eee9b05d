// People who live together.
#pragma once

#include <vector>

#include "customers/resolution/comparison.h"

namespace amity::customers {

// Both have one address (the same road and house, in either script; no other town, postcode or house number), and one
// family name or telephone. `compared` is compare() of the two rows.
bool share_a_household(const Records& records, size_t left, size_t right, const std::vector<Comparison>& compared);

}  // namespace amity::customers
