// The writer's lease of an SQLite database: a lock on PATH.lock, released by the kernel when the process ends however
// it ends. The file tells others who holds it: "pid address".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace amity::store {

class SqliteLease {
 public:
  // conflict where another process holds it; the address it announced is the error's place.
  static Result<std::unique_ptr<SqliteLease>> take(const std::string& database_path);
  ~SqliteLease();
  SqliteLease(const SqliteLease&) = delete;
  SqliteLease& operator=(const SqliteLease&) = delete;

  Result<void> announce(std::string_view address);

 private:
  explicit SqliteLease(int file) : file_(file) {}
  int file_;
};

}  // namespace amity::store
