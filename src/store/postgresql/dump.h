// A PostgreSQL database in one file and back (format: docs/formats/database.md).
#pragma once

#include <string>

#include "store/database.h"

namespace amity::store {

// All ordinary tables as one snapshot sees them. The file gets its name after it was read back and found whole.
Result<void> dump_postgresql(const OpenOptions& options, const std::string& path);
// Into an empty database: the schema by the migrations the dump knew, then the rows. All or nothing.
Result<void> restore_dump(const OpenOptions& options, const std::string& path);

}  // namespace amity::store
