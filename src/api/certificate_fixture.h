// For tests: keys and certificates signed by themselves, made here.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/crypto.h"

namespace amity::api {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* made) const {
    Free(made);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using File = std::unique_ptr<FILE, Freed<fclose>>;

inline Key new_key() { return Key(EVP_EC_gen("P-256")); }

// For "IP:127.0.0.1" or "DNS:bank.example", signed by its own key, good for an hour.
inline Certificate certificate_of(EVP_PKEY* key, const std::string& subject = "IP:127.0.0.1") {
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key);
  auto* name = X509_get_subject_name(made.get());
  const auto common_name = subject.substr(subject.find(':') + 1);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, as_bytes(common_name).data(), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject.c_str());
  X509_add_ext(made.get(), extension, -1);
  X509_EXTENSION_free(extension);
  CHECK(X509_sign(made.get(), key, EVP_sha256()) > 0);
  return made;
}

inline void write_certificate(const std::string& path, X509* certificate) {
  const File file(fopen(path.c_str(), "w"));
  CHECK(PEM_write_X509(file.get(), certificate) == 1);
}

inline void write_key(const std::string& path, EVP_PKEY* key, const std::string& pass_phrase = "") {
  const File file(fopen(path.c_str(), "w"));
  const auto* cipher = pass_phrase.empty() ? nullptr : EVP_aes_256_cbc();
  const auto* bytes = pass_phrase.empty() ? nullptr : as_bytes(pass_phrase).data();
  CHECK(PEM_write_PrivateKey(file.get(), key, cipher, bytes, static_cast<int>(pass_phrase.size()), nullptr, nullptr) ==
        1);
}

}  // namespace amity::api
