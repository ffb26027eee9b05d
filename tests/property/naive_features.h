// Features computed straight from their definitions over the plain list of events, written apart from the engine: what
// its values are compared with. And the random streams of events to compare them on.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/random.h"
#include "features/definition.h"

namespace amity::features {

using events::Entity;
using events::EntityKind;
using events::Event;

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// What a definition says, for the naive computation: plain functions instead of expressions.
struct Told {
  std::string name;
  std::string entity;  // as in YAML
  std::string aggregate;
  std::string where;
  std::string value;
  std::string window;
  std::string delay;
  int at_most = 1024;
  int numerator = -1;  // of a ratio: positions in the list
  int denominator = -1;
  double scale = 1;
};

inline std::vector<Told> told_definitions() {
  std::vector<Told> all;
  const auto add = [&](Told told) {
    told.name = fmt::format("f{:03}", all.size());
    all.push_back(std::move(told));
  };
  const std::string amount = "amount.amount_minor";
  const std::string debit = "event.direction == 'debit'";
  for (const char* entity : {"account", "customer", "card", "device", "merchant", "counterparty",
                             "[customer, merchant]", "[account, counterparty]"}) {
    for (const char* window : {"1m", "1h", "7d", "30d", "90d", "365d", ""}) {
      for (const char* aggregate : {"count", "sum", "mean", "standard_deviation", "min", "max", "last", "z_score"}) {
        add({"", entity, aggregate, "", amount, window, ""});
      }
    }
    add({"", entity, "count", debit, "", "1d", ""});
    add({"", entity, "sum", debit, amount, "52w", ""});
    add({"", entity, "time_since", debit, "", "", ""});
    add({"", entity, "time_since", "", "", "12h", ""});
    add({"", entity, "first_seen", "", "", "", ""});
    add({"", entity, "first_seen", "", "country", "", "", 3});
    add({"", entity, "first_seen", debit, "country", "", ""});
    add({"", entity, "distinct", "", "country", "1h", ""});
    add({"", entity, "distinct", debit, "country", "30d", "", 3});
    add({"", entity, "distinct", "", "country", "", "", 2});
    add({"", entity, "distinct", "", amount, "365d", "", 16});
    add({"", entity, "mean", "", amount, "30d", "7d"});
    add({"", entity, "z_score", debit, amount, "1h", "10m"});
    add({"", entity, "max", "", amount, "1d", "1d"});
  }
  add({"", "account", "current", "", amount, "", ""});
  // Of the same entity and of two, of zero and of what is not known.
  const int known = static_cast<int>(all.size());
  for (int i = 0; i < 60; ++i) {
    Told ratio;
    ratio.aggregate = "ratio";
    ratio.numerator = i * 97 % known;
    ratio.denominator = (i * 89 + 3) % known;
    if (i % 3 == 1) ratio.scale = 100;
    if (i % 3 == 2) ratio.scale = 0.001;
    add(std::move(ratio));
  }
  return all;
}

inline std::string yaml_of(const std::vector<Told>& all) {
  std::string yaml = "features:\n";
  const auto line = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) yaml += fmt::format("    {}: {}\n", key, value);
  };
  for (const auto& told : all) {
    yaml += fmt::format("  - name: {}\n", told.name);
    line("aggregate", told.aggregate);
    line("description", "{ zh: 数, en: a number }");
    if (told.aggregate == "ratio") {
      line("numerator", all[static_cast<size_t>(told.numerator)].name);
      line("denominator", all[static_cast<size_t>(told.denominator)].name);
      line("scale", fmt::format("{}", told.scale));
      continue;
    }
    line("entity", told.entity);
    line("on", "transaction.posted");
    line("where", told.where.empty() ? "" : fmt::format("\"{}\"", told.where));
    line("value", told.value);
    line("window", told.window);
    line("delay", told.delay);
    line("at_most", std::to_string(told.at_most));
  }
  return yaml;
}

// ---- the naive computation ----

inline int64_t us_of(const std::string& text) { return text.empty() ? 0 : parse_duration(text)->us; }

inline int64_t bucket_width(int64_t window_us) {
  const int64_t s = 1'000'000, m = 60 * s, h = 60 * m, d = 24 * h;
  for (const int64_t width : {s,      2 * s, 5 * s, 10 * s, 15 * s, 30 * s, m, 2 * m, 5 * m, 10 * m, 15 * m,
                              30 * m, h,     2 * h, 3 * h,  6 * h,  12 * h, d, 2 * d, 3 * d, 7 * d,  14 * d}) {
    if (64 * width >= window_us) return width;
  }
  return 0;
}

inline int64_t start_of_bucket(int64_t time, int64_t width) { return time - ((time % width) + width) % width; }

