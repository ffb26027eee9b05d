// Opening a bank: its keys, its database, and whether the two belong together.
#include <filesystem>

#include "app/engine.h"
#include "base/log.h"

namespace amity::app {
namespace {

namespace fs = std::filesystem;

// Nothing was ever written but is in the audit chain, from the first opening on.
Result<bool> holds_nothing(const store::OpenOptions& options) {
  const auto database = TRY(store::open_database(options));
  bool is_empty = false;
  TRY(database->read([&](store::Reader& reader) -> Result<void> {
    is_empty = TRY(security::read_audit(reader, local_operator(), {.limit = 1})).empty();
    return {};
  }));
  return is_empty;
}

}  // namespace

void make_data_folder(const Configuration& configuration) {
  std::error_code ignored;  // where it fails, opening says why
  const auto folder = fs::path(configuration.data_path()).parent_path();
  if (!folder.empty()) fs::create_directories(folder, ignored);
}

// Keys, database, identity, audit, users: what everything else stands on.
Result<void> Engine::open_ground() {
  make_data_folder(configuration_);
  if (configuration_.weaken_synchronous_for_test) {
    log(Level::kWarn, "AMITY_TEST_WEAKEN_SYNCHRONOUS is set: what is acknowledged may be lost", {});
  }
  TRY(open_keys_and_database());
  pseudonyms_ = std::make_unique<events::Pseudonyms>(keys_->institution_key("pseudonyms"));
  audit_ =
      std::make_unique<security::AuditChain>(clock_, SigningKey::from_seed(keys_->institution_key("audit_signing")));
  users_ = std::make_unique<security::Users>(*database_, *audit_, clock_, keys_->institution_key("users"));
  log_ = std::make_unique<events::EventLog>(*keys_, *pseudonyms_);
  return check_keys_fit();
}

// Keys are made together with the data, never beside data that is there: where the default places lead elsewhere, as
// from another folder with PostgreSQL, others would be made. A file is seen before it is opened, which takes its key;
// of a server's database what is in it says whether it is new, and one that cannot be reached makes nothing.
Result<void> Engine::open_keys_and_database() {
  store::OpenOptions options{.url = configuration_.database,
                             .weaken_synchronous_for_test = configuration_.weaken_synchronous_for_test};
  const bool is_file = configuration_.is_file();
  const bool is_new = is_file ? !fs::exists(configuration_.data_path()) : TRY(holds_nothing(options));
  keys_ = TRY(security::KeyStore::open(
      {.url = configuration_.keys, .key_file = configuration_.key_file, .may_make = is_new}, clock_));
  options.page_key = keys_->institution_key("pages");  // of a server's database its backups are sealed with it
  database_ = TRY(store::open_database(options));
  return {};
}

// PostgreSQL has no page key that would tell another bank's keys: the newest event must open with these.
Result<void> Engine::check_keys_fit() {
  return database_->read([&](store::Reader& reader) -> Result<void> {
    const auto last = TRY(log_->last_seq(reader));
    auto opened = log_->scan(reader, last, last, [](const events::Event&) -> Result<void> { return {}; });
    if (opened || opened.error().code != Code::kConflict) return opened;
    return fail(Code::kConflict, "the keys are not this database's: name the key store and key file made with it",
                "keys");
  });
}

}  // namespace amity::app
