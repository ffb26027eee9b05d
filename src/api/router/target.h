// A request target in origin form (RFC 9112 section 3.2.1), taken apart and decoded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/message.h"
#include "base/result.h"

namespace amity::api {

constexpr size_t kTargetBytesMax = 8 * 1024;

struct Target {
  std::vector<std::string> segments;  // "/v1/customers/5%2F6" -> "v1", "customers", "5/6"; "/" -> none
  Fields query;                       // '+' is a space (WHATWG URL section 5.1)
};

// Refused as invalid: fragments, bytes that are not visible ASCII, broken percent-encoding, text that is not UTF-8 or
// holds control characters, empty and dot segments, a query name that comes twice.
Result<Target> parse_target(std::string_view target);

bool is_plain_utf8(std::string_view text);  // well-formed (RFC 3629), no control characters

}  // namespace amity::api
