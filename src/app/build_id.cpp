#include "app/build_id.h"

namespace amity::app {
std::string build_id() { return AMITY_BUILD_ID; }
}  // namespace amity::app
