#include "app/engine.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <tuple>

#include "app/words.h"
#include "base/log.h"
#include "models/reasons.h"

namespace amity::app {
namespace {

std::vector<std::string> texts_of(const std::vector<DefinitionText>& files) {
  std::vector<std::string> texts;
  for (const auto& file : files) texts.push_back(file.text);
  return texts;
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
                       {},
                       score.points};
  for (size_t i = 0; i < features.size(); ++i)
    out.contributions.emplace_back(features[i].name, explanation.contributions[i]);
  for (const auto& reason : models::reasons_of(registered->model, row, explanation)) {
    out.reasons.push_back({reason.code, reason.value_text});
  }
  return out;
}

Result<api::FeatureAnswer> Engine::read_features(const events::Reference& subject, std::optional<Timestamp> at) {
  auto& serving = *features_->serving();  // another may take over meanwhile
  const auto& set = serving.set();
  const auto entity = pseudonyms_->of(subject);
  if (keys_->is_erased(entity.id)) return not_found("nothing is counted under this reference");
  api::FeatureAnswer answer{at.value_or(clock_.now()), set.fingerprint(), {}};
  const auto selection = set.all();
  features::FeatureRow row;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    const features::Moment moment{.entities = std::span(&entity, 1), .time = answer.at};
    row = TRY(serving.now(reader, moment, selection));
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

Result<void> Engine::announce(std::string_view address) {
  TRY(keys_->announce(address));
  return database_->announce(address);
}

Result<int64_t> Engine::event_count() {
  int64_t count = 0;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    count = TRY(log_->last_seq(reader));
    return {};
  }));
  return count;
}

}  // namespace amity::app
