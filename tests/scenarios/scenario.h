// A scenario as it stands in its file (README.md): what it proves, what happens and what is expected.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "events/event.h"

namespace amity::scenarios {

// One thing that is done: its name ("submit") and what it is done with.
struct Step {
  std::string verb;
  json::value with;
};

struct Scenario {
  std::string proves;
  Timestamp now;                             // the clock at the start
  std::map<std::string, std::string> files;  // definitions of the institution instead of the embedded ones
  std::vector<Step> steps;                   // given, when and then, in their order
};

// Errors name the place in the file.
Result<Scenario> parse_scenario(std::string_view text);

struct EventDefaults {
  Timestamp time;
  std::string id;  // a number is put behind it where several events come from one entry
  bool is_history = false;
};
// One entry of a list of events; `repeat` and `every`, and `each`, make several of it.
Result<std::vector<events::Event>> parse_events(const json::value& entry, const EventDefaults& defaults);

// Whether `expected` is contained in `actual`: objects by their named fields (null: absent), numbers by bounds where
// they are given ({at_least, at_most}), everything else exactly.
// The place of the first difference with both values, or empty.
std::string first_difference(const json::value& expected, const json::value& actual, const std::string& place = "");

}  // namespace amity::scenarios
