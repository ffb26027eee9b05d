# Run by amity_embed at build time: writes OUT, a source with the bytes of the files named in LIST below FOLDER.
file(STRINGS "${LIST}" files)
set(arrays "")
set(table "")
set(index 0)
foreach(file IN LISTS files)
  file(READ "${FOLDER}/${file}" hex HEX)
  file(SIZE "${FOLDER}/${file}" size)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  string(APPEND arrays "const unsigned char file_${index}[] = {\n${hex}0};\n")
  string(APPEND table "    {\"${file}\", {reinterpret_cast<const char*>(file_${index}), ${size}}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${OUT}" "// Made by cmake/embed.cmake.
#include \"embedded/${NAME}.h\"

#include <vector>

namespace amity {
namespace {
${arrays}}

std::span<const EmbeddedFile> embedded_${NAME}() {
  static const std::vector<EmbeddedFile> files = {
${table}  };
  return files;
}

}  // namespace amity
")
