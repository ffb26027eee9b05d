#include "decisions/policy_book.h"

#include <algorithm>

#include "base/check.h"

namespace amity::decisions {
namespace {

using security::Permission;
using store::Statement;
using store::Value;

constexpr Statement kAll("policies.all",
                         "SELECT name, version, fingerprint, stage, definition, drafted_by, drafted_us, activated_by, "
                         "activated_us FROM policies ORDER BY name, version");
constexpr Statement kOne("policies.one",
                         "SELECT name, version, fingerprint, stage, definition, drafted_by, drafted_us, activated_by, "
                         "activated_us FROM policies WHERE name = $1 AND version = $2");
constexpr Statement kByFingerprint("policies.by_fingerprint",
                                   "SELECT definition FROM policies WHERE fingerprint = $1 LIMIT 1");
constexpr Statement kLastVersion("policies.last_version",
                                 "SELECT COALESCE(MAX(version), 0) FROM policies WHERE name = $1");
constexpr Statement kAdd("policies.add",
                         "INSERT INTO policies (name, version, fingerprint, stage, definition, drafted_by, drafted_us, "
                         "activated_by, activated_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
constexpr Statement kRetire("policies.retire",
                            "UPDATE policies SET stage = 'retired' WHERE name = $1 AND stage = 'active'");
constexpr Statement kActivate("policies.activate",
                              "UPDATE policies SET stage = 'active', activated_by = $3, activated_us = $4 "
                              "WHERE name = $1 AND version = $2 AND stage = 'draft'");

template <size_t N>
std::array<uint8_t, N> array_from(ByteView bytes) {
  CHECK(bytes.size() == N);
  std::array<uint8_t, N> out;
  std::ranges::copy(bytes, out.begin());
  return out;
}

std::string user_from(ByteView bytes) { return format(Uuid{array_from<16>(bytes)}); }

PolicyVersion version_from(const store::Row& row) {
  PolicyVersion version{std::string(row.text(0)),
                        row.integer(1),
                        array_from<32>(row.bytes(2)),
                        std::string(row.text(3)),
                        std::string(row.text(4)),
                        user_from(row.bytes(5)),
                        "",
                        Timestamp{row.integer(6)},
                        {}};
  if (!row.is_null(7)) version.activated_by = user_from(row.bytes(7));
  if (!row.is_null(8)) version.activated = Timestamp{row.integer(8)};
  return version;
}

std::string object_of(std::string_view name, int64_t version) {
  return "policy/" + std::string(name) + "/" + std::to_string(version);
}

struct NewVersion {
  const Policy& policy;
  std::string_view text;
  bool is_active = false;
};

Result<PolicyVersion> add(store::Transaction& transaction, const security::Caller& caller, Timestamp now,
                          const NewVersion& made) {
  const auto& name = made.policy.definition().name;
  const Value by_name[] = {std::string_view(name)};
  const auto last = TRY(transaction.first<int64_t>(
      kLastVersion, by_name, [](const store::Row& row) -> Result<int64_t> { return row.integer(0); }));
  PolicyVersion version{name,
                        last.value_or(0) + 1,
                        made.policy.fingerprint(),
                        made.is_active ? "active" : "draft",
                        std::string(made.text),
                        format(caller.user),
                        made.is_active ? format(caller.user) : "",
                        now,
                        made.is_active ? now : Timestamp{}};
  const Value row[] = {std::string_view(version.name),
                       version.version,
                       ByteView(version.fingerprint),
                       std::string_view(version.stage),
                       made.text,
                       ByteView(caller.user.value.bytes),
                       now.us,
                       made.is_active ? Value(ByteView(caller.user.value.bytes)) : Value(),
                       made.is_active ? Value(now.us) : Value()};
  TRY(transaction.execute(kAdd, row));
  return version;
}

// One policy decides a type of event; which of two would win, nobody could tell from either.
Result<void> require_sole_decider(store::Transaction& transaction, const PolicyVersion& next) {
  const auto policy = TRY(Policy::parse(next.definition));
  return transaction.query(kAll, {}, [&](const store::Row& row) -> Result<void> {
    const auto other = version_from(row);
    if (other.stage != "active" || other.name == next.name) return {};
    if (TRY(Policy::parse(other.definition)).definition().on != policy.definition().on) return {};
    return fail(Code::kConflict, "another policy decides events of this type: " + other.name);
  });
}

}  // namespace

json::object to_json(const PolicyVersion& version) {
  json::object out{
      {"name", version.name},   {"version", version.version},       {"fingerprint", to_hex(version.fingerprint)},
      {"stage", version.stage}, {"drafted_by", version.drafted_by}, {"drafted", format(version.drafted)}};
  if (!version.activated_by.empty()) {
    out["activated_by"] = version.activated_by;
    out["activated"] = format(version.activated);
  }
  return out;
}

PolicyBook::PolicyBook(store::Database& database, const security::AuditChain& audit, const Clock& clock, Fits fits)
    : database_(database), audit_(audit), clock_(clock), fits_(std::move(fits)) {}

Result<Policy> PolicyBook::read(std::string_view definition) const {
  auto policy = TRY(Policy::parse(definition));
  if (fits_) TRY(fits_(policy.definition()));
  return policy;
}

// Of two shipped policies for one type of event nobody could tell which decides.
Result<void> PolicyBook::refuse_rivals(const std::vector<std::string>& shipped) const {
  std::map<std::string, std::string> names;  // by event type
  for (const auto& text : shipped) {
    const auto policy = TRY(read(text));
    const auto& [on, name] = *names.emplace(policy.definition().on, policy.definition().name).first;
    if (name == policy.definition().name) continue;
    return fail(Code::kConflict,
                "two shipped policies decide " + on + " events, " + name + " and " + policy.definition().name +
                    ": keep one of the two files",
                "policies");
  }
  return {};
}

Result<void> PolicyBook::open(const security::Caller& installer, const std::vector<std::string>& shipped) {
  TRY(refuse_rivals(shipped));
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    std::vector<PolicyVersion> known;
    TRY(transaction.query(kAll, {}, [&](const store::Row& row) -> Result<void> {
      known.push_back(version_from(row));
      return {};
    }));
    for (const auto& text : shipped) {
      const auto policy = TRY(read(text));
      const auto same = [&](const PolicyVersion& v) { return v.fingerprint == policy.fingerprint(); };
      if (std::ranges::any_of(known, same)) continue;
      const auto named = [&](const PolicyVersion& v) { return v.name == policy.definition().name; };
      // The institution's own policy goes on deciding where it has one of another name.
      const auto decides = [&](const PolicyVersion& v) {
        const auto other = Policy::parse(v.definition);
        return v.stage == "active" && other && other->definition().on == policy.definition().on;
      };
      const bool is_active = std::ranges::none_of(known, named) && std::ranges::none_of(known, decides);
      const auto version = TRY(add(transaction, installer, clock_.now(), {policy, text, is_active}));
      TRY(audit_.record(transaction, installer,
                        {is_active ? "policy.installed" : "policy.drafted",
                         object_of(version.name, version.version),
                         {{"fingerprint", to_hex(version.fingerprint)}}}));
    }
    return {};
  }));
  return load_active();
}

