#include "store/postgresql/connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>
#include <charconv>

#include "base/check.h"
#include "store/postgresql/values.h"

namespace amity::store {
namespace {

constexpr int kOldestServer = 150000;
constexpr size_t kMaxOnTheirWay = 4096;
constexpr size_t kRowsWorthCopying = 16;
constexpr size_t kCopyChunkBytes = 256 * 1024;
constexpr std::string_view kCopySignature("PGCOPY\n\377\r\n\0", 11);

class PostgresqlRow final : public Row {
 public:
  PostgresqlRow(const PGresult* result, int row) : result_(result), row_(row) {}

  bool is_null(int column) const override { return PQgetisnull(result_, row_, column) == 1; }
  int64_t integer(int column) const override { return decode_integer(cell(column), type(column)); }
  double number(int column) const override { return decode_number(cell(column), type(column)); }
  std::string_view text(int column) const override {
    CHECK(is_text(type(column)));
    return as_text(cell(column));
  }
  ByteView bytes(int column) const override {
    CHECK(type(column) == oid::kBytea);
    return cell(column);
  }

 private:
  unsigned type(int column) const { return PQftype(result_, column); }
  ByteView cell(int column) const {
    CHECK(column >= 0 && column < PQnfields(result_) && !is_null(column));
    return {reinterpret_cast<const uint8_t*>(PQgetvalue(result_, row_, column)),
            static_cast<size_t>(PQgetlength(result_, row_, column))};
  }

  const PGresult* result_;
  int row_;
};

Result<void> check_url(const std::string& url) {
  char* problem = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &problem);
  const std::unique_ptr<char, void (*)(void*)> problem_owner(problem, PQfreemem);
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> owner(options, PQconninfoFree);
  if (options == nullptr) return invalid("the PostgreSQL URL cannot be read", "database");
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (std::string_view(option->keyword) == "password" && option->val != nullptr) {
      return invalid("the database URL holds a password: put it into ~/.pgpass (or the file PGPASSFILE names)",
                     "database");
    }
  }
  return {};
}

std::string insert_text(const Insert& insert) {
  std::string text = fmt::format("INSERT INTO {} ({}) VALUES (", insert.table, insert.columns);
  for (size_t i = 1; i <= insert.column_count; ++i) text += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  return text + ")";
}

