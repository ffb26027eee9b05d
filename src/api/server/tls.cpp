#include "api/server/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <fstream>

#include "base/check.h"
#include "base/crypto.h"

namespace amity::api {
namespace {

namespace ssl = boost::asio::ssl;

constexpr std::string_view kCertificatePlace = "tls-certificate";
constexpr std::string_view kKeyPlace = "tls-key";

Result<void> check_readable(const std::string& path, std::string_view place) {
  std::ifstream file(path, std::ios::binary);
  if (path.empty()) return invalid("TLS needs both a certificate and its key", std::string(place));
  if (!file || file.peek() == std::ifstream::traits_type::eof()) {
    return invalid("the file is missing, empty or cannot be read", std::string(place));
  }
  return {};
}

// Both forms of PEM say so in a header: "BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED".
bool is_under_pass_phrase(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return text.find("ENCRYPTED") != std::string::npos;
}

bool is_another_certificates(const boost::system::error_code& error) {
  const auto reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  return reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH;
}

}  // namespace

Result<ssl::context> load_tls(const TlsFiles& files) {
  TRY(check_readable(files.certificate_chain, kCertificatePlace));
  TRY(check_readable(files.private_key, kKeyPlace));
  boost::system::error_code error;
  ssl::context context(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.native_handle(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION);
  // Without it OpenSSL would ask on the terminal.
  context.set_password_callback([](size_t, ssl::context::password_purpose) { return std::string(); }, error);
  context.use_certificate_chain_file(files.certificate_chain, error);
  if (error) return invalid("the file holds no certificate in PEM", std::string(kCertificatePlace));
  context.use_private_key_file(files.private_key, ssl::context::pem, error);
  if (!error) return context;
  const auto* why = is_another_certificates(error)            ? "the key is not that of the certificate"
                    : is_under_pass_phrase(files.private_key) ? "the key is under a pass phrase: give one without"
                                                              : "the file holds no private key in PEM";
  return invalid(why, std::string(kKeyPlace));
}

std::string fingerprint_of(ssl::context& context) {
  Digest digest{};
  unsigned int size = 0;
  const auto* certificate = SSL_CTX_get0_certificate(context.native_handle());
  CHECK(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1 && size == digest.size());
  return to_hex(digest);
}

bool is_plain_http(const boost::system::error_code& handshake_error) {
  const auto code = static_cast<unsigned long>(handshake_error.value());
  return handshake_error.category() == boost::asio::error::get_ssl_category() && ERR_GET_LIB(code) == ERR_LIB_SSL &&
         ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
}

}  // namespace amity::api
