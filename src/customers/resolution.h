// Resolution: which rows of a table tell of the same person or company, with reasons.
//
// Each value is normalised by the kind of its column (fields.h). Rows that share rare tokens become candidates
// (candidates.h). A candidate pair is compared column by column; the weight of each result is the logarithm of how much
// more often it occurs between rows of one person than between any two rows (Fellegi and Sunter 1969), the first learnt
// without labels by expectation maximisation (Winkler 1988), the second from random pairs and from how rare the value
// is. The score is the probability that the two are one. Equal input gives equal output; nothing is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace amity::customers {

enum class FieldKind {
  kIgnored,
  kName,  // a whole name, of a person or a company
  kGivenName,
  kFamilyName,
  kPhone,
  kEmail,
  kAddress,  // a line of one
  kCity,
  kPostcode,
  kNumber,  // of a house
  kIdentityNumber,
  kDate,      // of birth
  kCategory,  // few values: sex, country, state
};
constexpr size_t kMaxResolutionRows = 5'000'000;

std::string_view name_of(FieldKind kind);  // "given_name"
std::optional<FieldKind> field_kind(std::string_view name);

struct ResolutionTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // each as long as columns
};

// What each column holds, by its header in several languages, else by its values.
std::vector<FieldKind> recognise_columns(const ResolutionTable& table);

// How two values compare, as the codes of reasons.
enum class Likeness {
  kMissing,  // in one or both
  kDifferent,
  kPartly,   // some words, an initial, two edits
  kNear,     // a typing mistake, exchanged neighbours, spaces set otherwise
  kSounds,   // the same sound in another script or spelling: pinyin, Wade-Giles, a short form of a name
  kSwapped,  // the two columns are exchanged
  kSame,
};
std::string_view name_of(Likeness likeness);  // "same"

struct MatchReason {
  size_t column = 0;
  Likeness likeness = Likeness::kMissing;
  double weight = 0;  // natural logarithm; positive speaks for one person
};

struct RowMatch {
  uint32_t left = 0;  // rows of the table, left < right
  uint32_t right = 0;
  double score = 0;                  // probability, 0 to 1
  std::vector<MatchReason> reasons;  // strongest first
};

struct RowCandidate {
  uint32_t row = 0;
  double score = 0;  // probability
};

struct ResolutionOptions {
  double threshold = 0.5;
  size_t candidates = 10;  // kept for each row
  size_t first_list = 0;   // where above 0: so many rows are one list, the others another; only pairs across count
};

struct Resolution {
  std::vector<RowMatch> matches;                  // at or above the threshold, by left and right
  std::vector<std::vector<uint32_t>> groups;      // of two rows and more, joined by matches
  std::vector<std::vector<uint32_t>> households;  // of two persons and more: one address, and one family name or phone
  std::vector<std::vector<RowCandidate>> candidates;  // of each row, best first
};

// invalid: no column to compare, as many kinds as columns are needed. limit: more than kMaxResolutionRows rows.
Result<Resolution> resolve(const ResolutionTable& table, const std::vector<FieldKind>& kinds,
                           const ResolutionOptions& options);

}  // namespace amity::customers
