#include "decisions/desk.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace amity::decisions {
namespace {

using store::Statement;
using store::Value;

constexpr store::Insert kAdd("decisions.add", "decisions",
                             "partition_id,decision_id,seq,subject_id,home_id,event_time_us,policy,"
                             "record_digest,sealed_record");
constexpr Statement kById("decisions.by_id",
                          "SELECT home_id, decision_id, sealed_record FROM decisions WHERE decision_id = $1");
constexpr Statement kBySeq(
    "decisions.by_seq",
    "SELECT home_id, decision_id, sealed_record FROM decisions WHERE seq = $1 ORDER BY decision_id");
constexpr Statement kNewest("decisions.newest",
                            "SELECT home_id, decision_id, sealed_record FROM decisions WHERE seq < $1 "
                            "ORDER BY seq DESC, decision_id LIMIT $2");
constexpr Statement kNewestOf("decisions.newest_of",
                              "SELECT home_id, decision_id, sealed_record FROM decisions WHERE subject_id = $3 AND "
                              "seq < $1 ORDER BY seq DESC, decision_id LIMIT $2");
constexpr Statement kScan("decisions.scan",
                          "SELECT home_id, decision_id, sealed_record, seq FROM decisions WHERE seq BETWEEN $1 AND $2 "
                          "ORDER BY seq, decision_id");

Uuid uuid_from(ByteView bytes) {
  CHECK(bytes.size() == 16);
  Uuid id;
  std::ranges::copy(bytes, id.bytes.begin());
  return id;
}

std::string place_of(const Uuid& decision) { return "decisions.sealed_record:" + format(decision); }

// "account.balance_min_365d" becomes features.account.balance_min_365d; unknown numbers are absent.
json::object nested(const std::vector<NamedNumber>& numbers) {
  json::object out;
  for (const auto& [name, value] : numbers) {
    if (std::isnan(value)) continue;
    json::object* level = &out;
    size_t begin = 0;
    for (size_t dot = name.find('.'); dot != std::string::npos; begin = dot + 1, dot = name.find('.', begin)) {
      auto& next = (*level)[std::string_view(name).substr(begin, dot - begin)];
      if (!next.is_object()) next = json::object();
      level = &next.get_object();
    }
    (*level)[std::string_view(name).substr(begin)] = value;
  }
  return out;
}

json::object facts_of(const events::Event& event) {
  json::object facts = event.data;
  facts["id"] = event.id;
  facts["type"] = event.type;
  facts["time"] = format(event.time);
  facts["date"] = format(date_of(event.time));
  return facts;
}

bool has_consented(const json::object& customer, std::string_view purpose) {
  const auto* consents = customer.if_contains("consents");
  const auto* given = consents == nullptr ? nullptr : consents->get_object().if_contains(purpose);
  return given != nullptr && given->get_bool();
}

}  // namespace

DecisionDesk::DecisionDesk(security::KeyStore& keys, ScoreWith score, ProductFacts products)
    : keys_(keys), score_(std::move(score)), products_(std::move(products)) {}

Result<Decision> DecisionDesk::decide(const Decided& decided) const {
  const auto& event = decided.event;
  const auto& definition = decided.policy.definition();
  Decision decision{.id = decision_id(decided.event_identity, definition.name),
                    .seq = event.seq,
                    .event_type = event.type,
                    .subject = event.entities[0],
                    .owner = decided.owner,
                    .partition = event.partition,
                    .time = event.time,
                    .policy = definition.name,
                    .policy_fingerprint = decided.policy.fingerprint(),
                    .features_fingerprint = decided.features_fingerprint,
                    .purpose = definition.purpose,
                    .basis = definition.basis,
                    .merged = decided.merged,
                    .facts = {},
                    .score = {},
                    .verdict = {}};
  decision.facts.event = facts_of(event);
  if (definition.basis == "consent" && !has_consented(decided.customer, definition.purpose)) {
    decision.verdict = {definition.fallback, {{"consent", definition.fallback, "no_consent"}}, false};
    return decision;
  }
  decision.facts.features = nested(decided.numbers);
  decision.facts.customer = decided.customer;
  if (const auto* product = event.data.if_contains("product")) {
    decision.facts.product = products_(product->get_string());
  }
  if (!definition.model.empty()) decision.score = TRY(score_(definition.model, decided.model_version, decided.numbers));
  if (decision.score) {
    auto& model =
        decision.facts.model = {{"probability", decision.score->probability}, {"margin", decision.score->margin}};
    if (decision.score->points) model.get_object()["points"] = *decision.score->points;
  }
  decision.verdict = decided.policy.judge(decision.facts);
  return decision;
}

