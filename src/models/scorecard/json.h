// The scorecard's part of an artefact (docs/formats/model.md).
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "models/scorecard.h"

namespace amity::models {

json::object write_scorecard(const Scorecard& card);
// invalid, with a JSON pointer below `place`. What scoring relies on is checked by check_scorecard.
Result<Scorecard> read_scorecard(const json::value& value, const std::string& place);

}  // namespace amity::models
