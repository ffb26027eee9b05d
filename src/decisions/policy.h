// A policy: how one type of event is decided, in the institution's own words.
//
// The decisions room turns an event, its numbers and its scores into an outcome that can be explained. A policy is a
// YAML text of institution/policies/ (docs/formats/policy.md): the event type it decides, for what purpose and on what
// legal basis, the features and the model it reads, rules and decision tables whose conditions are CEL, and what each
// outcome sets in motion. PolicyBook keeps its versions and who activated them; DecisionDesk applies the live one and
// records everything it used; replay decides again from the recorded versions and compares byte by byte.
//
// Outcomes are declared from the mildest to the severest. Every rule is tried and every hit recorded, unless a rule
// marked `final` hits and ends the judging; the severest outcome among the hits stands. A table gives the outcome of
// its first row that fits. Nothing hit: `otherwise`. A condition that cannot be evaluated (a feature is unknown and the
// rule does not ask with has()) never passes silently: it counts as a hit with the `fallback` outcome and the reason
// "not_evaluable". A policy that rests on consent looks at nothing of a customer who has not given it: the outcome is
// `fallback`, the reason "no_consent".
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/json.h"
#include "base/result.h"

namespace amity::decisions {

struct Rule {
  std::string name;
  std::string when;  // CEL, bool
  std::string outcome;
  std::string reason;     // code of institution/texts: "reason.<code>"
  bool is_final = false;  // a hit ends the judging: nothing after it is tried
};

struct TableRow {
  std::vector<std::string> cells;  // one a column: "-" any, "< 0.05", "0.05..0.1" (from, up to but not), or a CEL value
  std::string outcome;
  std::string reason;
};

struct DecisionTable {
  std::string name;
  std::vector<std::string> inputs;  // CEL, one a column
  std::vector<TableRow> rows;
};

// An event that an outcome sets in motion.
struct Consequence {
  std::string outcome;
  std::string event;                                      // type
  std::vector<std::pair<std::string, std::string>> data;  // field -> CEL
};

struct PolicyDefinition {
  std::string name;
  std::string on;       // event type
  std::string purpose;  // security::Purpose by name
  std::string basis;    // "contract", "legal_obligation" or "consent" (to the purpose)
  std::vector<std::string> features;
  std::string model;                  // empty: none
  std::vector<std::string> outcomes;  // mildest first
  std::string otherwise;
  std::string fallback;
  std::vector<Rule> rules;
  std::vector<DecisionTable> tables;
  std::vector<Consequence> consequences;
};

// What a policy reads. Absent features are absent; `model` is null where none scored.
struct Facts {
  json::object event;     // data, with `type` and `time`
  json::object features;  // nested by the dots of their names
  json::object customer;
  json::object product;  // of reference/, where the event names one
  json::value model;     // {"probability": .., "margin": .., "points": ..}; points of a scorecard
};

struct Hit {
  std::string rule;  // of a table: "table:row"
  std::string outcome;
  std::string reason;
};

struct Verdict {
  std::string outcome;
  std::vector<Hit> hits;  // in the policy's order
  // Whether the score's own reasons belong to the explanation: not for the mildest outcome, nor where a final rule
  // ended the judging before the score was looked at.
  bool explains_score = false;
};

class Policy {
 public:
  // `invalid` with the place ("/rules/2/when line 1, column 9") of the first mistake.
  static Result<Policy> parse(std::string_view text);

  const PolicyDefinition& definition() const;
  // The customer's values its expressions speak of, and the consents it rests on: nothing else of the customer is read
  // or recorded.
  const std::vector<std::string>& customer_fields() const;
  const Digest& fingerprint() const;  // of the canonical definition: comments and layout do not matter
  Verdict judge(const Facts& facts) const;
  // The data of the events the outcome sets in motion. unprocessable where a value cannot be computed.
  Result<std::vector<std::pair<std::string, json::object>>> consequences(const Facts& facts,
                                                                         std::string_view outcome) const;

 private:
  struct Compiled;
  explicit Policy(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace amity::decisions
