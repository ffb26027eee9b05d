// Replay: every decision made again from the log and the recorded versions, and compared byte by byte.
//
// The log is walked from its first event through the same code as live traffic, in memory; at each recorded decision
// the policy, the model and the feature definitions it names decide again. A difference is a defect. Decisions about
// erased people cannot be made again and are counted apart.
#pragma once

#include <functional>
#include <vector>

#include "app/walk.h"

namespace amity::app {

struct ReplayDifference {
  DecisionId decision;
  int64_t seq = 0;
  std::string field;  // the first field of the record that differs
};

struct ReplayReport {
  int64_t event_count = 0;
  int64_t decision_count = 0;  // made again
  int64_t erased_count = 0;    // of people who have been erased
  int64_t difference_count = 0;
  std::vector<ReplayDifference> differences;  // the first 100
};
json::object to_json(const ReplayReport& report);

struct ReplayParts {
  Rooms& rooms;
  // The feature definitions of a fingerprint, as they were.
  std::function<Result<features::FeatureSet>(const Digest& fingerprint)> feature_set;
  std::function<void(int64_t seq, int64_t last_seq)> on_progress = {};
};

// `only`: one decision; the log up to it is walked all the same.
Result<ReplayReport> replay(ReplayParts parts, std::optional<DecisionId> only = {});

}  // namespace amity::app
