// HTTP/1.1 on a socket, in front of a Router: plain on loopback, TLS 1.2 or 1.3 anywhere.
//
// One thread reads and writes all sockets (Asio coroutines); handlers run on a pool of workers and may block. Requests
// of one connection are answered in order (pipelining is safe). Everything is bounded: connections, header and body
// bytes, bytes of bodies in memory, requests waiting for a worker, and time. Beyond a bound the answer is a problem
// document with Retry-After, or the connection is closed where nothing sensible was sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/metrics.h"
#include "api/router.h"
#include "base/result.h"
#include "base/time.h"

namespace amity::api {

struct TlsFiles {
  std::string certificate_chain;  // PEM
  std::string private_key;        // PEM
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // another than loopback is refused without TLS
  uint16_t port = 8080;               // 0: any free one
  std::optional<TlsFiles> tls = {};
  int worker_count = 4;
  int queue_limit = 256;  // requests waiting for a worker; more get 503
  int connection_limit = 1024;
  size_t header_bytes_max = 16 * 1024;
  size_t body_bytes_in_memory_max = 256 * 1024 * 1024;  // of all requests being read or in work
  Duration head_timeout = seconds(10);                  // from a request's first byte to the end of its headers
  Duration body_timeout = seconds(30);
  Duration idle_timeout = seconds(60);  // between requests
  Duration write_timeout = seconds(30);
  Duration stop_timeout = seconds(30);  // how long `stop` waits for work in hand
};

class Server {
 public:
  // Listens and serves until `stop`. The router and the metrics must outlive the server.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, const Router& router, Metrics& metrics);
  ~Server();  // stops

  uint16_t port() const;
  // SHA-256 of the certificate, in hexadecimal; empty without TLS.
  const std::string& certificate_fingerprint() const;
  // Takes no more connections and requests, finishes what it accepted, returns when all is answered or after
  // stop_timeout. May be called more than once, from any thread but a worker.
  void stop();

 private:
  class Body;
  explicit Server(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace amity::api
