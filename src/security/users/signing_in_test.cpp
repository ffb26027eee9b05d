// Who cannot come in learns nothing from how long it took: the same hashes are computed for everybody. Counted where
// the library is called, because a clock would have to guess.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "security/users.h"
#include "store/database_fixture.h"

namespace {

std::atomic<int> verified = 0;
std::atomic<int> hashed = 0;
std::mutex last_parameters_mutex;
std::string last_parameters;  // "$argon2id$v=19$m=47104,t=1,p=1"

std::string parameters_of(std::string_view hash) {
  size_t end = 0;
  for (int dollar = 0; dollar < 4; ++dollar) end = hash.find('$', end) + 1;
  return std::string(hash.substr(0, end - 1));
}

template <class Function>
Function next_of(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// In front of libsodium's own, which they call.
extern "C" int crypto_pwhash_str_verify(const char* hash, const char* password, unsigned long long size) {
  ++verified;
  {
    const std::scoped_lock lock(last_parameters_mutex);
    last_parameters = parameters_of(hash);
  }
  static const auto next = next_of<decltype(&crypto_pwhash_str_verify)>("crypto_pwhash_str_verify");
  return next(hash, password, size);
}
extern "C" int crypto_pwhash_str_alg(char* out, const char* password, unsigned long long size,
                                     unsigned long long passes, size_t memory, int algorithm) {
  ++hashed;
  static const auto next = next_of<decltype(&crypto_pwhash_str_alg)>("crypto_pwhash_str_alg");
  return next(out, password, size, passes, memory, algorithm);
}

namespace amity::security {
namespace {

constexpr std::string_view kPassword = "correct horse battery";

class SigningIn : public store::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    database_ = open();
    ASSERT_NE(database_, nullptr);
    users_ = std::make_unique<Users>(*database_, audit_, clock_, SecretKey::random());
    administrator_.user = UserId{make_uuid_v8(std::array<uint8_t, 16>{1})};
    administrator_.name = "admin";
    administrator_.roles = {Role::kAdministrator};
    administrator_.unit = "/";
    ASSERT_TRUE(users_->redeem("known", add("known"), kPassword));
    ASSERT_TRUE(users_->redeem("gone", add("gone"), kPassword));
    ASSERT_TRUE(users_->set_disabled(administrator_, users_->find(administrator_, "gone")->id, true));
    add("without.password");
  }
  std::string add(std::string_view name) {
    return users_
        ->add(administrator_, {.name = std::string(name), .roles = {Role::kMarketer}, .unit = "/", .customer = {}})
        .value();
  }
  // "verified hashed parameters" of one try.
  template <class Try>
  std::string work_of(const Try& attempt) {
    verified = hashed = 0;
    last_parameters.clear();
    const auto result = attempt();
    EXPECT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::kUnauthenticated);
    return fmt::format("{} {} {}", verified.load(), hashed.load(), last_parameters);
  }

  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
  std::unique_ptr<store::Database> database_;
  AuditChain audit_{clock_, SigningKey::from_seed(SecretKey::random())};
  std::unique_ptr<Users> users_;
  Caller administrator_;
};

TEST_P(SigningIn, takes_the_same_work_for_nobody_a_wrong_password_and_whoever_cannot_come_in) {
  constexpr std::string_view kWork = "1 0 $argon2id$v=19$m=47104,t=1,p=1";
  for (const auto* name : {"known", "nobody", "without.password", "not a name at all", ""}) {
    EXPECT_EQ(work_of([&] { return users_->sign_in(name, "wrong horse battery"); }), kWork) << name;
    EXPECT_EQ(work_of([&] { return users_->verify_credential(name, "wrong horse battery"); }), kWork) << name;
  }
  EXPECT_EQ(work_of([&] { return users_->sign_in("gone", kPassword); }), kWork);  // right, but disabled
}

TEST_P(SigningIn, takes_the_same_work_for_a_wrong_code_whoever_it_is_for) {
  for (const auto* name : {"known", "nobody", "without.password", "gone"}) {
    EXPECT_EQ(work_of([&] { return users_->redeem(name, "wrong", "a fine new password"); }), "0 1 ") << name;
  }
}

AMITY_ON_BOTH_DATABASES(SigningIn);

}  // namespace
}  // namespace amity::security