// Whether an event at `then` counts in the window at `now`, by the edges of the buckets in time.
inline bool is_in_window(int64_t then, int64_t now, int64_t window, int64_t delay) {
  if (window == 0) return true;
  const int64_t width = bucket_width(window);
  int64_t end = start_of_bucket(now - delay, width) + (delay > 0 ? 0 : width);
  int64_t begin = end;
  for (int64_t covered = 0; covered < window; covered += width) begin -= width;
  return begin <= then && then < end;
}

inline std::optional<Entity> first_of(const Event& event, std::string_view kind) {
  for (const auto& entity : event.entities) {
    if (events::name_of(entity.kind) == kind) return entity;
  }
  return std::nullopt;
}

inline std::vector<std::string> kinds_in(const std::string& entity) {
  if (entity[0] != '[') return {entity};
  const size_t comma = entity.find(',');
  return {entity.substr(1, comma - 1), entity.substr(comma + 2, entity.size() - comma - 3)};
}

inline std::optional<int64_t> amount_of(const Event& event) {
  return event.data.at("amount").at("amount_minor").as_int64();
}
inline std::optional<std::string> country_of(const Event& event) {
  const auto* country = event.data.if_contains("country");
  return country ? std::optional(std::string(country->as_string())) : std::nullopt;
}

struct Seen {
  int64_t time = 0;
  int64_t seq = 0;
  int64_t amount = 0;
  std::optional<std::string> country;
  bool is_debit = false;
  std::set<std::pair<int, Uuid>> touches;
};

inline double spread(const std::vector<int64_t>& x) {
  if (x.size() < 2) return kUnknown;
  __extension__ unsigned __int128 pairs = 0;  // sum over all pairs of squared differences = n * Q - S * S
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      __extension__ const __int128 gap = x[i] - x[j];
      pairs += static_cast<decltype(pairs)>(gap * gap);
    }
  }
  const double n = static_cast<double>(x.size());
  return std::sqrt(static_cast<double>(pairs) / (n * (n - 1)));
}

inline double average(const std::vector<int64_t>& x) {
  int64_t sum = 0;
  for (const int64_t v : x) sum += v;
  return x.empty() ? kUnknown : static_cast<double>(sum) / static_cast<double>(x.size());
}

inline double naive_plain(const Told& told, const Event& now, const std::vector<Seen>& log) {
  if (told.aggregate == "current") return static_cast<double>(*amount_of(now));
  std::vector<Entity> wanted;
  for (const auto& kind : kinds_in(told.entity)) {
    const auto entity = first_of(now, kind);
    if (!entity) return kUnknown;
    wanted.push_back(*entity);
  }
  const int64_t window = us_of(told.window), delay = us_of(told.delay), t = now.time.us;
  const bool looks_at_country = told.value == "country";
  std::vector<const Seen*> past;
  for (const auto& seen : log) {
    if (seen.seq >= now.seq || seen.time > t) continue;
    if (!told.where.empty() && !seen.is_debit) continue;
    if (looks_at_country && !seen.country) continue;
    const bool touches = std::ranges::all_of(
        wanted, [&](const Entity& e) { return seen.touches.contains({static_cast<int>(e.kind), e.id}); });
    if (touches) past.push_back(&seen);
  }
  std::ranges::sort(past, {}, [](const Seen* s) { return std::pair(s->time, s->seq); });
  const auto age = [&](int64_t then) { return static_cast<double>(t - then) / 1e6; };
  if (told.aggregate == "first_seen" && !looks_at_country) return past.empty() ? kUnknown : age(past.front()->time);
  if (told.aggregate == "first_seen") {
    // Of the countries only the `at_most` first ones are remembered; generated times never tie between countries.
    std::vector<std::string> order;
    for (const auto* seen : past) {
      if (std::ranges::find(order, *seen->country) == order.end()) order.push_back(*seen->country);
    }
    const auto mine = country_of(now);
    const auto rank = mine ? std::ranges::find(order, *mine) - order.begin() : 0;
    if (!mine || rank >= static_cast<std::ptrdiff_t>(order.size()) || rank >= told.at_most) return kUnknown;
    for (const auto* seen : past) {
      if (seen->country == mine) return age(seen->time);
    }
  }
  if (told.aggregate == "last" || told.aggregate == "time_since") {
    if (past.empty() || !is_in_window(past.back()->time, t, window, 0)) return kUnknown;
    return told.aggregate == "last" ? static_cast<double>(past.back()->amount) : age(past.back()->time);
  }
  std::erase_if(past, [&](const Seen* seen) { return !is_in_window(seen->time, t, window, delay); });
  if (told.aggregate == "distinct") {
    std::set<std::string> values;
    for (const auto* seen : past) values.insert(looks_at_country ? *seen->country : std::to_string(seen->amount));
    return static_cast<double>(std::min<size_t>(values.size(), static_cast<size_t>(told.at_most)));
  }
  std::vector<int64_t> x;
  for (const auto* seen : past) x.push_back(seen->amount);
  if (told.aggregate == "count") return static_cast<double>(x.size());
  if (told.aggregate == "mean") return average(x);
  if (told.aggregate == "standard_deviation") return spread(x);
  if (told.aggregate == "z_score") {
    const double deviation = spread(x);
    return deviation > 0 ? (static_cast<double>(*amount_of(now)) - average(x)) / deviation : kUnknown;
  }
  if (told.aggregate == "sum") {
    int64_t sum = 0;
    for (const int64_t v : x) sum += v;
    return static_cast<double>(sum);
  }
  if (x.empty()) return kUnknown;
  return static_cast<double>(told.aggregate == "min" ? *std::ranges::min_element(x) : *std::ranges::max_element(x));
}

