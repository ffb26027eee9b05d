#include "security/users/tokens.h"

#include <algorithm>

namespace amity::security {
namespace {

constexpr std::string_view kSessionPrefix = "ams_";
constexpr std::string_view kKeyPrefix = "amk_";
constexpr size_t kIdBytes = 16;
constexpr size_t kSecretBytes = 32;
constexpr size_t kTextBytes = 4 + (kIdBytes + kSecretBytes) / 3 * 4;

// Without 0, 1, l and o, which people confuse: 32 signs, 5 bits each.
constexpr std::string_view kSigns = "abcdefghijkmnpqrstuvwxyz23456789";
static_assert(kSigns.size() == 32);
constexpr size_t kCodeSigns = 26;
constexpr size_t kGroupSigns = 5;

Token token_of(CredentialKind kind, ByteView content) {
  Token token{kind, {}, digest(content.subspan(kIdBytes))};
  std::ranges::copy(content.first(kIdBytes), token.id.bytes.begin());
  return token;
}

}  // namespace

NewToken make_token(CredentialKind kind) {
  const Bytes content = random_bytes(kIdBytes + kSecretBytes);
  const std::string_view prefix = kind == CredentialKind::kSession ? kSessionPrefix : kKeyPrefix;
  return {token_of(kind, content), std::string(prefix) + to_base64url(content)};
}

std::optional<Token> parse_token(std::string_view text) {
  if (text.size() != kTextBytes) return std::nullopt;
  const bool is_session = text.starts_with(kSessionPrefix);
  if (!is_session && !text.starts_with(kKeyPrefix)) return std::nullopt;
  const auto content = from_base64url(text.substr(kSessionPrefix.size()));
  if (!content || content->size() != kIdBytes + kSecretBytes) return std::nullopt;
  return token_of(is_session ? CredentialKind::kSession : CredentialKind::kApiKey, *content);
}

std::string make_one_time_code() {
  std::string code;
  const Bytes random = random_bytes(kCodeSigns);
  for (size_t i = 0; i < random.size(); ++i) {
    if (i > 0 && i % kGroupSigns == 0) code += '-';
    code += kSigns[random[i] % kSigns.size()];
  }
  return code;
}

Digest digest_of_code(std::string_view code) {
  std::string signs;
  for (const char c : code) {
    if (c == '-' || c == ' ') continue;
    signs += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return digest(as_bytes(signs));
}

}  // namespace amity::security
