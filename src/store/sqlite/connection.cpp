#include "store/sqlite/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <charconv>
#include <fstream>

#include "base/check.h"

namespace amity::store {
namespace {

constexpr int kOldestSafeVersion = 3051003;
constexpr int kBusyMilliseconds = 5000;
// 64 MiB of log between checkpoints: hot pages are written to the file once for many commits, and a restart still reads
// such a log in well under a second.
constexpr int kCheckpointPages = 16384;
constexpr int kLongLogPages = 65536;  // 256 MiB: readers have kept the log from starting anew

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  int64_t integer(int column) const override {
    CHECK(sqlite3_column_type(statement_, column) == SQLITE_INTEGER);
    return sqlite3_column_int64(statement_, column);
  }
  double number(int column) const override {
    const int type = sqlite3_column_type(statement_, column);
    CHECK(type == SQLITE_FLOAT || type == SQLITE_INTEGER);
    return sqlite3_column_double(statement_, column);
  }
  std::string_view text(int column) const override {
    CHECK(sqlite3_column_type(statement_, column) == SQLITE_TEXT);
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {data, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }
  ByteView bytes(int column) const override {
    CHECK(sqlite3_column_type(statement_, column) == SQLITE_BLOB);
    const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement_, column));
    return {data, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

struct Binder {
  sqlite3_stmt* statement;
  int slot;

  int operator()(std::monostate) const { return sqlite3_bind_null(statement, slot); }
  int operator()(int64_t value) const { return sqlite3_bind_int64(statement, slot, value); }
  int operator()(double value) const { return sqlite3_bind_double(statement, slot, value); }
  int operator()(std::string_view value) const {
    const char* data = value.data() == nullptr ? "" : value.data();
    return sqlite3_bind_text64(statement, slot, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  // A null pointer would bind NULL: an empty value is not a missing one.
  int operator()(ByteView value) const {
    const void* data = value.data() == nullptr ? static_cast<const void*>("") : value.data();
    return sqlite3_bind_blob64(statement, slot, data, value.size(), SQLITE_STATIC);
  }
};

// PostgreSQL counts $1, $2 by their number, SQLite by first appearance: this maps the first to the second.
std::vector<int> parameter_slots(sqlite3_stmt* statement) {
  std::vector<int> slots;
  for (int slot = 1; slot <= sqlite3_bind_parameter_count(statement); ++slot) {
    const char* text = sqlite3_bind_parameter_name(statement, slot);
    CHECK(text != nullptr && text[0] == '$');
    size_t number = 0;
    const std::string_view digits = text + 1;
    const auto parsed = std::from_chars(digits.begin(), digits.end(), number);
    CHECK(parsed.ec == std::errc() && parsed.ptr == digits.end() && number >= 1 && number <= 999);
    if (slots.size() < number) slots.resize(number, 0);
    slots[number - 1] = slot;
  }
  return slots;
}

std::string insert_text(const Insert& insert) {
  std::string text = fmt::format("INSERT INTO {} ({}) VALUES (", insert.table, insert.columns);
  for (size_t i = 1; i <= insert.column_count; ++i) text += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  return text + ")";
}

// What can be told about a file that does not open: a page-encrypted one looks like random numbers in whole pages.
Error not_opened(const SqliteFile& file) {
  std::ifstream in(file.path, std::ios::binary);
  std::string head(16, '\0');
  in.read(head.data(), 16);
  struct stat info{};
  const bool is_plain = head.starts_with("SQLite format 3");
  const bool has_pages = stat(file.path.c_str(), &info) == 0 && info.st_size > 0 && info.st_size % 4096 == 0;
  if (is_plain && file.page_key) {
    return {Code::kConflict, "the file is an SQLite database without encryption; Amity's are encrypted", "database"};
  }
  if (!is_plain && !has_pages) return {Code::kConflict, "the file is not a database", "database"};
  return {Code::kConflict, "the page key does not open this database: it is of another key, or the file is damaged",
          "database"};
}

int note_wal_pages(void* count, sqlite3*, const char*, int pages) {
  *static_cast<int*>(count) = pages;
  return SQLITE_OK;
}

}  // namespace

Result<void> require_sqlite_version(int version_number) {
  if (version_number >= kOldestSafeVersion) return {};
  return fail(Code::kConflict,
              fmt::format("SQLite {}.{}.{} can corrupt a database; 3.51.3 or newer is needed", version_number / 1000000,
                          version_number / 1000 % 1000, version_number % 1000));
}

// Marks a prepared statement as running and leaves it ready for its next use.
class SqliteConnection::Running {
 public:
  explicit Running(Prepared& prepared) : prepared_(prepared) { prepared_.is_running = true; }
  ~Running() {
    sqlite3_reset(prepared_.statement);
    sqlite3_clear_bindings(prepared_.statement);
    prepared_.is_running = false;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Prepared& prepared_;
};

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const SqliteFile& file) {
  TRY(require_sqlite_version(sqlite3_libversion_number()));
  // The name of the cipher is not kept in the file: a database made on a machine without AES instructions is opened
  // on one that has them, and the other way round, by trying the other one.
  const bool has_aes = __builtin_cpu_supports("aes") && __builtin_cpu_supports("avx");
  const char* ciphers[] = {has_aes ? "aegis" : "chacha20", has_aes ? "chacha20" : "aegis"};
  for (const char* cipher : ciphers) {
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | (file.may_create ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(file.path.c_str(), &handle, flags, nullptr);
    auto connection = std::unique_ptr<SqliteConnection>(new SqliteConnection(handle));
    if (code != SQLITE_OK) {
      return fail(Code::kUnavailable, fmt::format("the database file cannot be opened: {}", sqlite3_errstr(code)),
                  "database");
    }
    TRY(connection->unlock(file, cipher));
    if (sqlite3_exec(handle, "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr) == SQLITE_NOTADB) {
      continue;
    }
    TRY(connection->configure(file));
    return connection;
  }
  return std::unexpected(not_opened(file));
}

SqliteConnection::~SqliteConnection() {
  for (auto& [text, prepared] : statements_) sqlite3_finalize(prepared.statement);
  sqlite3_close_v2(handle_);
}

Result<void> SqliteConnection::unlock(const SqliteFile& file, const char* cipher) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
  if (!file.page_key) return {};
  const std::string choose = fmt::format("PRAGMA cipher = '{}'", cipher);
  TRY(run(choose.c_str()));
  std::string raw = "raw:" + to_hex(file.page_key->bytes());
  const int code = sqlite3_key(handle_, raw.data(), static_cast<int>(raw.size()));
  explicit_bzero(raw.data(), raw.size());
  if (code != SQLITE_OK) return std::unexpected(error("store.key"));
  return {};
}

// Every setting that durability rests on is read back: a build or file that ignores one must not go unnoticed.
Result<void> SqliteConnection::configure(const SqliteFile& file) {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  TRY(
      run("PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
          "PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 67108864"));
  if (file.is_reader) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return run("PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16384");
  }
  TRY(run("PRAGMA journal_mode = WAL"));
  TRY(run(file.weaken_synchronous_for_test ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL"));
  const std::string journal = TRY(first_text("PRAGMA journal_mode"));
  const std::string synchronous = TRY(first_text("PRAGMA synchronous"));
  if (journal != "wal" || synchronous != (file.weaken_synchronous_for_test ? "1" : "2")) {
    return fail(Code::kUnavailable, "the database does not accept write-ahead logging with synchronous=FULL");
  }
  // The writer checkpoints by itself, after everybody waiting was answered (this also replaces the automatic one).
  sqlite3_wal_hook(handle_, note_wal_pages, &wal_pages_);
  return {};
}

Result<void> SqliteConnection::run(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(error("store.script"));
}

Result<std::string> SqliteConnection::first_text(const char* sql) {
  Prepared prepared = TRY(prepare("store.setting", sql));
  std::string text;
  if (sqlite3_step(prepared.statement) == SQLITE_ROW) {
    text = reinterpret_cast<const char*>(sqlite3_column_text(prepared.statement, 0));
  }
  sqlite3_finalize(prepared.statement);
  return text;
}

Result<SqliteConnection::Prepared> SqliteConnection::prepare(const char* name, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return std::unexpected(error(name));
  }
  CHECK(statement != nullptr);
  return Prepared{statement, parameter_slots(statement), false};
}

Result<SqliteConnection::Prepared*> SqliteConnection::cached(const char* name, const char* sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return &found->second;
  return &statements_.emplace(sql, TRY(prepare(name, sql))).first->second;
}

Result<void> SqliteConnection::bind(const char* name, const Prepared& prepared, Values parameters) {
  if (parameters.size() < prepared.slots.size()) {
    return fail(Code::kInternal, fmt::format("statement {}: {} parameters given, {} needed", name, parameters.size(),
                                             prepared.slots.size()));
  }
  for (size_t i = 0; i < prepared.slots.size(); ++i) {
    if (prepared.slots[i] == 0) continue;
    if (std::visit(Binder{prepared.statement, prepared.slots[i]}, parameters[i]) != SQLITE_OK) {
      return std::unexpected(error(name));
    }
  }
  return {};
}

Result<void> SqliteConnection::query(const char* name, const char* sql, Values parameters, const EachRow& each) {
  Prepared* prepared = TRY(cached(name, sql));
  Prepared own;  // a statement that asks itself again from its own callback gets another cursor
  if (prepared->is_running) prepared = &(own = TRY(prepare(name, sql)));
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> finalizer(own.statement, sqlite3_finalize);
  const Running running(*prepared);
  TRY(bind(name, *prepared, parameters));
  int code = SQLITE_OK;
  while ((code = sqlite3_step(prepared->statement)) == SQLITE_ROW) TRY(each(SqliteRow(prepared->statement)));
  if (code != SQLITE_DONE) return std::unexpected(error(name));
  return {};
}

Result<int64_t> SqliteConnection::execute(const char* name, const char* sql, Values parameters) {
  const int64_t before = sqlite3_total_changes64(handle_);
  TRY(query(name, sql, parameters, [](const Row&) -> Result<void> { return {}; }));
  return sqlite3_total_changes64(handle_) == before ? 0 : sqlite3_changes64(handle_);
}

Result<void> SqliteConnection::insert(const Insert& insert, Values cells) {
  CHECK(cells.size() % insert.column_count == 0);
  std::string& text = inserts_[{insert.table, insert.columns}];
  if (text.empty()) text = insert_text(insert);
  Prepared& prepared = *TRY(cached(insert.name, text.c_str()));
  const Running running(prepared);
  for (size_t row = 0; row < cells.size(); row += insert.column_count) {
    TRY(bind(insert.name, prepared, cells.subspan(row, insert.column_count)));
    if (sqlite3_step(prepared.statement) != SQLITE_DONE) return std::unexpected(error(insert.name));
    sqlite3_reset(prepared.statement);
  }
  return {};
}

bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Result<void> SqliteConnection::checkpoint_when_due() {
  if (wal_pages_ < wal_pages_checkpointed_) wal_pages_checkpointed_ = 0;  // the log started anew
  if (wal_pages_ - wal_pages_checkpointed_ < kCheckpointPages) return {};
  wal_pages_checkpointed_ = wal_pages_;
  const int mode = wal_pages_ < kLongLogPages ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
  const int code = sqlite3_wal_checkpoint_v2(handle_, "main", mode, nullptr, nullptr);
  if (code == SQLITE_OK || code == SQLITE_BUSY) return {};
  return std::unexpected(error("store.checkpoint"));
}

Result<void> SqliteConnection::empty_wal() {
  if (sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected(error("store.empty_wal"));
  }
  wal_pages_ = 0;
  wal_pages_checkpointed_ = 0;
  return {};
}

Result<void> SqliteConnection::copy_to(SqliteConnection& target) {
  sqlite3_backup* backup = sqlite3_backup_init(target.handle_, "main", handle_, "main");
  if (backup == nullptr) return std::unexpected(target.error("store.backup"));
  int code = SQLITE_OK;
  while ((code = sqlite3_backup_step(backup, 1024)) == SQLITE_OK) {
  }
  const int finished = sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE && finished == SQLITE_OK) return {};
  return fail(Code::kUnavailable, fmt::format("the copy could not be written: {}", sqlite3_errstr(finished)), "backup");
}

Result<void> SqliteConnection::check_integrity() {
  const std::string answer = TRY(first_text("PRAGMA integrity_check(1)"));
  if (answer == "ok") return {};
  return fail(Code::kConflict, "the database is damaged; restore a backup", "database");
}

// SQLite's own words are about tables and columns, never about values.
Error SqliteConnection::error(const char* name) {
  const int code = sqlite3_extended_errcode(handle_);
  const std::string words = sqlite3_errmsg(handle_);
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT: return {Code::kConflict, fmt::format("statement {}: {}", name, words), ""};
    case SQLITE_TOOBIG: return {Code::kLimit, fmt::format("statement {}: a value is too long", name), ""};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM: return {Code::kUnavailable, fmt::format("statement {}: {}", name, words), ""};
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL: return stop(code, name);
    default: return {Code::kInternal, fmt::format("statement {}: {}", name, words), ""};
  }
}

// A refused write or fsync leaves the file's true state unknown until it is read anew: no further write is tried.
// SQLite undoes a write for which there was no space, so that one may be tried again.
Error SqliteConnection::stop(int code, const char* name) {
  if (condition_ == Condition::kStopped) return trouble_;
  const bool is_full = (code & 0xff) == SQLITE_FULL;
  condition_ = is_full ? Condition::kWaiting : Condition::kStopped;
  trouble_ = {Code::kUnavailable,
              is_full ? "the disk is full: nothing is written until there is space again"
                      : fmt::format("the storage refused {} ({}): nothing is written until a restart", name,
                                    sqlite3_errstr(code)),
              "database"};
  return trouble_;
}

}  // namespace amity::store
