// Identifiers: UUIDs (RFC 9562). Version 7 (time-ordered) where a thing is made now; version 8 derived from a keyed
// hash where the same input must always give the same id (imports, the simulator, replay).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace amity {

struct Uuid {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;
  bool is_nil() const { return *this == Uuid{}; }
};

// `random` supplies the 74 free bits: the caller decides whether ids repeat with a seed.
Uuid make_uuid_v7(Timestamp now, Random& random);
// Version 8 from the first 16 bytes of a digest (base/crypto.h).
Uuid make_uuid_v8(std::span<const uint8_t, 16> digest);
Result<Uuid> parse_uuid(std::string_view text);  // 36 characters, either case
std::string format(const Uuid& id);              // lower case

// A UUID that cannot be taken for another kind of UUID: `using CustomerId = Id<struct CustomerTag>;`
template <class Tag>
struct Id {
  Uuid value;
  auto operator<=>(const Id&) const = default;
};
template <class Tag>
std::string format(const Id<Tag>& id) {
  return format(id.value);
}
template <class T>
Result<T> parse_id(std::string_view text) {
  return T{TRY(parse_uuid(text))};
}

using CustomerId = Id<struct CustomerTag>;
using AccountId = Id<struct AccountTag>;
using DecisionId = Id<struct DecisionTag>;
using UserId = Id<struct UserTag>;

}  // namespace amity

template <>
struct std::hash<amity::Uuid> {
  size_t operator()(const amity::Uuid& id) const noexcept {
    uint64_t low = 0;
    for (int i = 8; i < 16; ++i) low = low << 8 | id.bytes[static_cast<size_t>(i)];
    return low * 0x9e3779b97f4a7c15;
  }
};
template <class Tag>
struct std::hash<amity::Id<Tag>> {
  size_t operator()(const amity::Id<Tag>& id) const noexcept { return std::hash<amity::Uuid>{}(id.value); }
};
