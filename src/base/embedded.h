// A file that is part of the program: migrations, texts, definitions (made by cmake/embed.cmake).
#pragma once

#include <string_view>

namespace amity {

struct EmbeddedFile {
  std::string_view name;  // its path below the embedded folder: "0001_lay_ground.sql"
  std::string_view text;
};

}  // namespace amity
