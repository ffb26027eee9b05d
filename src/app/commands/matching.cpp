#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/commands/match_input.h"
#include "app/words.h"
#include "customers/resolution.h"
#include "customers/resolution_measures.h"

namespace amity::app {
namespace {

using customers::FieldKind;
using customers::Measured;
using customers::Resolution;
using customers::ResolutionMeasures;

Result<double> threshold_of(const CommandLine& line) {
  const auto text = line.value("threshold", "0.5");
  double threshold = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), threshold);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || !(threshold > 0 && threshold < 1)) {
    return invalid("a number between 0 and 1 is expected", "--threshold");
  }
  return threshold;
}

struct BothLanguages {
  Words english;
  Words chinese;
};

json::object json_of(const customers::RowMatch& match, const MatchInput& input, const BothLanguages& words) {
  json::array reasons;
  for (const auto& reason : match.reasons) {
    const auto code = customers::name_of(reason.likeness);
    reasons.push_back({{"column", input.table.columns[reason.column]},
                       {"likeness", code},
                       {"weight", reason.weight},
                       {"en", words.english.word("likeness", code)},
                       {"zh", words.chinese.word("likeness", code)}});
  }
  return {{"lines", json::array{input.lines[match.left], input.lines[match.right]}},
          {"score", match.score},
          {"reasons", std::move(reasons)}};
}

json::array lines_of(const std::vector<std::vector<uint32_t>>& groups, const MatchInput& input) {
  json::array all;
  for (const auto& group : groups) {
    json::array lines;
    for (const auto row : group) lines.push_back(input.lines[row]);
    all.push_back(std::move(lines));
  }
  return all;
}

// One entry for each row that is looked for: all, or those of the first of two lists.
json::array candidates_of(const MatchInput& input, const Resolution& found) {
  json::array all;
  const size_t rows = input.first_list > 0 ? input.first_list : found.candidates.size();
  for (size_t row = 0; row < rows; ++row) {
    json::array candidates;
    for (const auto& candidate : found.candidates[row]) {
      candidates.push_back({{"line", input.lines[candidate.row]}, {"score", candidate.score}});
    }
    all.push_back({{"line", input.lines[row]}, {"candidates", std::move(candidates)}});
  }
  return all;
}

json::object json_of(const ResolutionMeasures& measures) {
  const auto share = [](const Measured& measured) {
    return json::object{{"value", measured.value}, {"low", measured.low}, {"high", measured.high}};
  };
  return {{"true_groups", measures.true_groups},
          {"true_pairs", measures.true_pairs},
          {"found_pairs", measures.found_pairs},
          {"right_pairs", measures.right_pairs},
          {"candidate_recall", share(measures.candidate_recall)},
          {"precision", share(measures.precision)},
          {"recall", share(measures.recall)},
          {"f1", share(measures.f1)}};
}

Result<json::object> json_of(const MatchInput& input, const Resolution& found, bool with_candidates) {
  const BothLanguages words{TRY(Words::read("", "en")), TRY(Words::read("", "zh"))};
  json::array columns;
  for (size_t i = 0; i < input.kinds.size(); ++i) {
    columns.push_back({{"column", input.table.columns[i]}, {"kind", customers::name_of(input.kinds[i])}});
  }
  json::array pairs;
  for (const auto& match : found.matches) pairs.push_back(json_of(match, input, words));
  json::object answer = {{"rows", input.table.rows.size()}, {"unreadable", input.unreadable},
                         {"has_header", input.has_header},  {"columns", std::move(columns)},
                         {"pairs", std::move(pairs)},       {"groups", json::array{}},
                         {"households", json::array{}}};
  if (input.first_list == 0) {  // lines of two files would be told apart by nobody
    answer["groups"] = lines_of(found.groups, input);
    answer["households"] = lines_of(found.households, input);
  }
  if (with_candidates) answer["candidates"] = candidates_of(input, found);
  if (!input.truth.empty()) answer["measures"] = json_of(measure(input.truth, found, input.first_list));
  return answer;
}

void print_columns(const MatchInput& input, const Words& words) {
  if (!input.has_header) fmt::print("{}\n", words.say("say.match_no_header"));
  if (input.unreadable > 0) {
    fmt::print("{}\n", words.say("say.match_unreadable",
                                 {{"count", std::to_string(input.unreadable)}, {"problem", input.problem}}));
  }
  for (size_t i = 0; i < input.kinds.size(); ++i) {
    if (input.kinds[i] == FieldKind::kIgnored) continue;
    fmt::print("{}: {}\n", input.table.columns[i], words.word("compared", customers::name_of(input.kinds[i])));
  }
}

void print_match(const customers::RowMatch& match, const MatchInput& input, const Words& words) {
  std::string reasons;
  for (const auto& reason : match.reasons) {
    reasons += fmt::format("{}{} {} {:+.1f}", reasons.empty() ? "" : ", ", input.table.columns[reason.column],
                           words.word("likeness", customers::name_of(reason.likeness)), reason.weight);
  }
  fmt::print("{}\n", words.say("say.match", {{"left", std::to_string(input.lines[match.left])},
                                             {"right", std::to_string(input.lines[match.right])},
                                             {"score", fmt::format("{:.4f}", match.score)},
                                             {"reasons", reasons}}));
}

void print_measures(const ResolutionMeasures& measures, size_t candidates, const Words& words) {
  const auto share = [](const Measured& measured) {
    return fmt::format("{:.4f} ({:.4f}-{:.4f})", measured.value, measured.low, measured.high);
  };
  fmt::print("{}\n", words.say("say.match_measures", {{"most", std::to_string(candidates)},
                                                      {"true", std::to_string(measures.true_pairs)},
                                                      {"candidates", share(measures.candidate_recall)},
                                                      {"precision", share(measures.precision)},
                                                      {"recall", share(measures.recall)},
                                                      {"f1", share(measures.f1)}}));
}

}  // namespace

Result<int> match_rows(const CommandLine& line) {
  customers::ResolutionOptions options;
  options.threshold = TRY(threshold_of(line));
  options.candidates = static_cast<size_t>(TRY(line.number("candidates", 1, 100, 10)));
  const auto limit = static_cast<size_t>(TRY(line.number("limit", 0, 1'000'000'000, 20)));
  const auto input = TRY(read_match_input(line));
  options.first_list = input.first_list;
  const auto found = TRY(customers::resolve(input.table, input.kinds, options));
  if (line.has("json")) {
    show(line, TRY(json_of(input, found, !line.value("candidates").empty())));
    return 0;
  }
  const auto words = TRY(Words::read("", line.value("language", "en")));
  print_columns(input, words);
  for (size_t i = 0; i < std::min(limit, found.matches.size()); ++i) print_match(found.matches[i], input, words);
  fmt::print("{}\n", words.say("say.matches", {{"rows", std::to_string(input.table.rows.size())},
                                               {"pairs", std::to_string(found.matches.size())},
                                               {"groups", std::to_string(found.groups.size())},
                                               {"households", std::to_string(found.households.size())}}));
  if (!input.truth.empty()) {
    print_measures(measure(input.truth, found, input.first_list), options.candidates, words);
  }
  return 0;
}

}  // namespace amity::app
