#include "security/keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "security/cache/recently_used.h"
#include "security/keys/master_keys.h"
#include "security/keys/records.h"
#include "store/database_fixture.h"
#include "store/migrations.h"

namespace amity::security {
namespace {

namespace fs = std::filesystem;

Uuid owner(uint8_t number) {
  Uuid id;
  id.bytes.fill(number);
  return id;
}

class KeyStoreTest : public store::DatabaseTest {
 protected:
  KeyStoreOptions key_options() const { return {options().url, (folder() / "master.key").string(), 1000}; }
  std::unique_ptr<KeyStore> open_keys(const KeyStoreOptions& chosen) {
    auto keys = KeyStore::open(chosen, clock_);
    if (!keys) ADD_FAILURE() << keys.error().text();
    return keys ? std::move(*keys) : nullptr;
  }
  std::unique_ptr<KeyStore> open_keys() { return open_keys(key_options()); }
  std::unique_ptr<store::Database> open_database() {
    auto chosen = options();
    chosen.page_key.reset();
    chosen.migrations = key_migrations();
    return open(chosen);
  }
  // As it lies in the store, still sealed.
  Bytes sealed_key_of(const Uuid& id) {
    const auto database = open_database();
    Bytes found;
    EXPECT_TRUE(database->read([&](store::Reader& reader) {
      return read_owner_keys(reader, std::span(&id, 1), [&](const SealedKey& key) -> Result<void> {
        found = key.sealed;
        return {};
      });
    }));
    return found;
  }
  bool is_anywhere(ByteView needle, const fs::path& but = {}) const {
    for (const auto& file : fs::recursive_directory_iterator(folder())) {
      if (!file.is_regular_file() || file.path() == but) continue;
      std::ifstream in(file.path(), std::ios::binary);
      const std::string content((std::istreambuf_iterator<char>(in)), {});
      if (!std::ranges::search(as_bytes(content), needle).empty()) return true;
    }
    return false;
  }

