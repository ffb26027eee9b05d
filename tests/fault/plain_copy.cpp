#include "tests/fault/plain_copy.h"

#include <sqlite3.h>

#include <fstream>
#include <iterator>

#include "store/database_fixture.h"

namespace amity::fault {
namespace {

bool run(sqlite3* database, const std::string& sql) {
  return sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

bool unlock(sqlite3* database, const std::string& cipher, const SecretKey& key) {
  const std::string raw = "raw:" + to_hex(key.bytes());
  return run(database, "PRAGMA cipher = '" + cipher + "'") &&
         sqlite3_key(database, raw.data(), static_cast<int>(raw.size())) == SQLITE_OK &&
         run(database, "SELECT count(*) FROM sqlite_master");
}

// Decrypts the file in place.
bool make_plain(const std::filesystem::path& file, const SecretKey& key) {
  for (const auto* cipher : {"aegis", "chacha20"}) {
    sqlite3* database = nullptr;
    const bool is_plain = sqlite3_open(file.c_str(), &database) == SQLITE_OK && unlock(database, cipher, key) &&
                          run(database, "PRAGMA wal_checkpoint(TRUNCATE)") &&
                          run(database, "PRAGMA journal_mode = DELETE") && run(database, "PRAGMA rekey = ''");
    sqlite3_close(database);
    if (is_plain) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> plain_content_of(const std::filesystem::path& path, const SecretKey& page_key) {
  const store::TemporaryFolder folder;
  const auto copy = folder.path() / "copy.db";
  std::filesystem::copy_file(path, copy);
  const std::filesystem::path log = path.string() + "-wal";
  if (std::filesystem::exists(log)) std::filesystem::copy_file(log, copy.string() + "-wal");
  if (!make_plain(copy, page_key)) return std::nullopt;
  std::ifstream in(copy, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(in)), {});
  if (!content.starts_with("SQLite format 3")) return std::nullopt;
  return content;
}

}  // namespace amity::fault
