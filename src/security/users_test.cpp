#include "security/users.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "store/database_fixture.h"

namespace amity::security {
namespace {

using store::Statement;
using store::Transaction;
using store::Value;

constexpr std::string_view kPassword = "correct horse battery";
constexpr Statement kHashOf{"t", "SELECT password_hash FROM users WHERE name = 'officer'"};
constexpr Statement kDisable{"t", "UPDATE users SET is_disabled = 1 WHERE name = 'officer'"};
constexpr Statement kRefuseAudit{"t", "DROP TABLE audit_entries"};
constexpr Statement kAudited{"t", "SELECT action, object, actor_name, detail FROM audit_entries ORDER BY seq"};

constexpr std::string_view kHashParameters = "m=47104,t=1,p=1";

class UsersTest : public store::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    database_ = open();
    ASSERT_NE(database_, nullptr);
    restart();
    const auto code = users_->first_administrator_code("admin");
    ASSERT_TRUE(code && *code) << code.error().text();
    first_code_ = **code;
    administrator_ = caller_of_token(*users_->redeem("admin", first_code_, kPassword));
  }

  void restart() { users_ = std::make_unique<Users>(*database_, audit_, clock_, secret_); }
  Caller caller_of_token(const SignedIn& signed_in) {
    auto caller = users_->authenticate(signed_in.token);
    EXPECT_TRUE(caller) << caller.error().text();
    return caller.value_or(Caller{});
  }
  // A compliance officer with kPassword, signed in.
  SignedIn add_officer() {
    const auto code = users_->add(
        administrator_, {.name = "officer", .roles = {Role::kComplianceOfficer}, .unit = "/east", .customer = {}});
    EXPECT_TRUE(code) << code.error().text();
    auto signed_in = users_->redeem("officer", *code, kPassword);
    EXPECT_TRUE(signed_in) << signed_in.error().text();
    return *signed_in;
  }
  UserId id_of(std::string_view name) { return users_->find(administrator_, name)->id; }
  Code code_of_sign_in(std::string_view name, std::string_view password) {
    const auto result = users_->sign_in(name, password);
    return result ? Code::kInternal : result.error().code;
  }
  void run(const Statement& statement, std::vector<Value> parameters = {}) {
    ASSERT_TRUE(database_->write([&](Transaction& t) -> Result<void> {
      TRY(t.execute(statement, parameters));
      return {};
    }));
  }
  // "action object actor detail" of every entry.
  std::vector<std::string> audited() {
    std::vector<std::string> entries;
    EXPECT_TRUE(database_->read([&](store::Reader& reader) {
      return reader.query(kAudited, {}, [&](const store::Row& row) -> Result<void> {
        entries.push_back(fmt::format("{} {} {} {}", row.text(0), row.text(1), row.text(2), row.text(3)));
        return {};
      });
    }));
    return entries;
  }
  int64_t count_audited(std::string_view action) {
    const auto entries = audited();
    return std::ranges::count_if(entries,
                                 [&](const std::string& e) { return e.starts_with(std::string(action) + " "); });
  }

  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
  std::unique_ptr<store::Database> database_;
  AuditChain audit_{clock_, SigningKey::from_seed(SecretKey::random())};
  SecretKey secret_ = SecretKey::random();
  std::unique_ptr<Users> users_;
  std::string first_code_;
  Caller administrator_;
};

TEST_P(UsersTest, the_first_administrators_code_works_once_and_is_not_given_again) {
  EXPECT_TRUE(administrator_.may(Permission::kManageUsers));
  EXPECT_EQ(users_->redeem("admin", first_code_, kPassword).error().code, Code::kUnauthenticated);
  EXPECT_FALSE((*users_->first_administrator_code("admin")).has_value());
  EXPECT_FALSE((*users_->first_administrator_code("another")).has_value());
  EXPECT_TRUE(users_->sign_in("Admin", kPassword));  // names do not know capitals
}

