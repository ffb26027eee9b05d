#include "api/router/trace.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/crypto.h"

namespace amity::api {
namespace {

bool is_id(std::string_view text) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return std::ranges::all_of(text, is_hex) && text.find_first_not_of('0') != std::string_view::npos;
}

// "00-" trace id "-" parent id "-" flags; a later version may have more after it.
bool is_valid(std::string_view parent) {
  if (parent.size() < 55 || parent[2] != '-' || parent[35] != '-' || parent[52] != '-') return false;
  if (parent.starts_with("ff") || (parent.starts_with("00") && parent.size() != 55)) return false;
  return is_id(parent.substr(3, 32)) && is_id(parent.substr(36, 16));
}

}  // namespace

std::string trace_id_of(std::string_view traceparent) {
  return is_valid(traceparent) ? std::string(traceparent.substr(3, 32)) : to_hex(random_bytes(16));
}

std::string traceparent_of(std::string_view trace_id) {
  return fmt::format("00-{}-{}-01", trace_id, to_hex(random_bytes(8)));
}

}  // namespace amity::api
