// Bringing a database's schema up to date, forward only (docs/formats/migrations.md).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"

namespace amity::store {

class WriteSession;

// The text one dialect runs: lines `-- sqlite: SQL` and `-- postgresql: SQL` become SQL for theirs and vanish for the
// other. `-- derived: TABLE` makes the table UNLOGGED on PostgreSQL.
std::string script_for(Dialect dialect, std::string_view migration);

// The tables that lines `-- derived: TABLE` declare: no backup holds their rows, whoever owns one makes it again.
std::vector<std::string> derived_tables(std::span<const EmbeddedFile> migrations);

// Applies what is missing, each migration in a transaction of its own.
// conflict: the database is of a newer version, or an applied migration was changed afterwards.
Result<void> migrate(WriteSession& session, Dialect dialect, std::span<const EmbeddedFile> migrations);

}  // namespace amity::store
