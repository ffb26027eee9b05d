#include "events/import/swift_fields.h"

#include <algorithm>
#include <cctype>

namespace amity::events {
namespace {

// "61", "28C", "NS" of ":61:" at the beginning of a line, given without its first colon.
std::string_view tag_of(std::string_view text) {
  const size_t end = text.substr(0, 4).find(':');
  const bool is_tag = end == 2 || end == 3;
  if (!is_tag) return {};
  const auto tag = text.substr(0, end);
  const bool is_named =
      std::ranges::all_of(tag, [](unsigned char c) { return std::isupper(c) != 0 || std::isdigit(c) != 0; });
  return is_named ? tag : std::string_view{};
}

bool begins_field(std::string_view line) { return line.starts_with(':') && !tag_of(line.substr(1)).empty(); }

// "-" alone, perhaps with the control characters of the carrier; "-}" and what follows it.
bool ends_message(std::string_view line) {
  if (line.starts_with("{1:") || line.starts_with("-}")) return true;
  return line.starts_with('-') &&
         std::ranges::all_of(line.substr(1), [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

}  // namespace

std::string_view SwiftFields::peek_line() const {
  auto line = rest_.substr(0, rest_.find('\n'));
  while (line.ends_with('\r')) line.remove_suffix(1);
  // Blocks of a carrier may begin with SOH or STX.
  while (!line.empty() && static_cast<unsigned char>(line[0]) < ' ') line.remove_prefix(1);
  return line;
}

std::string_view SwiftFields::take_line() {
  const auto line = peek_line();
  const size_t end = rest_.find('\n');
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  ++line_;
  return line;
}

bool SwiftFields::is_broken_tag(std::string_view line) const { return line == ":" && !tag_of(peek_line()).empty(); }

bool SwiftFields::next(SwiftField& field) {
  while (!rest_.empty()) {
    auto line = take_line();
    field = {{}, {}, line_, false};
    if (ends_message(line)) {
      field.lines.push_back(line);
      return true;
    }
    if (is_broken_tag(line)) {
      line = take_line();
    } else if (begins_field(line)) {
      line.remove_prefix(1);
    } else {
      continue;
    }
    field.tag = tag_of(line);
    field.lines.push_back(line.substr(field.tag.size() + 1));
    take_continuation(field);
    return true;
  }
  return false;
}

void SwiftFields::take_continuation(SwiftField& field) {
  size_t bytes = field.lines[0].size();
  while (!rest_.empty()) {
    const auto line = peek_line();
    if (begins_field(line) || ends_message(line)) break;
    const auto before = *this;
    take_line();
    if (is_broken_tag(line)) {
      *this = before;
      break;
    }
    bytes += line.size();
    field.is_too_long = field.is_too_long || bytes > kMaxSwiftFieldBytes || field.lines.size() == kMaxSwiftFieldLines;
    if (!field.is_too_long) field.lines.push_back(line);
  }
  if (field.lines[0].size() > kMaxSwiftFieldBytes) {
    field.is_too_long = true;
    field.lines[0] = {};
  }
}

}  // namespace amity::events
