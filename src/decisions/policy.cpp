#include "decisions/policy.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/yaml.h"
#include "decisions/policy/conditions.h"
#include "events/catalogue.h"
#include "security/caller.h"

namespace amity::decisions {
namespace {

using expressions::Expression;

constexpr size_t kMaxRules = 1000;
constexpr std::string_view kNotEvaluable = "not_evaluable";

std::vector<std::string> texts_of(const json::array& list, JsonReader& in, std::string_view key) {
  std::vector<std::string> texts;
  for (const auto& item : list) {
    if (item.is_string()) texts.emplace_back(item.get_string());
    if (!item.is_string()) in.refuse(key, "a list of texts is expected here");
  }
  return texts;
}

Result<Rule> read_rule(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Rule rule{in.text("name", 128), in.text("when", 8192), in.text("outcome", 64), in.text_or("reason", "", 64),
            in.boolean_or("final", false)};
  TRY(in.finish());
  return rule;
}

Result<DecisionTable> read_table(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  DecisionTable table;
  table.name = in.text("name", 128);
  table.inputs = texts_of(in.array("inputs"), in, "inputs");
  const auto& rows = in.array("rows");
  if (rows.size() > kMaxRules) in.refuse("rows", "a table has at most 1000 rows");
  TRY(in.finish());
  for (size_t i = 0; i < rows.size(); ++i) {
    JsonReader row(rows[i], fmt::format("{}/rows/{}", place, i));
    TableRow read{texts_of(row.array("cells"), row, "cells"), row.text("outcome", 64), row.text_or("reason", "", 64)};
    if (read.cells.size() != table.inputs.size()) row.refuse("cells", "a row has one cell for each input");
    TRY(row.finish());
    table.rows.push_back(std::move(read));
  }
  return table;
}

Result<Consequence> read_consequence(const json::value& value, const std::string& place) {
  JsonReader in(value, place);
  Consequence consequence{in.text("outcome", 64), in.text("event", 128), {}};
  for (const auto& field : in.object("data")) {
    if (!field.value().is_string()) in.refuse("data", "each value is an expression, written as text");
    if (field.value().is_string()) consequence.data.emplace_back(field.key(), field.value().get_string());
  }
  TRY(in.finish());
  return consequence;
}

void check_outcome(const PolicyDefinition& definition, JsonReader& in, std::string_view key,
                   const std::string& outcome) {
  if (std::ranges::find(definition.outcomes, outcome) == definition.outcomes.end()) {
    in.refuse(key, "this outcome is not among `outcomes`");
  }
}

Result<PolicyDefinition> read_definition(const json::value& value) {
  JsonReader in(value, "");
  PolicyDefinition definition;
  definition.name = in.text("policy", 128);
  definition.on = in.text("on", 128);
  definition.purpose = in.text("purpose", 64);
  definition.basis = in.text("basis", 64);
  definition.model = in.text_or("model", "", 128);
  definition.features = texts_of(in.array("features"), in, "features");
  definition.outcomes = texts_of(in.array("outcomes"), in, "outcomes");
  definition.otherwise = in.text("otherwise", 64);
  definition.fallback = in.text("fallback", 64);
  const auto& rules = in.any_or_null("rules");
  const auto& tables = in.any_or_null("tables");
  const auto& consequences = in.any_or_null("consequences");
  if (!security::parse_purpose(definition.purpose)) in.refuse("purpose", "not a purpose of the program");
  constexpr std::string_view kBases[] = {"contract", "legal_obligation", "consent"};
  if (std::ranges::find(kBases, definition.basis) == std::end(kBases)) {
    in.refuse("basis", "the legal basis is contract, legal_obligation or consent");
  }
  check_outcome(definition, in, "otherwise", definition.otherwise);
  check_outcome(definition, in, "fallback", definition.fallback);
  TRY(in.finish());
  const auto each = [](const json::value& list, std::string_view name, const auto& read) -> Result<void> {
    if (list.is_null()) return {};
    if (!list.is_array()) return invalid("a list is expected here", "/" + std::string(name));
    if (list.get_array().size() > kMaxRules) return fail(Code::kLimit, "more than 1000", "/" + std::string(name));
    for (size_t i = 0; i < list.get_array().size(); ++i) {
      TRY(read(list.get_array()[i], fmt::format("/{}/{}", name, i)));
    }
    return {};
  };
  TRY(each(rules, "rules", [&](const json::value& item, const std::string& place) -> Result<void> {
    definition.rules.push_back(TRY(read_rule(item, place)));
    return {};
  }));
  TRY(each(tables, "tables", [&](const json::value& item, const std::string& place) -> Result<void> {
    definition.tables.push_back(TRY(read_table(item, place)));
    return {};
  }));
  TRY(each(consequences, "consequences", [&](const json::value& item, const std::string& place) -> Result<void> {
    definition.consequences.push_back(TRY(read_consequence(item, place)));
    return {};
  }));
  return definition;
}

}  // namespace

struct Policy::Compiled {
  struct Condition {
    std::string rule;
    std::string outcome;
    std::string reason;
    std::vector<Expression> all;  // a rule has one, a row of a table one a column
    bool is_final = false;
  };
  struct Effect {
    std::string outcome;
    std::string event;
    std::vector<std::pair<std::string, Expression>> data;
  };

