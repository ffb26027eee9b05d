#include "events/log.h"

#include <algorithm>
#include <array>
#include <map>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "events/catalogue.h"
#include "events/log/index_tail.h"
#include "events/log/named.h"

namespace amity::events {
namespace {

using store::Insert;
using store::Statement;
using store::Value;

constexpr int64_t kPageEvents = 1024;
constexpr size_t kIdentityBytes = 16;  // of the keyed digest: 2^64 events until two are likely to meet
constexpr size_t kEntityBytes = 17;    // kind, id
// First byte of what is sealed. In format 1 names of others stood as they came.
constexpr uint8_t kSealedFormat = 2;
constexpr uint8_t kOpenNamesFormat = 1;

// $1 holds identities one after the other; one round trip finds all. The answer's first column counts them from 0.
constexpr Statement kFindKnown("events.find_known",
                               "WITH RECURSIVE wanted (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM wanted "
                               "WHERE (i + 2) * 16 <= length($1)) "
                               "SELECT i, seq, body_tag FROM wanted CROSS JOIN event_identity "
                               "WHERE identity = substr($1, i * 16 + 1, 16)",
                               "SELECT i, seq, body_tag FROM generate_series(0, length($1::bytea) / 16 - 1) AS i, "
                               "LATERAL (SELECT seq, body_tag FROM event_identity "
                               "WHERE identity = substr($1::bytea, i * 16 + 1, 16) LIMIT 1) AS known");
constexpr Statement kReadHeads("events.read_heads", "SELECT last_seq, partition_seqs FROM event_heads WHERE id = 1");
constexpr Statement kWriteHeads("events.write_heads",
                                "INSERT INTO event_heads (id, last_seq, partition_seqs) VALUES (1, $1, $2) "
                                "ON CONFLICT (id) DO UPDATE SET last_seq = excluded.last_seq, "
                                "partition_seqs = excluded.partition_seqs");
constexpr Statement kScan("events.scan",
                          "SELECT seq, partition_id, partition_seq, type, schema_version, time, recorded, is_history, "
                          "home, entities, sealed FROM events WHERE seq >= $1 AND seq <= $2 ORDER BY seq");
constexpr Statement kOfEntity(
    "events.of_entity",
    "SELECT e.seq, e.partition_id, e.partition_seq, e.type, e.schema_version, e.time, e.recorded, e.is_history, "
    "e.home, e.entities, e.sealed FROM event_entities AS x "
    "JOIN events AS e ON e.seq = x.seq AND e.partition_id = x.partition_id "
    "WHERE x.entity_id = $1 AND (x.time, x.seq) > ($2, $3) AND x.time <= $4 AND x.seq <= $5 "
    "ORDER BY x.time, x.seq LIMIT 1024");
constexpr Statement kSeqsSince("events.seqs_since",
                               "SELECT seq FROM event_entities WHERE entity_id = $1 AND seq > $2 AND seq <= $3");
constexpr Insert kInsertEvents("events.insert", "events",
                               "seq,partition_id,partition_seq,type,schema_version,time,recorded,is_history,home,"
                               "entities,sealed");
constexpr Insert kInsertIdentity("events.insert_identity", "event_identity", "identity,body_tag,seq");
// Written again after a crash in the middle of a round.
constexpr Statement kIndex("events.index",
                           "INSERT INTO event_entities (entity_id, time, seq, partition_id) VALUES ($1, $2, $3, $4) "
                           "ON CONFLICT DO NOTHING");
constexpr Statement kReadSettled("events.read_settled", "SELECT index_seq FROM settled WHERE id = 1");
constexpr Statement kWriteSettled("events.write_settled", "UPDATE settled SET index_seq = $1 WHERE id = 1");
constexpr Statement kScanEntities("events.scan_entities",
                                  "SELECT seq, partition_id, time, entities FROM events WHERE seq > $1 AND seq <= $2 "
                                  "ORDER BY seq");

struct Heads {
  int64_t last_seq = 0;
  std::array<int64_t, kPartitionCount> partition_seqs{};
};

Bytes pack(const std::array<int64_t, kPartitionCount>& numbers) {
  Bytes bytes;
  bytes.reserve(numbers.size() * 8);
  for (const int64_t number : numbers) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(number >> shift));
  }
  return bytes;
}