Result<void> append_tuple(std::string& out, Values cells, const std::vector<unsigned>& types) {
  append_big_endian(out, cells.size(), 2);
  for (size_t i = 0; i < cells.size(); ++i) {
    if (std::holds_alternative<std::monostate>(cells[i])) {
      append_big_endian(out, UINT32_MAX, 4);
      continue;
    }
    const std::string cell = TRY(encode(cells[i], types[i]));
    append_big_endian(out, cell.size(), 4);
    out += cell;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<PostgresqlConnection>> PostgresqlConnection::open(const std::string& url,
                                                                         bool weaken_synchronous) {
  TRY(check_url(url));
  // What stands in the URL wins over what stands before `dbname`; a dead network is noticed within seconds.
  const std::array keys = {"connect_timeout", "tcp_user_timeout", "application_name",
                           "client_encoding", "dbname",           static_cast<const char*>(nullptr)};
  const std::array values = {"5", "10000", "amity", "UTF8", url.c_str(), static_cast<const char*>(nullptr)};
  auto connection =
      std::unique_ptr<PostgresqlConnection>(new PostgresqlConnection(PQconnectdbParams(keys.data(), values.data(), 1)));
  if (connection->handle_ == nullptr || PQstatus(connection->handle_) != CONNECTION_OK) {
    return fail(Code::kUnavailable, "PostgreSQL cannot be reached, or refuses the user", "database");
  }
  PQsetNoticeProcessor(connection->handle_, [](void*, const char*) {}, nullptr);
  TRY(connection->configure(weaken_synchronous));
  return connection;
}

PostgresqlConnection::~PostgresqlConnection() { PQfinish(handle_); }

// What durability rests on is asked, not assumed.
Result<void> PostgresqlConnection::configure(bool weaken_synchronous) {
  if (PQserverVersion(handle_) < kOldestServer) {
    return fail(Code::kConflict, "this PostgreSQL is too old; 15 or newer is needed", "database");
  }
  CHECK(PQenterPipelineMode(handle_) == 1);
  TRY(post_command(weaken_synchronous ? "SET synchronous_commit = off" : "SET synchronous_commit = on"));
  bool is_durable = false;
  TRY(query("store.settings", "SELECT current_setting('fsync'), current_setting('synchronous_commit')", {},
            [&](const Row& row) -> Result<void> {
              is_durable = row.text(0) == "on" && row.text(1) == (weaken_synchronous ? "off" : "on");
              return {};
            }));
  if (is_durable) return {};
  return fail(Code::kConflict, "PostgreSQL runs with fsync off, or does not accept synchronous_commit", "database");
}

Result<PostgresqlConnection::Prepared> PostgresqlConnection::prepare(const char* name, const char* sql) {
  TRY(flush());
  Prepared statement{fmt::format("s{}", statements_.size() + 1), {}};
  const bool is_sent = PQsendPrepare(handle_, statement.name.c_str(), sql, 0, nullptr) == 1 &&
                       PQsendDescribePrepared(handle_, statement.name.c_str()) == 1;
  if (!is_sent) return std::unexpected(lost());
  on_their_way_ = {name, name};
  const Answer answer = TRY(exchange());
  for (int i = 0; i < PQnparams(answer.result.get()); ++i) {
    statement.types.push_back(PQparamtype(answer.result.get(), i));
  }
  return statement;
}

Result<const PostgresqlConnection::Prepared*> PostgresqlConnection::prepared(const char* name, const char* sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return &found->second;
  return &statements_.emplace(sql, TRY(prepare(name, sql))).first->second;
}

Result<void> PostgresqlConnection::send(const char* name, const Prepared& statement, Values parameters) {
  const size_t count = statement.types.size();
  if (parameters.size() < count) {
    return fail(Code::kInternal,
                fmt::format("statement {}: {} parameters given, {} needed", name, parameters.size(), count));
  }
  std::vector<std::string> encoded(count);
  std::vector<const char*> data(count, nullptr);
  std::vector<int> lengths(count, 0);
  const std::vector<int> formats(count, 1);
  for (size_t i = 0; i < count; ++i) {
    if (std::holds_alternative<std::monostate>(parameters[i])) continue;
    encoded[i] = TRY(encode(parameters[i], statement.types[i]));
    data[i] = encoded[i].data();
    lengths[i] = static_cast<int>(encoded[i].size());
  }
  if (PQsendQueryPrepared(handle_, statement.name.c_str(), static_cast<int>(count), data.data(), lengths.data(),
                          formats.data(), 1) != 1) {
    return std::unexpected(lost());
  }
  on_their_way_.push_back(name);
  return {};
}

// Sends a synchronisation point and reads up to it: the answer of the last command, or the first error.
Result<PostgresqlConnection::Answer> PostgresqlConnection::exchange() {
  const std::vector<const char*> names = std::exchange(on_their_way_, {});
  Answer last{{nullptr, PQclear}};
  std::optional<Error> first_error;
  size_t answered = 0;
  if (PQpipelineSync(handle_) != 1) return std::unexpected(lost());
  while (true) {
    std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQgetResult(handle_), PQclear);
    if (PQstatus(handle_) == CONNECTION_BAD) return std::unexpected(lost());
    if (!result) {
      ++answered;
      continue;
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) break;
    if (status == PGRES_PIPELINE_ABORTED) continue;
    if (status == PGRES_FATAL_ERROR) {
      if (!first_error) first_error = error(answered < names.size() ? names[answered] : "store", result.get());
      continue;
    }
    command_tag_ = PQcmdStatus(result.get());
    last.result = std::move(result);
  }
  if (first_error) return std::unexpected(std::move(*first_error));
  return last;
}

Result<void> PostgresqlConnection::flush() {
  if (on_their_way_.empty()) return {};
  TRY(exchange());
  return {};
}

Result<void> PostgresqlConnection::query(const char* name, const char* sql, Values parameters, const EachRow& each) {
  TRY(send(name, *TRY(prepared(name, sql)), parameters));
  const Answer answer = TRY(exchange());
  for (int row = 0; row < PQntuples(answer.result.get()); ++row) TRY(each(PostgresqlRow(answer.result.get(), row)));
  return {};
}

Result<int64_t> PostgresqlConnection::execute(const char* name, const char* sql, Values parameters) {
  TRY(send(name, *TRY(prepared(name, sql)), parameters));
  const Answer answer = TRY(exchange());
  int64_t changed = 0;
  const std::string_view text = PQcmdTuples(answer.result.get());
  std::from_chars(text.begin(), text.end(), changed);
  return changed;
}

Result<void> PostgresqlConnection::post(const char* name, const char* sql, Values parameters) {
  TRY(send(name, *TRY(prepared(name, sql)), parameters));
  return on_their_way_.size() < kMaxOnTheirWay ? Result<void>() : flush();
}

Result<void> PostgresqlConnection::post_command(const char* sql) {
  if (PQsendQueryParams(handle_, sql, 0, nullptr, nullptr, nullptr, nullptr, 1) != 1) return std::unexpected(lost());
  on_their_way_.push_back(sql);
  return {};
}

// Few rows ride in the pipeline; many are copied.
Result<void> PostgresqlConnection::insert(const Insert& insert, Values cells) {
  CHECK(cells.size() % insert.column_count == 0);
  const size_t rows = cells.size() / insert.column_count;
  std::string& text = inserts_[{insert.table, insert.columns}];
  if (text.empty()) text = insert_text(insert);
  const Prepared& statement = *TRY(prepared(insert.name, text.c_str()));
  size_t row = 0;
  const auto next_row = [&] { return cells.subspan(insert.column_count * row++, insert.column_count); };
  if (rows < kRowsWorthCopying) {
    while (row < rows) TRY(send(insert.name, statement, next_row()));
    return flush();
  }
  return copy_in(fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", insert.table, insert.columns),
                 [&]() -> Result<std::string> {
                   std::string chunk;
                   if (row > rows) return chunk;
                   if (row == 0) chunk.append(kCopySignature).append(8, '\0');
                   while (row < rows && chunk.size() < kCopyChunkBytes) {
                     TRY(append_tuple(chunk, next_row(), statement.types));
                   }
                   if (row == rows && chunk.size() < kCopyChunkBytes) {
                     append_big_endian(chunk, UINT16_MAX, 2);
                     ++row;
                   }
                   return chunk;
                 });
}

Result<void> PostgresqlConnection::finish_copy(const char* name) {
  std::optional<Error> first_error;
  while (true) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQgetResult(handle_), PQclear);
    if (PQstatus(handle_) == CONNECTION_BAD) return std::unexpected(lost());
    if (!result) break;
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR && !first_error) first_error = error(name, result.get());
  }
  CHECK(PQenterPipelineMode(handle_) == 1);
  if (first_error) return std::unexpected(std::move(*first_error));
  return {};
}