TEST_P(UsersTest, a_code_is_typed_with_or_without_its_dashes_and_expires) {
  const auto add = [&](const std::string& name) {
    return *users_->add(administrator_, {.name = name, .roles = {Role::kMarketer}, .unit = "/", .customer = {}});
  };
  std::string code = add("a");
  std::erase(code, '-');
  EXPECT_EQ(code.size(), 26u);  // of 32 signs: 130 bits
  EXPECT_TRUE(users_->redeem("a", code, kPassword));
  const std::string late = add("b");
  clock_.advance(hours(24));
  EXPECT_EQ(users_->redeem("b", late, kPassword).error().code, Code::kUnauthenticated);
}

TEST_P(UsersTest, a_bad_new_password_does_not_use_up_the_code) {
  const auto code = users_->add(administrator_, {.name = "a", .roles = {Role::kMarketer}, .unit = "/", .customer = {}});
  EXPECT_EQ(users_->redeem("a", *code, "password1").error().code, Code::kUnprocessable);
  EXPECT_TRUE(users_->redeem("a", *code, "木林森的长长的句子"));
  EXPECT_TRUE(users_->sign_in("a", "木林森的长长的句子"));
}

TEST_P(UsersTest, passwords_are_kept_as_argon2id_with_46_mebibytes) {
  add_officer();
  ASSERT_TRUE(database_->read([&](store::Reader& reader) {
    return reader.query(kHashOf, {}, [&](const store::Row& row) -> Result<void> {
      EXPECT_EQ(row.text(0).substr(0, 10), "$argon2id$");
      EXPECT_NE(row.text(0).find(kHashParameters), std::string_view::npos);
      return {};
    });
  }));
}

TEST_P(UsersTest, a_token_is_a_caller_until_it_is_idle_too_long_or_too_old) {
  const SignedIn officer = add_officer();
  const Caller caller = caller_of_token(officer);
  EXPECT_EQ(caller.name, "officer");
  EXPECT_EQ(caller.unit, "/east");
  EXPECT_TRUE(caller.may(Permission::kReadAudit));
  clock_.advance(minutes(29));
  EXPECT_TRUE(users_->authenticate(officer.token));
  clock_.advance(minutes(29));
  EXPECT_TRUE(users_->authenticate(officer.token));
  clock_.advance(minutes(30));
  EXPECT_EQ(users_->authenticate(officer.token).error().code, Code::kUnauthenticated);
  const SignedIn again = *users_->sign_in("officer", kPassword);
  EXPECT_NE(again.token, officer.token);
  for (int i = 0; i < 35; ++i) {
    clock_.advance(minutes(20));
    EXPECT_TRUE(users_->authenticate(again.token));
  }
  clock_.advance(minutes(20));  // 12 hours
  EXPECT_EQ(users_->authenticate(again.token).error().code, Code::kUnauthenticated);
}

TEST_P(UsersTest, a_token_outlives_a_restart_and_not_a_sign_out) {
  const SignedIn officer = add_officer();
  restart();
  EXPECT_TRUE(users_->authenticate(officer.token));
  ASSERT_TRUE(users_->sign_out(officer.token));
  EXPECT_EQ(users_->authenticate(officer.token).error().code, Code::kUnauthenticated);
}

TEST_P(UsersTest, what_is_no_token_is_refused) {
  std::string token = add_officer().token;
  for (const std::string& text : {std::string(), std::string("ams_"), token.substr(1), token + "A",
                                  "amk_" + token.substr(4), std::string(68, 'x'), "ams_" + std::string(64, '!')}) {
    EXPECT_EQ(users_->authenticate(text).error().code, Code::kUnauthenticated) << text.size();
  }
}

TEST_P(UsersTest, a_disabled_user_is_out_at_once) {
  const SignedIn officer = add_officer();
  const auto key =
      users_->make_api_key(caller_of_token(officer), {"nightly", {Permission::kReadAudit}, clock_.now() + days(1)});
  ASSERT_TRUE(key);
  EXPECT_TRUE(users_->authenticate(key->key));
  ASSERT_TRUE(users_->set_disabled(administrator_, id_of("officer"), true));
  EXPECT_FALSE(users_->authenticate(officer.token));
  EXPECT_FALSE(users_->authenticate(key->key));
  EXPECT_EQ(code_of_sign_in("officer", kPassword), Code::kUnauthenticated);
  EXPECT_FALSE(users_->verify_credential("officer", kPassword));
  ASSERT_TRUE(users_->set_disabled(administrator_, id_of("officer"), false));
  EXPECT_FALSE(users_->authenticate(officer.token));
  EXPECT_TRUE(users_->sign_in("officer", kPassword));
}