std::array<int64_t, kPartitionCount> unpack(ByteView bytes) {
  CHECK(bytes.size() == kPartitionCount * 8);
  std::array<int64_t, kPartitionCount> numbers{};
  for (size_t i = 0; i < bytes.size(); ++i) numbers[i / 8] = numbers[i / 8] << 8 | bytes[i];
  return numbers;
}

Result<Heads> read_heads(store::Reader& reader) {
  Heads heads;
  TRY(reader.query(kReadHeads, {}, [&](const store::Row& row) -> Result<void> {
    heads.last_seq = row.integer(0);
    heads.partition_seqs = unpack(row.bytes(1));
    return {};
  }));
  return heads;
}

Bytes pack(const std::vector<Entity>& entities) {
  Bytes bytes;
  bytes.reserve(entities.size() * kEntityBytes);
  for (const auto& entity : entities) {
    bytes.push_back(static_cast<uint8_t>(entity.kind));
    bytes.insert(bytes.end(), entity.id.bytes.begin(), entity.id.bytes.end());
  }
  return bytes;
}

Uuid uuid_from(ByteView bytes) {
  Uuid id;
  CHECK(bytes.size() == id.bytes.size());
  std::ranges::copy(bytes, id.bytes.begin());
  return id;
}

std::vector<Entity> unpack_entities(ByteView bytes) {
  CHECK(bytes.size() % kEntityBytes == 0);
  std::vector<Entity> entities;
  for (size_t at = 0; at < bytes.size(); at += kEntityBytes) {
    entities.push_back({static_cast<EntityKind>(bytes[at]), uuid_from(bytes.subspan(at + 1, 16))});
  }
  return entities;
}

std::string place_of(int64_t seq) { return fmt::format("events.sealed:{}", seq); }

// Canonical JSON, written without a copy of the data.
Bytes seal_event(const SecretKey& key, const Event& event, const json::object& data) {
  std::string plain(1, static_cast<char>(kSealedFormat));
  plain += R"({"data":)" + write_json(data) + R"(,"id":)" + write_json_text(event.id);
  plain += R"(,"source":)" + write_json_text(event.source);
  plain += R"(,"subject":)" + write_json_text(format(event.subject)) + "}";
  return seal(key, as_bytes(plain), place_of(event.seq));
}

Result<void> fill_from(Event& event, std::string_view plain, security::KeyStore& keys, security::KeyAccess access,
                       const Pseudonyms& pseudonyms) {
  if (plain.empty() || (plain[0] != kSealedFormat && plain[0] != kOpenNamesFormat)) {
    return invalid("sealed in a format this version does not know");
  }
  const auto document = TRY(parse_json(plain.substr(1)));
  JsonReader in(document, "");
  event.source = in.text("source");
  event.id = in.text("id");
  const auto subject = in.text("subject");
  const auto& data = in.object("data");
  TRY(in.finish());
  event.subject = TRY(parse_reference(subject));
  const auto* type = find_type(event.type);
  if (type == nullptr) return invalid("a type of event this version does not know: use the version that wrote it");
  auto opened = TRY(open_names(data, event.seq, keys, access));
  if (event.schema_version == type->version) {
    event.data = std::move(opened.data);
  } else {
    event.data = TRY(check_data(*type, event.schema_version, opened.data, ""));
    event.schema_version = type->version;
  }
  event.has_lost_names = leave_out_erased(event.data, *type, opened.stand_ins, keys, pseudonyms, access);
  return {};
}

// Homes, and whom the events name that has not been erased.
std::vector<Uuid> owners_of(std::span<const Event> events, const security::KeyStore& keys,
                            const Pseudonyms& pseudonyms) {
  std::vector<Uuid> owners;
  for (const auto& event : events) {
    owners.push_back(event.home);
    for (const auto& named : named_besides_home(event, pseudonyms)) {
      if (!keys.is_erased(named)) owners.push_back(named);
    }
  }
  std::ranges::sort(owners);
  owners.erase(std::ranges::unique(owners).begin(), owners.end());
  return owners;
}

void check_complete(std::span<const Event> events) {
  for (const auto& event : events) {
    CHECK(!event.home.is_nil() && !event.entities.empty() && !event.is_erased);
    CHECK(event.partition >= 0 && event.partition < kPartitionCount);
  }
}

void number(std::span<Event> events, Timestamp recorded, Heads& heads) {
  for (auto& event : events) {
    event.seq = ++heads.last_seq;
    event.partition_seq = ++heads.partition_seqs[static_cast<size_t>(event.partition)];
    event.recorded = recorded;
  }
}

