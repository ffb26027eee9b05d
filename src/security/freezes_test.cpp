// The register of freezes: keys that are locked and not destroyed, to a day.
#include <gtest/gtest.h>

#include "security/keys.h"
#include "store/database_fixture.h"

namespace amity::security {
namespace {

Uuid owner(uint8_t number) {
  Uuid id;
  id.bytes.fill(number);
  return id;
}

class FreezesTest : public store::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    open_keys();
    const Uuid owners[] = {owner(1), owner(2), owner(3)};
    ASSERT_TRUE(keys_->ensure(owners));
  }
  void TearDown() override { keys_.reset(); }

  KeyStoreOptions key_options() const { return {options().url, (folder() / "master.key").string(), 1000}; }
  void open_keys() {
    keys_.reset();
    auto keys = KeyStore::open(key_options(), clock_);
    ASSERT_TRUE(keys) << keys.error().text();
    keys_ = std::move(*keys);
  }
  // An account of person 1, or that person.
  Freeze freeze_of(uint8_t number, Timestamp until, const std::string& duties = "d1") const {
    return {owner(number), owner(1), owner(0xaa), clock_.now(), until, duties};
  }
  void freeze(std::initializer_list<Freeze> freezes) { ASSERT_TRUE(keys_->freeze(std::vector(freezes))); }
  std::string key_of(uint8_t number, KeyAccess access = KeyAccess::kUsual) const {
    const auto key = keys_->key_of(owner(number), access);
    return key ? to_hex(key->bytes()) : std::string(name_of(key.error().code));
  }
  bool is_over(uint8_t number) const {
    const auto freeze = *keys_->freeze_of(owner(number));
    return freeze && security::is_over(*freeze, clock_.now());
  }

  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
  std::unique_ptr<KeyStore> keys_;
};

TEST_P(FreezesTest, a_locked_key_is_given_to_a_legal_hold_alone_also_after_a_start) {
  const auto before = key_of(1);
  freeze({freeze_of(1, clock_.now() + days(10)), freeze_of(2, clock_.now() + days(10))});
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(key_of(1), "not_found");
    EXPECT_EQ(key_of(1, KeyAccess::kLegalHold), before);
    EXPECT_TRUE(keys_->is_erased(owner(1)) && keys_->is_frozen(owner(2)));
    EXPECT_FALSE(keys_->is_erased(owner(3)));
    const Uuid id = owner(1);
    EXPECT_EQ(keys_->ensure(std::span(&id, 1)).error().code, Code::kConflict);
    open_keys();
  }
  EXPECT_EQ(key_of(3, KeyAccess::kLegalHold), key_of(3));
}

TEST_P(FreezesTest, of_two_ends_the_later_holds_and_what_is_erased_is_not_frozen) {
  freeze({freeze_of(1, clock_.now() + days(10), "d1")});
  freeze({freeze_of(1, clock_.now() + days(5), "d2")});
  EXPECT_EQ((*keys_->freeze_of(owner(1)))->duties, "d1");
  freeze({freeze_of(1, clock_.now() + days(20), "d3")});
  EXPECT_EQ((*keys_->freeze_of(owner(1)))->duties, "d3");
  ASSERT_TRUE(keys_->destroy(owner(2), owner(0xbb)));
  freeze({freeze_of(2, clock_.now() + days(10))});
  EXPECT_FALSE(keys_->is_frozen(owner(2)));
  EXPECT_FALSE(*keys_->freeze_of(owner(2)));
  EXPECT_EQ(key_of(2, KeyAccess::kLegalHold), "not_found");
}

TEST_P(FreezesTest, an_end_is_over_a_day_after_it_was_announced_by_a_clock_that_did_not_go_back) {
  const auto start = clock_.now();
  freeze({freeze_of(1, start + days(10)), freeze_of(3, start + days(30))});
  EXPECT_EQ(*keys_->announce_ends(), 0);
  clock_.set(start + days(9));
  EXPECT_EQ(*keys_->announce_ends(), 1);
  EXPECT_EQ(*keys_->announce_ends(), 0);
  clock_.set(start + days(10) + seconds(-1));
  EXPECT_FALSE(is_over(1));
  clock_.set(start + days(10));
  EXPECT_TRUE(is_over(1));
  clock_.set(start + days(3));
  EXPECT_EQ(*keys_->announce_ends(), 0);  // and takes back what the clock said
  clock_.set(start + days(40));
  EXPECT_FALSE(is_over(1) || is_over(3));
  EXPECT_EQ(*keys_->announce_ends(), 2);
  freeze({freeze_of(3, start + days(50))});
  clock_.set(start + days(51));
  EXPECT_TRUE(is_over(1));
  EXPECT_FALSE(is_over(3));  // prolonged: its new end has not been announced
}

TEST_P(FreezesTest, a_backup_brings_them_and_they_stay_after_a_restored_older_one) {
  const auto older = (folder() / "older").string();
  const auto newer = (folder() / "newer").string();
  const auto before = key_of(1);
  ASSERT_TRUE(keys_->export_backup(older));
  freeze({freeze_of(1, clock_.now() + days(10), "aml_identity,aml_transactions")});
  ASSERT_TRUE(keys_->export_backup(newer));
  keys_.reset();
  ASSERT_TRUE(KeyStore::restore_backup(key_options(), older, clock_));
  open_keys();
  EXPECT_EQ(key_of(1), "not_found");

  auto elsewhere = key_options();
  elsewhere.url = "sqlite:" + (folder() / "elsewhere.keys").string();
  ASSERT_TRUE(KeyStore::restore_backup(elsewhere, newer, clock_));
  keys_ = std::move(*KeyStore::open(elsewhere, clock_));
  EXPECT_EQ(key_of(1), "not_found");
  EXPECT_EQ(key_of(1, KeyAccess::kLegalHold), before);
  const auto freeze = *keys_->freeze_of(owner(1));
  ASSERT_TRUE(freeze);
  EXPECT_EQ(freeze->duties, "aml_identity,aml_transactions");
  EXPECT_EQ(freeze->until, clock_.now() + days(10));
  EXPECT_EQ(freeze->person, owner(1));
}

TEST_P(FreezesTest, one_that_has_ended_leaves_the_register_and_no_key) {
  freeze({freeze_of(1, clock_.now())});
  const Uuid id = owner(1);
  ASSERT_TRUE(keys_->destroy(id, owner(0xaa)));
  EXPECT_FALSE(keys_->is_frozen(id));
  EXPECT_EQ(key_of(1, KeyAccess::kLegalHold), "not_found");
  ASSERT_TRUE(keys_->end_freeze(std::span(&id, 1)));
  EXPECT_TRUE(keys_->freezes_until(kLatest)->empty());
  EXPECT_TRUE(keys_->is_erased(id));
}

AMITY_ON_BOTH_DATABASES(FreezesTest);

}  // namespace
}  // namespace amity::security