TEST_P(UsersTest, what_another_process_changed_acts_within_a_second) {
  const SignedIn officer = add_officer();
  EXPECT_TRUE(users_->authenticate(officer.token));
  run(kDisable);
  clock_.advance(seconds(1));
  EXPECT_FALSE(users_->authenticate(officer.token));
}

TEST_P(UsersTest, a_changed_password_ends_every_session) {
  const SignedIn officer = add_officer();
  const SignedIn second = *users_->sign_in("officer", kPassword);
  const Caller caller = caller_of_token(officer);
  EXPECT_EQ(users_->change_password(caller, "wrong", "another long one").error().code, Code::kUnauthenticated);
  EXPECT_EQ(users_->change_password(caller, kPassword, "officer").error().code, Code::kUnprocessable);
  ASSERT_TRUE(users_->change_password(caller, kPassword, "another long one"));
  EXPECT_FALSE(users_->authenticate(officer.token));
  EXPECT_FALSE(users_->authenticate(second.token));
  EXPECT_EQ(code_of_sign_in("officer", kPassword), Code::kUnauthenticated);
  EXPECT_TRUE(users_->sign_in("officer", "another long one"));
}

TEST_P(UsersTest, own_sessions_are_listed_and_ended_and_others_are_not) {
  const SignedIn officer = add_officer();
  clock_.advance(seconds(5));
  const SignedIn second = *users_->sign_in("officer", kPassword);
  const Caller caller = caller_of_token(officer);
  const auto sessions = *users_->sessions(caller);
  ASSERT_EQ(sessions.size(), 2u);
  EXPECT_EQ(users_->end_session(administrator_, sessions[0].id).error().code, Code::kNotFound);
  ASSERT_TRUE(users_->end_session(caller, sessions[0].id));  // the newest first
  EXPECT_FALSE(users_->authenticate(second.token));
  EXPECT_TRUE(users_->authenticate(officer.token));
  ASSERT_TRUE(users_->end_sessions(caller));
  EXPECT_FALSE(users_->authenticate(officer.token));
}

TEST_P(UsersTest, keeps_no_more_than_so_many_sessions) {
  add_officer();
  std::vector<std::string> tokens;
  for (int i = 0; i < 21; ++i) {
    clock_.advance(seconds(1));
    tokens.push_back(users_->sign_in("officer", kPassword)->token);
  }
  EXPECT_FALSE(users_->authenticate(tokens[0]));
  EXPECT_TRUE(users_->authenticate(tokens[1]));
  EXPECT_EQ(users_->sessions(caller_of_token({tokens[20], {}, {}}))->size(), 20u);
}

TEST_P(UsersTest, wrong_passwords_lock_for_longer_and_longer_also_after_a_restart) {
  add_officer();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(code_of_sign_in("officer", "wrong"), Code::kUnauthenticated);
  EXPECT_EQ(code_of_sign_in("officer", kPassword), Code::kLimit);  // the right one as well
  EXPECT_NE(users_->sign_in("officer", kPassword).error().message.find("2 seconds"), std::string::npos);
  restart();
  EXPECT_EQ(code_of_sign_in("officer", kPassword), Code::kLimit);
  clock_.advance(seconds(2));
  EXPECT_EQ(code_of_sign_in("officer", "wrong"), Code::kUnauthenticated);
  clock_.advance(seconds(3));
  EXPECT_EQ(code_of_sign_in("officer", kPassword), Code::kLimit);  // 4 seconds now
  clock_.advance(seconds(1));
  EXPECT_TRUE(users_->sign_in("officer", kPassword));
  EXPECT_EQ(code_of_sign_in("officer", "wrong"), Code::kUnauthenticated);  // counted anew
  EXPECT_TRUE(users_->sign_in("officer", kPassword));
  EXPECT_EQ(count_audited("security.locked"), 2);
}

