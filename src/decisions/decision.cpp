#include "decisions/decision.h"

#include <algorithm>

namespace amity::decisions {
namespace {

json::array to_json(const std::vector<Hit>& hits) {
  json::array out;
  for (const auto& hit : hits) out.push_back({{"rule", hit.rule}, {"outcome", hit.outcome}, {"reason", hit.reason}});
  return out;
}

json::array to_json(const std::vector<Reason>& reasons) {
  json::array out;
  for (const auto& reason : reasons) {
    json::object one{{"code", reason.code}};
    if (!reason.value.empty()) one["value"] = reason.value;
    out.push_back(std::move(one));
  }
  return out;
}

json::object to_json(const Score& score) {
  json::object contributions;
  for (const auto& [feature, value] : score.contributions) contributions[feature] = value;
  json::object out{{"model", score.model},
                   {"fingerprint", to_hex(score.fingerprint)},
                   {"margin", score.margin},
                   {"probability", score.probability},
                   {"base", score.base},
                   {"contributions", std::move(contributions)},
                   {"reasons", to_json(score.reasons)}};
  if (score.points) out["points"] = *score.points;
  return out;
}

}  // namespace

std::vector<Reason> Decision::reasons() const {
  std::vector<Reason> reasons;
  const auto add = [&](const Reason& reason) {
    const bool is_new = std::ranges::find(reasons, reason.code, &Reason::code) == reasons.end();
    if (!reason.code.empty() && is_new) reasons.push_back(reason);
  };
  for (const auto& hit : verdict.hits) {
    if (hit.outcome == verdict.outcome) add({hit.reason, ""});
  }
  if (score && verdict.explains_score) std::ranges::for_each(score->reasons, add);
  return reasons;
}

DecisionId decision_id(const Digest& event_identity, std::string_view policy) {
  const auto digest = DigestWriter().add("decision").add(ByteView(event_identity)).add(policy).finish();
  return DecisionId{make_uuid_v8(std::span<const uint8_t, 16>(digest.data(), 16))};
}

json::object to_json(const Decision& decision) {
  json::object record{
      {"id", format(decision.id)},
      {"seq", decision.seq},
      {"event_type", decision.event_type},
      {"subject", std::string(name_of(decision.subject.kind)) + "/" + format(decision.subject.id)},
      {"time", format(decision.time)},
      {"policy", decision.policy},
      {"policy_fingerprint", to_hex(decision.policy_fingerprint)},
      {"features_fingerprint", to_hex(decision.features_fingerprint)},
      {"purpose", decision.purpose},
      {"basis", decision.basis},
      {"event", decision.facts.event},
      {"features", decision.facts.features},
      {"customer", decision.facts.customer},
      {"product", decision.facts.product},
      {"outcome", decision.verdict.outcome},
      {"hits", to_json(decision.verdict.hits)},
      {"reasons", to_json(decision.reasons())},
  };
  if (!decision.merged.empty()) {
    auto& merged = record["merged"].emplace_array();
    for (const auto& id : decision.merged) merged.push_back(json::string(format(id)));
  }
  if (decision.score) record["score"] = to_json(*decision.score);
  return record;
}

json::object summary_of(const json::object& record) {
  json::object summary;
  for (const auto* name : {"id", "outcome", "policy", "reasons", "event_type", "time"}) summary[name] = record.at(name);
  json::array rules;
  for (const auto& hit : record.at("hits").get_array()) rules.push_back(hit.get_object().at("rule"));
  summary["rules"] = std::move(rules);
  if (const auto* score = record.if_contains("score")) {
    summary["probability"] = score->get_object().at("probability");
    summary["model"] = score->get_object().at("model");
  }
  return summary;
}

}  // namespace amity::decisions
