#include <algorithm>
#include <array>
#include <string>

#include "security/users.h"

namespace amity::security {
namespace {

constexpr size_t kLeastCharacters = 8;
constexpr size_t kMostCharacters = 1024;
constexpr size_t kMostBytes = 4 * kMostCharacters;

// Of the most common passwords those that are long enough to be refused by nothing else; in byte order.
constexpr auto kCommon = std::to_array<std::string_view>({
    // clang-format off
    "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "1qaz2wsx3edc", "5201314520", "a1234567", "a12345678", "a123456789",
    "aa123456", "abc12345", "abc123456", "abcd1234", "admin123", "admin1234", "administrator", "asd123456",
    "asdf1234", "asdfasdf", "asdfghjk", "asdfghjkl", "baseball", "basketball", "butterfly", "changeme", "charlie1",
    "chocolate", "computer", "corvette", "danielle", "dearbook", "einstein", "facebook", "fktrcfylh", "football",
    "g9l2d1fzpy", "garfield", "iloveyou", "iloveyou1", "internet", "jennifer", "jonathan", "letmein1", "letmein123",
    "liverpool", "maverick", "mercedes", "metallica", "michelle", "midnight", "mustang1", "myspace1", "p@ssw0rd",
    "passw0rd", "password", "password1", "password12", "password123", "password1234", "princess", "princess1",
    "q1w2e3r4", "q1w2e3r4t5", "qq123456", "qwer1234", "qwerasdf", "qwerty12", "qwerty123", "qwerty1234", "qwertyui",
    "qwertyuiop", "rush2112", "samantha", "scorpion", "september", "slipknot", "startrek", "starwars", "steelers",
    "sunshine", "superman", "superman1", "swordfish", "test1234", "trustno1", "victoria", "welcome1", "welcome123",
    "whatever", "woaini1314", "woaini520", "zaq12wsx", "zxcvbnm1", "zxcvbnm123",
    // clang-format on
});
static_assert(std::ranges::is_sorted(kCommon));

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

// "aaaaaaaa", "12345678", "87654321": each character follows the one before by the same step of 0, 1 or -1.
bool is_run(std::string_view text) {
  const auto step_at = [&](size_t i) { return static_cast<int>(text[i]) - static_cast<int>(text[i - 1]); };
  const int step = step_at(1);
  if (step < -1 || step > 1) return false;
  for (size_t i = 2; i < text.size(); ++i) {
    const bool wraps = step == 1 && text[i - 1] == '9' && text[i] == '0';
    if (step_at(i) != step && !wraps) return false;
  }
  return true;
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
  if (std::ranges::binary_search(kCommon, std::string_view(lowered)) || is_run(lowered)) {
    return refused("it is among the most common ones, which are tried first");
  }
  return {};
}

}  // namespace amity::security
