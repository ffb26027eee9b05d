#include "api/client/answer_reader.h"

#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace amity::api {
namespace {

namespace http = boost::beast::http;

constexpr size_t kReadBytes = 64 * 1024;
// "0\r\n\r\n": fed less, Beast 1.81 ends the process (api/server/request_reader.cpp says how).
constexpr size_t kLastChunkBytes = 5;

Response response_of(http::response<http::string_body> message) {
  Response response{.status = static_cast<int>(message.result_int()), .content_type = {}, .headers = {}, .body = {}};
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (name == "content-type") response.content_type = std::string(field.value());
    response.headers.push_back({std::move(name), std::string(field.value())});
  }
  response.body = std::move(message.body());
  return response;
}

}  // namespace

class AnswerReader::Body {
 public:
  explicit Body(bool is_head) : buffer_(kReadBytes, '\0') {
    parser_.body_limit(kAnswerBytesMax);
    parser_.skip(is_head);
  }
  std::span<char> space() { return std::span(buffer_).subspan(held_); }
  boost::system::error_code received(size_t count) {
    held_ += count;
    while (held_ > 0 && !parser_.is_done()) {
      if (parser_.is_header_done() && parser_.chunked() && held_ < kLastChunkBytes) break;
      boost::system::error_code error;
      const size_t used = parser_.put(boost::asio::buffer(buffer_.data(), held_), error);
      buffer_.erase(0, used);
      buffer_.append(used, '\0');
      held_ -= used;
      if (error == http::error::need_more) break;
      if (error) return error;
    }
    if (held_ == buffer_.size()) return make_error_code(http::error::header_limit);
    return {};
  }
  bool is_whole() const { return parser_.is_done(); }
  Response take() { return response_of(parser_.release()); }

 private:
  http::response_parser<http::string_body> parser_;
  std::string buffer_;
  size_t held_ = 0;
};

AnswerReader::AnswerReader(bool is_head) : body_(std::make_unique<Body>(is_head)) {}
AnswerReader::~AnswerReader() = default;
std::span<char> AnswerReader::space() { return body_->space(); }
boost::system::error_code AnswerReader::received(size_t count) { return body_->received(count); }
bool AnswerReader::is_whole() const { return body_->is_whole(); }
Response AnswerReader::take() { return body_->take(); }

}  // namespace amity::api
