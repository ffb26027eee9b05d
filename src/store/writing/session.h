// The one connection that writes, as the writer sees it. One kind for each database.
#pragma once

#include <string>

#include "store/database.h"

namespace amity::store {

enum class Condition {
  kServing,
  kWaiting,  // cannot write now and may again: the disk is full, the server is away
  kStopped,  // must not write again before a restart: a write or fsync was refused, the lease is lost
};

class WriteSession {
 public:
  virtual ~WriteSession() = default;

  virtual Result<void> begin() = 0;
  virtual Transaction& transaction() = 0;
  virtual Result<void> flush() = 0;  // waits for everything posted; its error, if any
  virtual Result<void> savepoint() = 0;
  virtual Result<void> release_savepoint() = 0;
  virtual Result<void> undo_to_savepoint() = 0;
  virtual Result<void> commit() = 0;  // durable when it returns without error
  virtual void rollback() = 0;        // nothing happens where no transaction is open
  virtual bool is_open() const = 0;   // the transaction begun still stands (a full disk may have ended it)

  virtual Condition condition() const = 0;
  virtual bool is_in_doubt() const { return false; }            // any thread: a commit's fate is being learned
  virtual Error trouble() const = 0;                            // what stands in the way, where it is not serving
  virtual void try_to_recover() = 0;                            // called now and then while waiting
  virtual void tidy() = 0;                                      // after a batch was answered: checkpoint
  virtual Result<void> forget_deleted() = 0;                    // outside a transaction: Database::forget_deleted
  virtual Result<void> run_script(const std::string& sql) = 0;  // of a migration, in the open transaction
};

}  // namespace amity::store
