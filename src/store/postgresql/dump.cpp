#include "store/postgresql/dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "base/json.h"
#include "store/migrations.h"
#include "store/postgresql/dump_file.h"
#include "store/postgresql/session.h"

namespace amity::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kRecordBytes = 1024 * 1024;

// Ordinary tables that a crash does not empty; partitions are tables of their own here.
constexpr Statement kTables("store.dump_tables", "",
                            "SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) "
                            "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                            "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' "
                            "AND c.relpersistence = 'p' AND a.attnum > 0 AND NOT a.attisdropped "
                            "AND a.attgenerated = '' GROUP BY c.relname ORDER BY c.relname");
constexpr Statement kDerivedTables("store.dump_derived_tables", "",
                                   "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
                                   "AND relkind = 'r' AND relpersistence = 'u' ORDER BY relname");
constexpr Statement kReferences(
    "store.dump_references", "",
    "SELECT f.relname, t.relname FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid "
    "JOIN pg_class t ON t.oid = k.confrelid "
    "WHERE k.contype = 'f' AND k.conrelid <> k.confrelid ORDER BY 1, 2");
constexpr Statement kLastMigration("store.dump_last_migration", "",
                                   "SELECT COALESCE(MAX(number), 0) FROM schema_migrations");
constexpr Statement kAnyTable("store.any_table", "",
                              "SELECT COUNT(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
                              "AND relkind IN ('r', 'p')");

struct Table {
  std::string name;
  std::string columns;  // quoted, comma-separated
  bool operator==(const Table&) const = default;
};

// A table stands behind those it refers to, so that every reference finds its row when the rows come back.
Result<std::vector<Table>> in_reference_order(std::vector<Table> tables,
                                              const std::set<std::pair<std::string, std::string>>& references) {
  std::vector<Table> ordered;
  std::set<std::string> left;
  for (const Table& table : tables) left.insert(table.name);
  while (!tables.empty()) {
    const auto ready = std::ranges::find_if(tables, [&](const Table& table) {
      return std::ranges::none_of(references, [&](const auto& reference) {
        return reference.first == table.name && left.contains(reference.second);
      });
    });
    if (ready == tables.end()) return fail(Code::kInternal, "tables refer to each other in a circle");
    left.erase(ready->name);
    ordered.push_back(std::move(*ready));
    tables.erase(ready);
  }
  return ordered;
}

Result<std::vector<Table>> tables_of(PostgresqlConnection& connection) {
  std::vector<Table> tables;
  std::set<std::pair<std::string, std::string>> references;
  TRY(connection.query(kTables.name, kTables.postgresql, {}, [&](const Row& row) -> Result<void> {
    tables.push_back({std::string(row.text(0)), std::string(row.text(1))});
    return {};
  }));
  TRY(connection.query(kReferences.name, kReferences.postgresql, {}, [&](const Row& row) -> Result<void> {
    references.emplace(row.text(0), row.text(1));
    return {};
  }));
  return in_reference_order(std::move(tables), references);
}

Result<int64_t> one_number(PostgresqlConnection& connection, const Statement& statement) {
  int64_t number = 0;
  TRY(connection.query(statement.name, statement.postgresql, {}, [&](const Row& row) -> Result<void> {
    number = row.integer(0);
    return {};
  }));
  return number;
}

Result<void> dump_rows(PostgresqlConnection& connection, const Table& table, DumpWriter& file) {
  std::string pending;
  const std::string command =
      fmt::format("COPY {} ({}) TO STDOUT (FORMAT binary)", connection.quoted(table.name), table.columns);
  TRY(connection.copy_out(command, [&](std::string_view data) -> Result<void> {
    pending += data;
    if (pending.size() < kRecordBytes) return {};
    return file.add({RecordKind::kRows, std::exchange(pending, {})});
  }));
  return file.add({RecordKind::kRows, pending});
}

