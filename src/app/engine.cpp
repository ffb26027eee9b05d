#include "app/engine.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <tuple>

#include "app/words.h"
#include "base/log.h"
#include "models/reasons.h"

namespace amity::app {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> texts_of(const std::vector<DefinitionText>& files) {
  std::vector<std::string> texts;
  for (const auto& file : files) texts.push_back(file.text);
  return texts;
}

Result<std::vector<security::Checkpoint>> read_checkpoint_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return security::read_checkpoints(std::string((std::istreambuf_iterator<char>(in)), {}));
}

// What the audit chain says the record of a decision was when it was made.
Result<std::string> audited_digest(store::Reader& reader, DecisionId decision) {
  const security::AuditQuery query{.action = "decision.made", .object = "decision/" + format(decision), .limit = 1};
  for (const auto& entry : TRY(security::read_audit(reader, local_operator(), query))) {
    const auto detail = TRY(parse_json(entry.detail));
    if (const auto* digest = detail.as_object().if_contains("digest")) return std::string(digest->as_string());
  }
  return "";
}

// "institution/models/credit.default.yaml /features/3": the file a mistake stands in.
template <class T>
Result<T> in_file(const std::string& name, Result<T> result) {
  if (!result) return std::unexpected(std::move(result).error().within(name + " "));
  return result;
}

// An institution that says nothing keeps what the shipped definitions keep: too little cannot be put right.
Result<DefinitionText> retention_of(const Institution& institution) {
  auto own = institution.file("retention.yaml");
  return own ? own : TRY(Institution::read("")).file("retention.yaml");
}

bool is_personal(const events::Entity& entity) {
  return entity.kind == events::EntityKind::kCustomer || entity.kind == events::EntityKind::kAccount;
}

// Whether an event that can still be read touches it.
Result<bool> is_used_by_others(store::Reader& reader, const events::EventLog& log, const Uuid& thing) {
  bool is_used = false;
  const auto read = log.of_entity(reader, {.entity = thing}, [&](const events::Event& event) -> Result<void> {
    is_used = !event.is_erased;
    return is_used ? fail(Code::kLimit, "one is enough") : Result<void>();
  });
  if (!read && !is_used) return std::unexpected(read.error());
  return is_used;
}

// The erased, and the things nobody else ever used, their card or device: what is counted of those is about them alone.
Result<std::vector<events::Entity>> with_what_only_they_used(store::Reader& reader, const events::EventLog& log,
                                                             std::span<const events::Entity> erased) {
  std::set<events::Entity> things;
  for (const auto& entity : erased) {
    TRY(log.of_entity(reader, {.entity = entity.id}, [&](const events::Event& event) -> Result<void> {
      std::ranges::copy_if(event.entities, std::inserter(things, things.end()), std::not_fn(is_personal));
      return {};
    }));
  }
  std::vector<events::Entity> all(erased.begin(), erased.end());
  for (const auto& thing : things) {
    if (!TRY(is_used_by_others(reader, log, thing.id))) all.push_back(thing);
  }
  return all;
}

}  // namespace

security::Caller local_operator() {
  using security::Role;
  security::Caller caller;
  const auto digest = amity::digest(as_bytes("amity local operator"));
  caller.user = UserId{make_uuid_v8(std::span<const uint8_t, 16>(digest.data(), 16))};
  caller.name = "operator";
  caller.roles = {Role::kAdministrator, Role::kDataScientist, Role::kComplianceOfficer, Role::kRiskAnalyst,
                  Role::kRelationshipManager};
  caller.unit = "/";
  caller.purpose = security::Purpose::kOperation;
  return caller;
}

Engine::Engine(const Configuration& configuration, const Clock& clock) : configuration_(configuration), clock_(clock) {}

// What was accepted is finished first; what derived state is not settled then is made again when the database is
// opened.
Engine::~Engine() {
  pipeline_.reset();
  if (settling_ != nullptr) std::ignore = settling_->settle_all(*features_->serving());
}

Result<std::unique_ptr<Engine>> Engine::open(const Configuration& configuration, const Clock& clock) {
  std::unique_ptr<Engine> engine(new Engine(configuration, clock));
  const auto institution = TRY(Institution::read(configuration.institution));
  TRY(engine->open_ground());
  TRY(engine->read_definitions(institution));
  TRY(engine->open_rooms(institution));
  TRY(engine->start());
  TRY(engine->resume_erasures());
  TRY(engine->end_freezes_if_due());
  return engine;
}