Digest DecisionDesk::stage(const Decision& decision, std::string record) {
  const auto record_digest = digest(as_bytes(record));
  staged_.push_back({decision.id, decision.seq, decision.partition, decision.subject.id, decision.owner, decision.time,
                     decision.policy, std::move(record), record_digest});
  return record_digest;
}

Result<void> DecisionDesk::save(store::Transaction& transaction) {
  if (staged_.empty()) return {};
  std::vector<Bytes> sealed;
  std::vector<Value> cells;
  sealed.reserve(staged_.size());
  for (const auto& staged : staged_) {
    const auto key = TRY(keys_.key_of(staged.owner));
    sealed.push_back(seal(key, as_bytes(staged.record), place_of(staged.id.value)));
    cells.insert(cells.end(),
                 {int64_t{staged.partition}, ByteView(staged.id.value.bytes), staged.seq,
                  ByteView(staged.subject.bytes), ByteView(staged.owner.bytes), staged.time.us,
                  std::string_view(staged.policy), ByteView(staged.record_digest), ByteView(sealed.back())});
  }
  return transaction.insert(kAdd, cells);
}

Result<Bytes> DecisionDesk::open_bytes(ByteView owner, ByteView id, ByteView sealed) const {
  const auto key = TRY(keys_.key_of(uuid_from(owner)));
  return open(key, sealed, place_of(uuid_from(id)));
}

Result<json::object> DecisionDesk::open_record(ByteView owner, ByteView id, ByteView sealed) const {
  const auto plain = TRY(open_bytes(owner, id, sealed));
  return TRY(parse_json(as_text(plain))).as_object();
}

Result<json::object> DecisionDesk::record(store::Reader& reader, DecisionId id) const {
  const Value parameters[] = {ByteView(id.value.bytes)};
  const auto found = TRY(reader.first<json::object>(
      kById, parameters, [&](const store::Row& row) { return open_record(row.bytes(0), row.bytes(1), row.bytes(2)); }));
  if (!found) return not_found("no decision with this id");
  return *found;
}

Result<std::vector<json::object>> DecisionDesk::records_of_event(store::Reader& reader, int64_t seq) const {
  std::vector<json::object> records;
  const Value parameters[] = {seq};
  TRY(reader.query(kBySeq, parameters, [&](const store::Row& row) -> Result<void> {
    records.push_back(TRY(open_record(row.bytes(0), row.bytes(1), row.bytes(2))));
    return {};
  }));
  return records;
}

Result<std::vector<json::object>> DecisionDesk::records(store::Reader& reader, std::optional<Uuid> subject,
                                                        int64_t before_seq, int limit) const {
  std::vector<json::object> records;
  std::vector<Value> parameters{before_seq, int64_t{limit}};
  if (subject) parameters.emplace_back(ByteView(subject->bytes));
  TRY(reader.query(subject ? kNewestOf : kNewest, parameters, [&](const store::Row& row) -> Result<void> {
    auto opened = open_record(row.bytes(0), row.bytes(1), row.bytes(2));
    if (opened) records.push_back(std::move(*opened));
    if (!opened && opened.error().code != Code::kNotFound) return std::unexpected(opened.error());
    return {};
  }));
  return records;
}

Result<void> DecisionDesk::scan(store::Reader& reader, int64_t from_seq, int64_t to_seq,
                                const std::function<Result<void>(const Kept&)>& each) const {
  const Value parameters[] = {from_seq, to_seq};
  return reader.query(kScan, parameters, [&](const store::Row& row) -> Result<void> {
    Kept kept{row.integer(3), DecisionId{uuid_from(row.bytes(1))}, {}, {}};
    const auto opened = open_bytes(row.bytes(0), row.bytes(1), row.bytes(2));
    if (!opened && opened.error().code != Code::kNotFound) return std::unexpected(opened.error());
    if (opened) {
      kept.record = TRY(parse_json(as_text(*opened))).as_object();
      kept.digest = digest(*opened);
    }
    return each(kept);
  });
}

}  // namespace amity::decisions
