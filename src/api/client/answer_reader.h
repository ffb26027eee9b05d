// From bytes to one response, without a socket: what the client and the fuzz target share. Parsing itself is Beast's.
//
//   AnswerReader reader(is_head);
//   while (!reader.is_whole()): read into reader.space(), refuse what reader.received(count) says is none
//   take() it
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <boost/system/error_code.hpp>

#include "api/message.h"

namespace amity::api {

constexpr uint64_t kAnswerBytesMax = 256 * 1024 * 1024;

class AnswerReader {
 public:
  explicit AnswerReader(bool is_head);  // the answer to HEAD has no body, whatever its length says
  ~AnswerReader();

  std::span<char> space();                           // where the next bytes go; never empty
  boost::system::error_code received(size_t count);  // that many bytes were put into space()
  bool is_whole() const;
  Response take();  // once, when it is whole

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

}  // namespace amity::api