Result<void> Engine::read_definitions(const Institution& institution) {
  std::vector<DefinitionText> product_files = institution.below("products");
  std::vector<std::string_view> product_texts;
  for (const auto& file : product_files) product_texts.push_back(file.text);
  products_ = std::make_unique<reference::Products>(TRY(reference::Products::parse(product_texts)));
  const auto retention = TRY(retention_of(institution));
  retention_ = TRY(in_file(retention.name, customers::Retention::parse(retention.text)));
  for (const auto& file : institution.below("models")) {
    auto definition = TRY(in_file(file.name, models::parse_model_definition(file.text)));
    model_definitions_.emplace(definition.name, std::move(definition));
  }
  texts_ = TRY(read_texts(institution));
  return {};
}

Result<void> Engine::open_rooms(const Institution& institution) {
  records_ = std::make_unique<customers::LiveRecords>(*pseudonyms_, *keys_, *log_,
                                                      static_cast<size_t>(configuration_.record_cache_count));
  customers_ = std::make_unique<customers::Customers>(
      customers::Customers::Parts{*database_, *log_, *records_, *keys_, *audit_, *pseudonyms_});
  features_ =
      TRY(FeatureVersions::open({*database_,
                                 *log_,
                                 clock_,
                                 state_keys(),
                                 {.cache_bytes = static_cast<size_t>(configuration_.feature_cache_mib) * 1024 * 1024}},
                                institution));
  models_ = std::make_unique<models::Registry>(models::Registry::Parts{
      *database_, *audit_, clock_, SigningKey::from_seed(keys_->institution_key("model_signing"))});
  policies_ = std::make_unique<decisions::PolicyBook>(
      *database_, *audit_, clock_, [this](const decisions::PolicyDefinition& definition) -> Result<void> {
        auto selected = features_->serving()->set().select(definition.features);
        if (!selected) return fail(Code::kUnprocessable, selected.error().message, "/features");
        const bool has_model = definition.model.empty() || model_definitions_.contains(definition.model);
        return has_model ? Result<void>()
                         : fail(Code::kUnprocessable, "no model of this name in institution/models", "/model");
      });
  TRY(policies_->open(local_operator(), texts_of(institution.below("policies"))));
  desk_ = std::make_unique<decisions::DecisionDesk>(
      *keys_,
      [this](std::string_view model, const decisions::ModelVersion& version, const auto& numbers) {
        return score(model, version, numbers);
      },
      [this](std::string_view id) -> json::object {
        const auto* product = products_->find(id);
        if (product == nullptr) return {};
        json::object facts{{"id", product->id}, {"type", reference::name_of(product->type)}};
        if (product->risk_level > 0) facts["risk_level"] = "R" + std::to_string(product->risk_level);
        return facts;
      });
  return {};
}

Result<void> Engine::start() {
  settling_ = std::make_unique<Settling>(Settling::Parts{*database_, *log_, *records_}, configuration_.settle_events);
  TRY(database_->read([this](store::Reader& reader) { return settling_->take_up(reader, *features_->serving()); }));
  indexing_ = std::make_unique<Indexing>(*database_, *keys_);
  if (!TRY(indexing_->look())) log(Level::kInfo, "the search index is being built; nobody is found until it is whole");
  rooms_ = std::make_unique<Rooms>(Rooms{
      *database_, *pseudonyms_, *log_, *records_, features_->serving(), *policies_, *desk_, *audit_, clock_, *settling_,
      [this](std::string_view model, const decisions::ModelVersion& version) -> Result<std::vector<std::string>> {
        const auto registered = TRY(model_of(model, version));
        std::vector<std::string> names;
        if (!registered) return names;
        for (const auto& feature : registered->model.features) names.push_back(feature.name);
        return names;
      },
      [this](store::Transaction& transaction, std::span<const events::Entity> erased) -> Result<void> {
        TRY(features_->erase(transaction, TRY(with_what_only_they_used(transaction, *log_, erased))));
        if (erased.front().kind != events::EntityKind::kCustomer) return {};
        return users_->erase(transaction, CustomerId{erased.front().id});
      }});
  pipeline_ = std::make_unique<Pipeline>(*rooms_,
                                         Pipeline::Limits{static_cast<size_t>(configuration_.batch_events),
                                                          static_cast<size_t>(configuration_.waiting_events)},
                                         [this](Rooms& rooms) {
                                           const bool is_filling = features_->step(rooms);
                                           const bool is_settling = settling_->step(*rooms.features);
                                           return indexing_->step() || is_settling || is_filling;
                                         });
  services_ = std::make_unique<api::Services>(make_services());
  return {};
}

