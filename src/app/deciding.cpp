#include "app/deciding.h"

#include <algorithm>

namespace amity::app {
namespace {

// Of the customer only what the policy speaks of: a decision keeps no more of a person than it used.
Result<json::object> customer_for(const Sight& sight, store::Reader* reader, const events::Event& event,
                                  const decisions::Policy& policy) {
  json::object kept;
  if (policy.customer_fields().empty()) return kept;
  const auto view = TRY(sight.records.view(reader, event, sight.history));
  for (const auto& field : policy.customer_fields()) {
    if (const auto* value = view.if_contains(field)) kept[field] = *value;
  }
  return kept;
}

// Under which other references the customers were known that the decision looks at: the first of the event, and of an
// account its home's.
std::vector<Uuid> merged_with(const Sight& sight, const events::Event& event,
                              std::span<const events::Entity> with_first) {
  std::vector<Uuid> merged;
  if (sight.records.links().is_empty()) return merged;
  for (const auto& entity : with_first) merged.push_back(entity.id);
  const auto owner = sight.records.customer_of(event);
  for (const auto& id : sight.records.links().one_with(owner, {.time = event.time, .before_seq = event.seq})) {
    if (id != owner) merged.push_back(id);
  }
  std::ranges::sort(merged);
  merged.erase(std::ranges::unique(merged).begin(), merged.end());
  return merged;
}

}  // namespace

Result<decisions::Decision> decide(const Sight& sight, store::Reader* reader, const events::Event& event,
                                   const decisions::Policy& policy, const decisions::ModelVersion& version) {
  auto names = policy.definition().features;
  if (!policy.definition().model.empty()) {
    for (auto& name : TRY(sight.model_features(policy.definition().model, version))) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    }
  }
  const auto selection = TRY(sight.feature_set.select(names));
  const auto merged = customers::one_with_first(sight.records.links(), event);
  const auto row = TRY(sight.read_features(event, selection, merged));
  std::vector<decisions::NamedNumber> numbers;
  numbers.reserve(names.size());
  for (size_t i = 0; i < names.size(); ++i) numbers.push_back({std::move(names[i]), row[i]});
  auto customer = TRY(customer_for(sight, reader, event, policy));
  const Uuid owner = customer.empty() ? event.home : sight.records.customer_of(event);
  return sight.desk.decide({.event = event,
                            .event_identity = sight.pseudonyms.identity_of(event.source, event.id),
                            .policy = policy,
                            .features_fingerprint = sight.feature_set.fingerprint(),
                            .numbers = std::move(numbers),
                            .customer = std::move(customer),
                            .merged = merged_with(sight, event, merged),
                            .owner = owner,
                            .model_version = version});
}

}  // namespace amity::app
