// Addresses of the network extension: 4 or 16 bytes in network order. An IPv6 address that maps an IPv4 one is that.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace amity::expressions {

std::optional<std::string> ip_from(std::string_view text);
std::string text_of_ip(std::string_view bytes);  // RFC 5952

}  // namespace amity::expressions