api::Services Engine::make_services() {
  using security::Caller;
  return {clock_,
          *database_,
          *users_,
          *audit_,
          *pseudonyms_,
          *customers_,
          *policies_,
          *desk_,
          *models_,
          texts_,
          [this] { return features_->serving()->set(); },
          [this](const Caller& caller, std::vector<events::Event> events) {
            return pipeline_->submit(caller, std::move(events));
          },
          [this](const Caller&, const events::Reference& subject, std::optional<Timestamp> at) {
            return read_features(subject, at);
          },
          [this](const Caller& caller, std::optional<DecisionId> only) { return replay(caller, only); },
          [this](const Caller& caller, std::string_view model, const json::object& options) {
            return train(caller, model, options);
          },
          [this](const Caller& caller, std::string_view model, const json::object& options) {
            return evaluate(caller, model, options);
          },
          [this](const Caller& caller, bool is_check) { return rebuild(caller, is_check); },
          [this](const Caller& caller, std::string_view customer, std::string_view basis) {
            return erase(caller, customer, basis);
          },
          [this](const Caller& caller, std::string_view name) { return back_up(caller, name); },
          [this](const Caller& caller) { return verify_audit(caller); },
          [this](const Caller& caller) { return make_checkpoint(caller); }};
}

// What belongs to one person is sealed with their key; what is shared, with the institution's.
features::KeyFor Engine::state_keys() const {
  return [this](const events::Entity& entity) -> Result<SecretKey> {
    return is_personal(entity) ? keys_->key_of(entity.id) : keys_->institution_key("states");
  };
}

Result<models::RegisteredModelPtr> Engine::model_of(std::string_view model,
                                                    const decisions::ModelVersion& version) const {
  if (version.fingerprint) return models_->load(*version.fingerprint);
  if (version.is_recorded) return nullptr;
  return models_->live(model);
}

Result<std::optional<decisions::Score>> Engine::score(std::string_view model, const decisions::ModelVersion& version,
                                                      const std::vector<decisions::NamedNumber>& numbers) const {
  const auto registered = TRY(model_of(model, version));
  if (!registered) return std::nullopt;
  const auto& features = registered->model.features;
  std::vector<double> row;
  for (const auto& feature : features) {
    const auto found = std::ranges::find(numbers, feature.name, &decisions::NamedNumber::name);
    if (found == numbers.end()) return fail(Code::kInternal, "a feature of the model was not read", feature.name);
    row.push_back(found->value);
  }
  const auto score = registered->scorer.score(row);
  const auto explanation = registered->explainer.explain(row);
  decisions::Score out{std::string(model),
                       registered->record.fingerprint,
                       score.margin,
                       score.probability,
                       {},
                       explanation.expected_margin,
                       {}};
  for (size_t i = 0; i < features.size(); ++i)
    out.contributions.emplace_back(features[i].name, explanation.contributions[i]);
  for (const auto& reason : models::reasons_of(registered->model, row, explanation)) {
    out.reasons.push_back({reason.code, reason.value_text});
  }
  return out;
}

Result<api::FeatureAnswer> Engine::read_features(const events::Reference& subject, std::optional<Timestamp> at) {
  const auto& set = features_->serving()->set();
  const auto entity = pseudonyms_->of(subject);
  if (keys_->is_erased(entity.id)) return not_found("nothing is counted under this reference");
  api::FeatureAnswer answer{at.value_or(clock_.now()), set.fingerprint(), {}};
  const auto selection = set.all();
  features::FeatureRow row;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    const features::Moment moment{.entities = std::span(&entity, 1), .time = answer.at};
    row = TRY(features_->serving()->now(reader, moment, selection));
    return {};
  }));
  for (size_t i = 0; i < selection.size(); ++i) {
    const auto& definition = set.definitions()[static_cast<size_t>(selection[i])];
    if (!definition.entity.second && definition.entity.first == entity.kind)
      answer.values.emplace_back(definition.name, row[i]);
  }
  return answer;
}

Result<const models::ModelDefinition*> Engine::model_definition(std::string_view name) const {
  const auto found = model_definitions_.find(name);
  if (found == model_definitions_.end()) return not_found("no model of this name in institution/models");
  return &found->second;
}

Result<json::object> Engine::replay(const security::Caller& caller, std::optional<DecisionId> only,
                                    std::function<void(int64_t, int64_t)> on_progress) {
  TRY(security::require(caller, security::Permission::kReplay));
  const auto report =
      TRY(app::replay({.rooms = *rooms_,
                       .feature_set = [this](const Digest& print) { return features_->by_fingerprint(print); },
                       .audited_digest = audited_digest,
                       .on_progress = std::move(on_progress)},
                      only));
  return to_json(report);
}

// Nothing else may wake who builds: only what waits to be done ends its waiting.
Result<bool> Engine::see_to_search_index() {
  if (TRY(indexing_->look())) return true;
  TRY(pipeline_->alone(local_operator(), [](Rooms&) -> Answer { return json::object(); }));
  return false;
}

