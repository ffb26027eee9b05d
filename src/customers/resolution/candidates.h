// Rows worth comparing: those that share rare tokens.
#pragma once

#include <cstdint>
#include <vector>

#include "customers/resolution/records.h"

namespace amity::customers {

struct FoundRow {
  uint32_t row = 0;
  float alike = 0;  // the sum
};

// For each row up to `most` others, the most alike first by the sum of the rarities of what they share: whole values,
// words, sounds of names, three letters in a row, numbers with one digit left out. The rarest tokens of a row are
// looked at first and a bounded number of rows is visited for each, so that the work grows with the rows and not their
// square. With a `first_list` above 0 the others of a row are of the other list (ResolutionOptions).
std::vector<std::vector<FoundRow>> find_candidates(const Records& records, size_t most, size_t first_list);

}  // namespace amity::customers
