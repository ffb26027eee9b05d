#include "store/postgresql/values.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <limits>

#include "base/check.h"

namespace amity::store {
namespace {

Result<std::string> encode_integer(int64_t value, unsigned type) {
  std::string out;
  const auto fits = [&](int64_t least, int64_t most) { return value >= least && value <= most; };
  if (type == oid::kInt8) {
    append_big_endian(out, static_cast<uint64_t>(value), 8);
  } else if (type == oid::kInt4 && fits(INT32_MIN, INT32_MAX)) {
    append_big_endian(out, static_cast<uint64_t>(value), 4);
  } else if (type == oid::kInt2 && fits(INT16_MIN, INT16_MAX)) {
    append_big_endian(out, static_cast<uint64_t>(value), 2);
  } else if (type == oid::kBool && fits(0, 1)) {
    append_big_endian(out, static_cast<uint64_t>(value), 1);
  } else if (type == oid::kFloat8) {
    append_big_endian(out, std::bit_cast<uint64_t>(static_cast<double>(value)), 8);
  } else {
    return fail(Code::kInternal, fmt::format("a whole number does not fit a parameter of type {}", type));
  }
  return out;
}

Result<std::string> encode_number(double value, unsigned type) {
  std::string out;
  if (type == oid::kFloat8) {
    append_big_endian(out, std::bit_cast<uint64_t>(value), 8);
  } else if (type == oid::kFloat4) {
    append_big_endian(out, std::bit_cast<uint32_t>(static_cast<float>(value)), 4);
  } else {
    return fail(Code::kInternal, fmt::format("a number does not fit a parameter of type {}", type));
  }
  return out;
}

struct Encoder {
  unsigned type;

  Result<std::string> operator()(std::monostate) const { return std::string(); }
  Result<std::string> operator()(int64_t value) const { return encode_integer(value, type); }
  Result<std::string> operator()(double value) const { return encode_number(value, type); }
  Result<std::string> operator()(std::string_view value) const {
    if (!is_text(type)) return fail(Code::kInternal, fmt::format("text does not fit a parameter of type {}", type));
    if (value.find('\0') != std::string_view::npos) return invalid("text must not contain a zero character");
    return std::string(value);
  }
  Result<std::string> operator()(ByteView value) const {
    if (type != oid::kBytea) {
      return fail(Code::kInternal, fmt::format("bytes do not fit a parameter of type {}", type));
    }
    return std::string(as_text(value));
  }
};

int64_t signed_of(ByteView cell) {
  const int unused_bits = 64 - 8 * static_cast<int>(cell.size());
  return static_cast<int64_t>(big_endian(cell) << unused_bits) >> unused_bits;
}

// NUMERIC: a count, the weight of the first digit, a sign, a scale, then digits to base 10,000.
std::string numeric_text(ByteView cell) {
  CHECK(cell.size() >= 8);
  const int count = static_cast<int>(signed_of(cell.subspan(0, 2)));
  const int weight = static_cast<int>(signed_of(cell.subspan(2, 2)));
  const uint64_t sign = big_endian(cell.subspan(4, 2));
  CHECK(sign == 0 || sign == 0x4000);  // not NaN or infinity
  const auto digit = [&](int i) {
    return i < count ? big_endian(cell.subspan(8 + 2 * static_cast<size_t>(i), 2)) : uint64_t{0};
  };
  std::string text = sign == 0 ? "0" : "-0";
  for (int i = 0; i <= weight; ++i) text += fmt::format("{:04}", digit(i));
  text += '.';
  for (int i = weight + 1; i < 0; ++i) text += "0000";
  for (int i = std::max(weight + 1, 0); i < count; ++i) text += fmt::format("{:04}", digit(i));
  return text;
}

}  // namespace

void append_big_endian(std::string& out, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

uint64_t big_endian(ByteView bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

bool is_text(unsigned type) {
  return type == oid::kText || type == oid::kVarchar || type == oid::kBpchar || type == oid::kName;
}

Result<std::string> encode(const Value& value, unsigned type) { return std::visit(Encoder{type}, value); }

int64_t decode_integer(ByteView cell, unsigned type) {
  if (type == oid::kNumeric) {
    const std::string text = numeric_text(cell);
    int64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    CHECK(parsed.ec == std::errc());
    CHECK(text.find_first_not_of('0', static_cast<size_t>(parsed.ptr - text.data()) + 1) == std::string::npos);
    return value;
  }
  CHECK(type == oid::kInt8 || type == oid::kInt4 || type == oid::kInt2 || type == oid::kBool);
  return signed_of(cell);
}

double decode_number(ByteView cell, unsigned type) {
  if (type == oid::kFloat8) return std::bit_cast<double>(big_endian(cell));
  if (type == oid::kFloat4) return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(big_endian(cell))));
  if (type != oid::kNumeric) return static_cast<double>(decode_integer(cell, type));
  const std::string text = numeric_text(cell);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace amity::store