Result<int64_t> read_index_seq(store::Reader& reader) {
  return TRY(reader.first<int64_t>(kReadSettled, {},
                                   [](const store::Row& row) -> Result<int64_t> { return row.integer(0); }))
      .value_or(0);
}

}  // namespace

EventLog::EventLog(security::KeyStore& keys, Pseudonyms pseudonyms, security::KeyAccess access)
    : tail_(std::make_unique<IndexTail>()), keys_(&keys), access_(access), pseudonyms_(std::move(pseudonyms)) {}
EventLog::~EventLog() = default;

int partition_of(const Uuid& home) { return home.bytes.back() % kPartitionCount; }

Result<std::vector<std::optional<Known>>> EventLog::find_known(store::Reader& reader,
                                                               std::span<const Event> events) const {
  std::vector<std::optional<Known>> known(events.size());
  if (events.empty()) return known;
  Bytes wanted;
  wanted.reserve(events.size() * kIdentityBytes);
  for (const auto& event : events) {
    const auto identity = pseudonyms_.identity_of(event.source, event.id);
    wanted.insert(wanted.end(), identity.begin(), identity.begin() + kIdentityBytes);
  }
  TRY(reader.query(kFindKnown, std::array<Value, 1>{ByteView(wanted)}, [&](const store::Row& row) -> Result<void> {
    const auto index = static_cast<size_t>(row.integer(0));
    const auto tag = pseudonyms_.tag_of(events[index].body_digest);
    known[index] = Known{row.integer(1), std::ranges::equal(row.bytes(2), ByteView(tag).first(kIdentityBytes))};
    return {};
  }));
  return known;
}

std::vector<std::optional<size_t>> EventLog::repeats_within(std::span<const Event> events) const {
  std::vector<std::optional<size_t>> repeats(events.size());
  std::map<std::pair<std::string_view, std::string_view>, size_t> first;
  for (size_t i = 0; i < events.size(); ++i) {
    const auto [at, is_new] = first.try_emplace({events[i].source, events[i].id}, i);
    if (!is_new) repeats[i] = at->second;
  }
  return repeats;
}

Result<void> EventLog::append(store::Transaction& transaction, std::span<Event> events, Timestamp recorded) {
  if (events.empty()) return {};
  check_complete(events);
  TRY(keys_->ensure(owners_of(events, *keys_, pseudonyms_)));
  auto heads = TRY(read_heads(transaction));
  const int64_t last_seq = heads.last_seq;
  number(events, recorded, heads);
  TRY(insert_events(transaction, events));
  auto is_new = insert_identity(transaction, events);
  if (!is_new && is_new.error().code == Code::kConflict) {
    return fail(Code::kConflict, "the log already holds an event of this source and id", "/id");
  }
  TRY(std::move(is_new));
  tail_->append(last_seq, events);
  const Bytes partition_seqs = pack(heads.partition_seqs);
  return transaction.post(kWriteHeads, std::array<Value, 2>{heads.last_seq, ByteView(partition_seqs)});
}

Result<void> EventLog::insert_events(store::Transaction& transaction, std::span<const Event> events) const {
  std::vector<Bytes> kept;  // what the cells look at
  kept.reserve(events.size() * 2);
  std::vector<Value> cells;
  cells.reserve(events.size() * kInsertEvents.column_count);
  for (const auto& event : events) {
    const ByteView entities = kept.emplace_back(pack(event.entities));
    const auto key = TRY(keys_->key_of(event.home));
    const bool names_others = !named_besides_home(event, pseudonyms_).empty();
    const ByteView sealed =
        kept.emplace_back(names_others ? seal_event(key, event, TRY(close_names(event, *keys_, pseudonyms_)))
                                       : seal_event(key, event, event.data));
    cells.insert(cells.end(), {event.seq, int64_t{event.partition}, event.partition_seq, std::string_view(event.type),
                               int64_t{event.schema_version}, event.time.us, event.recorded.us,
                               int64_t{event.is_history}, ByteView(event.home.bytes), entities, sealed});
  }
  return transaction.insert(kInsertEvents, cells);
}

