#include "store/database.h"

#include "store/postgresql/database.h"
#include "store/sqlite/database.h"

namespace amity::store {
namespace {

constexpr std::string_view kSqlitePrefix = "sqlite:";

bool is_postgresql(std::string_view url) { return url.starts_with("postgresql://") || url.starts_with("postgres://"); }

}  // namespace

Result<std::unique_ptr<Database>> open_database(const OpenOptions& options) {
  const std::string_view url = options.url;
  if (url.starts_with(kSqlitePrefix) && url.size() > kSqlitePrefix.size()) {
    return open_sqlite(options, std::string(url.substr(kSqlitePrefix.size())));
  }
  if (is_postgresql(url)) return open_postgresql(options);
  return invalid("a database is named sqlite:PATH or postgresql://USER@HOST:PORT/NAME", "database");
}

Result<void> restore_database(const OpenOptions& options, const std::string& backup_path) {
  const std::string_view url = options.url;
  if (url.starts_with(kSqlitePrefix) && url.size() > kSqlitePrefix.size()) {
    return restore_sqlite(options, std::string(url.substr(kSqlitePrefix.size())), backup_path);
  }
  if (is_postgresql(url)) return restore_postgresql(options, backup_path);
  return invalid("a database is named sqlite:PATH or postgresql://USER@HOST:PORT/NAME", "database");
}

}  // namespace amity::store
