// Where the search index is not whole (customers/search_index.h), it is built between batches, a slice at a time:
// serving begins at once, and a program that was killed goes on where it was.
#pragma once

#include <atomic>

#include "customers/search_index.h"

namespace amity::app {

class Indexing {
 public:
  Indexing(store::Database& database, security::KeyStore& keys) : database_(database), index_(keys) {}

  // Looks whether the index is whole, at what a crash of the database server may have emptied, too. Where it is not,
  // step() builds. Any thread.
  Result<bool> look();
  // Between batches: one slice, where the index is not whole. Whether more is left. Writer thread only.
  bool step();

 private:
  store::Database& database_;
  const customers::SearchIndex index_;
  std::atomic<bool> is_whole_ = false;
};

}  // namespace amity::app
