#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include "base/unknown_field.h"

namespace amity {
namespace {

constexpr size_t kMaxDepth = 32;

// Builds the value while Boost.JSON's parser reads, and does the two things its own builder does not: it refuses a key
// that stands twice in one object (a digested document must not be readable in two ways, however the key is escaped),
// and it reads decimals correctly rounded (Boost.JSON 1.81 may miss by a bit, so that written text reads back unequal).
class Builder {
 public:
  static constexpr size_t max_object_size = SIZE_MAX;
  static constexpr size_t max_array_size = SIZE_MAX;
  static constexpr size_t max_key_size = SIZE_MAX;
  static constexpr size_t max_string_size = SIZE_MAX;
  using Error = json::error_code;
  using Text = json::string_view;

  json::value release() { return stack_.release(); }
  bool found_repeated_key() const { return found_repeated_key_; }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return keys_.emplace_back(), true; }
  bool on_object_end(size_t count, Error& error) {
    std::ranges::sort(keys_.back());
    found_repeated_key_ = std::ranges::adjacent_find(keys_.back()) != keys_.back().end();
    if (found_repeated_key_) return error = json::error::exception, false;
    keys_.pop_back();
    return stack_.push_object(count), true;
  }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(size_t count, Error&) { return stack_.push_array(count), true; }
  bool on_key_part(Text part, size_t, Error&) { return key_ += part, true; }
  bool on_key(Text part, size_t, Error&) {
    key_ += part;
    stack_.push_key(key_);
    keys_.back().push_back(std::exchange(key_, {}));
    return true;
  }
  bool on_string_part(Text part, size_t, Error&) { return stack_.push_chars(part), true; }
  bool on_string(Text part, size_t, Error&) { return stack_.push_string(part), true; }
  bool on_number_part(Text part, Error&) { return number_ += part, true; }
  bool on_int64(int64_t number, Text, Error&) { return number_.clear(), stack_.push_int64(number), true; }
  bool on_uint64(uint64_t number, Text, Error&) { return number_.clear(), stack_.push_uint64(number), true; }
  bool on_double(double, Text part, Error& error) {
    number_ += part;
    double number = 0;
    const auto read = std::from_chars(number_.data(), number_.data() + number_.size(), number);
    if (read.ec != std::errc{}) return error = json::error::exponent_overflow, false;
    return number_.clear(), stack_.push_double(number), true;
  }
  bool on_bool(bool value, Error&) { return stack_.push_bool(value), true; }
  bool on_null(Error&) { return stack_.push_null(), true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  json::value_stack stack_;
  std::vector<std::vector<std::string>> keys_;  // of each open object
  std::string key_;
  std::string number_;
  bool found_repeated_key_ = false;
};

void write(const json::value& value, std::string& out);
void write(const json::object& object, std::string& out);

void write_text(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) {
          out += c;
        } else {
          out += "\\u00";
          out += kHex[c >> 4];
          out += kHex[c & 15];
        }
    }
  }
  out += '"';
}

void write_whole(auto number, std::string& out) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void write_double(double number, std::string& out) {
  if (!std::isfinite(number)) {  // JSON has no such number; a value that may be missing is null
    out += "null";
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  const std::string_view shortest(digits, static_cast<size_t>(end - digits));
  out += shortest;
  if (shortest.find_first_of(".e") == std::string_view::npos) out += ".0";  // stays a double when read back
}

void write(const json::object& object, std::string& out) {
  std::vector<const json::key_value_pair*> fields;
  fields.reserve(object.size());
  for (const auto& field : object) fields.push_back(&field);
  std::ranges::sort(fields, {}, [](const auto* field) { return std::string_view(field->key()); });
  out += '{';
  for (const auto* field : fields) {
    if (out.back() != '{') out += ',';
    write_text(field->key(), out);
    out += ':';
    write(field->value(), out);
  }
  out += '}';
}

void write(const json::value& value, std::string& out) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; break;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
    case json::kind::int64: write_whole(value.get_int64(), out); break;
    case json::kind::uint64: write_whole(value.get_uint64(), out); break;
    case json::kind::double_: write_double(value.get_double(), out); break;
    case json::kind::string: write_text(value.get_string(), out); break;
    case json::kind::object: write(value.get_object(), out); break;
    case json::kind::array:
      out += '[';
      for (const auto& item : value.get_array()) {
        if (&item != value.get_array().begin()) out += ',';
        write(item, out);
      }
      out += ']';
      break;
  }
}

std::string pointer_token(std::string_view key) {
  std::string token = "/";
  for (char c : key.substr(0, 64)) {
    if (c == '~')
      token += "~0";
    else if (c == '/')
      token += "~1";
    else
      token += c;
  }
  return token;
}

const json::value kNull;
const json::array kNoArray;
const json::object kNoObject;

}  // namespace