Result<void> PolicyBook::load_active() {
  std::map<std::string, std::shared_ptr<const Policy>, std::less<>> active;
  TRY(database_.read([&](store::Reader& reader) {
    return reader.query(kAll, {}, [&](const store::Row& row) -> Result<void> {
      const auto version = version_from(row);
      if (version.stage != "active") return {};
      auto policy = TRY(Policy::parse(version.definition));
      const auto on = policy.definition().on;
      active[on] = std::make_shared<const Policy>(std::move(policy));
      return {};
    });
  }));
  const std::lock_guard lock(mutex_);
  active_ = std::move(active);
  return {};
}

Result<PolicyVersion> PolicyBook::draft(const security::Caller& caller, std::string_view definition) {
  TRY(security::require(caller, Permission::kDraftPolicies));
  const auto policy = TRY(read(definition));
  PolicyVersion version;
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    const Value by_fingerprint[] = {ByteView(policy.fingerprint())};
    const auto known = TRY(transaction.first<bool>(kByFingerprint, by_fingerprint,
                                                   [](const store::Row&) -> Result<bool> { return true; }));
    if (known) return fail(Code::kConflict, "this definition is already a version of the policy");
    version = TRY(add(transaction, caller, clock_.now(), {policy, definition, false}));
    return audit_.record(
        transaction, caller,
        {"policy.drafted", object_of(version.name, version.version), {{"fingerprint", to_hex(version.fingerprint)}}});
  }));
  return version;
}

