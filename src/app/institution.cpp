#include "app/institution.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "embedded/institution.h"

namespace amity::app {
namespace fs = std::filesystem;

Result<Institution> Institution::read(const std::string& folder) {
  Institution institution;
  if (folder.empty()) {
    for (const auto& file : embedded_institution()) {
      institution.files_.push_back({std::string(file.name), std::string(file.text)});
    }
    return institution;
  }
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error); !error && at != fs::end(at); at.increment(error)) {
    if (!at->is_regular_file() || at->path().extension() != ".yaml") continue;
    std::ifstream in(at->path(), std::ios::binary);
    institution.files_.push_back(
        {fs::relative(at->path(), folder).generic_string(), std::string((std::istreambuf_iterator<char>(in)), {})});
  }
  if (error) return not_found("the folder of the institution's definitions cannot be read", folder);
  std::ranges::sort(institution.files_, {}, &DefinitionText::name);
  return institution;
}

std::vector<DefinitionText> Institution::below(std::string_view part) const {
  const std::string prefix = std::string(part) + "/";
  std::vector<DefinitionText> files;
  std::ranges::copy_if(files_, std::back_inserter(files),
                       [&](const DefinitionText& file) { return file.name.starts_with(prefix); });
  return files;
}

Result<DefinitionText> Institution::file(std::string_view name) const {
  const auto found = std::ranges::find(files_, name, &DefinitionText::name);
  if (found == files_.end()) return not_found("the institution's definitions lack this file", std::string(name));
  return *found;
}

}  // namespace amity::app
