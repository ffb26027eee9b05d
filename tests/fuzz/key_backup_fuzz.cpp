// The key store's backup: any records, in a file that is genuine to its last byte or in any other, are refused, or
// brought into a store that opens afterwards.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/check.h"
#include "security/keys.h"
#include "security/keys/master_keys.h"

namespace {

using namespace amity;
using namespace amity::security;

constexpr std::string_view kTitle = "amity key backup 1\n";
constexpr size_t kMacBytes = 1 + 32;

// A store with its backup; each input is restored onto a copy of it.
class House {
 public:
  House() {
    std::filesystem::create_directories(folder_);
    CHECK(KeyStore::open(options("first"), clock_).value()->export_backup(place("backup")).has_value());
    std::filesystem::copy_file(place("first"), place("store"));
    std::ifstream in(place("backup"), std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    institution_ = whole.substr(kTitle.size(), whole.size() - kTitle.size() - kMacBytes);
    master_ = MasterKeys::read(place("key"))->newest().key.derive("key backup");
  }
  ~House() { std::filesystem::remove_all(folder_); }

  // True: taken.
  bool restores(const std::string& content) {
    std::ofstream(place("backup"), std::ios::binary | std::ios::trunc) << content;
    return KeyStore::restore_backup(options("store"), place("backup"), clock_).has_value();
  }
  bool opens() { return KeyStore::open(options("store"), clock_).has_value(); }
  void start_anew() {
    for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(place("store") + suffix);
    std::filesystem::copy_file(place("first"), place("store"));
  }
  // With the institution's record before these, and the MAC behind them.
  std::string genuine(std::vector<std::string> records) const {
    records.insert(records.begin(), institution_);
    std::string all(kTitle);
    DigestWriter digest;
    for (const auto& record : records) digest.add(record), all += record;
    return all + 'M' + std::string(as_text(keyed_digest(master_->bytes(), digest.finish())));
  }

 private:
  std::string place(const std::string& name) const { return (folder_ / name).string(); }
  KeyStoreOptions options(const std::string& name) const {
    return {.url = "sqlite:" + place(name), .key_file = place("key")};
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("amity-key-backup-fuzz-{}", getpid());
  SystemClock clock_;
  std::string institution_;
  std::optional<SecretKey> master_;
};

// Records of the right lengths, filled from the input.
std::vector<std::string> records_of(std::string_view text) {
  constexpr std::string_view kKinds = "EFK";
  constexpr size_t kLengths[] = {1 + 16 + 16 + 8, 1 + 3 * 16 + 2 * 8, 1 + 16 + 8 + 32 + kSealOverheadBytes};
  std::vector<std::string> records;
  while (!text.empty()) {
    const size_t kind = static_cast<uint8_t>(text[0]) % kKinds.size();
    std::string record(text.substr(0, kLengths[kind]));
    text.remove_prefix(record.size());
    record.resize(kLengths[kind], '\1');
    record[0] = kKinds[kind];
    if (record[0] == 'F') {  // its duties, behind the count of their bytes
      const auto duties = text.substr(0, text.empty() ? 0 : static_cast<uint8_t>(text[0]));
      record += static_cast<char>(duties.size()) + std::string(7, '\0') + std::string(duties);
      text.remove_prefix(duties.size());
    }
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static House house;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool is_genuine = (data[0] & 1) != 0;
  const bool is_taken =
      house.restores(is_genuine ? house.genuine(records_of(text)) : std::string(kTitle) + std::string(text));
  if (is_taken && !is_genuine) __builtin_trap();
  if (!is_taken) return 0;
  if (!house.opens()) __builtin_trap();
  house.start_anew();
  return 0;
}
