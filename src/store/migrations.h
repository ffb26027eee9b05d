// Bringing a database's schema up to date, forward only (docs/formats/migrations.md).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "store/database.h"

namespace amity::store {

class WriteSession;

// The text one dialect runs: lines `-- sqlite: SQL` and `-- postgresql: SQL` become SQL for theirs and vanish for the
// other.
std::string script_for(Dialect dialect, std::string_view migration);

// Applies what is missing, each migration in a transaction of its own.
// conflict: the database is of a newer version, or an applied migration was changed afterwards.
Result<void> migrate(WriteSession& session, Dialect dialect, std::span<const EmbeddedFile> migrations);

}  // namespace amity::store
