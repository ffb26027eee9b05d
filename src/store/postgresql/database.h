// PostgreSQL beside the program: one connection writes, a bounded number of others read.
#pragma once

#include <memory>
#include <string>

#include "store/database.h"

namespace amity::store {

Result<std::unique_ptr<Database>> open_postgresql(const OpenOptions& options);
Result<void> restore_postgresql(const OpenOptions& options, const std::string& backup_path);

}  // namespace amity::store
