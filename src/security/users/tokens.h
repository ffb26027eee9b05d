// The text of a session's token or an API key: "ams_" or "amk_" and base64url of its id and secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/id.h"

namespace amity::security {

enum class CredentialKind : int64_t { kSession = 1, kApiKey = 2 };

struct Token {
  CredentialKind kind = CredentialKind::kSession;
  Uuid id;               // random: says nothing, also not when it was made
  Digest secret_digest;  // what is kept of the secret
};

struct NewToken {
  Token token;
  std::string text;  // shown once
};

NewToken make_token(CredentialKind kind);
std::optional<Token> parse_token(std::string_view text);

std::string make_one_time_code();              // 130 bits in groups to be typed: "k7qf2-m3xva-..."
Digest digest_of_code(std::string_view code);  // dashes, spaces and case do not count

}  // namespace amity::security
