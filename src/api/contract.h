// Holds the route table against openapi.yaml, both ways: what is not documented does not exist, and the reverse.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/router.h"
#include "base/json.h"

namespace amity::api {

// One line per difference, empty where table and document agree on: paths and methods, the names of path parameters,
// x-permission, which operations are open (`security: []`), which take (or need) an Idempotency-Key, and the names of
// query values.
std::vector<std::string> contract_differences(std::span<const Route> routes, const json::value& openapi);

}  // namespace amity::api
