// The master key and, while keys are being sealed again under a new one, the one before it.
//
// The key file is text: "amity master key 1", then a line "GENERATION KEY" (base64url) for each, the newest first.
#pragma once

#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"

namespace amity::security {

struct MasterKey {
  int64_t generation = 1;
  SecretKey key;
};

class MasterKeys {
 public:
  static MasterKeys make();
  static Result<MasterKeys> parse(std::string_view text);  // of a key file
  static Result<MasterKeys> read(const std::string& path);
  Result<void> write(const std::string& path) const;

  const MasterKey& newest() const { return keys_.front(); }
  const MasterKey* find(int64_t generation) const;
  const std::vector<MasterKey>& all() const { return keys_; }
  bool is_rotating() const { return keys_.size() > 1; }
  MasterKeys with_next() const;    // a new one in front
  MasterKeys only_newest() const;  // the old forgotten

 private:
  std::vector<MasterKey> keys_;
};

}  // namespace amity::security