TEST_P(UsersTest, every_way_of_giving_a_credential_locks) {
  const SignedIn officer = add_officer();
  const Caller caller = caller_of_token(officer);
  using Try = std::function<Code()>;
  const auto code_of = [](const auto& result) { return result ? Code::kInternal : result.error().code; };
  const Try tries[] = {
      [&] { return code_of(users_->sign_in("officer", "wrong")); },
      [&] { return code_of(users_->verify_credential("officer", "wrong")); },
      [&] { return code_of(users_->redeem("officer", "wrong", "a fine new password")); },
      [&] { return code_of(users_->change_password(caller, "wrong", "a fine new password")); },
      [&] { return code_of(users_->sign_in("nobody", "wrong")); },
      [&] { return code_of(users_->redeem("nobody at all", "wrong", "a fine new password")); },
  };
  for (const Try& attempt : tries) {
    for (int i = 0; i < 6; ++i) EXPECT_EQ(attempt(), Code::kUnauthenticated);
    EXPECT_EQ(attempt(), Code::kLimit);
    clock_.advance(hours(25));
  }
}

TEST_P(UsersTest, guesses_at_the_secret_of_a_known_key_lock_it_and_say_so_after_a_restart) {
  const Caller caller = caller_of_token(add_officer());
  const auto key = *users_->make_api_key(caller, {"x", {Permission::kReadAudit}, clock_.now() + days(2)});
  std::string guess = key.key;
  guess.back() = guess.back() == 'A' ? 'B' : 'A';
  for (int i = 0; i < 5; ++i) EXPECT_EQ(users_->authenticate(guess).error().code, Code::kUnauthenticated);
  EXPECT_TRUE(users_->authenticate(key.key));  // forgets the five
  for (int i = 0; i < 6; ++i) EXPECT_EQ(users_->authenticate(guess).error().code, Code::kUnauthenticated);
  EXPECT_EQ(users_->authenticate(guess).error().code, Code::kLimit);
  restart();
  EXPECT_EQ(users_->authenticate(key.key).error().code, Code::kLimit);
  clock_.advance(seconds(2));
  EXPECT_TRUE(users_->authenticate(key.key));
}

TEST_P(UsersTest, tries_at_the_same_time_are_counted_before_they_are_checked) {
  add_officer();
  std::atomic<int> checked = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] { checked += code_of_sign_in("officer", "wrong") == Code::kUnauthenticated; });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(checked, 6);
}

TEST_P(UsersTest, an_api_key_is_bounded_by_its_scopes_the_roles_and_its_end) {
  const Caller caller = caller_of_token(add_officer());
  EXPECT_EQ(users_->make_api_key(caller, {"x", {Permission::kTrainModels}, clock_.now() + days(1)}).error().code,
            Code::kForbidden);
  EXPECT_EQ(users_->make_api_key(caller, {"x", {}, clock_.now() + days(1)}).error().code, Code::kInvalid);
  EXPECT_EQ(users_->make_api_key(caller, {"x", {Permission::kReadAudit}, clock_.now() + days(400)}).error().code,
            Code::kInvalid);
  const auto key = *users_->make_api_key(caller, {"x", {Permission::kReadAudit}, clock_.now() + days(1)});
  const Caller by_key = *users_->authenticate(key.key);
  EXPECT_TRUE(by_key.may(Permission::kReadAudit));
  EXPECT_FALSE(by_key.may(Permission::kReadCustomers));
  EXPECT_EQ(users_->make_api_key(by_key, {"y", {Permission::kReadAudit}, clock_.now() + hours(1)}).error().code,
            Code::kForbidden);
  ASSERT_TRUE(users_->set_roles(administrator_, caller.user, {Role::kMarketer}, "/west"));
  EXPECT_FALSE(users_->authenticate(key.key)->may(Permission::kReadAudit));  // at once
  EXPECT_EQ(users_->api_keys(caller)->size(), 1u);
  clock_.advance(days(1));
  EXPECT_FALSE(users_->authenticate(key.key));
}

TEST_P(UsersTest, a_revoked_key_is_out_at_once) {
  const Caller caller = caller_of_token(add_officer());
  const auto key = *users_->make_api_key(caller, {"x", {Permission::kReadAudit}, clock_.now() + days(1)});
  EXPECT_TRUE(users_->authenticate(key.key));
  ASSERT_TRUE(users_->revoke_api_key(caller, key.id));
  EXPECT_FALSE(users_->authenticate(key.key));
}

