// Which models there are, who trained and approved them, and which one decides.
//
//   draft -> in_review -> approved -> live -> retired     (the table kTransitions says who may take each step)
//
// A model is kept as its signed artefact (model_file.h) under the artefact's digest, its fingerprint, and never
// changes; only its stage does. One model of a name is live; activating another retires it, and it can still be loaded
// by its fingerprint for replay. What is not signed with this institution's key is refused before it is parsed, be it a
// file from elsewhere or a row that somebody changed. Every step is audited in its own transaction.
//
// Thread-safe. Live models are kept in memory; a step is seen by other threads after its commit.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "models/model_file.h"
#include "security/audit.h"
#include "security/caller.h"
#include "store/database.h"

namespace amity::models {

enum class Stage { kDraft, kInReview, kApproved, kLive, kRetired };
std::string_view name_of(Stage stage);  // "in_review"

enum class Action { kSubmit, kReject, kApprove, kActivate, kRetire };
std::string_view name_of(Action action);  // "submit"
Result<Action> parse_action(std::string_view name);

struct Transition {
  Action action;
  Stage from;
  Stage to;
  security::Permission permission;
  bool by_another;  // not by the one who trained it
};
std::span<const Transition> transitions();

struct ModelRecord {
  Digest fingerprint{};
  std::string name{};
  int64_t version = 0;  // from 1 for each name
  Stage stage = Stage::kDraft;
  UserId trained_by{};
  Timestamp trained_at{};
  std::optional<UserId> approved_by{};
  std::optional<Timestamp> approved_at{};
  std::optional<Timestamp> live_from{};
  Digest data{};
  Digest definitions{};
  std::string code{};
  json::object report{};
};
json::object to_json(const ModelRecord& record);

struct RegisteredModel {
  ModelRecord record;  // as of the load; its stage may have changed since
  Model model;
  Scorer scorer = Scorer(model);
  Explainer explainer = Explainer(model);
};
using RegisteredModelPtr = std::shared_ptr<const RegisteredModel>;

// May this model go live? An error says why not.
using ActivationGate = std::function<Result<void>(const ModelRecord&)>;

class Registry {
 public:
  struct Parts {
    store::Database& database;
    const security::AuditChain& audit;
    const Clock& clock;
    SigningKey signing_key;
    ActivationGate gate{};
  };
  explicit Registry(Parts parts);

  // A new draft. conflict: this very model is registered already.
  Result<ModelRecord> add(const security::Caller& caller, const Artefact& artefact);
  // A file that this registry signed (a move between two of the institution's databases): a new draft of the caller's.
  // forbidden: signed by somebody else, or changed since.
  Result<ModelRecord> add_file(const security::Caller& caller, std::string_view file);
  // not_found; forbidden: a permission is missing, or the caller trained it; conflict: the stage does not allow it.
  // `note`: a few words of who takes it, for the audit entry.
  Result<ModelRecord> take_step(const security::Caller& caller, const Digest& fingerprint, Action action,
                                std::string_view note = {});

  // Newest first; an empty name means all.
  Result<std::vector<ModelRecord>> list(const security::Caller& caller, std::string_view name = {}) const;
  Result<ModelRecord> find(const security::Caller& caller, const Digest& fingerprint) const;
  Result<std::string> file_of(const security::Caller& caller, const Digest& fingerprint) const;

  // The one that decides; null where none is live.
  Result<RegisteredModelPtr> live(std::string_view name) const;
  // Any registered one, for replay and evaluation.
  Result<RegisteredModelPtr> load(const Digest& fingerprint) const;

 private:
  Result<ModelRecord> register_text(const security::Caller& caller, const std::string& text, const Artefact& artefact);
  Result<void> change_stage(store::Transaction& transaction, const security::Caller& caller, ModelRecord& record,
                            const Transition& step, std::string_view note);
  Result<void> retire_live(store::Transaction& transaction, const security::Caller& caller,
                           const ModelRecord& successor);
  Result<void> record_step(store::Transaction& transaction, const security::Caller& caller, const ModelRecord& record,
                           std::string_view action, std::string_view note = {}) const;
  Result<RegisteredModelPtr> read(store::Reader& reader, const Digest& fingerprint) const;

  Parts parts_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, RegisteredModelPtr, std::less<>> live_;  // null: known to have none
  mutable uint64_t generation_ = 0;                                      // counts steps, so that no stale load is kept
};

}  // namespace amity::models
