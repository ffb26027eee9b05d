#include "features/engine/definition_reader.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json.h"
#include "base/yaml.h"
#include "events/catalogue.h"

namespace amity::features {
namespace {

constexpr std::array<std::string_view, 13> kAggregates = {
    "count",   "sum",   "mean",   "standard_deviation", "min", "max", "last", "distinct", "time_since", "first_seen",
    "current", "ratio", "z_score"};

constexpr Duration kLongestWindow = days(365);
constexpr size_t kMaxNameBytes = 80;

// One feature as written: lists not yet multiplied out.
struct Written {
  Definition common;
  std::vector<std::string> aggregates;
  std::vector<std::string> windows;
};

std::vector<std::string> texts(JsonReader& in, std::string_view key, bool is_required) {
  if (!is_required && !in.has(key)) return in.any_or_null(key), std::vector<std::string>{};
  const json::value& value = in.any(key);
  std::vector<std::string> list;
  if (const auto* text = value.if_string()) list.emplace_back(*text);
  if (const auto* array = value.if_array()) {
    for (const auto& item : *array) {
      if (item.is_string()) list.emplace_back(item.get_string());
    }
    if (list.size() != array->size()) in.refuse(key, "a text or a list of texts is expected here");
  }
  if (list.empty()) in.refuse(key, "a text or a list of texts is expected here");
  return list;
}

Result<EntityKinds> read_kinds(const std::vector<std::string>& names) {
  using enum events::EntityKind;
  if (names.empty() || names.size() > 2) return invalid("one kind of entity or a pair is expected here");
  EntityKinds kinds;
  kinds.first = TRY(events::parse_entity_kind(names[0]));
  if (names.size() == 1) return kinds;
  kinds.second = TRY(events::parse_entity_kind(names[1]));
  const bool is_person_first = kinds.first == kCustomer || kinds.first == kAccount;
  const bool is_person_second = *kinds.second == kCustomer || *kinds.second == kAccount;
  if (!is_person_first || is_person_second) {
    return invalid("a pair is a customer or account with a card, device, merchant or counterparty, in this order");
  }
  return kinds;
}

bool is_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; };
  return !name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, fits) && name[0] >= 'a';
}

