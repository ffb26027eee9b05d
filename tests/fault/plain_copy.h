// A database of the house written out without encryption, so that a test can look at every byte.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/crypto.h"

namespace amity::fault {

// The bytes of a decrypted copy of the SQLite database at `path`, its write-ahead log included (nobody has it open).
// Nothing: it does not open with this key.
std::optional<std::string> plain_content_of(const std::filesystem::path& path, const SecretKey& page_key);

}  // namespace amity::fault
