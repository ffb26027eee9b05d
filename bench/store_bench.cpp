// What the store costs over the database it stands on: rows of about 200 bytes, durable, on an encrypted SQLite file
// and the same table on PostgreSQL, against bare SQLite with the same settings, in the same run.
//
//   build/release/bench/store_bench        (AMITY_TEST_POSTGRESQL=URL adds PostgreSQL)
#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/check.h"
#include "store/database.h"

namespace {

using namespace amity;

constexpr std::array<EmbeddedFile, 1> kMigrations{
    {{"0002_make_rows.sql", "CREATE TABLE bench_rows (id BIGINT PRIMARY KEY, kind TEXT, amount BIGINT, data BYTEA);"}}};
constexpr store::Insert kInsert("bench.insert", "bench_rows", "id, kind, amount, data");
constexpr store::Statement kEmpty("bench.empty", "DELETE FROM bench_rows");

const std::string kData(170, 'd');

class Folder {
 public:
  Folder() : path_(std::filesystem::current_path() / "store_bench_data") {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file() const { return (path_ / "bench.db").string(); }

 private:
  std::filesystem::path path_;
};

void insert_through_store(benchmark::State& state, const std::string& url) {
  store::OpenOptions options;
  options.url = url;
  options.page_key = SecretKey::random();
  options.migrations = kMigrations;
  const auto database = store::open_database(options);
  CHECK(database.has_value());
  CHECK((*database)->write([](store::Transaction& transaction) { return transaction.post(kEmpty, {}); }));
  int64_t id = 0;
  for (auto _ : state) {
    std::vector<store::Value> cells;
    for (int64_t row = 0; row < state.range(0); ++row) {
      cells.insert(cells.end(), {++id, std::string_view("payment"), id * 7, as_bytes(kData)});
    }
    CHECK((*database)->write([&](store::Transaction& transaction) { return transaction.insert(kInsert, cells); }));
  }
  state.SetItemsProcessed(id);
}

void store_on_sqlite(benchmark::State& state) {
  const Folder folder;
  insert_through_store(state, "sqlite:" + folder.file());
}

void store_on_postgresql(benchmark::State& state) {
  const char* url = std::getenv("AMITY_TEST_POSTGRESQL");
  if (url == nullptr) return state.SkipWithError("AMITY_TEST_POSTGRESQL is not set");
  insert_through_store(state, url);
}

void run(sqlite3* handle, const char* sql) { CHECK(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK); }

void bare_sqlite(benchmark::State& state) {
  const Folder folder;
  sqlite3* handle = nullptr;
  CHECK(sqlite3_open(folder.file().c_str(), &handle) == SQLITE_OK);
  run(handle, "PRAGMA cipher = 'aegis'");
  run(handle, "PRAGMA key = 'raw:0707070707070707070707070707070707070707070707070707070707070707'");
  run(handle,
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA secure_delete = ON");
  run(handle, "CREATE TABLE bench_rows (id BIGINT PRIMARY KEY, kind TEXT, amount BIGINT, data BYTEA)");
  sqlite3_stmt* insert = nullptr;
  CHECK(sqlite3_prepare_v2(handle, "INSERT INTO bench_rows VALUES (?1, ?2, ?3, ?4)", -1, &insert, nullptr) ==
        SQLITE_OK);
  int64_t id = 0;
  for (auto _ : state) {
    run(handle, "BEGIN IMMEDIATE");
    for (int64_t row = 0; row < state.range(0); ++row) {
      sqlite3_bind_int64(insert, 1, ++id);
      sqlite3_bind_text(insert, 2, "payment", 7, SQLITE_STATIC);
      sqlite3_bind_int64(insert, 3, id * 7);
      sqlite3_bind_blob(insert, 4, kData.data(), static_cast<int>(kData.size()), SQLITE_STATIC);
      CHECK(sqlite3_step(insert) == SQLITE_DONE);
      sqlite3_reset(insert);
    }
    run(handle, "COMMIT");
  }
  state.SetItemsProcessed(id);
  sqlite3_finalize(insert);
  sqlite3_close(handle);
}

BENCHMARK(bare_sqlite)->Arg(1)->Arg(64)->Arg(1000)->UseRealTime();
BENCHMARK(store_on_sqlite)->Arg(1)->Arg(64)->Arg(1000)->UseRealTime();
BENCHMARK(store_on_postgresql)->Arg(1)->Arg(64)->Arg(1000)->UseRealTime();

}  // namespace
