#include "app/replay.h"

#include <algorithm>

#include <bit>
#include <map>
#include <set>

#include "app/erased_past.h"
#include "features/training.h"

namespace amity::app {
namespace {

using decisions::DecisionDesk;
using events::Event;

constexpr int64_t kChunkEvents = 10'000;
constexpr size_t kMaxListed = 100;

Result<Digest> digest_from(const json::value& text) {
  const auto bytes = TRY(from_hex(std::string_view(text.get_string())));
  Digest digest{};
  if (bytes.size() != digest.size()) return invalid("not a fingerprint");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

std::string first_difference(const json::object& recorded, const json::object& again) {
  for (const auto& field : recorded) {
    const auto* other = again.if_contains(field.key());
    if (other == nullptr || write_json(*other) != write_json(field.value())) return std::string(field.key());
  }
  return recorded.size() == again.size() ? "" : "fields";
}

class Replay {
 public:
  Replay(ReplayParts parts, std::optional<DecisionId> only)
      : parts_(std::move(parts)), only_(only), records_(parts_.rooms.pseudonyms) {}

  Result<ReplayReport> run() {
    int64_t last_seq = 0;
    std::set<Digest> fingerprints;
    TRY(parts_.rooms.database.read([&](store::Reader& reader) -> Result<void> {
      last_seq = TRY(parts_.rooms.log.last_seq(reader));
      fingerprints = TRY(recorded_feature_sets(reader, last_seq));
      return {};
    }));
    for (const auto& fingerprint : fingerprints) {
      const auto& set = sets_.emplace(fingerprint, TRY(parts_.feature_set(fingerprint))).first->second;
      features_.emplace(fingerprint, features::MemoryFeatures(set, past_of_features()));
    }
    for (int64_t from = 1; from <= last_seq; from += kChunkEvents) {
      TRY(walk_chunk(from, std::min(last_seq, from + kChunkEvents - 1)));
      if (parts_.on_progress) parts_.on_progress(std::min(last_seq, from + kChunkEvents - 1), last_seq);
    }
    return std::move(report_);
  }

 private:
  // Every set a decision was made with is computed along the way, each in its own states.
  Result<std::set<Digest>> recorded_feature_sets(store::Reader& reader, int64_t last_seq) {
    std::set<Digest> fingerprints;
    TRY(parts_.rooms.desk.scan(reader, 1, last_seq, [&](const DecisionDesk::Kept& kept) -> Result<void> {
      if (kept.record && wanted(kept)) fingerprints.insert(TRY(digest_from(kept.record->at("features_fingerprint"))));
      return {};
    }));
    return fingerprints;
  }

  Result<void> walk_chunk(int64_t from, int64_t to) {
    std::multimap<int64_t, DecisionDesk::Kept> kept;
    std::vector<Event> events;
    TRY(parts_.rooms.database.read([&](store::Reader& reader) -> Result<void> {
      TRY(parts_.rooms.desk.scan(reader, from, to, [&](const DecisionDesk::Kept& one) -> Result<void> {
        kept.emplace(one.seq, one);
        return {};
      }));
      return parts_.rooms.log.scan(reader, from, to, [&](const Event& event) -> Result<void> {
        events.push_back(event);
        return {};
      });
    }));
    for (const auto& event : events) {
      const auto [begin, end] = kept.equal_range(event.seq);
      for (auto one = begin; one != end; ++one) {
        if (wanted(one->second)) TRY(decide_again(event, one->second));
      }
      TRY(apply(event));
    }
    return {};
  }

  bool wanted(const DecisionDesk::Kept& kept) const { return !only_ || kept.id == *only_; }

  Result<void> apply(const Event& event) {
    ++report_.event_count;
    if (event.is_erased) return erased_past_.add(event), Result<void>();
    if (event.has_lost_names) erased_past_.add(event);  // a value may have been made of a name
    records_.apply(event);
    records_.publish();
    for (auto& [fingerprint, features] : features_) TRY(features.apply(event));
    return {};
  }

  Result<void> decide_again(const Event& event, const DecisionDesk::Kept& kept) {
    if (!kept.record || event.is_erased || event.has_lost_names) return ++report_.erased_count, Result<void>();
    const auto& record = *kept.record;
    if (TRY(looked_at_erased(record))) return ++report_.erased_count, Result<void>();
    const auto set_fingerprint = TRY(digest_from(record.at("features_fingerprint")));
    auto& features = features_.at(set_fingerprint);
    decisions::ModelVersion version{.is_recorded = true, .fingerprint = {}};
    if (const auto* score = record.if_contains("score"))
      version.fingerprint = TRY(digest_from(score->at("fingerprint")));
    const auto policy = TRY(policy_of(TRY(digest_from(record.at("policy_fingerprint")))));
    int64_t recorded = 0;
    const Sight sight{parts_.rooms.pseudonyms,
                      records_,
                      sets_.at(set_fingerprint),
                      [&](const Event& of, const features::Selection& which,
                          std::span<const events::Entity> merged) -> Result<features::FeatureRow> {
                        auto row = TRY(features.read(features::moment_of(of, merged), which));
                        recorded = take_recorded({sets_.at(set_fingerprint), of, record, which}, row);
                        return row;
                      },
                      past(),
                      parts_.rooms.model_features,
                      parts_.rooms.desk};
    const auto again = decisions::to_json(TRY(decide(sight, nullptr, event, *policy, version)));
    ++report_.decision_count;
    report_.recorded_value_count += recorded;
    report_.resting_on_record_count += recorded > 0;
    auto field = first_difference(record, again);
    if (field.empty() && recorded > 0 && !TRY(is_vouched_for(kept))) field = "features";
    if (!field.empty()) {
      ++report_.difference_count;
      if (report_.differences.size() < kMaxListed) report_.differences.push_back({kept.id, kept.seq, field});
    }
    return {};
  }

  // Whether somebody who was one with the customer then has been erased since: what was known of them is gone.
  Result<bool> looked_at_erased(const json::object& record) const {
    const auto* merged = record.if_contains("merged");
    if (merged == nullptr) return false;
    for (const auto& text : merged->get_array()) {
      const auto* known = records_.customer(TRY(parse_uuid(text.get_string())));
      if (known == nullptr) return true;
    }
    return false;
  }

  struct Reading {
    const features::FeatureSet& set;
    const Event& event;
    const json::object& record;
    const features::Selection& which;
  };

  // Where events a value counted are erased, and those left give another one, what was recorded stands. How many do.
  int64_t take_recorded(const Reading& reading, features::FeatureRow& row) const {
    if (reading.record.at("features").as_object().empty()) return 0;  // nothing was read
    int64_t count = 0;
    for (size_t i = 0; i < reading.which.size(); ++i) {
      const auto& definition = reading.set.definitions()[static_cast<size_t>(reading.which[i])];
      if (!erased_past_.may_hold(reading.set, definition, reading.event)) continue;
      const double then = recorded_number(reading.record, definition.name);
      if (std::bit_cast<uint64_t>(then) == std::bit_cast<uint64_t>(row[i]) || (then != then && row[i] != row[i]))
        continue;
      row[i] = then;
      ++count;
    }
    return count;
  }

  // What a value is taken from is the record that was audited when the decision was made.
  Result<bool> is_vouched_for(const DecisionDesk::Kept& kept) const {
    std::string audited;
    TRY(parts_.rooms.database.read([&](store::Reader& reader) -> Result<void> {
      audited = TRY(parts_.audited_digest(reader, kept.id));
      return {};
    }));
    return audited == to_hex(kept.digest);
  }

  Result<std::shared_ptr<const decisions::Policy>> policy_of(const Digest& fingerprint) {
    auto& policy = policies_[fingerprint];
    if (!policy) {
      TRY(parts_.rooms.database.read([&](store::Reader& reader) -> Result<void> {
        policy = TRY(parts_.rooms.policies.by_fingerprint(reader, fingerprint));
        return {};
      }));
    }
    return policy;
  }

  customers::History past() const {
    return [this](events::Entity entity, int64_t max_seq, Timestamp max_time, const auto& each) {
      return parts_.rooms.database.read([&](store::Reader& reader) {
        return parts_.rooms.log.of_entity(reader, {.entity = entity.id, .max_seq = max_seq, .max_time = max_time},
                                          each);
      });
    };
  }
  features::History past_of_features() const {
    return [past = past()](const events::Entity& entity, int64_t max_seq, Timestamp max_time, const auto& each) {
      return past(entity, max_seq, max_time, [&each](const Event& event) {
        return event.is_erased ? Result<void>() : each(event);  // as they are left out on the way
      });
    };
  }

  ReplayParts parts_;
  std::optional<DecisionId> only_;
  customers::LiveRecords records_;
  std::map<Digest, features::MemoryFeatures> features_;
  std::map<Digest, features::FeatureSet> sets_;
  std::map<Digest, std::shared_ptr<const decisions::Policy>> policies_;
  ErasedPast erased_past_;
  ReplayReport report_;
};

}  // namespace

json::object to_json(const ReplayReport& report) {
  json::array differences;
  for (const auto& difference : report.differences) {
    differences.push_back(
        {{"decision", format(difference.decision)}, {"seq", difference.seq}, {"field", difference.field}});
  }
  return {{"events", report.event_count},
          {"decisions", report.decision_count},
          {"erased", report.erased_count},
          {"recorded_values", report.recorded_value_count},
          {"resting_on_record", report.resting_on_record_count},
          {"difference_count", report.difference_count},
          {"differences", std::move(differences)}};
}

Result<ReplayReport> replay(ReplayParts parts, std::optional<DecisionId> only) {
  return Replay(std::move(parts), only).run();
}

}  // namespace amity::app
