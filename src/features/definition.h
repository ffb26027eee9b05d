// What an event looks like in numbers: the features an institution defines, and how they are computed.
//
// A feature is a number about one entity (a customer, an account, a card, ...) or a pair of them, computed from the
// events that touch it: a count, a sum, a mean over a window, the time since something last happened. An institution
// declares them in institution/features/*.yaml; FeatureSet::parse checks and compiles them once. Then events pass:
//
//   events in seq order -> read (the past strictly before this event) -> apply (this event becomes part of the past)
//
// in features/store.h for live traffic, in features/training.h for training sets and as-of questions, both through the
// same code. What holds everywhere (docs/features.md has it in full):
//
// AS OF. A read for an event with seq s and time t sees exactly the events with seq < s and time <= t.
// WINDOWS are aligned buckets, at most 64 a window: the bucket width is the smallest of 1s 2s 5s 10s 15s 30s, 1m 2m 5m
//   10m 15m 30m, 1h 2h 3h 6h 12h, 1d 2d 3d, 1w 2w with window / width <= 64. At time t the window covers the bucket
//   that holds t and those before it, ceil(window / width) in all. With a delay d only buckets that ended at t - d or
//   before count.
// ORDER does not matter: counts and sums are integers (128 bits), means and deviations are computed from them once,
// when
//   read; `last` takes the greatest (time, seq). A late event counts in its own bucket as if it had come in time.
// NaN means unknown: no event to compute from, a division by zero, a deciding event without the value.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"
#include "base/time.h"
#include "events/event.h"

namespace amity::features {

enum class Aggregate : uint8_t {
  kCount,
  kSum,
  kMean,
  kStandardDeviation,  // of a sample: n - 1
  kMin,
  kMax,
  kLast,       // value of the newest event by (time, seq)
  kDistinct,   // how many different values; exact below `at_most`, equal to it where there are at least so many
  kTimeSince,  // seconds since the newest event
  kFirstSeen,  // seconds since the first event; with a value: since the first event with the deciding event's value
  kCurrent,    // the value of the deciding event itself
  kRatio,      // numerator / denominator * scale
  kZScore,     // (value of the deciding event - mean) / standard deviation of the past in the window
};
std::string_view name_of(Aggregate aggregate);  // "standard_deviation"

// One kind, or a pair: what two entities have to do with each other. In a pair the person's side (customer or account)
// stands first; the state of a pair is sealed with the first one's key and dies with it.
struct EntityKinds {
  events::EntityKind first = events::EntityKind::kCustomer;
  std::optional<events::EntityKind> second;
  auto operator<=>(const EntityKinds&) const = default;
};
std::string name_of(const EntityKinds& kinds);  // "customer", "customer+merchant"

struct Definition {
  std::string name;  // "account.debit_sum_30d"
  EntityKinds entity;
  std::vector<std::string> on;  // event types
  std::string where;            // CEL over `event`; empty: every event of the types
  std::string value;            // a field path ("amount.amount_minor") or CEL over `event`
  int decimals = 0;             // digits of the value that are kept after the point: sums are exact integers
  Aggregate aggregate = Aggregate::kCount;
  std::optional<Duration> window;  // nothing: lifetime
  Duration delay;                  // labels become known only after this long
  int at_most = 1024;              // of distinct values and keys of first_seen that are told apart
  std::string numerator;           // names of other features (ratio)
  std::string denominator;
  double scale = 1;  // of a ratio
  std::string unit;  // "CNY minor units", "transactions", "seconds", "" for a bare number
  std::string description_zh;
  std::string description_en;
};

struct DefinitionFile {
  std::string name;  // "account.yaml": stands in errors
  std::string text;
};

class Plan;  // the compiled form, private to this room

// Which features of a set a reader wants, in which order: made by FeatureSet::select.
using Selection = std::vector<int>;

// A checked and compiled set of definitions. Copies share one immutable compiled form; any thread.
class FeatureSet {
 public:
  // `invalid` with place "account.yaml /features/3 account.debits_30d /window" (or the like) for the first mistake.
  static Result<FeatureSet> parse(std::span<const DefinitionFile> files);

  std::span<const Definition> definitions() const;
  // Of the canonical form of all definitions in name order: equal where nothing that changes a number or its meaning
  // differs. File names, order and white space do not matter; descriptions do not either.
  const Digest& fingerprint() const;
  // Positions in definitions(); not_found names the feature.
  Result<Selection> select(std::span<const std::string> names) const;
  Selection all() const;
  const Plan& plan() const { return *plan_; }

 private:
  explicit FeatureSet(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}
  std::shared_ptr<const Plan> plan_;
};

// One entity or pair as the engine addresses it. `id` of a pair is a digest of both; `owner` is the first one.
struct EntityKey {
  EntityKinds kinds;
  Uuid id;
  Uuid owner;
  bool operator==(const EntityKey& other) const { return kinds == other.kinds && id == other.id; }
};
EntityKey key_of(const events::Entity& entity);
EntityKey key_of(const events::Entity& first, const events::Entity& second);

// A moment to be looked at: for an event, or made up for a question ("this account on that date"). Features about an
// entity read the first entity of their kind in `entities`; a pair the first of each kind.
struct Moment {
  std::span<const events::Entity> entities;
  int64_t before_seq = INT64_MAX;        // only events with a lower seq
  Timestamp time;                        // only events at this time or before
  const events::Event* event = nullptr;  // the deciding event for current, z_score and keyed first_seen; else unknown
  // Others who are one with the first customer of `entities` (customers/links.h): their events count as that
  // customer's, each event once.
  std::span<const events::Entity> merged = {};
};
Moment moment_of(const events::Event& event, std::span<const events::Entity> merged = {});

// One value per selected feature, in the selection's order; NaN: unknown.
using FeatureRow = std::vector<double>;

using EachEvent = std::function<Result<void>(const events::Event&)>;
// The events of the log that touch `entity` with seq <= max_seq and time <= max_time, each once, in any order, with the
// entities they were appended with.
using History = std::function<Result<void>(const events::Entity& entity, int64_t max_seq, Timestamp max_time,
                                           const EachEvent& each)>;
// Every event of the log with seq > after_seq and <= up_to_seq, in seq order.
using Scan = std::function<Result<void>(int64_t after_seq, int64_t up_to_seq, const EachEvent& each)>;

}  // namespace amity::features
