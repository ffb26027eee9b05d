// The server over TLS, with certificates made here: what it speaks, what it refuses, and what it says at start.
#include "api/server/tls.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "api/certificate_fixture.h"
#include "api/client.h"
#include "api/router_fixture.h"
#include "base/check.h"
#include "base/log.h"

namespace amity::api {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Connection = std::unique_ptr<SSL, Freed<SSL_free>>;

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    set_log_level(Level::kError);
    fs::create_directories(folder_);
    const auto key = new_key();
    write_key(path("key.pem"), key.get());
    write_certificate(path("certificate.pem"), certificate_of(key.get()).get());
  }
  ~TlsTest() override {
    server_.reset();
    fs::remove_all(folder_);
    set_log_level(Level::kInfo);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, std::string_view text) const { std::ofstream(path(name)) << text; }

  Result<std::unique_ptr<Server>> start(const std::string& certificate, const std::string& key,
                                        Duration head_timeout = seconds(10)) {
    ServerOptions options{.port = 0, .tls = TlsFiles{certificate, key}};
    options.head_timeout = head_timeout;
    return Server::start(options, router_, metrics_);
  }
  void serve(Duration head_timeout = seconds(10)) {
    auto started = start(path("certificate.pem"), path("key.pem"), head_timeout);
    ASSERT_TRUE(started) << started.error().text();
    server_ = std::move(*started);
  }
  std::string refused(const std::string& certificate, const std::string& key) {
    const auto started = start(certificate, key);
    return started ? "started" : started.error().place + ": " + started.error().message;
  }

  int connected() const {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval ten_seconds{10, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &ten_seconds, sizeof ten_seconds);
    return socket;
  }
  static std::string everything_from(int socket) {
    std::string all;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::recv(socket, buffer, sizeof buffer, 0)) > 0;) {
      all.append(buffer, static_cast<size_t>(size));
    }
    ::close(socket);
    return all;
  }
  // The version that a client gets which offers this one alone, or why not.
  std::string version_for(int version) const {
    const Context context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_security_level(context.get(), 0);  // or OpenSSL itself would not offer the old ones
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    const Connection connection(SSL_new(context.get()));
    const int socket = connected();
    SSL_set_fd(connection.get(), socket);
    ERR_clear_error();
    const bool is_made = SSL_connect(connection.get()) == 1;
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    const std::string result = is_made ? SSL_get_version(connection.get()) : reason == nullptr ? "closed" : reason;
    ::close(socket);
    return result;
  }

  fs::path folder_ = fs::temp_directory_path() / ("amity_tls_" + to_hex(random_bytes(8)));
  SystemClock clock_;
  Metrics metrics_;
  Router router_{{.routes = {{.method = Method::kGet, .pattern = "/echo/{word}", .handler = echo, .is_open = true}},
                  .authenticate = caller_of,
                  .clock = &clock_,
                  .metrics = &metrics_}};
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTest, answers_a_client_that_knows_its_certificate) {
  serve();
  const auto transport = http_transport({.port = server_->port(), .certificate_authority = path("certificate.pem")});
  for (int i = 0; i < 3; ++i) {
    const auto answer = transport->send(request_to(Method::kGet, "/echo/safe"));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->status, 200);
    EXPECT_NE(answer->body.find("safe"), std::string::npos);
    EXPECT_NE(answer->header("strict-transport-security"), "");
  }
}

TEST_F(TlsTest, is_not_believed_by_a_client_that_knows_another_certificate) {
  serve();
  write_certificate(path("other.pem"), certificate_of(new_key().get()).get());
  const auto transport = http_transport({.port = server_->port(), .certificate_authority = path("other.pem")});
  const auto answer = transport->send(request_to(Method::kGet, "/echo/safe"));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("certificate"), std::string::npos) << answer.error().message;
}

// Whatever the certificate is made out to and whoever issued it.
TEST_F(TlsTest, is_believed_by_a_client_that_was_told_its_fingerprint_and_by_no_fingerprint_but_its_own) {
  const auto key = new_key();
  write_key(path("key.pem"), key.get());
  write_certificate(path("certificate.pem"), certificate_of(key.get(), "DNS:bank.example").get());
  serve();
  const auto ask = [&](const std::string& fingerprint) {
    const auto transport = http_transport({.port = server_->port(), .certificate_fingerprint = fingerprint});
    return transport->send(request_to(Method::kGet, "/echo/safe"));
  };
  const auto own = server_->certificate_fingerprint();
  ASSERT_EQ(own.size(), 64u);
  const auto answer = ask(own);
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 200);
  for (const auto& other : {own.substr(1) + own[0], own.substr(0, 63), std::string(64, '0')}) {
    const auto refused = ask(other);
    ASSERT_FALSE(refused) << other;
    EXPECT_NE(refused.error().message.find("certificate"), std::string::npos) << refused.error().message;
  }
  const auto by_name = http_transport({.port = server_->port(), .certificate_authority = path("certificate.pem")});
  EXPECT_FALSE(by_name->send(request_to(Method::kGet, "/echo/safe")));  // it is made out to another name
}

