// Result and Error: how every call of the house says that it could not do what was asked.
//
// Expected failures are values. An Error says what is wrong and what to do about it, names the place where input is
// wrong (a JSON pointer, `line 3, column 7`, `trans.asc:120 amount`), and never carries a customer's data. Exceptions
// of libraries stop in the file that wraps the library. CHECK (base/check.h) is for our own mistakes. Only api/ turns
// codes into HTTP statuses and only app/main.cpp into exit codes.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace amity {

enum class Code {
  kInvalid,          // the request is malformed: it can never succeed as it is
  kUnauthenticated,  // nobody is known to be calling
  kForbidden,        // the caller may not do this
  kNotFound,         // no such thing, or none the caller may see
  kConflict,         // contradicts what is already recorded
  kUnprocessable,    // well formed, but a rule of the business refuses it
  kLimit,            // a declared bound is reached; retry later or ask for less
  kUnavailable,      // a part this depends on does not work now; nothing was done
  kTimeout,          // not finished in time; whether it happened is to be asked by its id
  kInternal,         // our own mistake
};

// The code's name as it stands in problem documents: "invalid", "not_found", ...
std::string_view name_of(Code code);

struct Error {
  Code code = Code::kInternal;
  std::string message;  // what is wrong and what to do, in English, without personal data
  std::string place;    // where in the input; empty when the whole is meant

  // The same error, `outer` put before its place: "/events/3" + "/data/amount".
  Error within(std::string_view outer) &&;
  // "message (at place)" for people.
  std::string text() const;
};

template <class T>
using Result = std::expected<T, Error>;  // [[nodiscard]] by std::expected itself

inline std::unexpected<Error> fail(Code code, std::string message, std::string place = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(place)});
}
inline std::unexpected<Error> invalid(std::string message, std::string place = {}) {
  return fail(Code::kInvalid, std::move(message), std::move(place));
}
inline std::unexpected<Error> not_found(std::string message, std::string place = {}) {
  return fail(Code::kNotFound, std::move(message), std::move(place));
}

}  // namespace amity

// The value of a Result, or return its error from the enclosing function (not for coroutines).
#define TRY(...) AMITY_TRY_NAMED(AMITY_JOIN(try_result_, __COUNTER__), __VA_ARGS__)
#define AMITY_TRY_NAMED(result, ...)                                \
  __extension__({                                                   \
    auto result = (__VA_ARGS__);                                    \
    if (!result) return std::unexpected(std::move(result).error()); \
    *std::move(result);                                             \
  })
#define AMITY_JOIN(a, b) AMITY_JOIN_EXPANDED(a, b)
#define AMITY_JOIN_EXPANDED(a, b) a##b
