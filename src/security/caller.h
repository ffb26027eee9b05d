// Who is calling and what for: the first argument of every call that touches customer data or changes anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"

namespace amity::security {

enum class Role {
  kAdministrator,
  kRelationshipManager,
  kServiceAgent,
  kMarketer,
  kRiskAnalyst,
  kComplianceOfficer,
  kDataScientist,
  kCustomer,
};
std::string_view name_of(Role role);  // "relationship_manager"
Result<Role> parse_role(std::string_view name);

// What a role may do. Each route and command names the one it needs.
enum class Permission {
  kReadCustomers,
  kWriteEvents,
  kImport,
  kDecide,
  kReadDecisions,
  kReplay,
  kReadModels,
  kTrainModels,
  kApproveModels,  // never one's own
  kReadPolicies,
  kDraftPolicies,
  kActivatePolicies,  // never one's own draft
  kReadAudit,
  kManageUsers,
  kManageConsents,
  kEraseCustomers,
  kBackUp,
  kOperate,         // doctor, metrics in detail, checkpoints
  kReadFrozen,      // customers kept for the law alone, for the purpose legal_hold
  kMergeCustomers,  // and take it back
};
std::string_view name_of(Permission permission);  // "approve_models": also the scope of an API key

// Why personal data is used (PIPL article 6: a definite purpose). Stored in the audit entry of each read.
enum class Purpose {
  kService,
  kCreditDecision,
  kFraudPrevention,
  kMarketing,
  kCompliance,
  kModelDevelopment,
  kOperation,
  kLegalHold,  // what a law demands to be kept and nothing else (PIPL article 47 (2))
};
std::string_view name_of(Purpose purpose);  // "credit_decision"
Result<Purpose> parse_purpose(std::string_view name);

struct Caller {
  UserId user;
  std::string name;  // sign-in name, for audit; never a customer's name
  std::vector<Role> roles;
  std::string unit;  // organisation unit, a path: "/east/shanghai"; sees rows of this unit and below
  Purpose purpose = Purpose::kService;
  std::vector<Permission> key_scopes;  // of the API key used; empty for a session: all of the roles'
  std::string trace_id;                // W3C trace id of the request

  bool may(Permission permission) const;
  bool is_marketer_only() const;
  bool sees_unit(std::string_view row_unit) const;  // "/east" sees "/east/shanghai", not "/eastern"
};

// An organisation unit: "/", or a path such as "/east/shanghai" of a-z 0-9 . _ - @ without empty parts, 128 bytes at
// most. invalid, without a place.
Result<void> check_unit(std::string_view unit);

Result<Permission> parse_permission(std::string_view name);
bool may(Role role, Permission permission);

// forbidden, naming the permission that is missing.
Result<void> require(const Caller& caller, Permission permission);
// What the roles use personal data for: a marketer for marketing alone, which rests on the customer's consent, whatever
// else they call it; legal_hold who may read what is frozen. forbidden.
Result<void> require_purpose(const Caller& caller);
// Four eyes: forbidden where the caller is the person who made, proposed or last changed the thing (`author`).
Result<void> require_other_person(const Caller& caller, UserId author);

}  // namespace amity::security
