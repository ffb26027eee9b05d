// YAML in: definitions and configuration that people write, read as JSON values, so that one reader (base/json.h) names
// the place of what is wrong.
//
// Plain scalars become null, true/false, whole numbers or decimals where they look like one (YAML 1.2 core schema);
// quoted scalars stay text. Aliases, anchors, tags and duplicate keys are refused: a definition reads one way only.
#pragma once

#include <string_view>

#include "base/json.h"

namespace amity {

constexpr size_t kMaxYamlBytes = 1024 * 1024;

// Errors of syntax name the line and column.
Result<json::value> parse_yaml(std::string_view text);

}  // namespace amity
