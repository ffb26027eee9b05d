// From contributions to the few reasons a person is told (ECOA Regulation B, 12 CFR 1002.9 comment 9(b)(2): the
// principal reasons, usually no more than four).
//
// Features that share a reason code are one reason: their contributions are added, so that two opposite ones of a kind
// do not look like one strong. Only reasons that push towards the bad value are told, the strongest first.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/scorer.h"

namespace amity::models {

constexpr size_t kMostReasons = 4;

struct Reason {
  std::string code;
  double contribution = 0;  // in margin, positive
  std::string feature;      // of the group, the one that contributes most
  double value = 0;         // its value; NaN where missing
  std::string value_text;   // for people: a number of at most 4 digits after the point, or the category; empty: missing
};

std::vector<Reason> reasons_of(const Model& model, std::span<const double> row, const Explanation& explanation);

// A language's texts by key ("reason.low_balance": "The lowest balance of the last year is low ({value})"). A reason
// without a text is told by its code, so that a missing translation is seen and nothing is withheld. Where the value is
// missing, "reason.low_balance.missing" is used if there is one, else "{value}" becomes the text "reason.no_value".
using Texts = std::map<std::string, std::string, std::less<>>;
std::vector<std::string> words_of(std::span<const Reason> reasons, const Texts& texts);

}  // namespace amity::models
