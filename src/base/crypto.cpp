#include "base/crypto.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace amity {
namespace {

// sodium_init is idempotent and thread-safe; the static makes it happen before the first use.
void ensure_ready() {
  static const bool ready = sodium_init() >= 0;
  CHECK(ready);
}

constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kNonceBytes + kTagBytes == kSealOverheadBytes);

constexpr unsigned long long kPasswordPasses = 1;
constexpr size_t kPasswordMemoryBytes = size_t{46} * 1024 * 1024;

constexpr int kBase64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

}  // namespace

Digest digest(ByteView data) {
  ensure_ready();
  Digest out;
  crypto_generichash(out.data(), out.size(), data.data(), data.size(), nullptr, 0);
  return out;
}

Digest keyed_digest(ByteView key, ByteView data) {
  ensure_ready();
  CHECK(key.size() >= 16 && key.size() <= 64);
  Digest out;
  crypto_generichash(out.data(), out.size(), data.data(), data.size(), key.data(), key.size());
  return out;
}

DigestWriter::DigestWriter() {
  ensure_ready();
  static_assert(sizeof(crypto_generichash_state) <= sizeof(state_));
  crypto_generichash_init(reinterpret_cast<crypto_generichash_state*>(state_.data()), nullptr, 0, 32);
}

DigestWriter& DigestWriter::add(ByteView field) {
  auto* state = reinterpret_cast<crypto_generichash_state*>(state_.data());
  uint8_t length[8];
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<uint8_t>(field.size() >> (8 * i));
  crypto_generichash_update(state, length, sizeof length);
  crypto_generichash_update(state, field.data(), field.size());
  return *this;
}

DigestWriter& DigestWriter::add(int64_t field) {
  uint8_t bytes[8];
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<uint8_t>(static_cast<uint64_t>(field) >> (8 * i));
  return add(ByteView(bytes, sizeof bytes));
}

Digest DigestWriter::finish() {
  Digest out;
  crypto_generichash_final(reinterpret_cast<crypto_generichash_state*>(state_.data()), out.data(), out.size());
  return out;
}

std::string to_hex(ByteView bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.empty()) return Bytes{};  // no null pointers into the library
  Bytes bytes(text.size() / 2);
  size_t length = 0;
  const char* end = nullptr;
  const int status = sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length, &end);
  if (status != 0 || length * 2 != text.size()) return invalid("not hexadecimal digits");
  return bytes;
}

std::string to_base64url(ByteView bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kBase64);
  text.resize(std::strlen(text.c_str()));
  return text;
}

Result<Bytes> from_base64url(std::string_view text) {
  if (text.empty()) return Bytes{};
  Bytes bytes(text.size());
  size_t length = 0;
  const char* end = nullptr;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length, &end, kBase64) != 0 ||
      end != text.data() + text.size()) {
    return invalid("not base64url");
  }
  bytes.resize(length);
  return bytes;
}

SecretKey SecretKey::random() {
  ensure_ready();
  SecretKey key;
  randombytes_buf(key.bytes_.data(), key.bytes_.size());
  return key;
}

Result<SecretKey> SecretKey::from_bytes(ByteView bytes) {
  SecretKey key;
  if (bytes.size() != key.bytes_.size()) return invalid("a key has exactly 32 bytes");
  std::ranges::copy(bytes, key.bytes_.begin());
  return key;
}

SecretKey::~SecretKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

SecretKey SecretKey::derive(std::string_view label) const {
  SecretKey key;
  key.bytes_ = keyed_digest(bytes_, as_bytes(label));
  return key;
}

Bytes random_bytes(size_t count) {
  ensure_ready();
  Bytes bytes(count);
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

uint64_t random_seed() {
  ensure_ready();
  uint64_t seed = 0;
  randombytes_buf(&seed, sizeof seed);
  return seed;
}

Bytes seal(const SecretKey& key, ByteView plain, std::string_view place) {
  ensure_ready();
  Bytes sealed(kNonceBytes + plain.size() + kTagBytes);
  randombytes_buf(sealed.data(), kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + kNonceBytes, nullptr, plain.data(), plain.size(),
                                             as_bytes(place).data(), place.size(), nullptr, sealed.data(),
                                             key.bytes().data());
  return sealed;
}

Result<Bytes> open(const SecretKey& key, ByteView sealed, std::string_view place) {
  ensure_ready();
  const auto refused = [] {
    return fail(Code::kConflict, "a sealed value does not open: another key, place or content");
  };
  if (sealed.size() < kSealOverheadBytes) return refused();
  Bytes plain(sealed.size() - kSealOverheadBytes);
  const int status = crypto_aead_xchacha20poly1305_ietf_decrypt(
      plain.data(), nullptr, nullptr, sealed.data() + kNonceBytes, sealed.size() - kNonceBytes, as_bytes(place).data(),
      place.size(), sealed.data(), key.bytes().data());
  if (status != 0) return refused();
  return plain;
}

SigningKey SigningKey::from_seed(const SecretKey& seed) {
  ensure_ready();
  SigningKey key;
  crypto_sign_seed_keypair(key.public_key.data(), key.secret_key.data(), seed.bytes().data());
  return key;
}

std::array<uint8_t, 64> sign(const SigningKey& key, ByteView message) {
  std::array<uint8_t, 64> signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), key.secret_key.data());
  return signature;
}

bool verify(ByteView public_key, ByteView message, ByteView signature) {
  ensure_ready();
  if (public_key.size() != crypto_sign_PUBLICKEYBYTES || signature.size() != crypto_sign_BYTES) return false;
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), public_key.data()) == 0;
}

std::string hash_password(std::string_view password) {
  ensure_ready();
  char out[crypto_pwhash_STRBYTES];
  const int status = crypto_pwhash_str_alg(out, password.data(), password.size(), kPasswordPasses, kPasswordMemoryBytes,
                                           crypto_pwhash_ALG_ARGON2ID13);
  CHECK(status == 0);  // fails only without 46 MiB of memory
  return out;
}

bool password_matches(std::string_view hash, std::string_view password) {
  ensure_ready();
  return crypto_pwhash_str_verify(std::string(hash).c_str(), password.data(), password.size()) == 0;
}

bool password_needs_rehash(std::string_view hash) {
  ensure_ready();
  return crypto_pwhash_str_needs_rehash(std::string(hash).c_str(), kPasswordPasses, kPasswordMemoryBytes) != 0;
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  ensure_ready();
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace amity
