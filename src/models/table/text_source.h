// A file's text in pieces, unpacked where it is an .xz stream (told by its magic bytes, not by its name).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace amity::models {

class TextSource {
 public:
  virtual ~TextSource() = default;
  // The next piece, valid until the next call; empty at the end.
  virtual Result<std::string_view> next() = 0;
};

Result<std::unique_ptr<TextSource>> open_text(const std::string& path);

}  // namespace amity::models
