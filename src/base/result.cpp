#include "base/result.h"

namespace amity {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::kInvalid: return "invalid";
    case Code::kUnauthenticated: return "unauthenticated";
    case Code::kForbidden: return "forbidden";
    case Code::kNotFound: return "not_found";
    case Code::kConflict: return "conflict";
    case Code::kUnprocessable: return "unprocessable";
    case Code::kLimit: return "limit";
    case Code::kUnavailable: return "unavailable";
    case Code::kTimeout: return "timeout";
    case Code::kInternal: return "internal";
  }
  return "internal";
}

Error Error::within(std::string_view outer) && {
  place.insert(0, outer);
  return std::move(*this);
}

std::string Error::text() const { return place.empty() ? message : message + " (at " + place + ")"; }

}  // namespace amity
