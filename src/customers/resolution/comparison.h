// Two rows compared column by column.
#pragma once

#include <vector>

#include "customers/resolution/records.h"

namespace amity::customers {

struct Comparison {
  Likeness likeness = Likeness::kMissing;
  double rarity = 0;  // of what both have, as Records gives it
};

// One for each column of the records.
std::vector<Comparison> compare(const Records& records, size_t left, size_t right);

}  // namespace amity::customers
