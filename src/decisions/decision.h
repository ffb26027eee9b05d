// The decision record: what was decided, and everything it was decided from.
//
// The record is enough to explain the decision to the customer, to decide it again, and to answer "which model decided
// this?" without reading anything else. Its canonical JSON (docs/formats/decision.md) is what is sealed, digested,
// audited and compared by replay.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/crypto.h"
#include "base/id.h"
#include "base/json.h"
#include "base/time.h"
#include "decisions/policy.h"
#include "events/event.h"

namespace amity::decisions {

// Why, for people: a text of institution/texts ("reason.<code>"), with the value that stands for its {value}.
struct Reason {
  std::string code;
  std::string value;  // empty where the text needs none
};

struct Score {
  std::string model;
  Digest fingerprint{};
  double margin = 0;                                          // log-odds, before calibration
  double probability = 0;                                     // calibrated
  std::vector<std::pair<std::string, double>> contributions;  // of each feature to the margin; exact Shapley values
  double base = 0;                                            // margin = base + sum of contributions
  std::vector<Reason> reasons;                                // strongest first, at most 4
  std::optional<int64_t> points{};                            // of a scorecard
};

struct Decision {
  DecisionId id;
  int64_t seq = 0;  // of the event
  std::string event_type;
  events::Entity subject;
  Uuid owner;  // whose key seals the record: it holds what was known of them
  int partition = 0;
  Timestamp time;  // of the event
  std::string policy;
  Digest policy_fingerprint{};
  Digest features_fingerprint{};
  std::string purpose;
  std::string basis;
  std::vector<Uuid> merged = {};  // who was one with the customers it looked at (customers/links.h), by id
  Facts facts;
  std::optional<Score> score;
  Verdict verdict;

  // The codes that explain the outcome: of the hits that led to it, then of the score; without repeats.
  std::vector<Reason> reasons() const;
};

// Decided twice from the same event by the same policy, a decision has the same id.
DecisionId decision_id(const Digest& event_identity, std::string_view policy);

json::object to_json(const Decision& decision);

// What the caller is answered: id, outcome, probability, reasons, policy.
json::object summary_of(const json::object& record);

}  // namespace amity::decisions
