// Numbers in an artefact as their bits (little-endian, base64url), so that reading a decimal can never change a score.
#pragma once

#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/json.h"

namespace amity::models {

static_assert(std::endian::native == std::endian::little, "artefacts are little-endian");

template <class T>
std::string pack(std::span<const T> values) {
  return to_base64url({reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()});
}

// A field of packed values of T.
template <class T>
std::vector<T> unpack(JsonReader& in, std::string_view key) {
  const auto* text = in.any(key).if_string();  // may be empty: a list without values
  if (text == nullptr) {
    in.refuse(key, "packed values are expected");
    return {};
  }
  const auto bytes = from_base64url(*text);
  if (!bytes || bytes->size() % sizeof(T) != 0) {
    in.refuse(key, "packed values are expected");
    return {};
  }
  std::vector<T> values(bytes->size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes->data(), bytes->size());
  return values;
}

template <class T>
T unpack_one(JsonReader& in, std::string_view key) {
  const auto values = unpack<T>(in, key);
  if (values.size() == 1) return values[0];
  in.refuse(key, "one packed value is expected");
  return {};
}

template <class T>
std::string pack_one(T value) {
  return pack(std::span<const T>(&value, 1));
}

}  // namespace amity::models
