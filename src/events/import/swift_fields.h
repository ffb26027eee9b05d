// The fields of SWIFT messages in a file, one by one: ":61:" and the lines up to the next.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace amity::events {

struct SwiftField {
  std::string_view tag;                 // "61"; empty at the end of a message, or the blocks before the next
  std::vector<std::string_view> lines;  // what follows the tag, at least one; without a tag the whole line
  int64_t line = 0;                     // from 1
  bool is_too_long = false;             // lines beyond the bounds are not among its lines

  std::string_view text() const { return lines.front(); }
};

constexpr size_t kMaxSwiftFieldLines = 1024;
constexpr size_t kMaxSwiftFieldBytes = 64 * 1024;

// A message ends with "-", "-}" or where the next begins with "{1:". What stands outside of fields, such as headers of
// the carrier, is passed over. A tag may be broken after its first colon.
class SwiftFields {
 public:
  explicit SwiftFields(std::string_view text) : rest_(text) {}

  bool next(SwiftField& field);           // false at the end of the file
  int64_t line() const { return line_; }  // read last

 private:
  std::string_view peek_line() const;
  std::string_view take_line();
  bool is_broken_tag(std::string_view line) const;
  void take_continuation(SwiftField& field);

  std::string_view rest_;
  int64_t line_ = 0;
};

}  // namespace amity::events
