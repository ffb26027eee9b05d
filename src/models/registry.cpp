#include "models/registry.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/check.h"

namespace amity::models {
namespace {

using security::Caller;
using security::Permission;
using store::Insert;
using store::Row;
using store::Statement;
using store::Transaction;
using store::Value;

constexpr bool kByAnother = true;
constexpr bool kByAnyone = false;

constexpr Transition kTransitions[] = {
    {Action::kSubmit, Stage::kDraft, Stage::kInReview, Permission::kTrainModels, kByAnyone},
    {Action::kReject, Stage::kInReview, Stage::kDraft, Permission::kApproveModels, kByAnother},
    {Action::kApprove, Stage::kInReview, Stage::kApproved, Permission::kApproveModels, kByAnother},
    {Action::kActivate, Stage::kApproved, Stage::kLive, Permission::kApproveModels, kByAnother},
    {Action::kRetire, Stage::kDraft, Stage::kRetired, Permission::kTrainModels, kByAnyone},
    {Action::kRetire, Stage::kApproved, Stage::kRetired, Permission::kApproveModels, kByAnyone},
    {Action::kRetire, Stage::kLive, Stage::kRetired, Permission::kApproveModels, kByAnyone},
};

constexpr Insert kInsert{"models.insert", "models",
                         "fingerprint,name,version,stage,trained_by,trained_at,data,definitions,code,report,artefact,"
                         "signature"};
constexpr Statement kNextVersion{"models.next_version",
                                 "SELECT COALESCE(MAX(version), 0) + 1 FROM models WHERE name = $1"};
constexpr Statement kExists{"models.exists", "SELECT version FROM models WHERE fingerprint = $1"};
constexpr Statement kRecord{
    "models.record",
    "SELECT fingerprint, name, version, stage, trained_by, trained_at, approved_by, "
    "approved_at, live_from, data, definitions, code, report FROM models WHERE fingerprint = $1"};
constexpr Statement kAll{"models.all",
                         "SELECT fingerprint, name, version, stage, trained_by, trained_at, approved_by, approved_at, "
                         "live_from, data, definitions, code, report FROM models ORDER BY trained_at DESC, name, "
                         "version DESC"};
constexpr Statement kOfName{"models.of_name",
                            "SELECT fingerprint, name, version, stage, trained_by, trained_at, approved_by, "
                            "approved_at, live_from, data, definitions, code, report FROM models WHERE name = $1 ORDER "
                            "BY version DESC"};
constexpr Statement kLive{"models.live", "SELECT fingerprint FROM models WHERE name = $1 AND stage = 'live'"};
constexpr Statement kArtefact{"models.artefact", "SELECT artefact, signature FROM models WHERE fingerprint = $1"};
constexpr Statement kSetStage{"models.set_stage", "UPDATE models SET stage = $3 WHERE fingerprint = $1 AND stage = $2"};
constexpr Statement kSetApproved{"models.set_approved",
                                 "UPDATE models SET approved_by = $2, approved_at = $3 WHERE fingerprint = $1"};
constexpr Statement kSetLiveFrom{"models.set_live_from", "UPDATE models SET live_from = $2 WHERE fingerprint = $1"};

template <class Array>
Array array_of(ByteView bytes) {
  Array array{};
  CHECK(bytes.size() == array.size());
  std::ranges::copy(bytes, array.begin());
  return array;
}

Result<Stage> parse_stage(std::string_view name) {
  for (const auto stage : {Stage::kDraft, Stage::kInReview, Stage::kApproved, Stage::kLive, Stage::kRetired}) {
    if (name == name_of(stage)) return stage;
  }
  return fail(Code::kInternal, "a model has an unknown stage");
}

Result<ModelRecord> read_record(const Row& row) {
  ModelRecord record{.fingerprint = array_of<Digest>(row.bytes(0)),
                     .name = std::string(row.text(1)),
                     .version = row.integer(2),
                     .stage = TRY(parse_stage(row.text(3))),
                     .trained_by = {{array_of<std::array<uint8_t, 16>>(row.bytes(4))}},
                     .trained_at = {row.integer(5)},
                     .data = array_of<Digest>(row.bytes(9)),
                     .definitions = array_of<Digest>(row.bytes(10)),
                     .code = std::string(row.text(11)),
                     .report = {}};
  if (!row.is_null(6)) record.approved_by = UserId{{array_of<std::array<uint8_t, 16>>(row.bytes(6))}};
  if (!row.is_null(7)) record.approved_at = Timestamp{row.integer(7)};
  if (!row.is_null(8)) record.live_from = Timestamp{row.integer(8)};
  auto report = TRY(parse_json(row.text(12)));
  if (auto* object = report.if_object()) record.report = std::move(*object);
  return record;
}

Result<ModelRecord> record_of(store::Reader& reader, const Digest& fingerprint) {
  const Value key[] = {ByteView(fingerprint)};
  auto record = TRY(reader.first<ModelRecord>(kRecord, key, read_record));
  if (!record) return not_found("there is no model with this fingerprint");
  return *std::move(record);
}

Result<const Transition*> step_from(const ModelRecord& record, Action action, const Caller& caller) {
  const auto found = std::ranges::find_if(
      kTransitions, [&](const Transition& t) { return t.action == action && t.from == record.stage; });
  if (found == std::end(kTransitions)) {
    return fail(Code::kConflict,
                fmt::format("a model that is {} cannot take the step {}", name_of(record.stage), name_of(action)));
  }
  TRY(security::require(caller, found->permission));
  if (found->by_another && caller.user == record.trained_by) {
    return fail(Code::kForbidden, "a second person must decide about a model, not the one who trained it");
  }
  return found;
}

std::string object_of(const ModelRecord& record) { return fmt::format("model/{}/{}", record.name, record.version); }

}  // namespace

std::span<const Transition> transitions() { return kTransitions; }

std::string_view name_of(Stage stage) {
  static constexpr std::string_view kNames[] = {"draft", "in_review", "approved", "live", "retired"};
  return kNames[static_cast<size_t>(stage)];
}

std::string_view name_of(Action action) {
  static constexpr std::string_view kNames[] = {"submit", "reject", "approve", "activate", "retire"};
  return kNames[static_cast<size_t>(action)];
}

Result<Action> parse_action(std::string_view name) {
  for (const auto action : {Action::kSubmit, Action::kReject, Action::kApprove, Action::kActivate, Action::kRetire}) {
    if (name == name_of(action)) return action;
  }
  return invalid("the steps of a model are submit, reject, approve, activate and retire");
}

json::object to_json(const ModelRecord& record) {
  json::object out{{"fingerprint", to_hex(record.fingerprint)},
                   {"name", record.name},
                   {"version", record.version},
                   {"stage", name_of(record.stage)},
                   {"trained_by", format(record.trained_by)},
                   {"trained_at", format(record.trained_at)},
                   {"data", to_hex(record.data)},
                   {"definitions", to_hex(record.definitions)},
                   {"code", record.code},
                   {"report", record.report}};
  if (record.approved_by) out["approved_by"] = format(*record.approved_by);
  if (record.approved_at) out["approved_at"] = format(*record.approved_at);
  if (record.live_from) out["live_from"] = format(*record.live_from);
  return out;
}

Registry::Registry(Parts parts) : parts_(std::move(parts)) {}

Result<void> Registry::record_step(Transaction& transaction, const Caller& caller, const ModelRecord& record,
                                   std::string_view action, std::string_view note) const {
  security::AuditEntry entry{.action = fmt::format("model.{}", action),
                             .object = object_of(record),
                             .detail = {{"fingerprint", to_hex(record.fingerprint)}, {"stage", name_of(record.stage)}}};
  if (!note.empty()) entry.detail["note"] = note;
  return parts_.audit.record(transaction, caller, entry);
}

Result<ModelRecord> Registry::add(const Caller& caller, const Artefact& artefact) {
  TRY(security::require(caller, Permission::kTrainModels));
  TRY(check_model(artefact.model));
  return register_text(caller, write_artefact(artefact), artefact);
}

Result<ModelRecord> Registry::add_file(const Caller& caller, std::string_view file) {
  TRY(security::require(caller, Permission::kTrainModels));
  const auto opened = TRY(open_model_file(file, parts_.signing_key.public_key));
  return register_text(caller, opened.artefact_text, TRY(read_artefact(opened.artefact_text)));
}

Result<ModelRecord> Registry::register_text(const Caller& caller, const std::string& text, const Artefact& artefact) {
  if (text.size() > kMaxArtefactBytes) return fail(Code::kLimit, "the model is larger than 64 MiB");
  const auto signature = sign_artefact(parts_.signing_key, text);
  ModelRecord record{.fingerprint = fingerprint_of(text),
                     .name = artefact.model.name,
                     .trained_by = caller.user,
                     .trained_at = parts_.clock.now(),
                     .data = artefact.provenance.data,
                     .definitions = artefact.provenance.definitions,
                     .code = artefact.provenance.code,
                     .report = artefact.provenance.report};
  const auto report = write_json(record.report);
  TRY(parts_.database.write([&](Transaction& t) -> Result<void> {
    const Value key[] = {ByteView(record.fingerprint)}, name[] = {record.name};
    const auto integer = [](const Row& row) -> Result<int64_t> { return row.integer(0); };
    if (TRY(t.first<int64_t>(kExists, key, integer))) {
      return fail(Code::kConflict, "this very model is registered already: the same data, options and seed");
    }
    record.version = TRY(t.first<int64_t>(kNextVersion, name, integer)).value_or(1);
    const Value cells[] = {ByteView(record.fingerprint),
                           record.name,
                           record.version,
                           name_of(record.stage),
                           ByteView(record.trained_by.value.bytes),
                           record.trained_at.us,
                           ByteView(record.data),
                           ByteView(record.definitions),
                           record.code,
                           report,
                           as_bytes(text),
                           ByteView(signature)};
    TRY(t.insert(kInsert, cells));
    return record_step(t, caller, record, "add");
  }));
  return record;
}

Result<void> Registry::retire_live(Transaction& transaction, const Caller& caller, const ModelRecord& successor) {
  const Value name[] = {successor.name};
  const auto live = TRY(transaction.first<Digest>(
      kLive, name, [](const Row& row) -> Result<Digest> { return array_of<Digest>(row.bytes(0)); }));
  if (!live) return {};
  auto earlier = TRY(record_of(transaction, *live));
  const Value change[] = {ByteView(*live), name_of(Stage::kLive), name_of(Stage::kRetired)};
  TRY(transaction.execute(kSetStage, change));
  earlier.stage = Stage::kRetired;
  return record_step(transaction, caller, earlier, "retire");
}

Result<void> Registry::change_stage(Transaction& transaction, const Caller& caller, ModelRecord& record,
                                    const Transition& step, std::string_view note) {
  const auto now = parts_.clock.now();
  if (step.to == Stage::kLive) TRY(retire_live(transaction, caller, record));
  const Value change[] = {ByteView(record.fingerprint), name_of(step.from), name_of(step.to)};
  if (TRY(transaction.execute(kSetStage, change)) != 1) return fail(Code::kConflict, "the model's stage has changed");
  record.stage = step.to;
  if (step.to == Stage::kApproved) {
    const Value approval[] = {ByteView(record.fingerprint), ByteView(caller.user.value.bytes), now.us};
    TRY(transaction.execute(kSetApproved, approval));
    record.approved_by = caller.user;
    record.approved_at = now;
  }
  if (step.to == Stage::kLive) {
    const Value from[] = {ByteView(record.fingerprint), now.us};
    TRY(transaction.execute(kSetLiveFrom, from));
    record.live_from = now;
  }
  return record_step(transaction, caller, record, name_of(step.action), note);
}

Result<ModelRecord> Registry::take_step(const Caller& caller, const Digest& fingerprint, Action action,
                                        std::string_view note) {
  ModelRecord record;
  if (action == Action::kActivate) TRY(load(fingerprint));  // one that cannot be loaded must not go live
  TRY(parts_.database.write([&](Transaction& t) -> Result<void> {
    record = TRY(record_of(t, fingerprint));
    const auto* step = TRY(step_from(record, action, caller));
    if (step->to == Stage::kLive && parts_.gate) TRY(parts_.gate(record));
    return change_stage(t, caller, record, *step, note);
  }));
  const std::lock_guard lock(mutex_);
  live_.erase(record.name);
  ++generation_;
  return record;
}

Result<std::vector<ModelRecord>> Registry::list(const Caller& caller, std::string_view name) const {
  TRY(security::require(caller, Permission::kReadModels));
  std::vector<ModelRecord> records;
  TRY(parts_.database.read([&](store::Reader& reader) {
    const Value parameters[] = {name};
    return reader.query(name.empty() ? kAll : kOfName, name.empty() ? store::Values{} : store::Values(parameters),
                        [&](const Row& row) -> Result<void> {
                          records.push_back(TRY(read_record(row)));
                          return {};
                        });
  }));
  return records;
}

Result<ModelRecord> Registry::find(const Caller& caller, const Digest& fingerprint) const {
  TRY(security::require(caller, Permission::kReadModels));
  ModelRecord record;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    record = TRY(record_of(reader, fingerprint));
    return {};
  }));
  return record;
}