Result<void> EventLog::insert_identity(store::Transaction& transaction, std::span<const Event> events) const {
  std::vector<Digest> kept;
  kept.reserve(events.size() * 2);
  std::vector<Value> cells;
  for (const auto& event : events) {
    const auto& identity = kept.emplace_back(pseudonyms_.identity_of(event.source, event.id));
    const auto& tag = kept.emplace_back(pseudonyms_.tag_of(event.body_digest));
    cells.insert(cells.end(),
                 {ByteView(identity).first(kIdentityBytes), ByteView(tag).first(kIdentityBytes), event.seq});
  }
  return transaction.insert(kInsertIdentity, cells);
}

Result<Event> EventLog::read(const store::Row& row) const {
  Event event;
  event.seq = row.integer(0);
  event.partition = static_cast<int>(row.integer(1));
  event.partition_seq = row.integer(2);
  event.type = row.text(3);
  event.schema_version = static_cast<int>(row.integer(4));
  event.time = {row.integer(5)};
  event.recorded = {row.integer(6)};
  event.is_history = row.integer(7) != 0;
  event.home = uuid_from(row.bytes(8));
  event.entities = unpack_entities(row.bytes(9));
  const auto key = keys_->key_of(event.home, access_);
  if (!key && keys_->is_erased(event.home, access_)) {
    event.is_erased = true;
    return event;
  }
  const auto place = fmt::format("event {}", event.seq);
  if (!key) {
    return fail(Code::kConflict, "the key store has no key for it and no erasure: it is not this database's", place);
  }
  const auto plain = open(*key, row.bytes(10), place_of(event.seq));
  if (!plain) return fail(Code::kConflict, "what is stored was changed: it does not open with its key", place);
  if (auto ok = fill_from(event, as_text(*plain), *keys_, access_, pseudonyms_); !ok)
    return std::unexpected(std::move(ok.error()).within(place));
  return event;
}

Result<void> EventLog::scan(store::Reader& reader, int64_t from_seq, int64_t to_seq, const EachEvent& each) const {
  const int64_t last = std::min(to_seq, TRY(last_seq(reader)));
  std::vector<Event> page;
  for (int64_t from = std::max<int64_t>(from_seq, 1); from <= last; from += kPageEvents) {
    page.clear();
    const std::array<Value, 2> bounds = {from, std::min(last, from + kPageEvents - 1)};
    TRY(reader.query(kScan, bounds, [&](const store::Row& row) -> Result<void> {
      page.push_back(TRY(read(row)));
      return {};
    }));
    // Outside the query, so that `each` may ask the reader itself.
    for (const auto& event : page) TRY(each(event));
  }
  return {};
}

// Two sorted lists become one: the table's, a page at a time, and the unsettled rest.
Result<void> EventLog::of_entity(store::Reader& reader, const EntityRange& range, const EachEvent& each) const {
  const int64_t index_seq = TRY(read_index_seq(reader));
  const auto rest = TRY(unsettled(reader, range, index_seq));
  auto next = rest.begin();
  const auto rest_before = [&](Timestamp time, int64_t seq) -> Result<void> {
    for (; next != rest.end() && std::tie(next->time, next->seq) < std::tie(time, seq); ++next) {
      TRY(each(TRY(at(reader, next->seq))));
    }
    return {};
  };
  std::pair<int64_t, int64_t> after = {range.min_time.us, 0};  // seq counts from 1
  for (std::vector<Event> page(1); !page.empty();) {
    page.clear();
    const std::array<Value, 5> bounds = {ByteView(range.entity.bytes), after.first, after.second, range.max_time.us,
                                         std::min(range.max_seq, index_seq)};
    TRY(reader.query(kOfEntity, bounds, [&](const store::Row& row) -> Result<void> {
      page.push_back(TRY(read(row)));
      return {};
    }));
    for (const auto& event : page) {
      TRY(rest_before(event.time, event.seq));
      TRY(each(event));
    }
    if (!page.empty()) after = {page.back().time.us, page.back().seq};
  }
  return rest_before(kLatest, INT64_MAX);
}

// Of this range, what the table does not hold yet, in order of (time, seq).
Result<std::vector<IndexEntry>> EventLog::unsettled(store::Reader& reader, const EntityRange& range,
                                                    int64_t index_seq) const {
  const int64_t up_to = std::min(range.max_seq, TRY(last_seq(reader)));
  std::vector<IndexEntry> entries;
  if (up_to <= index_seq) return entries;
  if (auto kept = tail_->of(range.entity, index_seq, up_to)) {
    entries = *std::move(kept);
  } else {
    TRY(reader.query(kScanEntities, std::array<Value, 2>{index_seq, up_to}, [&](const store::Row& row) -> Result<void> {
      const auto entities = unpack_entities(row.bytes(3));
      if (std::ranges::find(entities, range.entity, &Entity::id) == entities.end()) return {};
      entries.push_back({range.entity, {row.integer(2)}, row.integer(0), row.integer(1)});
      return {};
    }));
    std::ranges::sort(entries, {}, [](const IndexEntry& entry) { return std::pair(entry.time, entry.seq); });
  }
  std::erase_if(entries,
                [&](const IndexEntry& entry) { return entry.time < range.min_time || entry.time > range.max_time; });
  return entries;
}

