// The reader of CSV tables: whatever the bytes, a table or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "models/features.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto table = amity::models::parse_table(text, {.row_count = 1000, .column_count = 50, .field_bytes = 1000});
  if (!table) return 0;
  const auto learnt = amity::models::learn_features(*table, {.target = table->columns.front().name});
  if (learnt) static_cast<void>(amity::models::bind_rows(learnt->features, *table));
  static_cast<void>(amity::models::read_target(*table, table->columns.front().name));
  return 0;
}