Result<void> Engine::finish_search_index() {
  if (TRY(indexing_->look())) return {};
  TRY(pipeline_->alone(local_operator(), [this](Rooms&) -> Answer {
    for (bool is_more = true; is_more;) is_more = indexing_->step();
    return json::object();
  }));
  return {};
}

Result<json::object> Engine::back_up(const security::Caller& caller, std::string_view name) {
  TRY(security::require(caller, security::Permission::kBackUp));
  const auto folder = fs::path(configuration_.data_path()).parent_path() / "backups";
  std::error_code error;
  fs::create_directories(folder, error);
  const auto path = folder / name;
  if (fs::exists(path, error)) return fail(Code::kConflict, "a backup of this name exists already", "/name");
  TRY(database_->backup_to(path.string()));
  TRY(keys_->export_backup((folder / "keys.newest").string()));
  TRY(database_->write([&](store::Transaction& transaction) {
    return audit_->record(transaction, caller, security::AuditEntry{"backup.made", "backup/" + std::string(name), {}});
  }));
  return json::object{
      {"name", name}, {"path", path.string()}, {"bytes", static_cast<int64_t>(fs::file_size(path, error))}};
}

Result<json::object> Engine::verify_audit(const security::Caller& caller) {
  TRY(security::require(caller, security::Permission::kReadAudit));
  security::AuditReport report;
  std::vector<security::Checkpoint> checkpoints;
  if (fs::exists(configuration_.checkpoints)) checkpoints = TRY(read_checkpoint_file(configuration_.checkpoints));
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    report = TRY(security::verify_audit(reader, {audit_->chain(), checkpoints, audit_->public_key()}));
    return {};
  }));
  json::array findings;
  for (const auto& finding : report.findings) {
    findings.push_back({{"kind", security::name_of(finding.kind)}, {"seq", finding.seq}, {"text", finding.text}});
  }
  json::object out{
      {"is_intact", report.is_sound()}, {"entries", report.entry_count}, {"checkpoints", report.checkpoint_count},
      {"head", to_hex(report.head)},    {"first_wrong", nullptr},        {"findings", std::move(findings)}};
  if (!report.findings.empty()) {
    out["first_wrong"] = report.findings.front().seq;
    out["problem"] = report.findings.front().text;
  }
  return out;
}

Result<json::object> Engine::make_checkpoint(const security::Caller& caller) {
  TRY(security::require(caller, security::Permission::kOperate));
  const auto sink = security::append_checkpoints_to(configuration_.checkpoints);
  const auto made = TRY(audit_->checkpoint(*database_, sink));
  if (!made) return fail(Code::kConflict, "nothing was recorded since the last checkpoint");
  return json::object{{"text", security::write_checkpoint(*made)}};
}

Result<void> Engine::announce(std::string_view address) {
  TRY(keys_->announce(address));
  return database_->announce(address);
}

Result<void> Engine::checkpoint_if_due() {
  TRY(audit_->checkpoint_if_due(*database_, security::append_checkpoints_to(configuration_.checkpoints)));
  return {};
}

Result<int64_t> Engine::event_count() {
  int64_t count = 0;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    count = TRY(log_->last_seq(reader));
    return {};
  }));
  return count;
}

Result<customers::RebuildReport> Engine::rebuild(const security::Caller& caller, bool is_check,
                                                 const customers::Rebuild::OnProgress& on_progress) {
  TRY(security::require(caller, security::Permission::kOperate));
  const std::unique_lock only(rebuilding_, std::try_to_lock);
  if (!only) return fail(Code::kConflict, "the records are being rebuilt already: wait until that is done");
  customers::Rebuild rebuild({*database_, *log_, *keys_, *pseudonyms_, *records_, stopping_.get_token()});
  TRY(rebuild.build(on_progress));
  customers::RebuildReport report;
  TRY(pipeline_->alone(caller, [&](Rooms& rooms) -> Answer {
    TRY(rooms.settling.catch_up(*rooms.features));
    TRY(rooms.database.read([&](store::Reader& reader) -> Result<void> {
      report = TRY(rebuild.compare(reader));
      return {};
    }));
    if (is_check || report.difference_count == 0) return json::object();
    const auto written = rooms.database.write([&](store::Transaction& transaction) -> Result<void> {
      TRY(rebuild.put_right(transaction, rooms.records));
      return audit_->record(
          transaction, caller,
          security::AuditEntry{"records.rebuilt", "customers", {{"replaced", report.difference_count}}});
    });
    written ? rooms.records.publish() : rooms.settling.forget_all(*rooms.features);
    if (!written) return std::unexpected(written.error());
    report.is_put_right = true;
    return json::object();
  }));
  return report;
}

}  // namespace amity::app
