// What the server needs of TLS: its certificate and key read and checked at start, and plain HTTP recognised where TLS
// is spoken.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "api/server.h"
#include "base/result.h"

namespace amity::api {

// TLS 1.2 and 1.3 with forward secrecy only. invalid, the place naming the setting: a file that is missing, unreadable
// or no PEM, a key under a pass phrase (nobody is there to type it), a key that is another certificate's.
Result<boost::asio::ssl::context> load_tls(const TlsFiles& files);

// SHA-256 of the certificate a loaded context shows, in hexadecimal.
std::string fingerprint_of(boost::asio::ssl::context& context);

// Whether a handshake failed because the other side began to speak HTTP without TLS.
bool is_plain_http(const boost::system::error_code& handshake_error);

}  // namespace amity::api