  PolicyDefinition definition;
  Digest fingerprint{};
  std::vector<Condition> rules;
  std::vector<std::vector<Condition>> tables;
  std::vector<Effect> effects;
  std::vector<std::string> customer_fields;

  Result<void> compile();
  void find_customer_fields();
  Result<void> check_outcome(const std::string& outcome, const std::string& place) const;
  // Whether it hits; nothing where it cannot be evaluated.
  static std::optional<bool> holds(const Condition& condition, std::span<const expressions::Value> facts);
  size_t severity(const std::string& outcome) const;
};

Result<void> Policy::Compiled::check_outcome(const std::string& outcome, const std::string& place) const {
  if (std::ranges::find(definition.outcomes, outcome) != definition.outcomes.end()) return {};
  return invalid("this outcome is not among `outcomes`", place + "/outcome");
}

Result<void> Policy::Compiled::compile() {
  const auto declarations = TRY(declarations_for(definition));
  const auto condition = [&](const std::string& text, const std::string& place) -> Result<Expression> {
    auto compiled = expressions::compile_condition(text, declarations);
    if (!compiled) return std::unexpected(std::move(compiled).error().within(place + " "));
    return compiled;
  };
  for (size_t i = 0; i < definition.rules.size(); ++i) {
    const auto& rule = definition.rules[i];
    const auto place = fmt::format("/rules/{}", i);
    TRY(check_outcome(rule.outcome, place));
    rules.push_back(
        {rule.name, rule.outcome, rule.reason, {TRY(condition(rule.when, place + "/when"))}, rule.is_final});
  }
  for (size_t t = 0; t < definition.tables.size(); ++t) {
    const auto& table = definition.tables[t];
    auto& rows = tables.emplace_back();
    for (size_t r = 0; r < table.rows.size(); ++r) {
      const auto place = fmt::format("/tables/{}/rows/{}", t, r);
      TRY(check_outcome(table.rows[r].outcome, place));
      Condition row{fmt::format("{}:{}", table.name, r + 1), table.rows[r].outcome, table.rows[r].reason, {}, false};
      for (size_t c = 0; c < table.inputs.size(); ++c) {
        row.all.push_back(TRY(
            condition(condition_of(table.inputs[c], table.rows[r].cells[c]), fmt::format("{}/cells/{}", place, c))));
      }
      rows.push_back(std::move(row));
    }
  }
  for (size_t i = 0; i < definition.consequences.size(); ++i) {
    const auto& consequence = definition.consequences[i];
    const auto place = fmt::format("/consequences/{}", i);
    TRY(check_outcome(consequence.outcome, place));
    if (events::find_type(consequence.event) == nullptr) return not_found("no event of this type", place + "/event");
    Effect effect{consequence.outcome, consequence.event, {}};
    for (const auto& [field, text] : consequence.data) {
      auto value = expressions::compile(text, declarations);
      if (!value) return std::unexpected(std::move(value).error().within(place + "/data/" + field + " "));
      effect.data.emplace_back(field, std::move(*value));
    }
    effects.push_back(std::move(effect));
  }
  find_customer_fields();
  return {};
}

void Policy::Compiled::find_customer_fields() {
  constexpr std::string_view kCustomer = "customer.";
  std::set<std::string> fields;
  const auto look_into = [&](const Expression& expression) {
    for (const std::string_view reference : expression.references()) {
      if (!reference.starts_with(kCustomer)) continue;
      const auto field = reference.substr(kCustomer.size());
      fields.emplace(field.substr(0, field.find('.')));
    }
  };
  for (const auto& rule : rules) std::ranges::for_each(rule.all, look_into);
  for (const auto& table : tables) {
    for (const auto& row : table) std::ranges::for_each(row.all, look_into);
  }
  for (const auto& effect : effects) {
    for (const auto& [field, expression] : effect.data) look_into(expression);
  }
  if (definition.basis == "consent") fields.emplace("consents");
  customer_fields.assign(fields.begin(), fields.end());
}

std::optional<bool> Policy::Compiled::holds(const Condition& condition, std::span<const expressions::Value> facts) {
  for (const auto& part : condition.all) {
    const auto held = part.holds(facts);
    if (!held) return std::nullopt;
    if (!*held) return false;
  }
  return true;
}

size_t Policy::Compiled::severity(const std::string& outcome) const {
  return static_cast<size_t>(std::ranges::find(definition.outcomes, outcome) - definition.outcomes.begin());
}

Result<Policy> Policy::parse(std::string_view text) {
  const auto value = TRY(parse_yaml(text));
  auto compiled = std::make_shared<Compiled>();
  compiled->definition = TRY(read_definition(value));
  compiled->fingerprint = digest(as_bytes(write_json(value)));
  TRY(compiled->compile());
  return Policy(std::move(compiled));
}

const PolicyDefinition& Policy::definition() const { return compiled_->definition; }
const std::vector<std::string>& Policy::customer_fields() const { return compiled_->customer_fields; }
const Digest& Policy::fingerprint() const { return compiled_->fingerprint; }

Verdict Policy::judge(const Facts& facts) const {
  const BoundFacts bound(facts);
  Verdict verdict;
  const auto try_one = [&](const Compiled::Condition& condition) {
    const auto held = Compiled::holds(condition, bound.values());
    if (!held) verdict.hits.push_back({condition.rule, definition().fallback, std::string(kNotEvaluable)});
    if (held.value_or(false)) verdict.hits.push_back({condition.rule, condition.outcome, condition.reason});
    return held;
  };
  // A final rule that cannot be evaluated ends nothing: a severer one may stand behind it.
  const auto ends = [&](const Compiled::Condition& rule) { return try_one(rule).value_or(false) && rule.is_final; };
  const auto fits = [&](const Compiled::Condition& row) { return try_one(row).value_or(true); };
  const bool is_ended = std::ranges::any_of(compiled_->rules, ends);
  for (const auto& table : compiled_->tables) {
    if (!is_ended) (void)std::ranges::any_of(table, fits);  // the first row that fits
  }
  verdict.outcome = definition().otherwise;
  size_t worst = 0;
  for (const auto& hit : verdict.hits) {
    if (&hit != &verdict.hits.front() && compiled_->severity(hit.outcome) <= worst) continue;
    worst = compiled_->severity(hit.outcome);
    verdict.outcome = hit.outcome;
  }
  verdict.explains_score = !is_ended && compiled_->severity(verdict.outcome) > 0;
  return verdict;
}

Result<std::vector<std::pair<std::string, json::object>>> Policy::consequences(const Facts& facts,
                                                                               std::string_view outcome) const {
  std::vector<std::pair<std::string, json::object>> events;
  const BoundFacts bound(facts);
  for (const auto& effect : compiled_->effects) {
    if (effect.outcome != outcome) continue;
    json::object data;
    for (const auto& [field, expression] : effect.data) {
      auto value = TRY(TRY(expression.evaluate(bound.values())).to_json());
      if (!value.is_null()) data[field] = std::move(value);
    }
    events.emplace_back(effect.event, std::move(data));
  }
  return events;
}

}  // namespace amity::decisions
