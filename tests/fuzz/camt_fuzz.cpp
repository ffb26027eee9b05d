// Whatever the bytes: rows in the order of their lines, or an error that says where.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "events/import/camt.h"

using namespace amity;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool leaves_out : {true, false}) {
    auto file = events::TextFile::of_text(std::string(bytes));
    const auto rows = events::read_camt(file, size % 2 == 0 ? "UTF-8" : nullptr, {.leaves_out_refused = leaves_out});
    if (!rows && rows.error().place.empty()) std::abort();
    events::Row row;
    for (size_t i = 0; rows && i < rows->size(); ++i) {
      rows->read(i, row);
      if (row.cells.size() != events::kStatementColumnCount) std::abort();
      if (leaves_out && row.lines < 0) std::abort();
    }
  }
  return 0;
}
