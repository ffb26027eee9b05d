// How the command line calls the API: over HTTP where a server holds the database, else through a Router in this
// process. The same Request gives the same Response either way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/message.h"
#include "api/router.h"
#include "base/result.h"
#include "base/time.h"

namespace amity::api {

class Transport {
 public:
  virtual ~Transport() = default;
  // An error means that no answer came (unavailable, timeout); a problem document is a Response like any other.
  virtual Result<Response> send(Request request) = 0;
};

struct HttpTarget {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  std::string authorization = {};          // "Bearer ..." sent with each request; empty: none
  std::string certificate_authority = {};  // PEM file; not empty: TLS, the server's certificate checked against it
  // SHA-256 of the only certificate that is believed, whatever its name and issuer, in hexadecimal; not empty: TLS.
  std::string certificate_fingerprint = {};
  Duration timeout = seconds(120);  // of one request, connecting included
};

// One connection a request, blocking; for one thread.
std::unique_ptr<Transport> http_transport(HttpTarget target);
// `router` must outlive the transport. The caller is set on each request: the person is already signed in.
std::unique_ptr<Transport> router_transport(const Router& router, security::Caller caller);

// The JSON document of a successful response, else its problem as an Error (code, detail and place restored).
Result<json::value> json_answer(const Result<Response>& response);
// A value put into a target, percent-encoded (RFC 3986 unreserved characters stay).
std::string percent_encoded(std::string_view text);

}  // namespace amity::api
