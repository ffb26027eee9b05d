#include "app/indexing.h"

#include "base/log.h"

namespace amity::app {
namespace {

// Some ten words each: a batch that comes meanwhile waits about as long as for a slice of settling.
constexpr int64_t kSliceCustomers = 200;

}  // namespace

Result<bool> Indexing::look() {
  bool is_whole = false;
  TRY(database_.read([&](store::Reader& reader) -> Result<void> {
    is_whole = TRY(index_.is_whole(reader));
    return {};
  }));
  const bool was_whole = is_whole_.exchange(is_whole);
  if (was_whole && !is_whole) log(Level::kWarn, "the search index is gone, as after a crash of the database server");
  return is_whole;
}

bool Indexing::step() {
  if (is_whole_) return false;
  bool is_whole = false;
  const auto built = database_.write([&](store::Transaction& transaction) -> Result<void> {
    is_whole = TRY(index_.build(transaction, kSliceCustomers));
    return {};
  });
  if (!built) {
    log(Level::kWarn, "the search index could not be built on; nobody is found until it is",
        {{"error", built.error().message}});
    return false;
  }
  is_whole_ = is_whole;
  if (is_whole) log(Level::kInfo, "the search index is whole");
  return !is_whole;
}

}  // namespace amity::app
