// The file of a PostgreSQL dump. By the first byte: any bytes as a file are read or refused; records that were written
// are read back the same; and a file that was changed in one byte, or cut, gives none but records that were written,
// and no end.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "store/postgresql/dump_file.h"

namespace {

using namespace amity;
using namespace amity::store;

const std::string& path() {
  static const std::string named =
      fmt::format("{}/amity-dump-fuzz-{}", std::filesystem::temp_directory_path().string(), getpid());
  static const struct Removed {
    ~Removed() { std::filesystem::remove(named); }
  } removed;
  return named;
}

void put(std::string_view content) { std::ofstream(path(), std::ios::binary | std::ios::trunc) << content; }

std::string content() {
  std::ifstream in(path(), std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

SecretKey key() {
  static const SecretKey one = SecretKey::random();
  return one;
}

std::vector<Record> read_all(bool is_sealed) {
  std::vector<Record> records;
  auto reader = DumpReader::open(path(), is_sealed ? std::optional(key()) : std::nullopt);
  if (!reader) return records;
  while (auto record = reader->next()) {
    records.push_back(*std::move(record));
    if (records.back().kind == RecordKind::kEnd) break;
  }
  return records;
}

bool is_same(const Record& a, const Record& b) { return a.kind == b.kind && a.body == b.body; }

// Pieces of the input as records, and an end behind them.
std::vector<Record> records_of(std::string_view text) {
  std::vector<Record> records;
  while (!text.empty()) {
    const auto piece = text.substr(0, 1 + static_cast<uint8_t>(text[0]) % 32);
    records.push_back({piece.size() % 2 == 0 ? RecordKind::kTable : RecordKind::kRows, std::string(piece)});
    text.remove_prefix(piece.size());
  }
  records.push_back({RecordKind::kEnd, {}});
  return records;
}

void write_all(const std::vector<Record>& records, bool is_sealed) {
  DumpWriter writer(path(), is_sealed ? std::optional(key()) : std::nullopt);
  for (const auto& record : records) {
    if (!writer.add(record)) __builtin_trap();
  }
  // Not close(): that it is durable is not asked here. The writer's end gives the bytes to the file.
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  const bool is_sealed = (data[0] & 1) != 0;
  if ((data[0] & 2) != 0) {
    put(text);
    static_cast<void>(read_all(is_sealed));
    return 0;
  }
  const auto written = records_of(text);
  write_all(written, is_sealed);
  auto read = read_all(is_sealed);
  if (!std::ranges::equal(read, written, is_same)) __builtin_trap();
  auto bytes = content();
  const size_t at = (static_cast<size_t>(data[1]) << 8 | data[2]) % bytes.size();
  if ((data[0] & 4) != 0) {
    bytes.resize(at);
  } else {
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
  }
  put(bytes);
  read = read_all(is_sealed);
  if (read.size() >= written.size()) __builtin_trap();
  if (!std::equal(read.begin(), read.end(), written.begin(), is_same)) __builtin_trap();
  return 0;
}
