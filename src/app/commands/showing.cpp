#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "app/commands.h"

namespace amity::app {

void show(const CommandLine&, const json::value& answer) { fmt::print("{}\n", write_json(answer)); }

bool wants_json(const Session& session) { return session.line().has("json"); }

Result<std::string> read_whole_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return not_found("the file cannot be read", path);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

}  // namespace amity::app