TEST_P(UsersTest, a_second_person_is_another_caller_than_the_first) {
  add_officer();
  const auto second = users_->verify_credential("officer", kPassword);
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_TRUE(second->may(Permission::kApproveModels));
  EXPECT_TRUE(require_other_person(*second, administrator_.user));
  EXPECT_FALSE(require_other_person(*second, second->user));
}

TEST_P(UsersTest, only_administrators_manage_and_nobody_manages_themselves) {
  const Caller officer = caller_of_token(add_officer());
  EXPECT_EQ(
      users_->add(officer, {.name = "x", .roles = {Role::kAdministrator}, .unit = "/", .customer = {}}).error().code,
      Code::kForbidden);
  EXPECT_EQ(users_->list(officer, "", 10).error().code, Code::kForbidden);
  EXPECT_EQ(users_->set_roles(administrator_, administrator_.user, {Role::kRiskAnalyst}, "/").error().code,
            Code::kForbidden);
  EXPECT_EQ(users_->list(administrator_, "", 10)->size(), 2u);
  EXPECT_EQ(users_->list(administrator_, "admin", 10)->at(0).name, "officer");
}

// Whoever manages a unit could else make themselves an administrator of the whole.
TEST_P(UsersTest, an_administrator_of_a_unit_manages_that_unit_alone) {
  const auto add = [&](const Caller& caller, const std::string& name, Role role, const std::string& unit) {
    return users_->add(caller, {.name = name, .roles = {role}, .unit = unit, .customer = {}});
  };
  const auto code = add(administrator_, "east", Role::kAdministrator, "/east");
  const Caller east = caller_of_token(*users_->redeem("east", *code, kPassword));
  EXPECT_EQ(add(east, "x", Role::kAdministrator, "/").error().code, Code::kForbidden);
  EXPECT_EQ(add(east, "x", Role::kServiceAgent, "/eastern").error().code, Code::kForbidden);
  ASSERT_TRUE(add(east, "wang", Role::kServiceAgent, "/east/shanghai"));
  ASSERT_TRUE(add(administrator_, "li", Role::kServiceAgent, "/west"));

  EXPECT_EQ(users_->find(east, "li").error().code, Code::kNotFound);
  for (const auto& other : {id_of("li"), administrator_.user}) {
    EXPECT_EQ(users_->reset_password(east, other).error().code, Code::kNotFound);
    EXPECT_EQ(users_->set_disabled(east, other, true).error().code, Code::kNotFound);
    EXPECT_EQ(users_->set_roles(east, other, {Role::kMarketer}, "/east").error().code, Code::kNotFound);
  }
  EXPECT_EQ(users_->set_roles(east, id_of("wang"), {Role::kMarketer}, "/").error().code, Code::kForbidden);
  EXPECT_TRUE(users_->set_roles(east, id_of("wang"), {Role::kMarketer}, "/east"));
  EXPECT_TRUE(users_->reset_password(east, id_of("wang")));

  const auto names = [&](std::string_view after, int limit) {
    std::string all;
    const auto page = users_->list(east, after, limit);
    for (const auto& user : *page) all += user.name + " ";
    return all;
  };
  EXPECT_EQ(names("", 10), "east wang ");
  EXPECT_EQ(names("", 1), "east ");
  EXPECT_EQ(names("east", 1), "wang ");  // over "li", who is not shown
  EXPECT_EQ(users_->list(administrator_, "", 10)->size(), 4u);
}

TEST_P(UsersTest, a_marketer_comes_in_for_marketing_and_nothing_else) {
  const auto purpose_of = [&](const std::string& name, const std::vector<Role>& roles) {
    const auto code = users_->add(administrator_, {.name = name, .roles = roles, .unit = "/", .customer = {}});
    return caller_of_token(*users_->redeem(name, *code, kPassword)).purpose;
  };
  EXPECT_EQ(purpose_of("m", {Role::kMarketer}), Purpose::kMarketing);
  EXPECT_EQ(purpose_of("both", {Role::kMarketer, Role::kServiceAgent}), Purpose::kService);
}