TEST_F(TlsTest, speaks_tls_1_2_and_1_3_and_nothing_older) {
  serve();
  EXPECT_EQ(version_for(TLS1_3_VERSION), "TLSv1.3");
  EXPECT_EQ(version_for(TLS1_2_VERSION), "TLSv1.2");
  EXPECT_EQ(version_for(TLS1_1_VERSION), "tlsv1 alert protocol version");
  EXPECT_EQ(version_for(TLS1_VERSION), "tlsv1 alert protocol version");
}

TEST_F(TlsTest, tells_who_speaks_plain_http_to_use_https) {
  serve();
  const int socket = connected();
  const std::string_view request = "GET /echo/open HTTP/1.1\r\nHost: a\r\n\r\n";
  ::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
  const auto answer = everything_from(socket);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
  EXPECT_NE(answer.find("use https"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("open"), std::string::npos) << answer;  // no handler saw it
}

TEST_F(TlsTest, closes_on_what_is_neither_and_serves_on) {
  serve();
  const int socket = connected();
  ::send(socket, "\x16\x03\x01\xff\xff nonsense", 14, MSG_NOSIGNAL);
  ::shutdown(socket, SHUT_WR);
  EXPECT_EQ(everything_from(socket).find("HTTP"), std::string::npos);
  EXPECT_EQ(version_for(TLS1_3_VERSION), "TLSv1.3");
}

TEST_F(TlsTest, ends_a_handshake_that_comes_too_slowly) {
  serve(microseconds(300'000));
  const auto begun = Steady::now();
  const int silent = connected();
  const int slow = connected();
  ::send(slow, "\x16\x03\x01", 3, MSG_NOSIGNAL);  // the beginning of a record that never comes
  EXPECT_EQ(everything_from(silent), "");
  EXPECT_EQ(everything_from(slow).find("HTTP"), std::string::npos);
  const auto took = Steady::now() - begun;
  EXPECT_GE(took, std::chrono::milliseconds(250));
  EXPECT_LT(took, std::chrono::seconds(4));
  EXPECT_EQ(version_for(TLS1_3_VERSION), "TLSv1.3");
}

TEST_F(TlsTest, stops_while_a_handshake_hangs) {
  serve(microseconds(300'000));
  const int silent = connected();
  EXPECT_EQ(version_for(TLS1_3_VERSION), "TLSv1.3");  // by now the silent one has been accepted too
  const auto begun = Steady::now();
  server_->stop();
  EXPECT_LT(Steady::now() - begun, std::chrono::seconds(4));
  ::close(silent);
}

TEST_F(TlsTest, refuses_files_it_cannot_serve_with_and_names_the_setting) {
  write("empty.pem", "");
  write("nonsense.pem", "-----BEGIN NONSENSE-----\n");
  write_key(path("other_key.pem"), new_key().get());
  write_key(path("locked_key.pem"), new_key().get(), "pass phrase");
  const auto certificate = path("certificate.pem");
  const auto key = path("key.pem");
  EXPECT_EQ(refused(path("none.pem"), key), "tls-certificate: the file is missing, empty or cannot be read");
  EXPECT_EQ(refused(path("empty.pem"), key), "tls-certificate: the file is missing, empty or cannot be read");
  EXPECT_EQ(refused(path("nonsense.pem"), key), "tls-certificate: the file holds no certificate in PEM");
  EXPECT_EQ(refused(key, key), "tls-certificate: the file holds no certificate in PEM");
  EXPECT_EQ(refused(certificate, path("none.pem")), "tls-key: the file is missing, empty or cannot be read");
  EXPECT_EQ(refused(certificate, folder_.string()), "tls-key: the file is missing, empty or cannot be read");
  EXPECT_EQ(refused(certificate, path("nonsense.pem")), "tls-key: the file holds no private key in PEM");
  EXPECT_EQ(refused(certificate, path("other_key.pem")), "tls-key: the key is not that of the certificate");
  EXPECT_EQ(refused(certificate, path("locked_key.pem")), "tls-key: the key is under a pass phrase: give one without");
  EXPECT_EQ(refused(certificate, ""), "tls-key: TLS needs both a certificate and its key");
  EXPECT_EQ(refused("", key), "tls-certificate: TLS needs both a certificate and its key");
  EXPECT_EQ(refused(certificate, key), "started");
}

}  // namespace
}  // namespace amity::api