Result<RegisteredModelPtr> Registry::read(store::Reader& reader, const Digest& fingerprint) const {
  auto record = TRY(record_of(reader, fingerprint));
  const Value key[] = {ByteView(fingerprint)};
  const auto file = TRY(reader.first<std::string>(kArtefact, key, [](const Row& row) -> Result<std::string> {
    return write_model_file(as_text(row.bytes(0)), array_of<Signature>(row.bytes(1)));
  }));
  const auto opened = TRY(open_model_file(file.value_or(""), parts_.signing_key.public_key));
  if (fingerprint_of(opened.artefact_text) != fingerprint) {
    return fail(Code::kForbidden, "the artefact kept under this fingerprint is another model");
  }
  auto artefact = TRY(read_artefact(opened.artefact_text));
  return std::make_shared<const RegisteredModel>(std::move(record), std::move(artefact.model));
}

Result<std::string> Registry::file_of(const Caller& caller, const Digest& fingerprint) const {
  TRY(security::require(caller, Permission::kReadModels));
  std::optional<std::string> file;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    const Value key[] = {ByteView(fingerprint)};
    file = TRY(reader.first<std::string>(kArtefact, key, [](const Row& row) -> Result<std::string> {
      return write_model_file(as_text(row.bytes(0)), array_of<Signature>(row.bytes(1)));
    }));
    return {};
  }));
  if (!file) return not_found("there is no model with this fingerprint");
  return *std::move(file);
}

Result<RegisteredModelPtr> Registry::load(const Digest& fingerprint) const {
  RegisteredModelPtr model;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    model = TRY(read(reader, fingerprint));
    return {};
  }));
  return model;
}

Result<RegisteredModelPtr> Registry::live(std::string_view name) const {
  uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = live_.find(name); known != live_.end()) return known->second;
    generation = generation_;
  }
  RegisteredModelPtr model;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    const Value parameters[] = {name};
    const auto fingerprint = TRY(reader.first<Digest>(
        kLive, parameters, [](const Row& row) -> Result<Digest> { return array_of<Digest>(row.bytes(0)); }));
    if (fingerprint) model = TRY(read(reader, *fingerprint));
    return {};
  }));
  const std::lock_guard lock(mutex_);
  if (generation == generation_ && live_.size() < 256) live_.emplace(name, model);
  return model;
}

}  // namespace amity::models