TEST_P(UsersTest, refuses_bad_users) {
  const auto code_of = [&](const NewUser& user) { return users_->add(administrator_, user).error().code; };
  EXPECT_EQ(code_of({.name = "Bad Name", .roles = {Role::kMarketer}, .unit = "/", .customer = {}}), Code::kInvalid);
  EXPECT_EQ(code_of({.name = "x", .roles = {}, .unit = "/", .customer = {}}), Code::kInvalid);
  EXPECT_EQ(code_of({.name = "x", .roles = {Role::kMarketer}, .unit = "east", .customer = {}}), Code::kInvalid);
  EXPECT_EQ(code_of({.name = "x", .roles = {Role::kMarketer}, .unit = "/east//x", .customer = {}}), Code::kInvalid);
  EXPECT_EQ(code_of({.name = "x", .roles = {Role::kCustomer}, .unit = "/", .customer = {}}), Code::kInvalid);
  EXPECT_EQ(code_of({.name = "admin", .roles = {Role::kMarketer}, .unit = "/", .customer = {}}), Code::kConflict);
}

TEST_P(UsersTest, a_reset_password_is_gone_and_a_new_one_is_set_with_the_code) {
  const SignedIn officer = add_officer();
  const auto code = users_->reset_password(administrator_, id_of("officer"));
  ASSERT_TRUE(code);
  EXPECT_FALSE(users_->authenticate(officer.token));
  EXPECT_EQ(code_of_sign_in("officer", kPassword), Code::kUnauthenticated);
  EXPECT_TRUE(users_->redeem("officer", *code, "quite another one"));
}

TEST_P(UsersTest, an_erased_customer_is_no_user_any_more) {
  CustomerId customer;
  customer.value.bytes[3] = 7;
  const auto code = users_->add(
      administrator_, {.name = "li.lei@example.com", .roles = {Role::kCustomer}, .unit = "/", .customer = customer});
  const auto signed_in = users_->redeem("li.lei@example.com", *code, kPassword);
  ASSERT_TRUE(signed_in);
  ASSERT_TRUE(database_->write([&](Transaction& t) { return users_->erase(t, customer); }));
  EXPECT_FALSE(users_->authenticate(signed_in->token));
  EXPECT_EQ(users_->list(administrator_, "", 10)->size(), 1u);
  for (const std::string& entry : audited()) EXPECT_EQ(entry.find("li.lei"), std::string::npos) << entry;
}

TEST_P(UsersTest, the_audit_says_of_a_users_making_that_it_was_for_a_demo) {
  const auto added = [&](const std::string& name, bool is_demo) {
    const NewUser user{.name = name, .roles = {Role::kMarketer}, .unit = "/", .customer = {}, .is_demo = is_demo};
    EXPECT_TRUE(users_->add(administrator_, user));
    return audited().back().find(R"("demo":true)") != std::string::npos;
  };
  EXPECT_TRUE(added("demo.marketer", true));
  EXPECT_FALSE(added("wang", false));
}

TEST_P(UsersTest, the_audit_knows_every_result_and_no_secret) {
  const SignedIn officer = add_officer();
  EXPECT_EQ(code_of_sign_in("officer", "canary-wrong-password"), Code::kUnauthenticated);
  EXPECT_EQ(code_of_sign_in("canary-typed-as-name", "x"), Code::kUnauthenticated);
  EXPECT_TRUE(users_->sign_in("officer", kPassword));
  EXPECT_EQ(count_audited("signin.failed"), 2);
  EXPECT_EQ(count_audited("signin.succeeded"), 1);
  for (const std::string& entry : audited()) {
    EXPECT_EQ(entry.find("canary"), std::string::npos) << entry;
    EXPECT_EQ(entry.find(kPassword), std::string::npos) << entry;
    EXPECT_EQ(entry.find(officer.token.substr(4)), std::string::npos) << entry;
  }
}

TEST_P(UsersTest, where_the_audit_cannot_be_written_nobody_comes_in) {
  add_officer();
  run(kRefuseAudit);
  EXPECT_FALSE(users_->sign_in("officer", kPassword));
  EXPECT_FALSE(users_->verify_credential("officer", kPassword));
}

AMITY_ON_BOTH_DATABASES(UsersTest);

}  // namespace
}  // namespace amity::security
