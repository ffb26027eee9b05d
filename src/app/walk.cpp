#include "app/walk.h"

#include <algorithm>

#include "base/check.h"
#include "customers/arrival.h"

namespace amity::app {
namespace {

using events::Event;

constexpr int kMaxRounds = 2;  // what follows from an event, and what follows from that

json::object answer_of(int64_t seq, json::array decisions) {
  return {{"seq", seq}, {"decisions", std::move(decisions)}};
}

// An event refused for itself is the sender's to mend; everything else is not.
bool is_about_the_event(Code code) {
  return code == Code::kInvalid || code == Code::kUnprocessable || code == Code::kConflict || code == Code::kNotFound;
}

// A repeat whose first answer cannot be given again: it, or what it was about, went with the person (docs/events.md).
std::unexpected<Error> erased_since(int64_t seq) {
  return fail(Code::kConflict,
              "this event was taken as number " + std::to_string(seq) +
                  " and its owner has been erased since, and with them the first answer: it is not taken again",
              "/subject");
}

// "customer.frozen" or "customer.erased", and what kept them; the basis is a person's words and stays in the event.
security::AuditEntry entry_of_erasure(const Event& event) {
  security::AuditEntry entry{event.type, format(event.subject), {{"seq", event.seq}}};
  for (const auto* name : {"until", "duties"}) {
    if (const auto* value = event.data.if_contains(name)) entry.detail[name] = *value;
  }
  return entry;
}

// "customer.merged" or "customer.unmerged": who stays, and who else.
security::AuditEntry entry_of_link(const Event& event) {
  return {event.type,
          "customer/" + format(event.entities[0].id),
          {{"other", "customer/" + format(event.entities[1].id)}, {"seq", event.seq}}};
}

Sight sight_of(Rooms& rooms, store::Reader& reader, customers::History history) {
  return {
      rooms.pseudonyms,
      rooms.records,
      rooms.features->set(),
      [&rooms, &reader](const Event& event, const features::Selection& which, std::span<const events::Entity> merged) {
        return rooms.features->read(reader, event, which, merged);
      },
      std::move(history),
      rooms.model_features,
      rooms.desk};
}

}  // namespace

Walk::Walk(Rooms& rooms, store::Transaction& transaction) : rooms_(rooms), transaction_(transaction) {}

Result<std::vector<Answer>> Walk::run(std::span<const Arrival> arrivals) {
  TRY(rooms_.settling.take_up(transaction_, *rooms_.features));
  std::vector<Event> events;
  events.reserve(arrivals.size());
  for (const auto& arrival : arrivals) events.push_back(arrival.event);
  TRY(prepare(events));
  const auto known = TRY(rooms_.log.find_known(transaction_, events));
  next_seq_ = TRY(rooms_.log.last_seq(transaction_)) + 1;
  appended_.reserve(events.size());
  std::vector<Answer> answers;
  answers.reserve(events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    answers.push_back(TRY(take(*arrivals[i].caller, std::move(events[i]), known[i])));
  }
  TRY(save());
  return answers;
}

// One batched read of what the events speak of, instead of one a step. Events whose parties begin in this very batch
// are prepared in their turn.
Result<void> Walk::prepare(std::span<Event> events) {
  TRY(rooms_.records.load(transaction_, events));
  for (auto& event : events) {
    if (!rooms_.records.resolve(event)) event.entities.clear();
  }
  return rooms_.features->prepare(transaction_, events);
}

Result<Answer> Walk::take(const security::Caller& caller, Event event, const std::optional<events::Known>& known) {
  if (auto in_unit = rooms_.records.check_unit(transaction_, caller, event); !in_unit) {
    if (in_unit.error().code != Code::kForbidden) return std::unexpected(std::move(in_unit).error());
    return Answer(std::unexpected(std::move(in_unit).error()));
  }
  if (known) return repeat_of(event, *known);
  const auto identity = rooms_.pseudonyms.identity_of(event.source, event.id);
  if (const auto earlier = walked_.find(identity); earlier != walked_.end()) {
    const auto& first = appended_[earlier->second];
    return repeat_of(event, {first.seq, first.body_digest == event.body_digest});
  }
  const auto prepared = event.entities;
  auto resolved = rooms_.records.resolve(event);  // again: an event before it may have changed who is meant
  if (resolved) resolved = customers::check_arrival(rooms_.records, event);
  if (!resolved) {
    if (!is_about_the_event(resolved.error().code)) return std::unexpected(std::move(resolved).error());
    return Answer(std::unexpected(std::move(resolved).error()));
  }
  if (event.entities != prepared) TRY(rooms_.features->prepare(transaction_, std::span(&event, 1)));
  return Answer(TRY(walk(caller, std::move(event), 0)));
}

Result<Answer> Walk::repeat_of(const Event& event, const events::Known& known) {
  if (!known.is_same) {
    return Answer(fail(Code::kConflict,
                       "this source and id already stand for an event with another content: a new event "
                       "needs a new id",
                       "/id"));
  }
  if (const auto answer = answers_.find(known.seq); answer != answers_.end()) return Answer(answer->second);
  if (rooms_.records.is_erased(event)) return Answer(erased_since(known.seq));
  const auto records = rooms_.desk.records_of_event(transaction_, known.seq);
  if (!records && records.error().code == Code::kNotFound) return Answer(erased_since(known.seq));
  if (!records) return std::unexpected(records.error());
  json::array decisions;
  for (const auto& record : *records) decisions.push_back(decisions::summary_of(record));
  return Answer(answer_of(known.seq, std::move(decisions)));
}

// The event is new and resolved. It lives in appended_ from here on, where what follows from it may move it.
Result<json::object> Walk::walk(const security::Caller& caller, Event arrived, int round) {
  const size_t place = appended_.size();
  arrived.seq = next_seq_++;
  walked_.emplace(rooms_.pseudonyms.identity_of(arrived.source, arrived.id), place);
  const auto& event = appended_.emplace_back(std::move(arrived));
  senders_.push_back(&caller);
  const int64_t seq = event.seq;
  const auto policy = event.is_history ? nullptr : rooms_.policies.active_for(event.type);
  std::optional<decisions::Decision> decision;
  if (policy) decision = TRY(decide(event, *policy));
  rooms_.records.apply(event);
  TRY(rooms_.features->apply(event));
  if (events::is_erasure(event)) {
    TRY(forget(event));
    audit_entries_.push_back({&caller, entry_of_erasure(event)});
  }
  if (customers::is_link(event)) audit_entries_.push_back({&caller, entry_of_link(event)});
  json::array summaries;
  if (decision) {
    summaries.push_back(record(caller, *decision));
    TRY(follow(caller, place, *policy, *decision, round));
  }
  return answers_[seq] = answer_of(seq, std::move(summaries));
}

// Every room forgets whom it names, and the records of others name them no more.
Result<void> Walk::forget(const Event& erasure) {
  TRY(rooms_.records.forget_named(transaction_, erasure,
                                  [this](events::Entity entity, int64_t max_seq, Timestamp max_time, const auto& each) {
                                    return history(entity, max_seq, max_time, each);
                                  }));
  return rooms_.erase(transaction_, erasure.entities);
}

// Stages the decision and its audit entry; what the caller is told of it.
json::object Walk::record(const security::Caller& caller, const decisions::Decision& decision) {
  const auto record = decisions::to_json(decision);
  const auto digest = rooms_.desk.stage(decision, write_json(record));
  audit_entries_.push_back({&caller,
                            {"decision.made",
                             "decision/" + format(decision.id),
                             {{"policy", decision.policy}, {"seq", decision.seq}, {"digest", to_hex(digest)}}}});
  return decisions::summary_of(record);
}

Result<decisions::Decision> Walk::decide(const Event& event, const decisions::Policy& policy) {
  const auto sight = sight_of(rooms_, transaction_,
                              [this](events::Entity entity, int64_t max_seq, Timestamp max_time, const auto& each) {
                                return history(entity, max_seq, max_time, each);
                              });
  return app::decide(sight, &transaction_, event, policy, {});
}

Result<void> Walk::follow(const security::Caller& caller, size_t place, const decisions::Policy& policy,
                          const decisions::Decision& decision, int round) {
  const auto consequences = TRY(policy.consequences(decision.facts, decision.verdict.outcome));
  if (consequences.empty()) return {};
  if (round == kMaxRounds) return fail(Code::kUnprocessable, "policies set off each other more than twice in a row");
  const Event event = appended_[place];
  const auto identity = to_hex(rooms_.pseudonyms.identity_of(event.source, event.id));
  for (const auto& [type, data] : consequences) {
    auto next = TRY(events::make_event({.source = "amity/" + decision.policy,
                                        .id = identity.substr(0, 32) + "/" + type,
                                        .type = type,
                                        .subject = event.subject,
                                        .time = event.time,
                                        .data = data}));
    TRY(rooms_.records.load(transaction_, std::span(&next, 1)));
    TRY(rooms_.records.resolve(next));
    TRY(rooms_.features->prepare(transaction_, std::span(&next, 1)));
    TRY(walk(caller, std::move(next), round + 1));
  }
  return {};
}

// The log, and behind it what this batch has appended so far.
Result<void> Walk::history(const events::Entity& entity, int64_t max_seq, Timestamp max_time,
                           const std::function<Result<void>(const Event&)>& each) {
  TRY(rooms_.log.of_entity(transaction_, {.entity = entity.id, .max_seq = max_seq, .max_time = max_time}, each));
  for (const auto& event : appended_) {
    const bool touches = std::ranges::find(event.entities, entity) != event.entities.end();
    if (touches && event.seq <= max_seq && event.time <= max_time) TRY(each(event));
  }
  return {};
}

// One entry for each run of events of one sender.
std::vector<Walk::Signed> Walk::accepted() const {
  std::vector<Signed> entries;
  for (size_t i = 0; i < appended_.size(); ++i) {
    if (i == 0 || senders_[i] != senders_[i - 1]) {
      entries.push_back(
          {senders_[i],
           {"events.accepted", "events/" + std::to_string(appended_[i].seq), {{"first_seq", appended_[i].seq}}}});
    }
    entries.back().second.detail["last_seq"] = appended_[i].seq;
  }
  return entries;
}

Result<void> Walk::save() {
  if (appended_.empty()) return {};
  const int64_t first_seq = appended_.front().seq;
  TRY(rooms_.log.append(transaction_, appended_, rooms_.clock.now()));
  CHECK(appended_.front().seq == first_seq && appended_.back().seq == next_seq_ - 1);
  TRY(rooms_.records.save(transaction_));
  TRY(rooms_.desk.save(transaction_));
  TRY(chain(accepted()));
  return chain(std::move(audit_entries_));
}

// The entries of one caller in a row are chained in one go.
Result<void> Walk::chain(std::vector<Signed> signed_entries) {
  std::vector<security::AuditEntry> entries;
  for (size_t i = 0; i < signed_entries.size(); ++i) {
    const auto* caller = signed_entries[i].first;
    entries.push_back(std::move(signed_entries[i].second));
    if (i + 1 < signed_entries.size() && signed_entries[i + 1].first == caller) continue;
    TRY(rooms_.audit.record(transaction_, *caller, entries));
    entries.clear();
  }
  return {};
}

Result<json::object> evaluate(Rooms& rooms, store::Reader& reader, Event event) {
  const auto policy = rooms.policies.active_for(event.type);
  if (!policy) return not_found("no active policy decides events of this type", "/type");
  TRY(rooms.settling.take_up(reader, *rooms.features));
  TRY(rooms.records.load(reader, std::span(&event, 1)));
  TRY(rooms.records.resolve(event));
  TRY(customers::check_arrival(rooms.records, event));
  TRY(rooms.features->prepare(reader, std::span(&event, 1)));
  event.seq = TRY(rooms.log.last_seq(reader)) + 1;
  const auto history = [&](events::Entity entity, int64_t max_seq, Timestamp max_time, const auto& each) {
    return rooms.log.of_entity(reader, {.entity = entity.id, .max_seq = max_seq, .max_time = max_time}, each);
  };
  const auto decision = TRY(decide(sight_of(rooms, reader, history), &reader, event, *policy, {}));
  auto record = decisions::to_json(decision);
  record["is_evaluation"] = true;
  return record;
}

}  // namespace amity::app
