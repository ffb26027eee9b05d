#include "store/migrations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "base/check.h"
#include "base/log.h"
#include "embedded/migrations.h"
#include "store/writing/session.h"

namespace amity::store {
namespace {

constexpr Statement kApplied("store.applied_migrations", "SELECT number, name, digest FROM schema_migrations");
constexpr Insert kRecord("store.record_migration", "schema_migrations", "number, name, digest");
constexpr Statement kTables(
    "store.tables",
    "SELECT COUNT(*), COUNT(CASE WHEN name = 'schema_migrations' THEN 1 END) FROM sqlite_schema WHERE type = 'table'",
    "SELECT COUNT(*), COUNT(CASE WHEN tablename = 'schema_migrations' THEN 1 END) FROM pg_tables "
    "WHERE schemaname = current_schema()");

struct Migration {
  int64_t number = 0;
  EmbeddedFile file;
  Digest digest{};
};

struct Applied {
  std::string name;
  Bytes digest;
};

Migration parse(const EmbeddedFile& file) {
  Migration migration{.number = 0, .file = file, .digest = digest(as_bytes(file.text))};
  const auto parsed = std::from_chars(file.name.begin(), file.name.begin() + 4, migration.number);
  CHECK(parsed.ec == std::errc() && parsed.ptr == file.name.begin() + 4 && file.name[4] == '_');
  return migration;
}

std::vector<Migration> in_order(std::span<const EmbeddedFile> files) {
  std::vector<Migration> migrations;
  for (const EmbeddedFile& file : files) migrations.push_back(parse(file));
  if (migrations.empty() || std::ranges::min(migrations, {}, &Migration::number).number != 1) {
    migrations.push_back(parse(main_migrations().front()));
  }
  std::ranges::sort(migrations, {}, &Migration::number);
  CHECK(std::ranges::adjacent_find(migrations, {}, &Migration::number) == migrations.end());
  return migrations;
}

// Takes the first line off the text, with its end.
std::string_view next_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  return line;
}

// Of the line `-- derived: TABLE` the table; empty for any other.
std::string_view derived_table(std::string_view line) {
  constexpr std::string_view kPrefix = "-- derived: ";
  if (!line.starts_with(kPrefix)) return {};
  const auto table = line.substr(kPrefix.size());
  return table.substr(0, table.find_first_of(" \n"));
}

// Runs `work` in a transaction of its own.
template <class Work>
Result<void> in_transaction(WriteSession& session, const Work& work) {
  TRY(session.begin());
  Result<void> result = work(session.transaction());
  if (result) result = session.flush();
  if (result) return session.commit();
  session.rollback();
  return result;
}

Result<void> make_ledger(WriteSession& session) {
  return in_transaction(session, [&](Transaction& transaction) -> Result<void> {
    int64_t tables = 0;
    int64_t ledgers = 0;
    TRY(transaction.query(kTables, {}, [&](const Row& row) -> Result<void> {
      tables = row.integer(0);
      ledgers = row.integer(1);
      return {};
    }));
    if (ledgers > 0) return {};
    if (tables > 0) return fail(Code::kConflict, "the database holds tables that are not Amity's", "database");
    return session.run_script(
        "CREATE TABLE schema_migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, digest BYTEA NOT NULL)");
  });
}

Result<std::map<int64_t, Applied>> applied_migrations(WriteSession& session) {
  std::map<int64_t, Applied> applied;
  TRY(in_transaction(session, [&](Transaction& transaction) {
    return transaction.query(kApplied, {}, [&](const Row& row) -> Result<void> {
      const ByteView digest = row.bytes(2);
      applied[row.integer(0)] = {std::string(row.text(1)), Bytes(digest.begin(), digest.end())};
      return {};
    });
  }));
  return applied;
}

Result<void> check_history(const std::vector<Migration>& known, const std::map<int64_t, Applied>& applied) {
  const int64_t last_known = known.back().number;
  if (!applied.empty() && applied.rbegin()->first > last_known) {
    return fail(Code::kConflict,
                fmt::format("the database is of a newer version: it has migration {} and this program knows {} as the "
                            "last; use the newer program, or restore a backup made before the update",
                            applied.rbegin()->first, last_known),
                "database");
  }
  for (const auto& [number, was] : applied) {
    const auto now = std::ranges::find(known, number, &Migration::number);
    if (now == known.end() || !equal_in_constant_time(was.digest, now->digest)) {
      return fail(Code::kConflict,
                  fmt::format("migration {} ({}) was changed after this database had applied it; a migration never "
                              "changes, what is new goes into a new one",
                              number, was.name),
                  "database");
    }
  }
  return {};
}

Result<void> apply(WriteSession& session, Dialect dialect, const Migration& migration) {
  const auto result = in_transaction(session, [&](Transaction& transaction) -> Result<void> {
    TRY(session.run_script(script_for(dialect, migration.file.text)));
    return transaction.insert(
        kRecord, std::array{Value(migration.number), Value(migration.file.name), Value(ByteView(migration.digest))});
  });
  if (result) {
    log(Level::kDebug, "migration applied", {{"name", migration.file.name}});
    return {};
  }
  Error error = result.error();
  error.message = fmt::format("migration {} failed and left nothing behind: {}", migration.file.name, error.message);
  return std::unexpected(std::move(error));
}

}  // namespace

std::span<const EmbeddedFile> main_migrations() { return embedded_migrations(); }

std::string script_for(Dialect dialect, std::string_view migration) {
  constexpr std::string_view kSqlitePrefix = "-- sqlite: ";
  constexpr std::string_view kPostgresqlPrefix = "-- postgresql: ";
  const std::string_view mine = dialect == Dialect::kSqlite ? kSqlitePrefix : kPostgresqlPrefix;
  std::string script;
  while (!migration.empty()) {
    std::string_view line = next_line(migration);
    const auto derived = derived_table(line);
    const size_t indent = std::min(line.find_first_not_of(' '), line.size());
    if (line.substr(indent).starts_with(mine)) line.remove_prefix(indent + mine.size());
    if (!derived.empty() && dialect == Dialect::kPostgresql) {
      script += fmt::format("ALTER TABLE {} SET UNLOGGED;\n", derived);
    } else {
      script += line;
    }
  }
  return script;
}

std::vector<std::string> derived_tables(std::span<const EmbeddedFile> migrations) {
  std::vector<std::string> tables;
  for (const EmbeddedFile& file : migrations) {
    for (std::string_view text = file.text; !text.empty();) {
      if (const auto table = derived_table(next_line(text)); !table.empty()) tables.emplace_back(table);
    }
  }
  return tables;
}

Result<void> migrate(WriteSession& session, Dialect dialect, std::span<const EmbeddedFile> migrations) {
  const std::vector<Migration> known = in_order(migrations);
  TRY(make_ledger(session));
  const auto applied = TRY(applied_migrations(session));
  TRY(check_history(known, applied));
  const int64_t last_applied = applied.empty() ? 0 : applied.rbegin()->first;
  for (const Migration& migration : known) {
    if (applied.contains(migration.number)) continue;
    if (migration.number < last_applied) {
      return fail(Code::kConflict,
                  fmt::format("migration {} is numbered before {}, which this database has already; give it a number "
                              "behind the last",
                              migration.file.name, last_applied),
                  "database");
    }
    TRY(apply(session, dialect, migration));
  }
  return {};
}

}  // namespace amity::store
