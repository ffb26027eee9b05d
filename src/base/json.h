// JSON in and out: Boost.JSON behind strict limits and readers that name the place of what is wrong.
//
// Parsing refuses invalid UTF-8, duplicate keys, comments, trailing text, depth over 32 and documents over the given
// size. Writing is canonical: object keys in byte order, no spaces, the shortest digits that read back to the same
// double; equal values give equal bytes, so texts can be digested, compared and signed.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"

namespace amity {

namespace json = boost::json;

constexpr size_t kMaxJsonBytes = 16 * 1024 * 1024;

Result<json::value> parse_json(std::string_view text, size_t max_bytes = kMaxJsonBytes);
// Canonical: fields in the order of their names, no space, numbers in their shortest form.
std::string write_json(const json::value& value);
std::string write_object(const json::object& object);
std::string write_json(const std::same_as<json::object> auto& object) { return write_object(object); }  // not copied
std::string write_json_text(std::string_view text);

// Reads the fields of one object; the first wrong or unknown field (unknown_field.h) is the error, with a JSON pointer.
//
//   JsonReader in(value, "/events/3");
//   const auto name = in.text("name");              // required
//   const auto months = in.integer("months", 1, 480);
//   TRY(in.finish());                               // unknown fields and the first error stop here
class JsonReader {
 public:
  JsonReader(const json::value& value, std::string_view place);

  bool has(std::string_view key) const;  // present and not null
  std::string text(std::string_view key, size_t max_bytes = 4096);
  std::string text_or(std::string_view key, std::string_view otherwise, size_t max_bytes = 4096);
  int64_t integer(std::string_view key, int64_t least, int64_t most);
  int64_t integer_or(std::string_view key, int64_t least, int64_t most, int64_t otherwise);
  double number(std::string_view key);
  bool boolean_or(std::string_view key, bool otherwise);
  const json::value& any(std::string_view key);  // null where it is missing (and an error)
  const json::value& any_or_null(std::string_view key);
  const json::array& array(std::string_view key);          // empty where it is missing (and an error)
  const json::object& object(std::string_view key);        // empty where it is missing (and an error)
  void refuse(std::string_view key, std::string message);  // a rule of the caller's is broken

  Result<void> finish();

 private:
  const json::value* take(std::string_view key, bool required);
  void fail_at(std::string_view key, std::string message);

  const json::object* object_;
  std::string place_;
  std::vector<std::string_view> known_;
  std::optional<Error> error_;
};

}  // namespace amity
