// The network's part of an artefact (docs/formats/model.md).
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "models/network.h"

namespace amity::models {

json::object write_network(const Network& network);
// invalid, with a JSON pointer below `place`. What scoring relies on is checked by check_network.
Result<Network> read_network(const json::value& value, const std::string& place);

}  // namespace amity::models