// COPY and scripts of several statements do not go through a pipeline.
Result<void> PostgresqlConnection::run_script(const std::string& sql) {
  TRY(flush());
  if (PQexitPipelineMode(handle_) != 1 || PQsendQuery(handle_, sql.c_str()) != 1) return std::unexpected(lost());
  return finish_copy("store.script");
}

Result<void> PostgresqlConnection::copy_in(const std::string& command,
                                           const std::function<Result<std::string>()>& next) {
  TRY(flush());
  if (PQexitPipelineMode(handle_) != 1) return std::unexpected(lost());
  const std::unique_ptr<PGresult, void (*)(PGresult*)> started(PQexec(handle_, command.c_str()), PQclear);
  if (PQresultStatus(started.get()) != PGRES_COPY_IN) {
    const Error refused = error("store.copy", started.get());
    std::ignore = finish_copy("store.copy");
    return std::unexpected(refused);
  }
  Result<void> fed;
  while (fed) {
    const Result<std::string> chunk = next();
    if (!chunk) {
      fed = std::unexpected(chunk.error());
    } else if (chunk->empty()) {
      break;
    } else if (PQputCopyData(handle_, chunk->data(), static_cast<int>(chunk->size())) != 1) {
      break;  // the reason comes with the end
    }
  }
  PQputCopyEnd(handle_, fed ? nullptr : "given up");
  const auto finished = finish_copy("store.copy");
  return fed ? finished : fed;
}

