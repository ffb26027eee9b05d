#include <string>

#include "security/users.h"
#include "security/users/guessing.h"

namespace amity::security {
namespace {

constexpr size_t kLeastCharacters = 8;
constexpr size_t kMostCharacters = 1024;
constexpr size_t kMostBytes = 4 * kMostCharacters;

// Fewer guesses than this are tried by those who try everybody's account, or one person's for a long time.
constexpr double kLeastGuessesLog10 = 9.5;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return out;
}

// Characters of well-formed UTF-8 (counted by their first bytes); nothing where a byte cannot be one of it.
std::optional<size_t> count_characters(std::string_view text) {
  size_t count = 0;
  size_t following = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte & 0xc0) == 0x80) {
      if (following-- == 0) return std::nullopt;
      continue;
    }
    if (following != 0 || byte >= 0xf5 || byte == 0xc0 || byte == 0xc1) return std::nullopt;
    following = byte < 0x80 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    ++count;
  }
  return following == 0 ? std::optional(count) : std::nullopt;
}

std::unexpected<Error> refused(std::string reason) {
  return fail(Code::kUnprocessable, "this password cannot be used: " + std::move(reason), "/password");
}

}  // namespace

Result<void> check_password(std::string_view name, std::string_view password) {
  if (password.size() > kMostBytes) return refused("it is longer than 1024 characters");
  const auto characters = count_characters(password);
  if (!characters) return refused("it is not valid UTF-8");
  if (*characters < kLeastCharacters)
    return refused("it is shorter than 8 characters; a sentence of 15 or more is good");
  if (*characters > kMostCharacters) return refused("it is longer than 1024 characters");
  const std::string lowered = lower(password);
  if (lowered == lower(name)) return refused("it is the name");
  if (guesses_log10(lower(name), lowered) < kLeastGuessesLog10) {
    return refused("it is guessed easily: common words, names, dates, numbers, keys in a row; several words are good");
  }
  return {};
}

}  // namespace amity::security
