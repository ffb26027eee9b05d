// How alike two short texts are.
#pragma once

#include <string_view>

namespace amity::customers {

// Jaro's similarity with Winkler's bonus for a common beginning (Winkler 1990), 0 to 1, over bytes.
double jaro_winkler(std::string_view left, std::string_view right);

// Insertions, deletions, substitutions and exchanges of neighbours (optimal string alignment) between two texts, at
// most `most` + 1: what lies beyond is not counted.
int edits_between(std::string_view left, std::string_view right, int most);

}  // namespace amity::customers