Result<void> PostgresqlConnection::copy_out(const std::string& command,
                                            const std::function<Result<void>(std::string_view)>& each) {
  TRY(flush());
  if (PQexitPipelineMode(handle_) != 1) return std::unexpected(lost());
  const std::unique_ptr<PGresult, void (*)(PGresult*)> started(PQexec(handle_, command.c_str()), PQclear);
  Result<void> taken;
  if (PQresultStatus(started.get()) != PGRES_COPY_OUT) taken = std::unexpected(error("store.copy", started.get()));
  char* data = nullptr;
  for (int size = 0; taken && (size = PQgetCopyData(handle_, &data, 0)) > 0;) {
    const std::unique_ptr<char, void (*)(void*)> owner(data, PQfreemem);
    taken = each({data, static_cast<size_t>(size)});
  }
  if (!taken) return taken;  // the connection is left in the middle: its owner closes it
  return finish_copy("store.copy");
}

std::string PostgresqlConnection::quoted(const std::string& identifier) {
  const std::unique_ptr<char, void (*)(void*)> text(PQescapeIdentifier(handle_, identifier.data(), identifier.size()),
                                                    PQfreemem);
  CHECK(text != nullptr);
  return text.get();
}

bool PostgresqlConnection::is_lost() const { return PQstatus(handle_) == CONNECTION_BAD; }

Error PostgresqlConnection::lost() const {
  if (is_lost()) return {Code::kUnavailable, "the connection to PostgreSQL is lost", "database"};
  return {Code::kInternal, "PostgreSQL's protocol was used out of order", ""};
}

// Of the server's words only those that cannot carry a value: the state, the constraint, and the message of errors
// that are about our statement's text (class 42).
Error PostgresqlConnection::error(const char* name, const PGresult* result) {
  const auto field = [&](int code) {
    const char* text = PQresultErrorField(result, code);
    return std::string_view(text == nullptr ? "" : text);
  };
  const std::string_view state = field(PG_DIAG_SQLSTATE);
  is_disk_full_ = state == "53100";
  if (state.starts_with("23")) {
    return {Code::kConflict,
            fmt::format("statement {}: constraint {} ({})", name, field(PG_DIAG_CONSTRAINT_NAME), state), ""};
  }
  if (is_disk_full_) return {Code::kUnavailable, "the disk of PostgreSQL is full", "database"};
  if (state == "57014") return {Code::kTimeout, fmt::format("statement {} was cancelled", name), ""};
  if (state.starts_with("08") || state.starts_with("53") || state.starts_with("57") || state.starts_with("58") ||
      state.starts_with("40") || state == "25006" || state.empty()) {
    return {Code::kUnavailable, fmt::format("statement {}: PostgreSQL refused it ({})", name, state), "database"};
  }
  if (state.starts_with("22")) return {Code::kInvalid, fmt::format("statement {}: a value ({})", name, state), ""};
  const std::string_view words = state.starts_with("42") ? field(PG_DIAG_MESSAGE_PRIMARY) : "";
  return {Code::kInternal, fmt::format("statement {}: {} ({})", name, words, state), ""};
}

}  // namespace amity::store
