// A scorecard outside the program: as SQL, for a warehouse that scores a whole portfolio, and as a table, for those who
// approve, audit and explain it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "models/reasons.h"
#include "models/scorer.h"

namespace amity::models {

enum class ExportForm { kSql, kTable };
std::string_view name_of(ExportForm form);  // "sql"
Result<ExportForm> parse_export_form(std::string_view name);

// One SELECT of standard SQL over the table `applications`, which holds a column for each characteristic (numbers of a
// numeric type, categories as text, NULL where missing): its columns, then
//   amity_points_1, ...   of each characteristic, in the order of the features
//   amity_points          their sum with the base points: the model's very points
//   amity_probability     of the bad value; the model's to 1e-12, because EXP is the database's own
// Names are quoted identifiers, values quoted literals with their quotes doubled (ANSI; in MySQL set ANSI_QUOTES and
// NO_BACKSLASH_ESCAPES). Runs on SQLite (with its mathematical functions) and PostgreSQL as it stands.
// unprocessable: the model is no scorecard, or a name that no SQL identifier can be (empty, or with a control
// character).
Result<std::string> scorecard_sql(const Model& model);

// Markdown, in the language of `texts` (keys "scorecard.*"): scaling, then per characteristic its attributes with their
// points, share, bad rate and weight of evidence. unprocessable: the model is no scorecard.
Result<std::string> scorecard_table(const Model& model, const Texts& texts);

}  // namespace amity::models