Result<void> dump_all(PostgresqlConnection& connection, DumpWriter& file) {
  TRY(connection.post_command("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  const auto tables = TRY(tables_of(connection));
  const int64_t last_migration = TRY(one_number(connection, kLastMigration));
  for (const Table& table : tables) {
    const json::object head = {{"table", table.name}, {"columns", table.columns}, {"last_migration", last_migration}};
    TRY(file.add({RecordKind::kTable, write_json(head)}));
    TRY(dump_rows(connection, table, file));
  }
  return file.add({RecordKind::kEnd, {}});
}

struct TableHead {
  Table table;
  int64_t last_migration = 0;
};

Result<TableHead> read_head(const Record& record) {
  const auto document = TRY(parse_json(record.body));
  JsonReader in(document, "backup");
  TableHead head{{in.text("table"), in.text("columns", 65536)}, in.integer("last_migration", 1, 9999)};
  TRY(in.finish());
  return head;
}

// Reads the whole file: the last migration of the database it was made of, or where it is damaged.
Result<int64_t> check_dump(const std::string& path, const std::optional<SecretKey>& key) {
  DumpReader file = TRY(DumpReader::open(path, key));
  int64_t last_migration = 0;
  while (true) {
    const Record record = TRY(file.next());
    if (record.kind == RecordKind::kEnd) return last_migration;
    if (record.kind == RecordKind::kTable) last_migration = TRY(read_head(record)).last_migration;
  }
}

Result<void> make_schema(PostgresqlSession& session, const OpenOptions& options, int64_t last_migration) {
  std::vector<EmbeddedFile> known;
  for (const EmbeddedFile& file : options.migrations) {
    if (std::stoll(std::string(file.name.substr(0, 4))) <= last_migration) known.push_back(file);
  }
  return migrate(session, Dialect::kPostgresql, known);
}

// Only rows come from the file. What it calls its tables and columns must be ours to the letter: else its text would
// become a command.
Result<void> restore_rows(PostgresqlConnection& connection, const std::vector<Table>& tables, const std::string& path,
                          const std::optional<SecretKey>& key) {
  DumpReader file = TRY(DumpReader::open(path, key));
  Record record = TRY(file.next());
  while (record.kind == RecordKind::kTable) {
    const Table told = TRY(read_head(record)).table;
    const auto table = std::ranges::find(tables, told);
    if (table == tables.end()) {
      return fail(Code::kConflict, "the backup holds a table that no version of this program made; use another one",
                  "backup");
    }
    const auto next_rows = [&]() -> Result<std::string> {
      record = TRY(file.next());
      return record.kind == RecordKind::kRows ? record.body : std::string();
    };
    const auto command =
        fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", connection.quoted(table->name), table->columns);
    TRY(connection.copy_in(command, next_rows));
    while (record.kind == RecordKind::kRows) record = TRY(file.next());
  }
  return {};
}

Result<void> fill(PostgresqlConnection& connection, const OpenOptions& options, const std::string& path) {
  const auto tables = TRY(tables_of(connection));
  std::string list;
  for (const Table& table : tables) {
    list += (list.empty() ? "" : ", ") + connection.quoted(table.name);
  }
  TRY(connection.query(kDerivedTables.name, kDerivedTables.postgresql, {}, [&](const Row& row) -> Result<void> {
    return list += ", " + connection.quoted(std::string(row.text(0))), Result<void>();
  }));
  TRY(connection.post_command("BEGIN"));
  // Rows that migrations made come back with the others, or are derived.
  TRY(connection.run_script("TRUNCATE " + list));
  TRY(restore_rows(connection, tables, path, options.page_key));
  TRY(connection.post_command("COMMIT"));
  return connection.flush();
}

}  // namespace

Result<void> dump_postgresql(const OpenOptions& options, const std::string& path) {
  std::error_code problem;
  if (fs::exists(path)) return fail(Code::kConflict, "there is a file already where the copy should go", "backup");
  const std::string partial = path + ".partial";
  const auto connection = TRY(PostgresqlConnection::open(options.url));
  DumpWriter file(partial, options.page_key);
  fs::permissions(partial, fs::perms::owner_read | fs::perms::owner_write, problem);
  TRY(dump_all(*connection, file));
  TRY(file.close());
  TRY(check_dump(partial, options.page_key));
  fs::rename(partial, path, problem);
  if (problem) return fail(Code::kUnavailable, "the copy cannot be given its name", "backup");
  return {};
}

Result<void> restore_dump(const OpenOptions& options, const std::string& path) {
  const int64_t last_migration = TRY(check_dump(path, options.page_key));
  const auto session = TRY(PostgresqlSession::open(options.url, false));
  const auto connection = TRY(PostgresqlConnection::open(options.url));
  if (TRY(one_number(*connection, kAnyTable)) != 0) {
    return fail(Code::kConflict, "the database is not empty; a backup goes into an empty one", "database");
  }
  TRY(make_schema(*session, options, last_migration));
  return fill(*connection, options, path);
}

}  // namespace amity::store
