#include "base/unknown_field.h"

#include <string>

#include <fmt/format.h>

namespace amity {

std::unexpected<Error> unknown_field(size_t position, std::span<const std::string_view> known, std::string_view place) {
  const auto names = known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "));
  return invalid(fmt::format("field {} of this object is unknown; known here: {}", position, names),
                 std::string(place));
}

}  // namespace amity
