#include "security/keys/master_keys.h"

#include <charconv>

#include "security/keys/private_file.h"

namespace amity::security {
namespace {

constexpr std::string_view kTitle = "amity master key 1";
constexpr size_t kMaxKeyFileBytes = 1024;

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

Result<MasterKey> parse_line(std::string_view line) {
  int64_t generation = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), generation);
  const auto at = static_cast<size_t>(end - line.data());
  if (error != std::errc() || generation < 1 || at >= line.size() || line[at] != ' ') {
    return invalid("a line of the key file is a generation, a space and a key");
  }
  const Bytes bytes = TRY(from_base64url(line.substr(at + 1)));
  return MasterKey{generation, TRY(SecretKey::from_bytes(bytes))};
}

}  // namespace

MasterKeys MasterKeys::make() {
  MasterKeys made;
  made.keys_.push_back({1, SecretKey::random()});
  return made;
}

Result<MasterKeys> MasterKeys::parse(std::string_view text) {
  if (take_line(text) != kTitle) return invalid("this is not a key file of Amity");
  MasterKeys parsed;
  while (!text.empty()) parsed.keys_.push_back(TRY(parse_line(take_line(text))));
  if (parsed.keys_.empty() || parsed.keys_.size() > 2) return invalid("a key file holds one key, or two in a rotation");
  if (parsed.is_rotating() && parsed.keys_[0].generation <= parsed.keys_[1].generation) {
    return invalid("the newest key stands first in a key file");
  }
  return parsed;
}

Result<MasterKeys> MasterKeys::read(const std::string& path) {
  const Bytes content = TRY(read_private_file(path, kMaxKeyFileBytes));
  auto parsed = parse(as_text(content));
  if (!parsed) return std::unexpected(std::move(parsed.error()).within(path));
  return parsed;
}

Result<void> MasterKeys::write(const std::string& path) const {
  std::string text = std::string(kTitle) + "\n";
  for (const MasterKey& key : keys_) {
    text += std::to_string(key.generation) + " " + to_base64url(key.key.bytes()) + "\n";
  }
  auto file = TRY(PrivateFileWriter::create(path));
  TRY(file.add(as_bytes(text)));
  return file.finish();
}

const MasterKey* MasterKeys::find(int64_t generation) const {
  for (const MasterKey& key : keys_) {
    if (key.generation == generation) return &key;
  }
  return nullptr;
}

MasterKeys MasterKeys::with_next() const {
  MasterKeys next = only_newest();
  next.keys_.insert(next.keys_.begin(), MasterKey{newest().generation + 1, SecretKey::random()});
  return next;
}

MasterKeys MasterKeys::only_newest() const {
  MasterKeys one;
  one.keys_.push_back(newest());
  return one;
}

}  // namespace amity::security
