// From bytes to requests, without a socket: the strict reading of HTTP/1.1 (RFC 9112) that the server and the fuzz
// target share. Parsing itself is Beast's; refused on top of it is whatever two readers could understand differently:
// Content-Length with Transfer-Encoding, either twice, any coding but a single "chunked", more or less than one Host.
//
//   RequestReader reader(header_bytes_max);
//   loop: read into reader.space(), state = reader.received(count)
//     kHead     -> the head is whole: look at head(), then state = reader.accept(body_bytes_max)
//     kRequest  -> take() it; bytes of a pipelined next request stay, state = reader.proceed()
//     kRefused  -> answer refusal() and close
#pragma once

#include <memory>
#include <span>
#include <string>

#include "api/message.h"
#include "api/problem.h"

namespace amity::api {

class RequestReader {
 public:
  enum class State { kNeedsMore, kHead, kRequest, kRefused };

  explicit RequestReader(size_t header_bytes_max);
  ~RequestReader();

  std::span<char> space();       // where the next bytes go; valid until the next call
  State received(size_t count);  // that many bytes were put into space()
  State proceed();               // goes on with the bytes that are there
  bool has_begun() const;        // a byte of the next request is there

  struct Head {
    Method method;
    std::string_view target;
    size_t body_bytes;  // by Content-Length; with chunks the most there may be, known after accept()
    bool is_chunked;
    bool expects_continue;  // waits for "100 Continue" before it sends the body
    bool keeps_alive;
  };
  const Head& head() const;
  State accept(size_t body_bytes_max);

  Request take();

  struct Refused {
    Refusal refusal;
    std::string_view detail;
  };
  const Refused& refusal() const;

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

// The bytes of a response. Status line, headers and body, nothing left to the socket to add.
struct Framing {
  bool is_head = false;  // the answer to HEAD: Content-Length of the body it leaves out
  bool keeps_alive = true;
  bool is_tls = false;  // adds Strict-Transport-Security
};
std::string response_bytes(const Response& response, const Framing& framing);

}  // namespace amity::api
