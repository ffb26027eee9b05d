// What a customer can be found by, as words; on disk only their keyed digests are kept.
#pragma once

#include <string>
#include <vector>

#include "customers/record.h"

namespace amity::customers {

// Words of a name (Han names: the whole and each pair of characters), digits of phones and numbers, references.
std::vector<std::string> search_words(const CustomerRecord& record);
// The words of what a person typed; each is looked for, the best match has most of them.
std::vector<std::string> query_words(std::string_view query);

}  // namespace amity::customers
