// Which build of the program this is: recorded with every model it trains.
#pragma once

#include <string>

namespace amity::app {
std::string build_id();  // "0.1.0+3d1134f"
}