std::string filled(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

Result<Written> read_written(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Written written;
  Definition& common = written.common;
  common.name = in.text("name", 200);
  written.aggregates = texts(in, "aggregate", true);
  written.windows = texts(in, "window", false);
  const auto kinds = texts(in, "entity", false);
  common.on = texts(in, "on", false);
  common.where = in.text_or("where", "");
  common.value = in.text_or("value", "");
  common.decimals = static_cast<int>(in.integer_or("decimals", 0, 6, 0));
  const std::string delay = in.text_or("delay", "");
  common.at_most = static_cast<int>(in.integer_or("at_most", 1, 1024, 1024));
  common.numerator = in.text_or("numerator", "");
  common.denominator = in.text_or("denominator", "");
  if (in.has("scale"))
    common.scale = in.number("scale");
  else
    in.any_or_null("scale");
  common.unit = in.text_or("unit", "");
  JsonReader description(in.any("description"), place + "/description");
  common.description_zh = description.text("zh");
  common.description_en = description.text("en");
  if (!delay.empty()) {
    const auto parsed = parse_duration(delay);
    if (!parsed || parsed->us <= 0) in.refuse("delay", "a duration such as 7d is expected here");
    if (parsed) common.delay = *parsed;
  }
  if (!kinds.empty()) {
    const auto parsed = read_kinds(kinds);
    if (!parsed) in.refuse("entity", parsed.error().message);
    if (parsed) common.entity = *parsed;
  }
  std::ranges::sort(common.on);
  for (const auto& type : common.on) {
    if (events::find_type(type) == nullptr) in.refuse("on", "\"" + type + "\" is not a type of event in the catalogue");
  }
  if (std::ranges::adjacent_find(common.on) != common.on.end()) in.refuse("on", "a type of event stands twice here");
  TRY(in.finish());
  TRY(description.finish());
  const bool is_ratio = written.aggregates[0] == "ratio";
  if (is_ratio == !kinds.empty()) {
    return invalid(is_ratio ? "a ratio has the entities of its two features" : "this field is required",
                   place + "/entity");
  }
  return written;
}

struct Fault {
  std::string_view field;
  std::string_view message;
};

std::optional<Fault> fault_of_ratio(const Definition& d) {
  if (d.numerator.empty()) return Fault{"numerator", "the name of a feature is required"};
  if (d.denominator.empty()) return Fault{"denominator", "the name of a feature is required"};
  if (!d.on.empty()) return Fault{"on", "a ratio is made of two other features and sees no events"};
  if (!d.where.empty()) return Fault{"where", "a ratio is made of two other features and sees no events"};
  if (!d.value.empty()) return Fault{"value", "a ratio is made of two other features and sees no events"};
  if (!(d.scale > 0) || d.scale > 1e12) return Fault{"scale", "must be above 0 and at most 10^12"};
  return std::nullopt;
}

// What does not go together, whatever the events are.
std::optional<Fault> fault_of(const Definition& d) {
  using enum Aggregate;
  const bool is_bucketed = d.aggregate <= kMax || d.aggregate == kZScore;
  if (d.delay.us > 0 && (!is_bucketed || !d.window)) {
    return Fault{"delay", "only counts, sums, means, deviations, min, max and z_score over a window can be delayed"};
  }
  if (d.window && d.delay > *d.window) return Fault{"delay", "must not be longer than the window"};
  if (d.aggregate == kRatio) return fault_of_ratio(d);
  if (!d.numerator.empty()) return Fault{"numerator", "only a ratio has one"};
  if (!d.denominator.empty()) return Fault{"denominator", "only a ratio has one"};
  if (d.scale != 1) return Fault{"scale", "only a ratio has one"};
  if (d.on.empty()) return Fault{"on", "this field is required"};
  const bool may_lack_value = d.aggregate == kCount || d.aggregate == kTimeSince || d.aggregate == kFirstSeen;
  if (d.value.empty() && !may_lack_value) return Fault{"value", "this aggregate needs a value"};
  if (!d.value.empty() && d.aggregate == kTimeSince) return Fault{"value", "time_since has none; use where"};
  if (d.window && d.aggregate == kFirstSeen) return Fault{"window", "first_seen looks at the whole lifetime"};
  if (d.aggregate == kCurrent && d.window) return Fault{"window", "current is of the deciding event alone"};
  if (d.aggregate == kCurrent && !d.where.empty()) return Fault{"where", "current is of the deciding event alone"};
  return std::nullopt;
}

Result<Definition> make_one(const Written& written, const std::string& aggregate, const std::string& window,
                            const std::string& place) {
  Definition d = written.common;
  for (std::string* text : {&d.name, &d.numerator, &d.denominator, &d.description_zh, &d.description_en}) {
    *text = filled(filled(std::move(*text), "{aggregate}", aggregate), "{window}", window);
  }
  if (!is_name(d.name)) {
    return invalid(
        "a name has small letters, digits, _ and . and begins with a letter; {aggregate} and {window} stand "
        "for one each of a list",
        place + "/name");
  }
  const auto known = std::ranges::find(kAggregates, aggregate);
  if (known == kAggregates.end()) {
    return invalid(fmt::format("\"{}\" is no aggregate; there are {}", aggregate, fmt::join(kAggregates, ", ")),
                   place + "/aggregate");
  }
  d.aggregate = static_cast<Aggregate>(known - kAggregates.begin());
  const bool is_ratio = d.aggregate == Aggregate::kRatio;
  if (is_ratio && !window.empty() && written.common.name.find("{window}") == std::string::npos) {
    return invalid("a ratio has the windows of its two features", place + "/window");
  }
  if (!is_ratio && !window.empty() && window != "lifetime") {
    const auto length = parse_duration(window);
    if (!length || *length < minutes(1) || *length > kLongestWindow) {
      return invalid("a window is a duration from 1m to 365d, or lifetime", place + "/window");
    }
    d.window = *length;
  }
  if (const auto fault = fault_of(d))
    return invalid(std::string(fault->message), fmt::format("{}/{}", place, fault->field));
  return d;
}

Result<std::vector<Definition>> multiply_out(Written written, const std::string& place) {
  if (written.windows.empty()) written.windows = {""};
  std::vector<Definition> definitions;
  for (const auto& aggregate : written.aggregates) {
    for (const auto& window : written.windows) {
      definitions.push_back(TRY(make_one(written, aggregate, window, place)));
    }
  }
  return definitions;
}

// Says which feature of which file, before the place inside it.
Error named(Error error, const DefinitionFile& file, const json::value& feature) {
  const auto* object = feature.if_object();
  const auto* name = object ? object->if_contains("name") : nullptr;
  const auto* text = name ? name->if_string() : nullptr;
  const std::string_view shown = text ? std::string_view(*text).substr(0, kMaxNameBytes) : "without a name";
  return std::move(error).within(fmt::format("{} {} ", file.name, shown));
}

}  // namespace

std::string_view name_of(Aggregate aggregate) { return kAggregates[static_cast<size_t>(aggregate)]; }

Result<std::vector<Definition>> read_definitions(const DefinitionFile& file) {
  auto document = parse_yaml(file.text);
  if (!document) return std::unexpected(std::move(document).error().within(file.name + " "));
  JsonReader in(*document, file.name + " ");
  const json::array& features = in.array("features");
  TRY(in.finish());
  std::vector<Definition> definitions;
  for (size_t i = 0; i < features.size(); ++i) {
    const std::string place = fmt::format("/features/{}", i);
    auto written = read_written(features[i], place);
    if (!written) return std::unexpected(named(std::move(written).error(), file, features[i]));
    auto made = multiply_out(*std::move(written), place);
    if (!made) return std::unexpected(named(std::move(made).error(), file, features[i]));
    for (auto& definition : *made) definitions.push_back(std::move(definition));
  }
  return definitions;
}

std::string canonical_text(const std::vector<Definition>& definitions) {
  json::array list;
  for (const auto& d : definitions) {
    json::array on;
    for (const auto& type : d.on) on.emplace_back(type);
    list.push_back(json::object{{"name", d.name},
                                {"entity", name_of(d.entity)},
                                {"on", std::move(on)},
                                {"where", d.where},
                                {"value", d.value},
                                {"decimals", d.decimals},
                                {"aggregate", name_of(d.aggregate)},
                                {"window_us", d.window ? json::value(d.window->us) : json::value(nullptr)},
                                {"delay_us", d.delay.us},
                                {"at_most", d.at_most},
                                {"numerator", d.numerator},
                                {"denominator", d.denominator},
                                {"scale", d.scale},
                                {"unit", d.unit}});
  }
  return write_json(json::object{{"engine", 1}, {"features", std::move(list)}});
}

}  // namespace amity::features
