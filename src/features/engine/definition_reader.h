// Definitions as people write them: YAML to Definition, with the file, feature and place of the first mistake.
#pragma once

#include <vector>

#include "features/definition.h"

namespace amity::features {

// Names with {aggregate} and {window} stand for one definition for each of the listed ones.
Result<std::vector<Definition>> read_definitions(const DefinitionFile& file);

// One canonical text of everything that determines the numbers and what they mean.
std::string canonical_text(const std::vector<Definition>& definitions);

}  // namespace amity::features
