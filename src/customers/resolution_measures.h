// How well what resolution found agrees with what is known to be true.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "customers/resolution.h"

namespace amity::customers {

// A share with its 95 % interval.
struct Measured {
  double value = 1;
  double low = 0;
  double high = 1;
};

struct ResolutionMeasures {
  int64_t true_groups = 0;  // of two rows and more
  int64_t true_pairs = 0;
  int64_t found_pairs = 0;
  int64_t right_pairs = 0;
  // Of all (row, other row of the same one) the share where the other is among the row's candidates. Where two lists
  // are compared: of the rows of the first list.
  Measured candidate_recall;
  Measured precision;
  Measured recall;
  Measured f1;  // its interval follows from that of right / (found or true), of which it is a function
};

// `truth` tells for each row who it is; a blank one is nobody else. Pairs of one group depend on each other, so the
// intervals (Wilson 1927) take as many observations as there are true groups, not pairs, where these are fewer.
ResolutionMeasures measure(const std::vector<std::string>& truth, const Resolution& found, size_t first_list);

// Wilson's score interval at 95 % of `right` out of `all`, as if of `observations`.
Measured wilson(int64_t right, int64_t all, int64_t observations);

}  // namespace amity::customers
