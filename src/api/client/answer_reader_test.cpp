#include "api/client/answer_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace amity::api {
namespace {

Response read_in_pieces(std::string_view bytes, size_t step, bool is_head = false) {
  AnswerReader reader(is_head);
  while (!bytes.empty() && !reader.is_whole()) {
    const auto space = reader.space();
    const auto count = std::min({step, bytes.size(), space.size()});
    std::copy_n(bytes.begin(), count, space.begin());
    bytes.remove_prefix(count);
    const auto error = reader.received(count);
    EXPECT_FALSE(error) << error.message();
  }
  EXPECT_TRUE(reader.is_whole());
  return reader.take();
}

TEST(AnswerReader, reads_an_answer_in_chunks_however_the_bytes_are_cut) {
  for (const std::string_view end : {"0\r\n\r\n", "0\r\nx: y\r\n\r\n"}) {
    const auto bytes =
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n6\r\n world\r\n" +
        std::string(end);
    for (size_t step = 1; step <= bytes.size(); ++step) {
      const auto response = read_in_pieces(bytes, step);
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.content_type, "text/plain");
      EXPECT_EQ(response.body, "hello world") << "cut after " << step;
    }
  }
}

// Cut where it hurts, this ends the process unless somebody keeps the last chunk together (Beast 1.81).
TEST(AnswerReader, lives_through_what_is_no_trailer_behind_a_last_chunk) {
  const std::string_view bytes =
      "HTTP/1.1 429 Too Many Requests\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
      "0\r\n{}\r\n0\r\n\r\n";
  for (size_t step = 1; step <= bytes.size(); ++step) {
    AnswerReader reader(false);
    boost::system::error_code error;
    for (size_t at = 0; at < bytes.size() && !error && !reader.is_whole(); at += step) {
      const auto piece = bytes.substr(at, step);
      std::ranges::copy(piece, reader.space().begin());
      error = reader.received(piece.size());
    }
    EXPECT_FALSE(reader.is_whole() && !error) << "cut after " << step;
  }
}

TEST(AnswerReader, waits_for_no_body_of_an_answer_to_head) {
  EXPECT_EQ(read_in_pieces("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", 100, true).body, "");
}

TEST(AnswerReader, refuses_headers_without_end) {
  AnswerReader reader(false);
  boost::system::error_code error;
  for (int i = 0; i < 1000 && !error; ++i) {
    const auto space = reader.space();
    ASSERT_FALSE(space.empty());
    std::ranges::fill(space, 'a');
    error = reader.received(space.size());
  }
  EXPECT_TRUE(error);
}

}  // namespace
}  // namespace amity::api
