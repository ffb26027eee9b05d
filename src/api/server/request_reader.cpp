#include "api/server/request_reader.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/check.h"

namespace amity::api {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;
using RefusedOr = std::optional<RequestReader::Refused>;

constexpr size_t kReadBytes = 16 * 1024;
// "0\r\n\r\n": at least that much is still to come until a chunked body ends. Beast 1.81 asserts that it has it when it
// looks at a last chunk for the second time; fed less, it would end the process.
constexpr size_t kLastChunkBytes = 5;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

RequestReader::Refused refused_by(boost::system::error_code error) {
  if (error == http::error::header_limit) return {Refusal::kHeadersTooLarge, "the headers are larger than allowed"};
  if (error == http::error::body_limit) return {Refusal::kContentTooLarge, "the body is larger than allowed here"};
  if (error == http::error::bad_version) return {Refusal::kHttpVersionNotSupported, ""};
  return {Refusal::kMalformedHttp, "the request line, a header or a chunk is malformed"};
}

size_t count_of(const http::request<http::string_body>& message, http::field name) {
  const auto [begin, end] = message.equal_range(name);
  return static_cast<size_t>(std::distance(begin, end));
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() <= 18 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// RFC 9112 sections 3.2, 6.1 and 6.3: the framing must read one way only.
RefusedOr check_framing(const http::request<http::string_body>& message) {
  const auto malformed = [](std::string_view detail) {
    return RequestReader::Refused{Refusal::kMalformedHttp, detail};
  };
  const size_t lengths = count_of(message, http::field::content_length);
  const size_t codings = count_of(message, http::field::transfer_encoding);
  if (lengths + codings > 1) return malformed("Content-Length or Transfer-Encoding more than once");
  if (lengths == 1 && !is_digits(view(message[http::field::content_length]))) {
    return malformed("Content-Length is not one number");
  }
  if (codings == 1 && !boost::beast::iequals(message[http::field::transfer_encoding], "chunked")) {
    return malformed("the only Transfer-Encoding is chunked");
  }
  if (codings == 1 && message.version() == 10) return malformed("HTTP/1.0 has no Transfer-Encoding");
  const size_t hosts = count_of(message, http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() == 11)) return malformed("exactly one Host is needed");
  return std::nullopt;
}

RefusedOr check_head(const http::request<http::string_body>& message) {
  if (message.version() != 10 && message.version() != 11) {
    return RequestReader::Refused{Refusal::kHttpVersionNotSupported, ""};
  }
  const auto expect = message[http::field::expect];
  if (!expect.empty() && !boost::beast::iequals(expect, "100-continue")) {
    return RequestReader::Refused{Refusal::kExpectationFailed, "the only expectation is 100-continue"};
  }
  return check_framing(message);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

}  // namespace

class RequestReader::Body {
 public:
  explicit Body(size_t header_bytes_max) : header_bytes_max_(header_bytes_max) { start(); }

  std::span<char> space() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (begin_ > 0 && buffer_.size() - end_ < kReadBytes) {
      std::copy(buffer_.begin() + static_cast<ptrdiff_t>(begin_), buffer_.begin() + static_cast<ptrdiff_t>(end_),
                buffer_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    if (buffer_.size() - end_ < kReadBytes) buffer_.resize(end_ + kReadBytes);
    return {buffer_.data() + end_, kReadBytes};
  }

  void received(size_t count) { end_ += count; }
  bool has_begun() const { return begin_ < end_; }

  State proceed() {
    if (refused) return State::kRefused;
    const bool knew_head = parser_->is_header_done();
    while (begin_ < end_ && !parser_->is_done()) {
      if (knew_head && head.is_chunked && end_ - begin_ < kLastChunkBytes) break;
      boost::system::error_code error;
      const size_t used = parser_->put(boost::asio::buffer(buffer_.data() + begin_, end_ - begin_), error);
      begin_ += used;
      if (error == http::error::need_more) break;
      if (error) return refuse(refused_by(error));
      if (!knew_head && parser_->is_header_done()) return finish_head();
    }
    return parser_->is_done() ? State::kRequest : State::kNeedsMore;
  }

  State accept(size_t body_bytes_max) {
    if (head.body_bytes > body_bytes_max) {
      return refuse({Refusal::kContentTooLarge, "the body is larger than allowed here"});
    }
    parser_->body_limit(body_bytes_max);
    if (head.is_chunked) head.body_bytes = body_bytes_max;
    return proceed();
  }

  Request take() {
    CHECK(parser_->is_done());
    auto request = std::move(request_);
    request.body = std::move(parser_->get().body());
    start();
    return request;
  }

  Head head{};
  std::optional<Refused> refused;

 private:
  void start() {
    parser_.emplace();
    request_ = {};
    parser_->header_limit(static_cast<uint32_t>(header_bytes_max_));
    parser_->body_limit(boost::none);  // until accept() says what the route takes
    parser_->eager(false);
  }

  State refuse(Refused why) {
    refused = why;
    return State::kRefused;
  }

  State finish_head() {
    const auto& message = parser_->get();
    if (const auto why = check_head(message)) return refuse(*why);
    // Copied now: trailers of a chunked body must not become headers.
    for (const auto& field : message) {
      request_.headers.push_back({lower_case(view(field.name_string())), std::string(view(field.value()))});
    }
    request_.method = parse_method(view(message.method_string()));
    request_.target = view(message.target());
    head = {.method = request_.method,
            .target = request_.target,
            .body_bytes = static_cast<size_t>(parser_->content_length().value_or(0)),
            .is_chunked = parser_->chunked(),
            .expects_continue = !message[http::field::expect].empty() && message.version() == 11,
            .keeps_alive = message.version() == 11 && message.keep_alive()};
    return State::kHead;
  }

  size_t header_bytes_max_;
  std::optional<Parser> parser_;
  Request request_;
  std::string buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

RequestReader::RequestReader(size_t header_bytes_max) : body_(std::make_unique<Body>(header_bytes_max)) {}
RequestReader::~RequestReader() = default;
std::span<char> RequestReader::space() { return body_->space(); }
RequestReader::State RequestReader::received(size_t count) {
  body_->received(count);
  return body_->proceed();
}
RequestReader::State RequestReader::proceed() { return body_->proceed(); }
bool RequestReader::has_begun() const { return body_->has_begun(); }
const RequestReader::Head& RequestReader::head() const { return body_->head; }
RequestReader::State RequestReader::accept(size_t body_bytes_max) { return body_->accept(body_bytes_max); }
Request RequestReader::take() { return body_->take(); }
const RequestReader::Refused& RequestReader::refusal() const { return *body_->refused; }

std::string response_bytes(const Response& response, const Framing& framing) {
  const auto reason = view(http::obsolete_reason(static_cast<http::status>(response.status)));
  std::string out;
  out.reserve(512 + response.body.size());
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\n", response.status, reason);
  if (!response.content_type.empty()) fmt::format_to(to, "content-type: {}\r\n", response.content_type);
  const bool has_length = response.status >= 200 && response.status != 204 && response.status != 304;
  if (has_length) fmt::format_to(to, "content-length: {}\r\n", response.body.size());
  for (const auto& field : response.headers) fmt::format_to(to, "{}: {}\r\n", field.name, field.value);
  if (framing.is_tls) out += "strict-transport-security: max-age=31536000\r\n";
  if (!framing.keeps_alive) out += "connection: close\r\n";
  out += "\r\n";
  if (has_length && !framing.is_head) out += response.body;
  return out;
}

}  // namespace amity::api
