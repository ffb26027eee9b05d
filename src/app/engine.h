// The whole program put together: every room constructed in the order of src/LAYERS, and what only the whole can do.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "api/rest.h"
#include "app/configuration.h"
#include "app/feature_versions.h"
#include "app/indexing.h"
#include "app/institution.h"
#include "app/pipeline.h"
#include "app/replay.h"
#include "models/definition.h"
#include "reference/products.h"

namespace amity::app {

// Who acts on the machine itself, holding the key file: installs, imports, trains. Never approves what they made.
security::Caller local_operator();
// Where the data will stand, made where it is missing.
void make_data_folder(const Configuration& configuration);

// Whose keys are destroyed, or locked.
struct Erased {
  std::optional<Uuid> customer;
  std::vector<Uuid> accounts;
  std::string basis = {};
  Timestamp at = {};
  std::optional<security::Freeze> freeze = {};  // of one of them: its end and duties are those of all
};

class Engine {
 public:
  // Opens the database (made where it is missing), brings it up to date and takes the writer's lease. conflict: another
  // process holds it; the error's place is the address it announced.
  static Result<std::unique_ptr<Engine>> open(const Configuration& configuration, const Clock& clock);
  ~Engine();

  const Configuration& configuration() const { return configuration_; }
  const Clock& clock() const { return clock_; }
  store::Database& database() { return *database_; }
  security::KeyStore& keys() { return *keys_; }
  security::Users& users() { return *users_; }
  Pipeline& pipeline() { return *pipeline_; }
  const Rooms& rooms() const { return *rooms_; }
  models::Registry& models() { return *models_; }
  const security::AuditChain& audit() const { return *audit_; }
  const customers::Customers& customers() const { return *customers_; }
  const api::Services& services() const { return *services_; }
  const api::Texts& texts() const { return texts_; }
  Result<const models::ModelDefinition*> model_definition(std::string_view name) const;

  // The definition's training set, from the log as of each sample. `until`: only events up to this moment; `since`:
  // only samples after it.
  Result<models::Table> training_table(const models::ModelDefinition& definition, std::optional<Timestamp> until,
                                       Timestamp since = kEarliest);
  Result<json::object> train(const security::Caller& caller, std::string_view model, const json::object& options);
  Result<json::object> evaluate(const security::Caller& caller, std::string_view model, const json::object& options);
  Result<json::object> replay(const security::Caller& caller, std::optional<DecisionId> only,
                              std::function<void(int64_t seq, int64_t last)> on_progress = {});
  // Builds every record anew from the log and puts right those that differ, in one transaction; `is_check`: only says
  // so. conflict: another is being made.
  Result<customers::RebuildReport> rebuild(const security::Caller& caller, bool is_check,
                                           const customers::Rebuild::OnProgress& on_progress = {});
  // Long work that can be begun again ends soon, with `unavailable`.
  void stop_long_work() { stopping_.request_stop(); }
  // Erases a customer, or freezes them where a duty of retention.yaml runs; the answer says which, and until when.
  Result<json::object> erase(const security::Caller& caller, std::string_view customer, std::string_view basis);
  // Erases those whose last duty has ended and was seen to end a day before: when the database is opened, and every few
  // seconds while it serves.
  Result<void> end_freezes_if_due();
  // Whether searching finds everybody; where it does not, building the index goes on. Every few seconds while it
  // serves.
  Result<bool> see_to_search_index();
  // Builds what is missing of it before anything else: for a command that searches and ends.
  Result<void> finish_search_index();
  Result<json::object> back_up(const security::Caller& caller, std::string_view name);
  Result<json::object> verify_audit(const security::Caller& caller);
  Result<json::object> make_checkpoint(const security::Caller& caller);
  Result<void> checkpoint_if_due();
  Result<int64_t> event_count();
  // What stops the program from serving, or nothing.
  Result<void> health() const { return database_->health(); }
  // Tells processes that find the database or the key store taken where this one is reached.
  Result<void> announce(std::string_view address);

 private:
  Engine(const Configuration& configuration, const Clock& clock);
  Result<void> open_ground();
  Result<void> open_keys_and_database();
  Result<void> check_keys_fit();
  Result<void> open_rooms(const Institution& institution);
  Result<void> read_definitions(const Institution& institution);
  Result<void> resume_erasures();
  Result<json::object> erase_reference(const security::Caller& caller, std::string_view customer,
                                       std::string_view basis);
  Result<void> end_freeze(std::span<const security::Freeze> freezes);
  Result<void> forget(const security::Caller& caller, const Erased& erased);
  Result<std::vector<customers::RunningDuty>> duties_of(const Uuid& customer, Timestamp requested);
  Result<void> start();
  api::Services make_services();
  features::KeyFor state_keys() const;
  Result<std::optional<decisions::Score>> score(std::string_view model, const decisions::ModelVersion& version,
                                                const std::vector<decisions::NamedNumber>& numbers) const;
  Result<models::RegisteredModelPtr> model_of(std::string_view model, const decisions::ModelVersion& version) const;
  Result<api::FeatureAnswer> read_features(const events::Reference& subject, std::optional<Timestamp> at);

  const Configuration configuration_;
  const Clock& clock_;
  std::unique_ptr<security::KeyStore> keys_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<events::Pseudonyms> pseudonyms_;
  std::unique_ptr<security::AuditChain> audit_;
  std::unique_ptr<security::Users> users_;
  std::unique_ptr<events::EventLog> log_;
  std::unique_ptr<reference::Products> products_;
  customers::Retention retention_;
  std::unique_ptr<customers::LiveRecords> records_;
  std::unique_ptr<customers::Customers> customers_;
  std::unique_ptr<FeatureVersions> features_;
  std::unique_ptr<models::Registry> models_;
  std::map<std::string, models::ModelDefinition, std::less<>> model_definitions_;
  api::Texts texts_;
  std::unique_ptr<decisions::PolicyBook> policies_;
  std::unique_ptr<decisions::DecisionDesk> desk_;
  std::unique_ptr<Settling> settling_;
  std::unique_ptr<Indexing> indexing_;
  std::unique_ptr<Rooms> rooms_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<api::Services> services_;
  std::stop_source stopping_;
  std::mutex rebuilding_;  // a copy of all records fits into memory once, not once a caller
};

}  // namespace amity::app
