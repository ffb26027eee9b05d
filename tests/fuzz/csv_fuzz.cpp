// Reading rows always goes forward, ends with the text, and gives cells that are UTF-8.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "events/import/row.h"
#include "events/text.h"

using namespace amity;

namespace {

void check(const events::Row& row, std::string_view rest) {
  if (row.bytes == 0 || row.bytes > rest.size() || row.lines < 1) std::abort();
  if (!row.problem.empty()) return;
  if (!std::ranges::all_of(row.cells, [](const auto& cell) { return events::is_utf8(cell); })) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  events::Row row;
  for (size_t at = 0; at < size; at += row.bytes) {
    events::read_csv_row(text.substr(at), {.separator = ';', .quote = '"'}, row);
    check(row, text.substr(at));
  }
  for (size_t at = 0; at < size; at += row.bytes) {
    events::read_json_row(text.substr(at), {"id", "a.b"}, row);
    check(row, text.substr(at));
  }
  return 0;
}
