#include "security/caller.h"

#include <gtest/gtest.h>

namespace amity::security {
namespace {

Caller caller_of(Role role) {
  Caller caller;
  caller.roles = {role};
  caller.unit = "/east";
  return caller;
}

TEST(Caller, may_do_what_one_of_the_roles_grants) {
  Caller caller = caller_of(Role::kDataScientist);
  EXPECT_TRUE(caller.may(Permission::kTrainModels));
  EXPECT_FALSE(caller.may(Permission::kApproveModels));
  caller.roles.push_back(Role::kRiskAnalyst);
  EXPECT_TRUE(caller.may(Permission::kApproveModels));
  EXPECT_FALSE(Caller{}.may(Permission::kReadModels));
}

TEST(Caller, no_role_both_trains_and_approves_models_or_runs_the_house_and_reads_customers) {
  for (int i = 0; i <= static_cast<int>(Role::kCustomer); ++i) {
    const auto role = static_cast<Role>(i);
    EXPECT_FALSE(may(role, Permission::kTrainModels) && may(role, Permission::kApproveModels)) << name_of(role);
    EXPECT_FALSE(may(role, Permission::kManageUsers) && may(role, Permission::kReadCustomers)) << name_of(role);
  }
}

TEST(Caller, scopes_of_an_api_key_take_away_and_never_add) {
  Caller caller = caller_of(Role::kRelationshipManager);
  caller.key_scopes = {Permission::kWriteEvents, Permission::kManageUsers};
  EXPECT_TRUE(caller.may(Permission::kWriteEvents));
  EXPECT_FALSE(caller.may(Permission::kReadCustomers));
  EXPECT_FALSE(caller.may(Permission::kManageUsers));
}

TEST(Caller, sees_the_own_unit_and_those_below) {
  const Caller caller = caller_of(Role::kServiceAgent);
  EXPECT_TRUE(caller.sees_unit("/east"));
  EXPECT_TRUE(caller.sees_unit("/east/shanghai"));
  EXPECT_FALSE(caller.sees_unit("/eastern"));
  EXPECT_FALSE(caller.sees_unit("/"));
  Caller whole = caller;
  whole.unit = "/";
  EXPECT_TRUE(whole.sees_unit("/west/chengdu"));
  whole.unit = "";
  EXPECT_FALSE(whole.sees_unit("/west"));
}

TEST(Caller, names_the_missing_permission) {
  const auto refused = require(caller_of(Role::kMarketer), Permission::kEraseCustomers);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kForbidden);
  EXPECT_NE(refused.error().message.find("erase_customers"), std::string::npos);
}

TEST(Caller, nobody_approves_their_own_work) {
  Caller caller = caller_of(Role::kRiskAnalyst);
  caller.user.value.bytes[0] = 1;
  UserId other;
  other.value.bytes[0] = 2;
  EXPECT_TRUE(require_other_person(caller, other));
  EXPECT_EQ(require_other_person(caller, caller.user).error().code, Code::kForbidden);
  EXPECT_FALSE(require_other_person(Caller{}, other));
}

TEST(Caller, every_name_reads_back) {
  for (int i = 0; i <= static_cast<int>(Role::kCustomer); ++i) {
    EXPECT_EQ(*parse_role(name_of(static_cast<Role>(i))), static_cast<Role>(i));
  }
  for (int i = 0; i <= static_cast<int>(Permission::kOperate); ++i) {
    EXPECT_EQ(*parse_permission(name_of(static_cast<Permission>(i))), static_cast<Permission>(i));
  }
  for (int i = 0; i <= static_cast<int>(Purpose::kOperation); ++i) {
    EXPECT_EQ(*parse_purpose(name_of(static_cast<Purpose>(i))), static_cast<Purpose>(i));
  }
  EXPECT_EQ(parse_role("root").error().code, Code::kInvalid);
}

}  // namespace
}  // namespace amity::security
