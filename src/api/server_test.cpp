#include "api/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "api/client.h"
#include "api/router_fixture.h"
#include "base/check.h"
#include "base/log.h"

namespace amity::api {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

// A door that keeps handlers waiting until it is opened.
class Door {
 public:
  void open() {
    const std::scoped_lock lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  int waiting_ = 0;
};

// A plain socket, so that anything can be sent.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval ten_seconds{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the other side has closed: the answer tells
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }
  // Until the other side closes, or until `wanted` has come.
  std::string receive(std::string_view wanted = "\xFF") {
    while (received_.find(wanted) == std::string::npos) {
      char buffer[4096];
      const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      received_.append(buffer, static_cast<size_t>(count));
    }
    return std::exchange(received_, {});
  }

 private:
  int socket_;
  std::string received_;
};

int count_of(std::string_view text, std::string_view part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class ServerTest : public testing::Test {
 protected:
  ServerTest() { set_log_level(Level::kError); }
  ~ServerTest() override {
    door.open();
    set_log_level(Level::kInfo);
  }

  std::vector<Route> routes() {
    const auto wait = [this](const Request&) -> Result<Response> {
      door.pass();
      return json_response({{"waited", true}});
    };
    return {
        {.method = Method::kGet, .pattern = "/echo/{word}", .handler = echo, .is_open = true},
        {.method = Method::kPost,
         .pattern = "/echo",
         .handler = echo,
         .is_open = true,
         .body_bytes_max = 1000,
         .query = {"name"}},
        {.method = Method::kGet, .pattern = "/wait", .handler = wait, .is_open = true},
    };
  }

  void serve(ServerOptions options = {}) {
    options.port = 0;
    auto started = Server::start(options, router, metrics);
    ASSERT_TRUE(started) << started.error().text();
    server = std::move(*started);
  }
  // What comes back when these bytes are sent and the sending side then closes.
  std::string answer_to(std::string_view bytes) {
    RawClient client(server->port());
    client.send(bytes);
    client.finish_sending();
    return client.receive();
  }
  static std::string status_line(std::string_view answer) { return std::string(answer.substr(0, answer.find("\r\n"))); }
  int status_of(std::string_view bytes) {
    const auto answer = answer_to(bytes);
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
  }

  Door door;
  SystemClock clock;
  Metrics metrics;
  Router router{{.routes = routes(), .authenticate = caller_of, .clock = &clock, .metrics = &metrics}};
  std::unique_ptr<Server> server;
};

TEST_F(ServerTest, answers_and_keeps_the_connection) {
  serve();
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /echo/again HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto answer = client.receive("again\"},\"query\":{}}");
    EXPECT_EQ(status_line(answer), "HTTP/1.1 200 OK");
    EXPECT_EQ(count_of(answer, "connection: close"), 0);
  }
}

TEST_F(ServerTest, answers_pipelined_requests_in_their_order) {
  serve();
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += fmt::format("GET /echo/w{:02} HTTP/1.1\r\nHost: a\r\n\r\n", i);
  const auto answer = answer_to(requests);
  size_t last = 0;
  for (int i = 0; i < 20; ++i) {
    const size_t at = answer.find(fmt::format("\"w{:02}\"", i));
    ASSERT_NE(at, std::string::npos) << i;
    EXPECT_GT(at, last);
    last = at;
  }
}