Result<json::value> parse_json(std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes)
    return fail(Code::kLimit, fmt::format("the document is larger than {} bytes", max_bytes));
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<Builder> parser(options);
  json::error_code error;
  const size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (parser.handler().found_repeated_key()) {
    return invalid("a key stands twice in one object", fmt::format("byte {}", read));
  }
  if (error == json::error::incomplete) {
    return invalid("not valid JSON: it ends too early", fmt::format("byte {}", text.size()));
  }
  if (error) return invalid("not valid JSON: " + error.message(), fmt::format("byte {}", read));
  if (text.find_first_not_of(" \t\r\n", read) != std::string_view::npos) {
    return invalid("not valid JSON: more text follows the document", fmt::format("byte {}", read));
  }
  return parser.handler().release();
}

std::string write_json(const json::value& value) {
  std::string out;
  write(value, out);
  return out;
}

std::string write_object(const json::object& object) {
  std::string out;
  write(object, out);
  return out;
}

std::string write_json_text(std::string_view text) {
  std::string out;
  write_text(text, out);
  return out;
}

JsonReader::JsonReader(const json::value& value, std::string_view place) : object_(value.if_object()), place_(place) {
  if (object_ == nullptr) {
    object_ = &kNoObject;
    error_ = Error{Code::kInvalid, "an object is expected here", place_};
  }
}

bool JsonReader::has(std::string_view key) const {
  const auto* value = object_->if_contains(key);
  return value != nullptr && !value->is_null();
}

const json::value* JsonReader::take(std::string_view key, bool required) {
  known_.push_back(key);
  const auto* value = object_->if_contains(key);
  if (value == nullptr || value->is_null()) {
    if (required) fail_at(key, "this field is required");
    return nullptr;
  }
  return value;
}

void JsonReader::fail_at(std::string_view key, std::string message) {
  if (!error_) error_ = Error{Code::kInvalid, std::move(message), place_ + pointer_token(key)};
}

void JsonReader::refuse(std::string_view key, std::string message) { fail_at(key, std::move(message)); }

std::string JsonReader::text(std::string_view key, size_t max_bytes) {
  const auto* value = take(key, true);
  if (value == nullptr) return {};
  if (!value->is_string()) return fail_at(key, "text is expected here"), std::string();
  const auto& text = value->get_string();
  if (text.size() > max_bytes) return fail_at(key, fmt::format("longer than {} bytes", max_bytes)), std::string();
  if (text.empty()) return fail_at(key, "this text may not be empty"), std::string();
  return std::string(text);
}

std::string JsonReader::text_or(std::string_view key, std::string_view otherwise, size_t max_bytes) {
  if (!has(key)) return take(key, false), std::string(otherwise);
  return text(key, max_bytes);
}

int64_t JsonReader::integer(std::string_view key, int64_t least, int64_t most) {
  const auto* value = take(key, true);
  if (value == nullptr) return least;
  int64_t number = 0;
  if (value->is_int64()) {
    number = value->get_int64();
  } else if (value->is_uint64() && value->get_uint64() <= static_cast<uint64_t>(INT64_MAX)) {
    number = static_cast<int64_t>(value->get_uint64());
  } else {
    return fail_at(key, "a whole number is expected here"), least;
  }
  if (number < least || number > most) {
    return fail_at(key, fmt::format("must lie between {} and {}", least, most)), least;
  }
  return number;
}

int64_t JsonReader::integer_or(std::string_view key, int64_t least, int64_t most, int64_t otherwise) {
  if (!has(key)) return take(key, false), otherwise;
  return integer(key, least, most);
}

double JsonReader::number(std::string_view key) {
  const auto* value = take(key, true);
  if (value == nullptr) return 0;
  if (!value->is_number()) return fail_at(key, "a number is expected here"), 0;
  return value->to_number<double>();
}

bool JsonReader::boolean_or(std::string_view key, bool otherwise) {
  const auto* value = take(key, false);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) return fail_at(key, "true or false is expected here"), otherwise;
  return value->get_bool();
}

const json::value& JsonReader::any(std::string_view key) {
  const auto* value = take(key, true);
  return value == nullptr ? kNull : *value;
}

const json::value& JsonReader::any_or_null(std::string_view key) {
  const auto* value = take(key, false);
  return value == nullptr ? kNull : *value;
}

const json::array& JsonReader::array(std::string_view key) {
  const auto* value = take(key, true);
  if (value == nullptr) return kNoArray;
  if (!value->is_array()) return fail_at(key, "a list is expected here"), kNoArray;
  return value->get_array();
}

const json::object& JsonReader::object(std::string_view key) {
  const auto* value = take(key, true);
  if (value == nullptr) return kNoObject;
  if (!value->is_object()) return fail_at(key, "an object is expected here"), kNoObject;
  return value->get_object();
}

Result<void> JsonReader::finish() {
  if (error_) return std::unexpected(*error_);
  size_t position = 0;
  for (const auto& field : *object_) {
    ++position;
    if (std::ranges::find(known_, std::string_view(field.key())) == known_.end()) {
      return unknown_field(position, known_, place_);
    }
  }
  return {};
}

}  // namespace amity
