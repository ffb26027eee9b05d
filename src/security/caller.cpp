#include "security/caller.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <utility>

namespace amity::security {
namespace {

using enum Permission;

constexpr auto kRoleNames = std::to_array<std::pair<Role, std::string_view>>({
    {Role::kAdministrator, "administrator"},
    {Role::kRelationshipManager, "relationship_manager"},
    {Role::kServiceAgent, "service_agent"},
    {Role::kMarketer, "marketer"},
    {Role::kRiskAnalyst, "risk_analyst"},
    {Role::kComplianceOfficer, "compliance_officer"},
    {Role::kDataScientist, "data_scientist"},
    {Role::kCustomer, "customer"},
});

constexpr auto kPermissionNames = std::to_array<std::pair<Permission, std::string_view>>({
    {kReadCustomers, "read_customers"},
    {kWriteEvents, "write_events"},
    {kImport, "import"},
    {kDecide, "decide"},
    {kReadDecisions, "read_decisions"},
    {kReplay, "replay"},
    {kReadModels, "read_models"},
    {kTrainModels, "train_models"},
    {kApproveModels, "approve_models"},
    {kReadPolicies, "read_policies"},
    {kDraftPolicies, "draft_policies"},
    {kActivatePolicies, "activate_policies"},
    {kReadAudit, "read_audit"},
    {kManageUsers, "manage_users"},
    {kManageConsents, "manage_consents"},
    {kEraseCustomers, "erase_customers"},
    {kBackUp, "back_up"},
    {kOperate, "operate"},
    {kReadFrozen, "read_frozen"},
    {kMergeCustomers, "merge_customers"},
});

constexpr auto kPurposeNames = std::to_array<std::pair<Purpose, std::string_view>>({
    {Purpose::kService, "service"},
    {Purpose::kCreditDecision, "credit_decision"},
    {Purpose::kFraudPrevention, "fraud_prevention"},
    {Purpose::kMarketing, "marketing"},
    {Purpose::kCompliance, "compliance"},
    {Purpose::kModelDevelopment, "model_development"},
    {Purpose::kOperation, "operation"},
    {Purpose::kLegalHold, "legal_hold"},
});

constexpr uint32_t all_of(std::initializer_list<Permission> permissions) {
  uint32_t bits = 0;
  for (const Permission permission : permissions) bits |= uint32_t{1} << static_cast<int>(permission);
  return bits;
}

struct Grant {
  Role role;
  uint32_t permissions;
};

// Who may do what. The administrator runs the house and sees no customer; who trains a model does not approve it; what
// a customer sees of themselves comes through routes of their own.
constexpr auto kGrants = std::to_array<Grant>({
    {Role::kAdministrator,
     all_of({kManageUsers, kOperate, kBackUp, kImport, kWriteEvents, kReadAudit, kReadModels, kReadPolicies})},
    {Role::kRelationshipManager,
     all_of({kReadCustomers, kWriteEvents, kDecide, kReadDecisions, kManageConsents, kMergeCustomers})},
    {Role::kServiceAgent, all_of({kReadCustomers, kWriteEvents, kDecide, kReadDecisions, kManageConsents})},
    {Role::kMarketer, all_of({kReadCustomers, kReadModels, kReadPolicies, kReadDecisions})},
    {Role::kRiskAnalyst, all_of({kReadCustomers, kDecide, kReadDecisions, kReplay, kReadModels, kApproveModels,
                                 kReadPolicies, kDraftPolicies, kActivatePolicies})},
    {Role::kComplianceOfficer,
     all_of({kReadCustomers, kReadDecisions, kReplay, kReadModels, kApproveModels, kReadPolicies, kActivatePolicies,
             kReadAudit, kManageConsents, kEraseCustomers, kReadFrozen, kMergeCustomers})},
    {Role::kDataScientist, all_of({kReadModels, kTrainModels, kReadPolicies, kDraftPolicies, kReadDecisions, kReplay})},
    {Role::kCustomer, all_of({})},
});

template <class Table, class T>
std::string_view find_name(const Table& names, T value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "unknown";
}

template <class T, class Table>
Result<T> find_value(const Table& names, std::string_view name, std::string_view what) {
  for (const auto& [value, known] : names) {
    if (known == name) return value;
  }
  std::string known_names;
  for (const auto& [value, known] : names) known_names.append(known_names.empty() ? "" : ", ").append(known);
  return invalid("no such " + std::string(what) + "; known are " + known_names);
}

}  // namespace

std::string_view name_of(Role role) { return find_name(kRoleNames, role); }
std::string_view name_of(Permission permission) { return find_name(kPermissionNames, permission); }
std::string_view name_of(Purpose purpose) { return find_name(kPurposeNames, purpose); }

Result<Role> parse_role(std::string_view name) { return find_value<Role>(kRoleNames, name, "role"); }
Result<Purpose> parse_purpose(std::string_view name) { return find_value<Purpose>(kPurposeNames, name, "purpose"); }
Result<Permission> parse_permission(std::string_view name) {
  return find_value<Permission>(kPermissionNames, name, "permission");
}

Result<void> check_unit(std::string_view unit) {
  constexpr size_t kMaxUnitBytes = 128;
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-@").find(c) != std::string_view::npos;
  };
  const bool is_path = unit.size() > 1 && unit.size() <= kMaxUnitBytes && unit.front() == '/' && unit.back() != '/' &&
                       unit.find("//") == std::string_view::npos && std::ranges::all_of(unit, is_letter);
  if (unit == "/" || is_path) return {};
  return invalid("a unit is a path like /east/shanghai of a-z 0-9 . _ - @");
}

bool may(Role role, Permission permission) {
  for (const Grant& grant : kGrants) {
    if (grant.role == role) return (grant.permissions & all_of({permission})) != 0;
  }
  return false;
}

bool Caller::may(Permission permission) const {
  if (!key_scopes.empty() && std::ranges::find(key_scopes, permission) == key_scopes.end()) return false;
  return std::ranges::any_of(roles, [&](Role role) { return security::may(role, permission); });
}

bool Caller::is_marketer_only() const {
  return !roles.empty() && std::ranges::all_of(roles, [](Role role) { return role == Role::kMarketer; });
}

bool Caller::sees_unit(std::string_view row_unit) const {
  if (unit.empty()) return false;
  if (unit == "/") return true;
  if (!row_unit.starts_with(unit)) return false;
  return row_unit.size() == unit.size() || row_unit[unit.size()] == '/';
}

Result<void> require(const Caller& caller, Permission permission) {
  if (caller.may(permission)) return {};
  return fail(Code::kForbidden, "this needs the permission " + std::string(name_of(permission)));
}

Result<void> require_purpose(const Caller& caller) {
  if (caller.purpose == Purpose::kLegalHold) return require(caller, kReadFrozen);
  if (caller.purpose == Purpose::kMarketing || !caller.is_marketer_only()) return {};
  return fail(Code::kForbidden, "your roles use customers' data for marketing only");
}

Result<void> require_other_person(const Caller& caller, UserId author) {
  if (caller.user.value.is_nil()) return fail(Code::kForbidden, "a second person must approve this with a credential");
  if (caller.user != author) return {};
  return fail(Code::kForbidden, "a second person must approve this: not the one whose work it is");
}

}  // namespace amity::security