// `all[which]` at this event.
inline double naive(const std::vector<Told>& all, size_t which, const Event& now, const std::vector<Seen>& log) {
  const Told& told = all[which];
  if (told.aggregate != "ratio") return naive_plain(told, now, log);
  const double over = naive_plain(all[static_cast<size_t>(told.numerator)], now, log);
  const double under = naive_plain(all[static_cast<size_t>(told.denominator)], now, log);
  return under == 0 ? kUnknown : over / under * told.scale;
}

inline std::string described(const Told& told) {
  return fmt::format("{} {} {} where '{}' of '{}' window '{}'", told.name, told.entity, told.aggregate, told.where,
                     told.value, told.window);
}

// ---- random streams ----

inline Uuid id_of(EntityKind kind, uint64_t number) {
  Uuid id;
  id.bytes[0] = static_cast<uint8_t>(kind);
  id.bytes[15] = static_cast<uint8_t>(number);
  return id;
}

// Late, out-of-order and equal times; jumps from seconds to months; joint accounts; now and then no card or merchant.
inline std::vector<Event> random_stream(Random random, size_t count) {
  constexpr std::string_view kCountries[] = {"CN", "CZ", "DE", "FR", "JP", "US"};
  std::vector<Event> stream;
  int64_t now = 1'700'000'000'000'000 - static_cast<int64_t>(random.below(1'000'000'000'000));
  const int64_t scales[] = {1, 1'000'000, 30'000'000, 3'600'000'000, 86'400'000'000, 2'000'000'000'000};
  for (size_t i = 0; i < count; ++i) {
    const int64_t scale = scales[random.below(6)];
    now += static_cast<int64_t>(random.below(static_cast<uint64_t>(scale))) + 1;
    Event event;
    event.type = "transaction.posted";
    event.id = std::to_string(i);
    event.seq = static_cast<int64_t>(i) + 1;
    event.time = {now};
    if (random.chance(0.2)) event.time = {now - static_cast<int64_t>(random.below(static_cast<uint64_t>(scale) * 20))};
    if (random.chance(0.05) && !stream.empty()) event.time = stream[random.below(stream.size())].time;
    event.data["amount"] = json::object{
        {"amount_minor", static_cast<int64_t>(random.below(random.chance(0.5) ? 20 : 1'000'000))}, {"currency", "CNY"}};
    event.data["direction"] = random.chance(0.6) ? "debit" : "credit";
    const uint64_t account = random.below(4);
    event.entities.push_back({EntityKind::kAccount, id_of(EntityKind::kAccount, account)});
    event.entities.push_back({EntityKind::kCustomer, id_of(EntityKind::kCustomer, account)});
    if (account < 2) event.entities.push_back({EntityKind::kCustomer, id_of(EntityKind::kCustomer, 3 - account)});
    if (random.chance(0.7))
      event.entities.push_back({EntityKind::kMerchant, id_of(EntityKind::kMerchant, random.below(3))});
    if (random.chance(0.5)) event.entities.push_back({EntityKind::kCard, id_of(EntityKind::kCard, account)});
    if (random.chance(0.4))
      event.entities.push_back({EntityKind::kCounterparty, id_of(EntityKind::kCounterparty, random.below(3))});
    if (random.chance(0.4))
      event.entities.push_back({EntityKind::kDevice, id_of(EntityKind::kDevice, random.below(3))});
    const bool repeats_time = std::ranges::find(stream, event.time, &Event::time) != stream.end();
    if (random.chance(0.8) && !repeats_time) event.data["country"] = kCountries[random.below(6)];
    stream.push_back(std::move(event));
  }
  return stream;
}

inline Seen seen_of(const Event& event) {
  Seen seen{event.time.us, event.seq, *amount_of(event), country_of(event), event.data.at("direction") == "debit", {}};
  for (const auto& entity : event.entities) seen.touches.insert({static_cast<int>(entity.kind), entity.id});
  return seen;
}

inline bool same_bits(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

inline History history_of(const std::vector<Event>& stream) {
  return [&stream](const Entity& entity, int64_t max_seq, Timestamp max_time, const EachEvent& each) -> Result<void> {
    for (const auto& event : stream) {
      if (event.seq > max_seq || event.time > max_time) continue;
      if (std::ranges::find(event.entities, entity) != event.entities.end()) TRY(each(event));
    }
    return {};
  };
}

}  // namespace amity::features
