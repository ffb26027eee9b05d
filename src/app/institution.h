// What the institution owns: its definitions, read from a folder or from the copy inside the program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace amity::app {

struct DefinitionText {
  std::string name;  // "features/account.yaml"
  std::string text;
};

class Institution {
 public:
  // `folder` empty: the definitions inside the program. not_found: no such folder.
  static Result<Institution> read(const std::string& folder);

  // The YAML files below "features", "policies", ..., in order of name.
  std::vector<DefinitionText> below(std::string_view part) const;
  // One file at the top; not_found where it is missing.
  Result<DefinitionText> file(std::string_view name) const;

 private:
  std::vector<DefinitionText> files_;  // in order of name
};

}  // namespace amity::app
