#include "api/router/target.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace amity::api {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  if (!is_plain_utf8(out)) return std::nullopt;
  return out;
}

Result<std::string> decoded(std::string_view text, bool is_query) {
  auto out = percent_decoded(text, is_query);
  if (!out) return invalid("the address is not percent-encoded UTF-8, or holds control characters");
  return *std::move(out);
}

Result<std::vector<std::string>> parse_path(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(1);
  if (path.empty()) return segments;
  while (true) {
    const size_t slash = std::min(path.find('/'), path.size());
    auto segment = TRY(decoded(path.substr(0, slash), false));
    if (segment.empty() || segment == "." || segment == "..") {
      return invalid("the path has an empty segment or a dot segment");
    }
    segments.push_back(std::move(segment));
    if (slash == path.size()) return segments;
    path.remove_prefix(slash + 1);
  }
}

Result<Fields> parse_query(std::string_view query) {
  Fields fields;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    auto name = TRY(decoded(pair.substr(0, equals), true));
    auto value = TRY(decoded(equals < pair.size() ? pair.substr(equals + 1) : "", true));
    if (name.empty()) return invalid("the query has a value without a name");
    if (std::ranges::find(fields, name, &Field::name) != fields.end()) {
      return invalid(fmt::format("name {} of the query stands there before", fields.size() + 1), "query");
    }
    fields.push_back({std::move(name), std::move(value)});
  }
  return fields;
}

// How many bytes the character at the front takes, 0 where it is not well formed (table 3-7 of the Unicode standard).
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xBF; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

bool is_control(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const bool is_c1 = first == 0xC2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xA0;
  return first < 0x20 || first == 0x7F || is_c1;
}

}  // namespace

bool is_plain_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0 || is_control(text)) return false;
    text.remove_prefix(length);
  }
  return true;
}

Result<Target> parse_target(std::string_view target) {
  if (!target.starts_with('/')) return invalid("the address must be a path of this server");
  const bool is_visible = std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  if (!is_visible) return invalid("the address has a character that must be percent-encoded");
  const size_t question = std::min(target.find('?'), target.size());
  Target out;
  out.segments = TRY(parse_path(target.substr(0, question)));
  if (question < target.size()) out.query = TRY(parse_query(target.substr(question + 1)));
  return out;
}

}  // namespace amity::api