TEST_F(ServerTest, takes_bytes_one_at_a_time) {
  serve();
  RawClient client(server->port());
  for (const char c : std::string_view("GET /echo/slow HTTP/1.1\r\nHost: a\r\n\r\n")) {
    client.send({&c, 1});
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(status_line(client.receive("slow")), "HTTP/1.1 200 OK");
}

TEST_F(ServerTest, takes_an_empty_chunked_body_one_byte_at_a_time) {
  serve();
  RawClient client(server->port());
  for (const char c :
       std::string_view("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")) {
    client.send({&c, 1});
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(status_line(client.receive("query")), "HTTP/1.1 200 OK");
}

TEST_F(ServerTest, answers_a_client_that_has_closed_its_sending_side) {
  serve();
  EXPECT_EQ(status_of("GET /echo/half HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
}

TEST_F(ServerTest, closes_without_an_answer_where_a_request_breaks_off) {
  serve();
  EXPECT_EQ(answer_to("GET /echo/x HTTP/1.1\r\nHo"), "");
  EXPECT_EQ(answer_to("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"), "");
  EXPECT_EQ(answer_to(""), "");
}

TEST_F(ServerTest, leaves_out_the_body_for_head) {
  serve();
  const auto answer = answer_to("HEAD /echo/x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_line(answer), "HTTP/1.1 200 OK");
  EXPECT_EQ(count_of(answer, "content-length: 48"), 1);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, reads_bodies_by_length_and_in_chunks) {
  serve();
  const auto plain =
      answer_to("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(count_of(plain, "\"body\":\"hello\""), 1);
  const auto chunked = answer_to(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nAuthorization: Bearer x\r\n\r\n");
  EXPECT_EQ(count_of(chunked, "\"body\":\"hello\""), 1);
}

TEST_F(ServerTest, says_continue_to_a_client_that_waits_for_it) {
  serve();
  RawClient client(server->port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("{}");
  EXPECT_EQ(status_line(client.receive("query")), "HTTP/1.1 200 OK");
}

// RFC 9112 sections 2.2, 3, 5 and 6: what must or should be answered with 400, and what two readers could frame
// differently (request smuggling).
TEST_F(ServerTest, refuses_malformed_requests) {
  serve();
  const std::string host = "Host: a\r\n";
  for (const std::string& request : {
           "hello\r\n\r\n"s,
           "GET\r\n\r\n"s,
           "GET /echo/x\r\n\r\n"s,
           "GET  /echo/x HTTP/1.1\r\n" + host + "\r\n",
           "GET /echo/x HTTP/1.1\r\n\r\n"s,                                       // no Host
           "GET /echo/x HTTP/1.1\r\n" + host + host + "\r\n",                     // two
           "GET /echo/x HTTP/1.1\r\n" + host + "Name : x\r\n\r\n",                // space before the colon
           "GET /echo/x HTTP/1.1\r\n" + host + "Na\x01me: x\r\n\r\n",             // control character
           "GET /echo/x HTTP/1.1\r\n" + host + "Name: a\x01z\r\n\r\n",            // in the value
           "GET /echo/x HTTP/1.1\r\nHost: a\nName: x\r\n\r\n"s,                   // bare line feed
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n",        //
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n",       //
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\nhello",  //
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5, 5\r\n\r\nhello",
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host +
               "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzzz\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
           "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
           "CONNECT other:443 HTTP/1.1\r\n" + host + "\r\n",
           "GET http://other/ HTTP/1.1\r\n" + host + "\r\n",
       }) {
    EXPECT_EQ(status_of(request), 400) << request;
  }
}

TEST_F(ServerTest, speaks_http_1_only) {
  serve();
  EXPECT_EQ(status_of("GET /echo/x HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  const auto answer = answer_to("GET /echo/x HTTP/1.0\r\n\r\nGET /echo/second HTTP/1.0\r\n\r\n");
  EXPECT_EQ(count_of(answer, "HTTP/1.1 200 OK"), 1);
  EXPECT_EQ(count_of(answer, "connection: close"), 1);
}

TEST_F(ServerTest, refuses_methods_outside_its_list) {
  serve();
  EXPECT_EQ(status_of("TRACE /echo/x HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
  EXPECT_EQ(status_of("BREW /echo/x HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
}

TEST_F(ServerTest, refuses_headers_over_the_limit_even_before_they_end) {
  serve({.header_bytes_max = 1000});
  EXPECT_EQ(status_of("GET /echo/x HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(status_of("GET /echo/x HTTP/1.1\r\nHost: a\r\nX: " + std::string(100'000, 'x')), 431);
  EXPECT_EQ(status_of("GET /echo/x HTTP/1.1\r\nHost: a\r\nX: " + std::string(500, 'x') + "\r\n\r\n"), 200);
}

TEST_F(ServerTest, refuses_a_body_over_the_routes_limit_before_it_is_sent) {
  serve();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
  EXPECT_EQ(status_of(head + "Content-Length: 1001\r\n\r\n"), 413);
  EXPECT_EQ(status_of(head + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x')), 200);
  EXPECT_EQ(status_of(head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n"),
            413);
  EXPECT_EQ(status_of("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), 413);
  EXPECT_EQ(status_of(head + "Content-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x')), 413);
}

TEST_F(ServerTest, bounds_the_bytes_of_all_bodies_together) {
  serve({.body_bytes_in_memory_max = 1500});
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
      "Content-Length: 1000\r\n\r\n";
  RawClient first(server->port());
  first.send(head);
  ASSERT_EQ(first.receive("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(status_of(head), 503);
  first.send(std::string(1000, 'x'));
  EXPECT_EQ(status_line(first.receive("query")), "HTTP/1.1 200 OK");
  EXPECT_EQ(status_of(head + std::string(1000, 'x')), 100);  // given back
}

TEST_F(ServerTest, ends_a_request_that_comes_too_slowly) {
  serve({.head_timeout = microseconds(300'000), .body_timeout = microseconds(300'000)});
  RawClient slow_head(server->port());
  slow_head.send("GET /echo/x HTTP/1.1\r\nX-a: b\r\n");
  EXPECT_EQ(status_line(slow_head.receive()), "HTTP/1.1 408 Request Timeout");
  RawClient slow_body(server->port());
  slow_body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nh");
  EXPECT_EQ(status_line(slow_body.receive()), "HTTP/1.1 408 Request Timeout");
}

TEST_F(ServerTest, is_not_held_open_by_a_drip_of_bytes) {
  serve({.head_timeout = microseconds(300'000)});
  RawClient client(server->port());
  client.send("GET /echo/x HTTP/1.1\r\n");
  const auto begin = std::chrono::steady_clock::now();
  std::thread drip([&] {
    for (int i = 0; i < 20; ++i) {
      client.send("X: y\r\n");
      std::this_thread::sleep_for(milliseconds(50));
    }
  });
  EXPECT_EQ(status_line(client.receive("408")).substr(0, 12), "HTTP/1.1 408");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(900));
  drip.join();
}

TEST_F(ServerTest, closes_idle_connections_without_a_word) {
  serve({.idle_timeout = microseconds(200'000)});
  RawClient client(server->port());
  EXPECT_EQ(client.receive(), "");
}

TEST_F(ServerTest, says_503_when_too_many_requests_wait) {
  serve({.worker_count = 1, .queue_limit = 1});
  const std::string request = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";
  RawClient running(server->port());
  running.send(request);
  door.wait_for(1);
  RawClient waiting(server->port());
  waiting.send(request);
  std::string answer;
  for (int i = 0; i < 100 && !answer.starts_with("HTTP/1.1 503"); ++i) {  // until `waiting` is in the queue
    RawClient third(server->port());
    third.send(request);
    third.finish_sending();
    if (metrics.text().find("amity_http_queue_depth 1") != std::string::npos) answer = third.receive();
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 Service Unavailable")) << answer;
  EXPECT_EQ(count_of(answer, "retry-after: 1"), 1);
  EXPECT_EQ(count_of(answer, "application/problem+json"), 1);
  door.open();
  EXPECT_EQ(status_line(running.receive("waited")), "HTTP/1.1 200 OK");
  EXPECT_EQ(status_line(waiting.receive("waited")), "HTTP/1.1 200 OK");
}

TEST_F(ServerTest, takes_no_more_connections_than_its_limit) {
  serve({.connection_limit = 1});
  RawClient first(server->port());
  first.send("GET /echo/x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_line(first.receive("query")), "HTTP/1.1 200 OK");
  RawClient second(server->port());
  EXPECT_EQ(second.receive(), "");
}

TEST_F(ServerTest, finishes_what_it_accepted_when_it_stops) {
  serve();
  RawClient working(server->port());
  RawClient idle(server->port());
  working.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  door.wait_for(1);
  std::thread stopping([&] { server->stop(); });
  EXPECT_EQ(idle.receive(), "");  // closed at once
  door.open();
  const auto answer = working.receive();
  EXPECT_EQ(status_line(answer), "HTTP/1.1 200 OK");
  EXPECT_EQ(count_of(answer, "waited"), 1);
  stopping.join();
}

TEST_F(ServerTest, serves_another_address_than_loopback_only_with_tls) {
  const auto refused = Server::start({.address = "0.0.0.0", .port = 0}, router, metrics);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().place, "listen");
  EXPECT_FALSE(Server::start({.address = "localhost.", .port = 0}, router, metrics));
}

TEST_F(ServerTest, says_which_port_is_taken) {
  serve();
  const auto second = Server::start({.port = server->port()}, router, metrics);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
}

TEST_F(ServerTest, is_called_by_the_client_as_the_router_is) {
  serve();
  const auto over_http = http_transport({.port = server->port(), .authorization = "Bearer agent"});
  const auto in_process = router_transport(router, caller_with(security::Role::kServiceAgent));
  for (auto* transport : {over_http.get(), in_process.get()}) {
    Request request;
    request.method = Method::kPost;
    request.target = "/echo?name=" + percent_encoded("a b&c=d");
    request.body = "{}";
    const auto answer = json_answer(transport->send(request));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->at("body"), "{}");
    EXPECT_EQ(answer->at("query").at("name"), "a b&c=d");
    request.target = "/nowhere";
    request.body.clear();
    EXPECT_EQ(json_answer(transport->send(request)).error().code, Code::kNotFound);
  }
}

TEST_F(ServerTest, is_missed_by_the_client_with_a_clear_error) {
  serve();
  const auto port = server->port();
  const auto slow = http_transport({.port = port, .timeout = microseconds(200'000)});
  Request request;
  request.target = "/wait";
  EXPECT_EQ(slow->send(request).error().code, Code::kTimeout);
  door.open();
  server->stop();
  EXPECT_EQ(http_transport({.port = port})->send(request).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace amity::api
