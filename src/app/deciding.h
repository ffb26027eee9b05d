// How one event is decided, from what is known strictly before it: the same for the live way, what-if and replay.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "customers/live_records.h"
#include "decisions/desk.h"
#include "features/definition.h"

namespace amity::app {

// The features a version of a model reads; none where no version is (or was) live.
using ModelFeatures =
    std::function<Result<std::vector<std::string>>(std::string_view model, const decisions::ModelVersion& version)>;

// What a decision looks at. In live traffic these are the rooms' present states, in replay those of the past.
struct Sight {
  const events::Pseudonyms& pseudonyms;
  customers::LiveRecords& records;
  const features::FeatureSet& feature_set;
  // `merged`: who else is one with the first customer of the event.
  std::function<Result<features::FeatureRow>(const events::Event&, const features::Selection&,
                                             std::span<const events::Entity> merged)>
      read_features;
  customers::History history;
  ModelFeatures model_features;
  const decisions::DecisionDesk& desk;
};

// The event has its seq and entities and is not yet applied. `reader` brings in what the batch has not loaded; null in
// replay, where everything is in memory.
Result<decisions::Decision> decide(const Sight& sight, store::Reader* reader, const events::Event& event,
                                   const decisions::Policy& policy, const decisions::ModelVersion& version);

}  // namespace amity::app
