#include "base/id.h"

#include <algorithm>

namespace amity {
namespace {

void stamp(Uuid& id, uint8_t version) {
  id.bytes[6] = static_cast<uint8_t>((id.bytes[6] & 0x0f) | version << 4);
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3f) | 0x80);  // the variant of RFC 9562
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool is_dash(size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

}  // namespace

Uuid make_uuid_v7(Timestamp now, Random& random) {
  Uuid id;
  const auto ms = static_cast<uint64_t>(now.us / 1000);
  for (size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<uint8_t>(ms >> (40 - 8 * i));
  const uint64_t a = random.next();
  const uint64_t b = random.next();
  for (size_t i = 6; i < 8; ++i) id.bytes[i] = static_cast<uint8_t>(a >> (8 * (i - 6)));
  for (size_t i = 8; i < 16; ++i) id.bytes[i] = static_cast<uint8_t>(b >> (8 * (i - 8)));
  stamp(id, 7);
  return id;
}

Uuid make_uuid_v8(std::span<const uint8_t, 16> digest) {
  Uuid id;
  std::ranges::copy(digest, id.bytes.begin());
  stamp(id, 8);
  return id;
}

Result<Uuid> parse_uuid(std::string_view text) {
  const auto bad = [] { return invalid("not an id: write a UUID, such as 0190f2a4-6a52-7c3e-9d41-5f0a2b7c8e11"); };
  if (text.size() != 36) return bad();
  Uuid id;
  size_t nibble = 0;
  for (size_t i = 0; i < 36; ++i) {
    if (is_dash(i)) {
      if (text[i] != '-') return bad();
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return bad();
    auto& byte = id.bytes[nibble / 2];
    byte = static_cast<uint8_t>(byte << 4 | value);
    ++nibble;
  }
  return id;
}

std::string format(const Uuid& id) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (uint8_t byte : id.bytes) {
    if (is_dash(text.size())) text += '-';
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

}  // namespace amity
