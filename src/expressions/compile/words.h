// Texts compared by their size and first bytes: two texts of up to 8 bytes are one if size and head agree, and most
// that differ are told apart without looking further.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace amity::expressions {

struct Word {
  uint64_t head = 0;
  const char* data = nullptr;
  uint64_t size = 0;
};

template <class Number>
uint64_t load(const char* data) {
  Number number;
  std::memcpy(&number, data, sizeof number);
  return number;
}

// Never reads beyond the text's end; only equality of heads means anything.
inline uint64_t head_of(const char* data, size_t size) {
  if (size >= 8) return load<uint64_t>(data);
  if (size >= 4) return load<uint32_t>(data) | load<uint32_t>(data + size - 4) << 32;
  if (size == 0) return 0;
  return load<uint8_t>(data) | load<uint8_t>(data + size / 2) << 8 | load<uint8_t>(data + size - 1) << 16;
}

inline Word word_of(std::string_view text) { return {head_of(text.data(), text.size()), text.data(), text.size()}; }

inline bool same(const Word& a, const Word& b) {
  if (a.head != b.head || a.size != b.size) return false;
  return a.size <= 8 || std::memcmp(a.data + 8, b.data + 8, a.size - 8) == 0;
}

}  // namespace amity::expressions
