// Training sets and as-of questions: the log replayed through the live code, in memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "features/definition.h"

namespace amity::features {

// The engine in memory, without a table: what training, as-of questions, simulation and tests use. One thread.
class MemoryFeatures {
 public:
  // Without a history a read older than what was applied is `unprocessable`.
  explicit MemoryFeatures(FeatureSet set, History history = nullptr);
  ~MemoryFeatures();
  MemoryFeatures(MemoryFeatures&&) noexcept;

  Result<void> apply(const events::Event& event);
  Result<FeatureRow> read(const Moment& moment, const Selection& which);
  // Whether `read` at this moment can be answered from what was applied, without History.
  bool is_current(const Moment& moment, const Selection& which) const;
  // The canonical state of an entity, as it would be stored unsealed; empty where it has none.
  Bytes state_of(const EntityKey& key) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Which events are samples, and what later turned out about them.
struct TrainingSpec {
  std::vector<std::string> sample_on;    // event types: a row is taken at each, as of that event
  std::string sample_where;              // CEL over `event`; empty: all
  std::string sample_key;                // field path of the key labels name, or "event.id"
  std::vector<std::string> label_on;     // event types that carry the label
  std::string label_key;                 // field path of the sample's key in them
  std::string label_value;               // CEL over `event`: a boolean or a number; no value: says nothing
  std::optional<Duration> label_within;  // counts only labels at most so long after the sample
  events::EntityKind group = events::EntityKind::kCustomer;  // rows of one group never stand on both sides of a split
  Selection features;
};

struct TrainingSet {
  std::vector<std::string> names;  // of the columns
  std::vector<double> values;      // rows * columns, row-major; NaN: unknown
  std::vector<double> labels;      // the newest label of each row by (time, seq)
  std::vector<int64_t> seqs;       // of the sample events
  std::vector<Timestamp> times;    // of the sample events
  std::vector<std::string> keys;   // of the samples
  std::vector<Uuid> groups;        // nil where the event has no entity of the kind
  size_t row_count() const { return seqs.size(); }
};

// One pass over the log up to `up_to_seq`, and a second only where samples came late. Rows without a label are left
// out. invalid: an expression or a path of the spec does not fit.
Result<TrainingSet> build_training_set(const FeatureSet& set, const TrainingSpec& spec, const Scan& scan,
                                       int64_t up_to_seq);

// The features of many moments at once, by passes over the log: row i belongs to moments[i].
Result<std::vector<FeatureRow>> read_as_of(const FeatureSet& set, std::span<const Moment> moments,
                                           const Selection& which, const Scan& scan);

}  // namespace amity::features
