// The table that row_writer fills and the fault tests read.
#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "store/database.h"

namespace amity::fault {

inline constexpr std::array<EmbeddedFile, 1> kRowsMigrations{
    {{"0002_make_rows.sql", "CREATE TABLE rows (id BIGINT PRIMARY KEY, filler TEXT NOT NULL);"}}};

inline store::OpenOptions options_for(const std::string& url, bool weaken = false) {
  store::OpenOptions options;
  options.url = url;
  options.page_key = *SecretKey::from_bytes(Bytes(32, 7));
  options.migrations = kRowsMigrations;
  options.weaken_synchronous_for_test = weaken;
  return options;
}

// What a row of this id must hold: up to two pages, so that a torn write is seen.
inline std::string filler_of(int64_t id) {
  return std::string(static_cast<size_t>(id % 9 * 900), static_cast<char>('a' + id % 26));
}

inline constexpr store::Statement kAddRow("rows.add", "INSERT INTO rows (id, filler) VALUES ($1, $2)");

inline Result<void> add_row(store::Database& database, int64_t id) {
  const std::string filler = filler_of(id);
  return database.write([&](store::Transaction& transaction) -> Result<void> {
    TRY(transaction.execute(kAddRow, std::array<store::Value, 2>{id, std::string_view(filler)}));
    return {};
  });
}

}  // namespace amity::fault
