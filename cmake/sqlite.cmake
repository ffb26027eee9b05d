# SQLite with page encryption: the C source inside an npm package, pinned by third_party/sqlite/package-lock.json.
# Debian's own SQLite is older than 3.51.3 and can corrupt a database when its write-ahead log is reset.
set(sqlite_packages "${CMAKE_SOURCE_DIR}/third_party/sqlite")
set(sqlite_source "${sqlite_packages}/node_modules/better-sqlite3-multiple-ciphers/deps/sqlite3")
if(NOT EXISTS "${sqlite_source}/sqlite3.c")
  message(STATUS "Fetching the source of SQLite (npm ci in third_party/sqlite)")
  execute_process(COMMAND npm ci --ignore-scripts --no-audit --no-fund WORKING_DIRECTORY "${sqlite_packages}"
                  RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "npm ci in ${sqlite_packages} failed; SQLite's source comes from there")
  endif()
endif()

add_library(sqlite3mc STATIC "${sqlite_source}/sqlite3.c")
target_include_directories(sqlite3mc SYSTEM INTERFACE "${sqlite_source}")
# Faster kernels inside (AES, AVX) are chosen at run time; the sanitizers are not for other people's code.
target_compile_options(sqlite3mc PRIVATE -w -O2 -march=x86-64-v2 -fno-sanitize=all)
target_compile_definitions(sqlite3mc PRIVATE
  SQLITE_THREADSAFE=2 SQLITE_DQS=0 SQLITE_DEFAULT_MEMSTATUS=0 SQLITE_LIKE_DOESNT_MATCH_BLOBS
  SQLITE_OMIT_DEPRECATED SQLITE_OMIT_LOAD_EXTENSION SQLITE_OMIT_SHARED_CACHE SQLITE_USE_URI=0 SQLITE_MAX_MMAP_SIZE=0
  SQLITE_TEMP_STORE=3 SQLITE_ENABLE_STAT4 SQLITE_SECURE_DELETE HAVE_USLEEP=1 HAVE_ISNAN=1)
target_link_libraries(sqlite3mc PUBLIC Threads::Threads m)
