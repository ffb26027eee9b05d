// CHECK: an assertion about our own code that stays on in release. It ends the process: state that should be impossible
// must not be written to a customer's record. Input is never CHECKed; it gets an Error.
#pragma once

namespace amity {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define CHECK(condition) \
  (__builtin_expect(static_cast<bool>(condition), 1) ? void() : ::amity::check_failed(#condition, __FILE__, __LINE__))
