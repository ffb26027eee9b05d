#include "tests/scenarios/scenario.h"

#include <iterator>

#include <fmt/format.h>

#include "base/yaml.h"

namespace amity::scenarios {
namespace {

constexpr std::string_view kUsualNow = "2024-06-01T12:00:00Z";

Result<void> add_steps(std::vector<Step>& steps, const json::value& list, std::string_view part) {
  if (list.is_null()) return {};
  if (!list.is_array()) return invalid("a list of steps is expected", "/" + std::string(part));
  for (const auto& item : list.get_array()) {
    const auto* step = item.if_object();
    if (step == nullptr || step->empty()) return invalid("a step is one verb with its input", "/" + std::string(part));
    steps.push_back({std::string(step->begin()->key()), item});
  }
  return {};
}

bool equal_numbers(const json::value& expected, const json::value& actual) {
  if (!expected.is_number() || !actual.is_number()) return false;
  return expected.to_number<double>() == actual.to_number<double>();
}

}  // namespace

Result<Scenario> parse_scenario(std::string_view text) {
  const auto value = TRY(parse_yaml(text));
  JsonReader in(value, "");
  Scenario scenario;
  scenario.proves = in.text("proves");
  const auto now = in.text_or("now", kUsualNow);
  const auto& files = in.any_or_null("institution");
  const auto& given = in.any_or_null("given");
  const auto& when = in.any_or_null("when");
  const auto& then = in.any_or_null("then");
  TRY(in.finish());
  scenario.now = TRY(parse_moment(now));
  if (const auto* named = files.if_object()) {
    for (const auto& file : *named) scenario.files[std::string(file.key())] = std::string(file.value().as_string());
  }
  if (!given.is_null()) scenario.steps.push_back({"given", json::object{{"given", given}}});
  TRY(add_steps(scenario.steps, when, "when"));
  TRY(add_steps(scenario.steps, then, "then"));
  return scenario;
}

namespace {

// `each: [first, last]`: one entry for each number, in the place of every {n} of its texts.
Result<std::vector<events::Event>> parse_each(json::object entry, const EventDefaults& defaults) {
  const auto bounds = entry.at("each");
  entry.erase("each");
  const bool is_range = bounds.is_array() && bounds.get_array().size() == 2 && bounds.get_array()[0].is_int64() &&
                        bounds.get_array()[1].is_int64();
  if (!is_range) return invalid("the first and the last number are expected", "/" + defaults.id + "/each");
  std::vector<events::Event> events;
  for (int64_t n = bounds.get_array()[0].get_int64(); n <= bounds.get_array()[1].get_int64(); ++n) {
    const auto number = std::to_string(n);
    auto text = write_json(entry);
    for (size_t at = 0; (at = text.find("{n}", at)) != std::string::npos;) text.replace(at, 3, number);
    const auto one = TRY(parse_json(text));
    auto made = TRY(parse_events(one, {defaults.time, defaults.id + "-" + number, defaults.is_history}));
    std::move(made.begin(), made.end(), std::back_inserter(events));
  }
  return events;
}

// {"at_least": 0.2, "at_most": 0.4} holds what lies between.
bool is_between(const json::object& bounds, const json::value& actual) {
  const double value = actual.to_number<double>();
  return value >= bounds.at("at_least").to_number<double>() && value <= bounds.at("at_most").to_number<double>();
}

}  // namespace

Result<std::vector<events::Event>> parse_events(const json::value& entry, const EventDefaults& defaults) {
  if (entry.is_object() && entry.get_object().contains("each")) return parse_each(entry.get_object(), defaults);
  JsonReader in(entry, "/" + defaults.id);
  const auto id = in.text_or("id", defaults.id);
  const auto source = in.text_or("source", "scenario");
  const auto type = in.text("type");
  const auto subject = in.text("subject");
  const auto time = in.text_or("time", format(defaults.time));
  const auto times = in.integer_or("repeat", 1, 1000, 1);
  const auto every = in.text_or("every", "1d");
  const auto& data = in.any_or_null("data");
  TRY(in.finish());
  const auto first = TRY(parse_moment(time));
  const auto step = TRY(parse_duration(every));
  std::vector<events::Event> events;
  for (int64_t i = 0; i < times; ++i) {
    auto made = events::make_event({.source = source,
                                    .id = times == 1 ? id : fmt::format("{}-{}", id, i + 1),
                                    .type = type,
                                    .subject = TRY(events::parse_reference(subject)),
                                    .time = first + Duration{step.us * i},
                                    .data = data.is_null() ? json::object() : data.as_object(),
                                    .is_history = defaults.is_history});
    if (!made) return std::unexpected(std::move(made).error().within("/" + id));
    events.push_back(*std::move(made));
  }
  return events;
}

std::string first_difference(const json::value& expected, const json::value& actual, const std::string& place) {
  if (const auto* fields = expected.if_object(); fields != nullptr && actual.is_object()) {
    for (const auto& field : *fields) {
      const auto below = place + "/" + std::string(field.key());
      const auto* found = actual.get_object().if_contains(field.key());
      if (found == nullptr && field.value().is_null()) continue;
      if (found == nullptr) return below + ": expected " + write_json(field.value()) + ", but it is absent";
      if (auto difference = first_difference(field.value(), *found, below); !difference.empty()) return difference;
    }
    return {};
  }
  if (expected.is_object() && expected.get_object().contains("at_least") && actual.is_number()) {
    if (is_between(expected.get_object(), actual)) return {};
  }
  if (equal_numbers(expected, actual) || write_json(expected) == write_json(actual)) return {};
  return place + ": expected " + write_json(expected) + ", but it is " + write_json(actual);
}

}  // namespace amity::scenarios
