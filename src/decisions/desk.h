// Where decisions are made and kept: the live policy applied to one event, and the records of the batch.
//
// Writer thread only for decide/save/publish/discard; the readers at the end may be called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "decisions/decision.h"
#include "decisions/policy_book.h"
#include "security/keys.h"

namespace amity::decisions {

// One feature of the row a decision reads; NaN: unknown.
struct NamedNumber {
  std::string name;
  double value;
};

// Which version of a model: the live one now, or in replay the recorded one, which may have been none.
struct ModelVersion {
  bool is_recorded = false;
  std::optional<Digest> fingerprint;
};

// Scores the numbers with a model; nothing where no approved version is (or was) live.
using ScoreWith = std::function<Result<std::optional<Score>>(std::string_view model, const ModelVersion& version,
                                                             const std::vector<NamedNumber>& numbers)>;

// What reference/ knows of a product, for policies: {"risk_level": "R3", ...}; empty where it is unknown.
using ProductFacts = std::function<json::object(std::string_view product)>;

// What an event is decided with.
struct Decided {
  const events::Event& event;
  Digest event_identity{};
  const Policy& policy;
  Digest features_fingerprint{};
  std::vector<NamedNumber> numbers;  // all the policy and its model read
  json::object customer;
  std::vector<Uuid> merged = {};  // other references of the same customers, by id
  Uuid owner;  // whose data `customer` is: the record dies with them; the event's home where it is nobody's
  ModelVersion model_version;
};

class DecisionDesk {
 public:
  DecisionDesk(security::KeyStore& keys, ScoreWith score, ProductFacts products);

  // Pure of state: the same input gives the same record, now and in replay.
  Result<Decision> decide(const Decided& decided) const;

  // Batch life.
  // `record`: its canonical JSON. Its digest, as it is kept.
  Digest stage(const Decision& decision, std::string record);
  Result<void> save(store::Transaction& transaction);
  void discard() { staged_.clear(); }

  // The canonical records, opened. not_found: none, or its owner has been erased.
  Result<json::object> record(store::Reader& reader, DecisionId id) const;
  Result<std::vector<json::object>> records_of_event(store::Reader& reader, int64_t seq) const;
  // Newest first, of one subject (or of all), from before `before_seq`.
  Result<std::vector<json::object>> records(store::Reader& reader, std::optional<Uuid> subject, int64_t before_seq,
                                            int limit) const;

  // The decisions about events from_seq <= seq <= to_seq in order of seq; no record where its owner has been erased.
  struct Kept {
    int64_t seq;
    DecisionId id;
    std::optional<json::object> record;
    Digest digest{};  // of the record's bytes
  };
  Result<void> scan(store::Reader& reader, int64_t from_seq, int64_t to_seq,
                    const std::function<Result<void>(const Kept&)>& each) const;

 private:
  struct Staged {
    DecisionId id;
    int64_t seq;
    int partition;
    Uuid subject;
    Uuid owner;
    Timestamp time;
    std::string policy;
    std::string record;  // canonical JSON
    Digest record_digest;
  };
  Result<Bytes> open_bytes(ByteView owner, ByteView id, ByteView sealed) const;
  Result<json::object> open_record(ByteView owner, ByteView id, ByteView sealed) const;

  security::KeyStore& keys_;
  ScoreWith score_;
  ProductFacts products_;
  std::vector<Staged> staged_;
};

}  // namespace amity::decisions