Result<PolicyVersion> PolicyBook::activate(const security::Caller& caller, std::string_view name, int64_t version) {
  TRY(security::require(caller, Permission::kActivatePolicies));
  PolicyVersion activated;
  TRY(database_.write([&](store::Transaction& transaction) -> Result<void> {
    const Value which[] = {name, version};
    auto found = TRY(transaction.first<PolicyVersion>(
        kOne, which, [](const store::Row& row) -> Result<PolicyVersion> { return version_from(row); }));
    if (!found) return not_found("no such version of the policy");
    if (found->drafted_by == format(caller.user)) {
      return fail(Code::kForbidden, "a policy is activated by a second person, not by the one who drafted it");
    }
    if (found->stage != "draft")
      return fail(Code::kConflict, "only a draft can be activated; this one is " + found->stage);
    TRY(require_sole_decider(transaction, *found));
    const Value by_name[] = {name};
    TRY(transaction.execute(kRetire, by_name));
    const auto now = clock_.now();
    const Value activation[] = {name, version, ByteView(caller.user.value.bytes), now.us};
    TRY(transaction.execute(kActivate, activation));
    found->stage = "active";
    found->activated_by = format(caller.user);
    found->activated = now;
    activated = std::move(*found);
    return audit_.record(
        transaction, caller,
        {"policy.activated", object_of(name, version), {{"fingerprint", to_hex(activated.fingerprint)}}});
  }));
  TRY(load_active());
  return activated;
}

Result<std::vector<PolicyVersion>> PolicyBook::list(const security::Caller& caller) {
  TRY(security::require(caller, Permission::kReadPolicies));
  std::vector<PolicyVersion> versions;
  TRY(database_.read([&](store::Reader& reader) {
    return reader.query(kAll, {}, [&](const store::Row& row) -> Result<void> {
      versions.push_back(version_from(row));
      return {};
    });
  }));
  return versions;
}

Result<PolicyVersion> PolicyBook::version(const security::Caller& caller, std::string_view name, int64_t version) {
  TRY(security::require(caller, Permission::kReadPolicies));
  std::optional<PolicyVersion> found;
  TRY(database_.read([&](store::Reader& reader) -> Result<void> {
    const Value which[] = {name, version};
    found = TRY(reader.first<PolicyVersion>(
        kOne, which, [](const store::Row& row) -> Result<PolicyVersion> { return version_from(row); }));
    return {};
  }));
  if (!found) return not_found("no such version of the policy");
  return *found;
}

std::shared_ptr<const Policy> PolicyBook::active_for(std::string_view event_type) const {
  const std::lock_guard lock(mutex_);
  const auto found = active_.find(event_type);
  return found == active_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<const Policy>> PolicyBook::by_fingerprint(store::Reader& reader,
                                                                 const Digest& fingerprint) const {
  const Value parameters[] = {ByteView(fingerprint)};
  const auto text =
      TRY(reader.first<std::string>(kByFingerprint, parameters, [](const store::Row& row) -> Result<std::string> {
        return std::string(row.text(0));
      }));
  if (!text) return not_found("the policy version this decision names is not in the book");
  return std::make_shared<const Policy>(TRY(Policy::parse(*text)));
}

}  // namespace amity::decisions
