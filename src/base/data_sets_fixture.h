// For tests on public data sets: the folder that holds them.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace amity {

// AMITY_DATA; without it `shared/data` beside the source tree or beside a folder above it, as where the tree is a clone
// or a worktree. Where there is none, a path that does not exist: such a test skips.
inline std::filesystem::path data_sets() {
  if (const char* named = std::getenv("AMITY_DATA")) return named;
  const std::filesystem::path source(AMITY_SOURCE_DIR);
  for (auto beside = source.parent_path();; beside = beside.parent_path()) {
    if (std::filesystem::exists(beside / "shared/data")) return beside / "shared/data";
    if (beside == beside.parent_path()) return source.parent_path() / "shared/data";
  }
}

}  // namespace amity