Result<void> EventLog::since(store::Reader& reader, std::span<const Since> wanted, const EachSince& each) const {
  const int64_t index_seq = TRY(read_index_seq(reader));
  const int64_t last = TRY(last_seq(reader));
  std::vector<std::pair<int64_t, size_t>> found;  // seq, index
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto& [entity, after_seq] = wanted[i];
    if (after_seq < index_seq) {
      const std::array<Value, 3> bounds = {ByteView(entity.bytes), after_seq, index_seq};
      TRY(reader.query(kSeqsSince, bounds, [&](const store::Row& row) -> Result<void> {
        found.emplace_back(row.integer(0), i);
        return {};
      }));
    }
    const int64_t from = std::max(after_seq, index_seq);
    auto kept = tail_->of(entity, from, last);
    if (!kept) kept = TRY(unsettled(reader, {.entity = entity}, from));
    for (const auto& entry : *kept) found.emplace_back(entry.seq, i);
  }
  std::ranges::sort(found);
  std::optional<Event> event;
  for (const auto& [seq, index] : found) {
    if (!event || event->seq != seq) event = TRY(at(reader, seq));
    TRY(each(index, *event));
  }
  return {};
}

Result<void> EventLog::take_up(store::Reader& reader) {
  const int64_t index_seq = TRY(read_index_seq(reader));
  const std::array<Value, 2> bounds = {index_seq, TRY(last_seq(reader))};
  std::vector<Event> events;
  TRY(reader.query(kScanEntities, bounds, [&](const store::Row& row) -> Result<void> {
    auto& event = events.emplace_back();
    event.seq = row.integer(0);
    event.partition = static_cast<int>(row.integer(1));
    event.time = {row.integer(2)};
    event.entities = unpack_entities(row.bytes(3));
    return {};
  }));
  tail_->append(index_seq, events);
  return {};
}

Result<void> EventLog::begin_settling(store::Reader& reader) {
  const int64_t index_seq = TRY(read_index_seq(reader));
  stock_seq_ = TRY(last_seq(reader));
  auto entries = tail_->all(index_seq, stock_seq_);
  if (!entries) {
    TRY(take_up(reader));
    entries = tail_->all(index_seq, stock_seq_);
  }
  CHECK(entries.has_value());
  stock_ = *std::move(entries);
  std::ranges::reverse(stock_);
  written_ = 0;
  return {};
}

Result<size_t> EventLog::settle(store::Transaction& transaction, size_t count) {
  is_finishing_ = false;
  written_ = std::min(count, stock_.size());
  for (const auto& entry : stock_ | std::views::reverse | std::views::take(written_)) {
    const std::array<Value, 4> cells = {ByteView(entry.entity.bytes), entry.time.us, entry.seq, entry.partition};
    TRY(transaction.post(kIndex, cells));
  }
  return written_;
}

Result<void> EventLog::finish_settling(store::Transaction& transaction) {
  CHECK(stock_.size() == written_);
  is_finishing_ = true;
  return transaction.post(kWriteSettled, std::array<Value, 1>{stock_seq_});
}

void EventLog::settled() {
  stock_.resize(stock_.size() - std::exchange(written_, 0));
  if (std::exchange(is_finishing_, false)) tail_->settled(stock_seq_);
}

Result<Event> EventLog::at(store::Reader& reader, int64_t seq) const {
  std::optional<Event> found;
  TRY(reader.query(kScan, std::array<Value, 2>{seq, seq}, [&](const store::Row& row) -> Result<void> {
    found = TRY(read(row));
    return {};
  }));
  if (!found) return not_found(fmt::format("the log holds no event {}", seq));
  return *std::move(found);
}

Result<int64_t> EventLog::last_seq(store::Reader& reader) const { return TRY(read_heads(reader)).last_seq; }

}  // namespace amity::events
