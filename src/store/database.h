// The one place where anything is kept: SQLite inside the program, or PostgreSQL beside it, behind one face.
//
// A room that owns tables declares its SQL as constant, named Statements and runs them in a Reader (one consistent
// snapshot) or a Transaction. Nobody else touches its tables. Both databases speak the same SQL with $1.. parameters;
// where they differ a Statement carries both texts. No SQL is ever put together from input.
//
// Writing: `write` hands a function to the single writer thread. Functions that wait together share one transaction
// and one commit (group commit), each in its own savepoint, so that one that fails takes nothing of its neighbours
// with it. `write` returns after the commit is durable (SQLite WAL with synchronous=FULL, read back at start;
// PostgreSQL synchronous_commit=on). Where the commit fails nothing is acknowledged and nothing retried: every
// waiting and later call gets `unavailable` until a restart (a full disk heals by itself once there is space), and
// `health` says why.
//
// Reading: `read` takes a connection from a bounded pool and may be called from any thread, also while writing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/crypto.h"
#include "base/embedded.h"
#include "base/result.h"

namespace amity::store {

enum class Dialect { kSqlite, kPostgresql };

// A constant statement. The name ("events.by_subject") stands in errors and metrics instead of the SQL.
// Parameters are $1, $2, ... in both dialects. Consteval: text made at run time does not compile.
struct Statement {
  consteval Statement(const char* statement_name, const char* both)
      : name(statement_name), sqlite(both), postgresql(both) {}
  consteval Statement(const char* statement_name, const char* sqlite_text, const char* postgresql_text)
      : name(statement_name), sqlite(sqlite_text), postgresql(postgresql_text) {}

  const char* name;
  const char* sqlite;
  const char* postgresql;
};

// Many rows into one table at once: COPY on PostgreSQL, one prepared insert on SQLite.
// `columns` is the comma-separated column list; `column_count` is counted from it.
struct Insert {
  consteval Insert(const char* insert_name, const char* table_name, const char* column_list)
      : name(insert_name), table(table_name), columns(column_list), column_count(1) {
    for (const char* c = column_list; *c != '\0'; ++c) column_count += *c == ',';
  }

  const char* name;
  const char* table;
  const char* columns;
  size_t column_count;
};

// A parameter or cell. Text and bytes are views: they must live until the call returns.
using Value = std::variant<std::monostate, int64_t, double, std::string_view, ByteView>;
using Values = std::span<const Value>;

// One row of an answer, valid during the callback only. Columns count from 0. Reading a column as another type than
// it has is our own mistake (CHECK); null is asked for with is_null first.
class Row {
 public:
  virtual bool is_null(int column) const = 0;
  virtual int64_t integer(int column) const = 0;
  virtual double number(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual ByteView bytes(int column) const = 0;

 protected:
  ~Row() = default;
};

using EachRow = std::function<Result<void>(const Row&)>;

class Reader {
 public:
  virtual ~Reader() = default;
  // Calls `each` for every row in the statement's order; an error it returns ends the query and is returned.
  // PostgreSQL sends the whole answer before the first row is seen: ask for much in pages of a bounded size.
  virtual Result<void> query(const Statement& statement, Values parameters, const EachRow& each) = 0;

  // The first row through `make`, or nothing.
  template <class T>
  Result<std::optional<T>> first(const Statement& statement, Values parameters,
                                 const std::function<Result<T>(const Row&)>& make) {
    std::optional<T> found;
    TRY(query(statement, parameters, [&](const Row& row) -> Result<void> {
      if (!found) found = TRY(make(row));
      return {};
    }));
    return found;
  }
};

class Transaction : public Reader {
 public:
  // Runs a statement and returns how many rows it changed.
  virtual Result<int64_t> execute(const Statement& statement, Values parameters) = 0;
  // The same without waiting for the answer where the database allows it (PostgreSQL pipeline mode): an error surfaces
  // at the next query, execute or at the commit, and fails this transaction's function as a whole.
  virtual Result<void> post(const Statement& statement, Values parameters) = 0;
  // `cells` holds whole rows one after the other, column_count cells each.
  virtual Result<void> insert(const Insert& insert, Values cells) = 0;
};

// The migrations of the main database, from migrations/*.sql. Other databases of the house (keys) bring their
// own list, numbered from 2; number 1 is the ground all share (docs/formats/migrations.md).
std::span<const EmbeddedFile> main_migrations();

struct OpenOptions {
  // "sqlite:PATH" or "postgresql://user@host:port/name?sslmode=verify-full". A password in it is refused: those come
  // from PostgreSQL's own means (~/.pgpass, PGPASSFILE), never from a URL in a log.
  std::string url = {};
  // Page key of SQLite (cipher AEGIS where the processor has AES instructions, else ChaCha20); unused on PostgreSQL.
  std::optional<SecretKey> page_key = std::nullopt;
  std::span<const EmbeddedFile> migrations = main_migrations();
  int reader_count = 4;
  int queue_limit = 4096;  // functions waiting to write; more get `limit`
  // Tests of durability only: "NORMAL" must be able to show the loss that "FULL" prevents.
  bool weaken_synchronous_for_test = false;
};

class Database {
 public:
  virtual ~Database() = default;  // finishes what waits to be written; nobody may call any more

  virtual Dialect dialect() const = 0;
  // Any thread; not from inside another `read` (the pool is bounded). limit: no connection became free in 10 s.
  virtual Result<void> read(const std::function<Result<void>(Reader&)>& work) = 0;
  // Any thread but the writer's own. The error of `work`, or:
  //   limit: the queue is full, nothing was done.  unavailable: nothing was done.
  //   timeout: the connection to PostgreSQL broke during the commit and its fate could not be learned; whoever keeps
  //   a memory of the database has to load it anew.
  virtual Result<void> write(const std::function<Result<void>(Transaction&)>& work) = 0;
  // What stops acknowledging, or nothing.
  virtual Result<void> health() const = 0;
  // Leaves nothing of rows deleted or overwritten so far in the database's own files. SQLite: they were zeroed when
  // they were deleted; this empties the write-ahead log (unavailable: a long read holds it, repeat). PostgreSQL gives
  // no such means: its files keep dead rows until their space is used again; what must be gone has to be sealed.
  virtual Result<void> forget_deleted() = 0;
  // Writes beside the lease where this process is reached ("http://127.0.0.1:8080"), for those who find it taken.
  virtual Result<void> announce(std::string_view address) = 0;
  // A consistent copy of the database into a new file, while it goes on serving; checked before it gets its name.
  // SQLite: a database file with the same page key. PostgreSQL: a dump (docs/formats/database.md). Tables that a
  // migration declares as derived are empty in the copy, also those that migrations had put rows into.
  virtual Result<void> backup_to(const std::string& path) = 0;
};

// Opens, takes the writer's lease and brings the schema up to date with `migrations` (embedded, forward only).
// conflict: another process holds the lease (the address it announced is the error's place), the file is no database,
// the key is wrong, or the database is of a newer version; each message says which.
Result<std::unique_ptr<Database>> open_database(const OpenOptions& options);

// Fills the database at options.url, which must not exist yet (PostgreSQL: be empty), from a backup of the same
// dialect. The backup is checked whole before, the copy after.
Result<void> restore_database(const OpenOptions& options, const std::string& backup_path);

}  // namespace amity::store
