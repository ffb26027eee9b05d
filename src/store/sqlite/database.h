// SQLite inside the program: one connection writes and checkpoints, others read.
#pragma once

#include <memory>
#include <string>

#include "store/database.h"

namespace amity::store {

Result<std::unique_ptr<Database>> open_sqlite(const OpenOptions& options, const std::string& path);
Result<void> restore_sqlite(const OpenOptions& options, const std::string& path, const std::string& backup_path);

}  // namespace amity::store
