// Replay: every decision made again from the log and the recorded versions, and compared byte by byte.
//
// The log is walked from its first event through the same code as live traffic, in memory; at each recorded decision
// the policy, the model and the feature definitions it names decide again. A difference is a defect. Decisions about
// erased people cannot be made again and are counted apart. A decision about somebody else that read a value which
// counted events erased since takes that value from its record, if the audit chain vouches for the record; such values
// are counted (docs/decisions/0011).
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
  int64_t decision_count = 0;           // made again
  int64_t erased_count = 0;             // of people who have been erased
  int64_t recorded_value_count = 0;     // read from records, as the events they counted are erased
  int64_t resting_on_record_count = 0;  // decisions made again with such a value
  int64_t difference_count = 0;
  std::vector<ReplayDifference> differences;  // the first 100
};
json::object to_json(const ReplayReport& report);

struct ReplayParts {
  Rooms& rooms;
  // The feature definitions of a fingerprint, as they were.
  std::function<Result<features::FeatureSet>(const Digest& fingerprint)> feature_set;
  // The digest the audit chain holds of a decision's record, in hexadecimal; empty: none.
  std::function<Result<std::string>(store::Reader&, DecisionId)> audited_digest;
  std::function<void(int64_t seq, int64_t last_seq)> on_progress = {};
};

// `only`: one decision; the log up to it is walked all the same.
Result<ReplayReport> replay(ReplayParts parts, std::optional<DecisionId> only = {});

}  // namespace amity::app