  ManualClock clock_{Timestamp{1'700'000'000'000'000}};
};

TEST_P(KeyStoreTest, gives_each_owner_a_key_that_stays) {
  auto keys = open_keys();
  const Uuid owners[] = {owner(1), owner(2), owner(1)};
  EXPECT_EQ(keys->key_of(owner(1)).error().code, Code::kNotFound);
  ASSERT_TRUE(keys->ensure(owners));
  const SecretKey first = *keys->key_of(owner(1));
  EXPECT_FALSE(std::ranges::equal(first.bytes(), keys->key_of(owner(2))->bytes()));
  ASSERT_TRUE(keys->ensure(owners));
  const SecretKey pseudonyms = keys->institution_key("pseudonyms");
  keys = nullptr;
  keys = open_keys();
  EXPECT_TRUE(std::ranges::equal(first.bytes(), keys->key_of(owner(1))->bytes()));
  EXPECT_TRUE(std::ranges::equal(pseudonyms.bytes(), keys->institution_key("pseudonyms").bytes()));
  EXPECT_FALSE(std::ranges::equal(pseudonyms.bytes(), keys->institution_key("states").bytes()));
}

TEST_P(KeyStoreTest, serves_more_owners_than_its_memory_holds) {
  auto few = key_options();
  few.cached_key_count = 10;
  auto keys = open_keys(few);
  std::vector<Uuid> owners;
  for (uint16_t i = 1; i <= 3000; ++i) {
    owners.push_back(owner(7));
    owners.back().bytes[0] = static_cast<uint8_t>(i);
    owners.back().bytes[1] = static_cast<uint8_t>(i >> 8);
  }
  ASSERT_TRUE(keys->ensure(owners));
  const SecretKey first = *keys->key_of(owners[0]);
  ASSERT_TRUE(keys->ensure(owners));
  EXPECT_TRUE(std::ranges::equal(first.bytes(), keys->key_of(owners[0])->bytes()));
  EXPECT_TRUE(keys->key_of(owners[2999]));
}

TEST_P(KeyStoreTest, callers_at_the_same_time_get_the_same_key) {
  auto keys = open_keys();
  std::vector<Bytes> seen(4);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < seen.size(); ++i) {
    threads.emplace_back([&, i] {
      const Uuid id = owner(5);
      if (!keys->ensure(std::span(&id, 1))) return;
      const SecretKey key = *keys->key_of(id);
      seen[i].assign(key.bytes().begin(), key.bytes().end());
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(seen[0].size(), 32u);
  for (const Bytes& key : seen) EXPECT_EQ(key, seen[0]);
}

TEST_P(KeyStoreTest, an_erased_owner_has_no_key_and_never_gets_one_again) {
  auto keys = open_keys();
  const Uuid owners[] = {owner(1), owner(2)};
  ASSERT_TRUE(keys->ensure(owners));
  ASSERT_TRUE(keys->destroy(owner(1), owner(0xaa)));
  ASSERT_TRUE(keys->destroy(owner(1), owner(0xbb)));  // repeating is harmless
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_TRUE(keys->is_erased(owner(1)));
    EXPECT_FALSE(keys->is_erased(owner(2)));
    EXPECT_EQ(keys->key_of(owner(1)).error().code, Code::kNotFound);
    const Uuid with_a_new_one[] = {owner(1), owner(3)};
    EXPECT_EQ(keys->ensure(with_a_new_one).error().code, Code::kConflict);
    EXPECT_FALSE(keys->key_of(owner(3)));
    EXPECT_TRUE(keys->key_of(owner(2)));
    const auto erasures = *keys->erasures_after(0);
    ASSERT_EQ(erasures.size(), 1u);
    EXPECT_EQ(erasures[0].request, owner(0xaa));
    EXPECT_TRUE(erasures[0].is_destroyed);
    EXPECT_TRUE(keys->erasures_after(erasures[0].seq)->empty());
    keys = nullptr;
    keys = open_keys();
  }
}

TEST_P(KeyStoreTest, brings_in_many_keys_at_once_and_none_that_is_gone) {
  {
    auto keys = open_keys();
    const Uuid owners[] = {owner(1), owner(2), owner(3)};
    ASSERT_TRUE(keys->ensure(owners));
    ASSERT_TRUE(keys->destroy(owner(2), owner(0xaa)));
  }
  auto keys = open_keys();
  const Uuid wanted[] = {owner(3), owner(2), owner(1), owner(3), owner(9)};
  ASSERT_TRUE(keys->bring_in(wanted));
  for (const auto& [number, is_there] : {std::pair(1, true), {2, false}, {3, true}, {9, false}}) {
    EXPECT_EQ(keys->key_of(owner(static_cast<uint8_t>(number))).has_value(), is_there) << number;
  }
}

TEST_P(KeyStoreTest, an_erasure_cut_short_after_its_registration_is_finished_at_the_next_open) {
  const Uuid id = owner(1);
  ASSERT_TRUE(open_keys()->ensure(std::span(&id, 1)));
  ASSERT_TRUE(open_database()->write(
      [&](store::Transaction& t) { return register_erasure(t, {0, id, owner(0xaa), clock_.now(), false}); }));
  EXPECT_FALSE(sealed_key_of(id).empty());
  auto keys = open_keys();
  EXPECT_TRUE(keys->erasures_after(0)->at(0).is_destroyed);
  keys = nullptr;
  EXPECT_TRUE(sealed_key_of(id).empty());
}

TEST_P(KeyStoreTest, no_byte_of_a_destroyed_key_stays_in_the_stores_files) {
  if (!is_sqlite()) GTEST_SKIP() << "PostgreSQL keeps dead rows until their space is used again: docs/formats/keys.md";
  const Uuid owners[] = {owner(1), owner(2)};
  ASSERT_TRUE(open_keys()->ensure(owners));
  const Bytes destroyed = sealed_key_of(owner(1));
  const Bytes kept = sealed_key_of(owner(2));
  auto keys = open_keys();
  ASSERT_TRUE(is_anywhere(destroyed));
  ASSERT_TRUE(keys->destroy(owner(1), owner(0xaa)));
  EXPECT_FALSE(is_anywhere(ByteView(destroyed).first(16)));  // while it is open, with its log
  keys = nullptr;
  EXPECT_FALSE(is_anywhere(ByteView(destroyed).first(16)));
  EXPECT_TRUE(is_anywhere(kept));  // or this test could not see a key
}

TEST_P(KeyStoreTest, refuses_a_missing_open_or_foreign_key_file) {
  const std::string file = key_options().key_file;
  open_keys().reset();
  struct stat info{};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  chmod(file.c_str(), 0640);
  EXPECT_EQ(KeyStore::open(key_options(), clock_).error().code, Code::kForbidden);
  chmod(file.c_str(), 0600);
  fs::rename(file, file + ".away");
  EXPECT_EQ(KeyStore::open(key_options(), clock_).error().code, Code::kNotFound);
  EXPECT_FALSE(fs::exists(file));
  ASSERT_TRUE(MasterKeys::make().write(file));
  EXPECT_EQ(KeyStore::open(key_options(), clock_).error().code, Code::kConflict);
  fs::rename(file + ".away", file);
  EXPECT_TRUE(KeyStore::open(key_options(), clock_));
}

TEST_P(KeyStoreTest, a_sealed_key_opens_only_in_its_own_row) {
  const MasterKeys masters = MasterKeys::make();
  SealedKey sealed = seal_key(masters.newest(), owner(1), SecretKey::random());
  EXPECT_TRUE(open_key(masters, sealed));
  sealed.owner = owner(2);
  EXPECT_EQ(open_key(masters, sealed).error().code, Code::kConflict);
}

TEST_P(KeyStoreTest, a_rotation_under_load_changes_every_sealed_key_and_no_key) {
  auto keys = open_keys();
  const Uuid owners[] = {owner(1), owner(2)};
  ASSERT_TRUE(keys->ensure(owners));
  const SecretKey before = *keys->key_of(owner(1));
  keys = nullptr;
  const Bytes sealed = sealed_key_of(owner(1));
  const MasterKeys old = *MasterKeys::read(key_options().key_file);
  auto few = key_options();
  few.cached_key_count = 1;  // so that keys are read from the store all the time
  keys = open_keys(few);
  std::atomic<bool> is_done = false;
  std::atomic<int> errors = 0;
  std::thread load([&] {
    for (uint8_t i = 10; !is_done; i = i < 200 ? i + 1 : 10) {
      const Uuid id = owner(i);
      errors += !keys->ensure(std::span(&id, 1)) || !keys->key_of(owner(1)) || !keys->key_of(owner(2));
    }
  });
  const auto rotated = keys->rotate_master_key();
  is_done = true;
  load.join();
  EXPECT_TRUE(rotated);
  EXPECT_EQ(errors, 0);
  EXPECT_TRUE(std::ranges::equal(before.bytes(), keys->key_of(owner(1))->bytes()));
  keys = nullptr;
  EXPECT_NE(sealed_key_of(owner(1)), sealed);
  const MasterKeys now = *MasterKeys::read(key_options().key_file);
  EXPECT_FALSE(now.is_rotating());
  EXPECT_EQ(now.newest().generation, 2);
  EXPECT_FALSE(is_anywhere(as_bytes(to_base64url(old.newest().key.bytes()))));
  EXPECT_TRUE(std::ranges::equal(before.bytes(), open_keys()->key_of(owner(1))->bytes()));
}

TEST_P(KeyStoreTest, a_rotation_cut_short_is_finished_at_the_next_open) {
  auto keys = open_keys();
  const Uuid id = owner(1);
  ASSERT_TRUE(keys->ensure(std::span(&id, 1)));
  const SecretKey before = *keys->key_of(id);
  keys = nullptr;
  const std::string file = key_options().key_file;
  ASSERT_TRUE(MasterKeys::read(file)->with_next().write(file));  // as far as the crash let it
  keys = open_keys();
  EXPECT_TRUE(std::ranges::equal(before.bytes(), keys->key_of(id)->bytes()));
  EXPECT_FALSE(MasterKeys::read(file)->is_rotating());
}

TEST_P(KeyStoreTest, a_backup_brings_keys_back_but_never_an_erased_person) {
  const std::string path = (folder() / "keys.backup").string();
  auto keys = open_keys();
  const Uuid owners[] = {owner(1), owner(2)};
  ASSERT_TRUE(keys->ensure(owners));
  const SecretKey second = *keys->key_of(owner(2));
  const SecretKey root = keys->institution_key("states");
  ASSERT_TRUE(keys->export_backup(path));
  ASSERT_TRUE(keys->destroy(owner(1), owner(0xaa)));
  keys = nullptr;
  ASSERT_TRUE(KeyStore::restore_backup(key_options(), path, clock_));  // the older backup still holds key 1
  EXPECT_FALSE(open_keys()->key_of(owner(1)));
  ASSERT_TRUE(open_keys()->export_backup(path));

  auto elsewhere = key_options();
  elsewhere.url = "sqlite:" + (folder() / "elsewhere.keys").string();
  ASSERT_TRUE(KeyStore::restore_backup(elsewhere, path, clock_));
  keys = open_keys(elsewhere);
  EXPECT_TRUE(std::ranges::equal(second.bytes(), keys->key_of(owner(2))->bytes()));
  EXPECT_TRUE(std::ranges::equal(root.bytes(), keys->institution_key("states").bytes()));
  EXPECT_TRUE(keys->is_erased(owner(1)));
  EXPECT_FALSE(keys->key_of(owner(1)));
}

TEST_P(KeyStoreTest, an_erasure_in_a_backup_destroys_a_key_that_is_still_there) {
  const std::string path = (folder() / "keys.backup").string();
  const Uuid id = owner(1);
  auto keys = open_keys();
  ASSERT_TRUE(keys->ensure(std::span(&id, 1)));
  ASSERT_TRUE(keys->export_backup(path));
  auto elsewhere = key_options();
  elsewhere.url = "sqlite:" + (folder() / "elsewhere.keys").string();
  ASSERT_TRUE(KeyStore::restore_backup(elsewhere, path, clock_));
  ASSERT_TRUE(keys->destroy(id, owner(0xaa)));
  ASSERT_TRUE(keys->export_backup(path));
  EXPECT_TRUE(open_keys(elsewhere)->key_of(id));
  ASSERT_TRUE(KeyStore::restore_backup(elsewhere, path, clock_));
  EXPECT_FALSE(open_keys(elsewhere)->key_of(id));
}

TEST_P(KeyStoreTest, refuses_a_damaged_or_foreign_backup_whole) {
  const std::string path = (folder() / "keys.backup").string();
  const Uuid id = owner(1);
  {
    auto keys = open_keys();
    ASSERT_TRUE(keys->ensure(std::span(&id, 1)));
    ASSERT_TRUE(keys->export_backup(path));
  }
  std::ifstream in(path, std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  auto elsewhere = key_options();
  elsewhere.url = "sqlite:" + (folder() / "elsewhere.keys").string();
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    std::ofstream(path, std::ios::binary) << bad;
    EXPECT_FALSE(KeyStore::restore_backup(elsewhere, path, clock_)) << at;
    if (at % 8 == 0) {
      std::ofstream(path, std::ios::binary) << good.substr(0, at);
      EXPECT_FALSE(KeyStore::restore_backup(elsewhere, path, clock_)) << at;
    }
  }
  std::ofstream(path, std::ios::binary) << good << "x";
  EXPECT_FALSE(KeyStore::restore_backup(elsewhere, path, clock_));
  EXPECT_FALSE(fs::exists(folder() / "elsewhere.keys"));
  std::ofstream(path, std::ios::binary) << good;
  ASSERT_TRUE(MasterKeys::make().write((folder() / "other.key").string()));
  elsewhere.key_file = (folder() / "other.key").string();
  EXPECT_EQ(KeyStore::restore_backup(elsewhere, path, clock_).error().code, Code::kConflict);
}

AMITY_ON_BOTH_DATABASES(KeyStoreTest);

TEST(RecentlyUsed, forgets_the_least_recently_used_first) {
  RecentlyUsed<SecretKey> cache(2);
  cache.put(owner(1), SecretKey::random());
  cache.put(owner(2), SecretKey::random());
  EXPECT_TRUE(cache.find(owner(1)));
  cache.put(owner(3), SecretKey::random());
  EXPECT_FALSE(cache.find(owner(2)));
  EXPECT_TRUE(cache.find(owner(1)));
  EXPECT_EQ(cache.size(), 2u);
}

TEST(MasterKeys, refuse_a_file_that_is_none) {
  const std::string key = to_base64url(SecretKey::random().bytes());
  const std::string title = "amity master key 1\n";
  EXPECT_TRUE(MasterKeys::parse(title + "2 " + key + "\n1 " + key + "\n"));
  for (const std::string& text : {std::string(), title, title + "1 abc\n", title + "x " + key, title + "0 " + key,
                                  title + "1 " + key + "\n2 " + key, title + "1", "another file\n1 " + key}) {
    EXPECT_FALSE(MasterKeys::parse(text)) << text.size();
  }
}

}  // namespace
}  // namespace amity::security
