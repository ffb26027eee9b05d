#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace amity {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "amity: CHECK failed: %s (%s:%d). This is a defect of the program, please report it.\n",
               condition, file, line);
  std::abort();
}

}  // namespace amity
