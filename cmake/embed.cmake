# Puts files into the program, so that a binary needs nothing beside it.
#
#   amity_embed(amity_store migrations "${CMAKE_SOURCE_DIR}/migrations" "*.sql")
#
# gives the target a header `embedded/migrations.h` with `std::span<const EmbeddedFile> amity::embedded_migrations()`:
# every file below the folder that matches, named by its path from there, in byte order of the names.
function(amity_embed target name folder glob)
  if(NOT TARGET ${target})
    return()
  endif()
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE "${folder}" "${folder}/${glob}")
  list(SORT files)
  list(TRANSFORM files PREPEND "${folder}/" OUTPUT_VARIABLE inputs)
  set(out "${CMAKE_BINARY_DIR}/embedded/${target}")
  set(list_file "${out}/${name}.list")
  string(REPLACE ";" "\n" listed "${files}")
  file(CONFIGURE OUTPUT "${list_file}" CONTENT "${listed}" @ONLY)
  file(CONFIGURE OUTPUT "${out}/embedded/${name}.h" @ONLY CONTENT
"// Made by cmake/embed.cmake.
#pragma once

#include <span>

#include \"base/embedded.h\"

namespace amity {
std::span<const EmbeddedFile> embedded_${name}();
}
")
  add_custom_command(
    OUTPUT "${out}/${name}.cpp"
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DFOLDER=${folder} -DLIST=${list_file} -DOUT=${out}/${name}.cpp
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${inputs} "${list_file}" ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    COMMENT "Embedding ${name}"
    VERBATIM)
  target_sources(${target} PRIVATE "${out}/${name}.cpp")
  target_include_directories(${target} PRIVATE "${out}")
endfunction()
