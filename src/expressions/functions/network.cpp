// The network extension: addresses and blocks of addresses.
#include "expressions/functions/network.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "expressions/functions/library.h"
#include "expressions/functions/text.h"

namespace amity::expressions {
namespace {

constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

std::optional<uint32_t> number(std::string_view text, int base, size_t max_digits, uint32_t most) {
  uint32_t value = 0;
  if (text.empty() || text.size() > max_digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = 0;;) {
    const size_t end = text.find(separator, at);
    parts.push_back(text.substr(at, end == std::string_view::npos ? end : end - at));
    if (end == std::string_view::npos) return parts;
    at = end + 1;
  }
}

std::optional<std::string> ipv4_from(std::string_view text) {
  std::string bytes;
  for (std::string_view part : split(text, '.')) {
    const auto byte = number(part, 10, 3, 255);
    if (!byte || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  return bytes.size() == 4 ? std::optional(bytes) : std::nullopt;
}

// "2001:db8:0:1" without "::", into bytes.
std::optional<std::string> groups_from(std::string_view text) {
  std::string bytes;
  if (text.empty()) return bytes;
  for (std::string_view part : split(text, ':')) {
    const auto group = number(part, 16, 4, 0xFFFF);
    if (!group) return std::nullopt;
    bytes += static_cast<char>(*group >> 8);
    bytes += static_cast<char>(*group & 0xFF);
  }
  return bytes;
}

std::optional<std::string> ipv6_from(std::string_view text) {
  if (text.find('.') != std::string_view::npos) return std::nullopt;
  const size_t gap = text.find("::");
  const auto head = groups_from(text.substr(0, gap));
  if (gap == std::string_view::npos) return head && head->size() == 16 ? head : std::nullopt;
  const auto tail = groups_from(text.substr(gap + 2));
  if (!head || !tail || head->size() + tail->size() > 14) return std::nullopt;
  return *head + std::string(16 - head->size() - tail->size(), '\0') + *tail;
}

std::string text_of_ipv6(std::string_view bytes) {
  std::array<uint32_t, 8> groups{};
  for (size_t i = 0; i < 8; ++i) {
    groups[i] = uint32_t{static_cast<uint8_t>(bytes[2 * i])} << 8 | static_cast<uint8_t>(bytes[2 * i + 1]);
  }
  size_t gap = 8;
  size_t gap_length = 1;
  for (size_t i = 0; i < 8; ++i) {
    size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > gap_length) gap = i, gap_length = end - i;
  }
  std::string text;
  for (size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_length - 1;
    } else {
      text += fmt::format("{}{:x}", text.empty() || text.ends_with(':') ? "" : ":", groups[i]);
    }
  }
  return text;
}

}  // namespace

std::optional<std::string> ip_from(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return ipv4_from(text);
  auto bytes = ipv6_from(text);
  if (bytes && bytes->starts_with(kMapped)) return bytes->substr(12);
  return bytes;
}

std::string text_of_ip(std::string_view bytes) {
  if (bytes.size() != 4) return text_of_ipv6(bytes);
  const auto byte = [&](size_t i) { return static_cast<unsigned>(static_cast<uint8_t>(bytes[i])); };
  return fmt::format("{}.{}.{}.{}", byte(0), byte(1), byte(2), byte(3));
}

namespace {

using Arguments = std::span<const Value>;

uint8_t byte_at(const Value& ip, size_t i) { return static_cast<uint8_t>(ip.as_text()[i]); }

std::optional<Value> cidr_from(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const bool is_v6 = text.find(':') != std::string_view::npos;
  auto address = is_v6 ? ipv6_from(text.substr(0, slash)) : ipv4_from(text.substr(0, slash));
  const auto prefix = number(text.substr(slash + 1), 10, 3, is_v6 ? 128 : 32);
  if (!address || !prefix || address->starts_with(kMapped)) return std::nullopt;
  return Value::cidr(std::move(*address), static_cast<uint8_t>(*prefix));
}

Value to_ip(Arguments a) {
  if (a[0].is(Kind::kIp)) return a[0];
  if (a[0].is(Kind::kCidr)) return Value::ip(std::string(a[0].as_text()));
  if (!a[0].is(Kind::kString)) return no_overload();
  auto bytes = ip_from(a[0].as_text());
  return bytes ? Value::ip(std::move(*bytes)) : bad_argument();
}

Value is_ip(Arguments a) {
  return a[0].is(Kind::kString) ? Value::boolean(ip_from(a[0].as_text()).has_value()) : no_overload();
}

Value is_canonical(Arguments a) {
  const Value ip = to_ip(a);
  return ip.is(Kind::kIp) ? Value::boolean(text_of_ip(ip.as_text()) == a[0].as_text()) : ip;
}

Value family(Arguments a) {
  return a[0].is(Kind::kIp) ? Value::integer(a[0].as_text().size() == 4 ? 4 : 6) : no_overload();
}

Value ask(Arguments a, bool (*is)(const Value&)) {
  return a[0].is(Kind::kIp) ? Value::boolean(is(a[0])) : no_overload();
}

bool all_zero(const Value& ip) { return ip.as_text().find_first_not_of('\0') == std::string_view::npos; }
bool is_v4(const Value& ip) { return ip.as_text().size() == 4; }
bool loopback(const Value& ip) {
  if (is_v4(ip)) return byte_at(ip, 0) == 127;
  return byte_at(ip, 15) == 1 && ip.as_text().substr(0, 15).find_first_not_of('\0') == std::string_view::npos;
}
bool multicast(const Value& ip) { return is_v4(ip) ? byte_at(ip, 0) >> 4 == 14 : byte_at(ip, 0) == 0xFF; }
bool local_multicast(const Value& ip) {
  if (is_v4(ip)) return byte_at(ip, 0) == 224 && byte_at(ip, 1) == 0 && byte_at(ip, 2) == 0;
  return byte_at(ip, 0) == 0xFF && (byte_at(ip, 1) & 0x0F) == 2;
}
bool local_unicast(const Value& ip) {
  if (is_v4(ip)) return byte_at(ip, 0) == 169 && byte_at(ip, 1) == 254;
  return byte_at(ip, 0) == 0xFE && (byte_at(ip, 1) & 0xC0) == 0x80;
}
bool broadcast(const Value& ip) { return ip.as_text() == "\xFF\xFF\xFF\xFF"; }
bool global_unicast(const Value& ip) {
  return !all_zero(ip) && !loopback(ip) && !multicast(ip) && !local_unicast(ip) && !broadcast(ip);
}

Value is_unspecified(Arguments a) { return ask(a, all_zero); }
Value is_loopback(Arguments a) { return ask(a, loopback); }
Value is_local_multicast(Arguments a) { return ask(a, local_multicast); }
Value is_local_unicast(Arguments a) { return ask(a, local_unicast); }
Value is_global_unicast(Arguments a) { return ask(a, global_unicast); }

Value to_cidr(Arguments a) {
  if (a[0].is(Kind::kCidr)) return a[0];
  if (!a[0].is(Kind::kString)) return no_overload();
  return cidr_from(a[0].as_text()).value_or(bad_argument());
}

Value is_cidr(Arguments a) {
  return a[0].is(Kind::kString) ? Value::boolean(cidr_from(a[0].as_text()).has_value()) : no_overload();
}

std::string masked_bytes(std::string_view address, size_t prefix) {
  std::string bytes(address);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t kept = std::min<size_t>(8, prefix > 8 * i ? prefix - 8 * i : 0);
    bytes[i] = static_cast<char>(bytes[i] & (0xFF00 >> kept));
  }
  return bytes;
}

bool holds(const Value& block, std::string_view address) {
  if (block.as_text().size() != address.size()) return false;
  return masked_bytes(block.as_text(), block.prefix()) == masked_bytes(address, block.prefix());
}

Value contains_ip(Arguments a) {
  const Value ip = to_ip(a.subspan(1));
  if (!a[0].is(Kind::kCidr) || a[1].is(Kind::kCidr)) return no_overload();
  return ip.is_fault() ? ip : Value::boolean(holds(a[0], ip.as_text()));
}

Value contains_cidr(Arguments a) {
  const Value other = to_cidr(a.subspan(1));
  if (!a[0].is(Kind::kCidr)) return no_overload();
  return other.is_fault() ? other : Value::boolean(a[0].prefix() <= other.prefix() && holds(a[0], other.as_text()));
}

Value masked(Arguments a) {
  return a[0].is(Kind::kCidr) ? Value::cidr(masked_bytes(a[0].as_text(), a[0].prefix()), a[0].prefix()) : no_overload();
}
Value prefix_length(Arguments a) { return a[0].is(Kind::kCidr) ? Value::integer(a[0].prefix()) : no_overload(); }

constexpr Overload kTable[] = {
    {"ip", false, "string", "net.IP", to_ip},
    {"ip", false, "net.IP", "net.IP", to_ip},
    {"ip", true, "net.CIDR", "net.IP", to_ip},
    {"isIP", false, "string", "bool", is_ip},
    {"ip.isCanonical", false, "string", "bool", is_canonical},
    {"family", true, "net.IP", "int", family},
    {"isUnspecified", true, "net.IP", "bool", is_unspecified},
    {"isLoopback", true, "net.IP", "bool", is_loopback},
    {"isLinkLocalMulticast", true, "net.IP", "bool", is_local_multicast},
    {"isLinkLocalUnicast", true, "net.IP", "bool", is_local_unicast},
    {"isGlobalUnicast", true, "net.IP", "bool", is_global_unicast},
    {"cidr", false, "string", "net.CIDR", to_cidr},
    {"cidr", false, "net.CIDR", "net.CIDR", to_cidr},
    {"isCIDR", false, "string", "bool", is_cidr},
    {"containsIP", true, "net.CIDR, net.IP", "bool", contains_ip},
    {"containsIP", true, "net.CIDR, string", "bool", contains_ip},
    {"containsCIDR", true, "net.CIDR, net.CIDR", "bool", contains_cidr},
    {"containsCIDR", true, "net.CIDR, string", "bool", contains_cidr},
    {"masked", true, "net.CIDR", "net.CIDR", masked},
    {"prefixLength", true, "net.CIDR", "int", prefix_length},
};

}  // namespace

std::span<const Overload> network_functions() { return kTable; }

}  // namespace amity::expressions
