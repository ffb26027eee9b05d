// Looking after a bank that runs: its search index, backups, audit chain and records.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/engine.h"

namespace amity::app {
namespace {

namespace fs = std::filesystem;

Result<std::vector<security::Checkpoint>> read_checkpoint_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return security::read_checkpoints(std::string((std::istreambuf_iterator<char>(in)), {}));
}

}  // namespace

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

Result<void> Engine::checkpoint_if_due() {
  TRY(audit_->checkpoint_if_due(*database_, security::append_checkpoints_to(configuration_.checkpoints)));
  return {};
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
