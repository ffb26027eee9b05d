// The cryptography of the house, from libsodium and nothing else: digests, sealing, signatures, passwords, secrets.
//
// Digests are BLAKE2b-256 (RFC 7693). Sealing is XChaCha20-Poly1305 with a random 24-byte nonce put in front and the
// place of the value ("table.column:row") as associated data, so that a value moved elsewhere does not open. Signatures
// are Ed25519 (RFC 8032). Passwords are Argon2id (RFC 9106), 46 MiB, 1 pass, 1 lane (OWASP ASVS 5.0, 11.4.2).
// All functions may be called from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace amity {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

inline ByteView as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

using Digest = std::array<uint8_t, 32>;

Digest digest(ByteView data);
Digest keyed_digest(ByteView key, ByteView data);  // key of 16 to 64 bytes
// Digest of data that comes in pieces; each `add` of a field is preceded by its length, so ("ab","c") != ("a","bc").
class DigestWriter {
 public:
  DigestWriter();
  DigestWriter& add(ByteView field);
  DigestWriter& add(std::string_view field) { return add(as_bytes(field)); }
  DigestWriter& add(int64_t field);
  Digest finish();

 private:
  alignas(64) std::array<uint8_t, 384> state_;
};

std::string to_hex(ByteView bytes);
Result<Bytes> from_hex(std::string_view text);
std::string to_base64url(ByteView bytes);  // RFC 4648 section 5, no padding
Result<Bytes> from_base64url(std::string_view text);

// A 256-bit key that is wiped when it goes away and never printed.
class SecretKey {
 public:
  static SecretKey random();
  static Result<SecretKey> from_bytes(ByteView bytes);  // exactly 32
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();
  ByteView bytes() const { return bytes_; }
  // An independent key for another use: BLAKE2b keyed by this key over the label.
  SecretKey derive(std::string_view label) const;

 private:
  SecretKey() = default;
  std::array<uint8_t, 32> bytes_{};
};

Bytes random_bytes(size_t count);  // from the operating system: for keys, tokens and nonces
uint64_t random_seed();            // for a Random whose numbers need not repeat

constexpr size_t kSealOverheadBytes = 24 + 16;
Bytes seal(const SecretKey& key, ByteView plain, std::string_view place);
// conflict where the key, the place or a single bit is not the sealed one.
Result<Bytes> open(const SecretKey& key, ByteView sealed, std::string_view place);

struct SigningKey {
  std::array<uint8_t, 32> public_key{};
  std::array<uint8_t, 64> secret_key{};
  static SigningKey from_seed(const SecretKey& seed);
};
std::array<uint8_t, 64> sign(const SigningKey& key, ByteView message);
bool verify(ByteView public_key, ByteView message, ByteView signature);

std::string hash_password(std::string_view password);  // takes about 50 ms and 46 MiB
bool password_matches(std::string_view hash, std::string_view password);
bool password_needs_rehash(std::string_view hash);  // made with weaker parameters than today's

bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace amity
