// Regular expressions through RE2 (its syntax, linear time), the only place of this room that knows it.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace amity::expressions {

// A pattern compiled once; safe to match from any thread.
class Pattern {
 public:
  static Result<Pattern> compile(std::string_view pattern);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  bool found_in(std::string_view text) const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> compiled);
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace amity::expressions
