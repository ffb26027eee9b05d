#include "api/client.h"

#include <chrono>

#include <fmt/format.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "api/client/answer_reader.h"
#include "api/problem.h"
#include "base/crypto.h"

namespace amity::api {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
template <class T>
using Awaitable = asio::awaitable<T, Executor>;
constexpr asio::use_awaitable_t<Executor> kAwait{};

std::string request_bytes(const HttpTarget& target, const Request& request) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\nhost: {}:{}\r\nconnection: close\r\n", name_of(request.method),
                                request.target, target.host, target.port);
  if (!target.authorization.empty()) out += fmt::format("authorization: {}\r\n", target.authorization);
  for (const auto& field : request.headers) out += fmt::format("{}: {}\r\n", field.name, field.value);
  const bool has_type = !request.header("content-type").empty();
  if (!request.body.empty() && !has_type) out += "content-type: application/json\r\n";
  return out + fmt::format("content-length: {}\r\n\r\n", request.body.size()) + request.body;
}

// Errors of the network are exceptions here and stop in HttpTransport::send.
template <class Stream>
Awaitable<Response> converse(Stream& stream, const std::string& bytes, bool is_head) {
  co_await asio::async_write(stream, asio::buffer(bytes), kAwait);
  AnswerReader reader(is_head);
  while (!reader.is_whole()) {
    const auto space = reader.space();
    const size_t count = co_await stream.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
    if (const auto error = reader.received(count)) throw boost::system::system_error(error);
  }
  co_return reader.take();
}

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(HttpTarget target) : target_(std::move(target)) {}

  Result<Response> send(Request request) override {
    asio::io_context io{1};
    std::optional<Response> response;
    boost::system::error_code failure;
    const auto done = [&](std::exception_ptr error, Response got) {
      if (!error) response = std::move(got);
      failure = error_of(error);
    };
    try {
      asio::co_spawn(io, exchange(io, request), done);
      io.run_for(std::chrono::microseconds(target_.timeout.us));
    } catch (const boost::system::system_error& error) {
      failure = error.code();
    }
    if (response) return *std::move(response);
    if (!failure) return fail(Code::kTimeout, "the server did not answer in time; what was asked may have been done");
    return fail(Code::kUnavailable,
                fmt::format("no server answers at {}:{}: {}", target_.host, target_.port, failure.message()));
  }

 private:
  static boost::system::error_code error_of(const std::exception_ptr& error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const boost::system::system_error& known) {
      return known.code();
    } catch (...) {
      return make_error_code(boost::system::errc::io_error);
    }
    return {};
  }

  Awaitable<Response> exchange(asio::io_context& io, const Request& request) {
    const bool is_head = request.method == Method::kHead;
    const auto bytes = request_bytes(target_, request);
    Socket socket(io);
    asio::ip::basic_resolver<Tcp, Executor> resolver(io);
    const auto found = co_await resolver.async_resolve(target_.host, std::to_string(target_.port), kAwait);
    co_await asio::async_connect(socket, found, kAwait);
    const bool is_plain = target_.certificate_authority.empty() && target_.certificate_fingerprint.empty();
    if (is_plain) co_return co_await converse(socket, bytes, is_head);
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.set_verify_mode(asio::ssl::verify_peer);
    if (!target_.certificate_authority.empty()) context.load_verify_file(target_.certificate_authority);
    asio::ssl::stream<Socket> stream(std::move(socket), context);
    if (target_.certificate_fingerprint.empty()) {
      stream.set_verify_callback(asio::ssl::host_name_verification(target_.host));
    } else {
      stream.set_verify_callback([this](bool, asio::ssl::verify_context& chain) { return is_the_one(chain); });
    }
    co_await stream.async_handshake(asio::ssl::stream_base::client, kAwait);
    co_return co_await converse(stream, bytes, is_head);
  }

  // Asked for each certificate of the chain: who issued the server's own does not matter.
  bool is_the_one(asio::ssl::verify_context& chain) const {
    auto* const store = chain.native_handle();
    if (X509_STORE_CTX_get_error_depth(store) > 0) return true;
    Digest digest{};
    unsigned int size = 0;
    const auto* certificate = X509_STORE_CTX_get_current_cert(store);
    const bool is_read = certificate != nullptr && X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1;
    return is_read && to_hex(digest) == target_.certificate_fingerprint;
  }

  HttpTarget target_;
};

class RouterTransport final : public Transport {
 public:
  RouterTransport(const Router& router, security::Caller caller) : router_(router), caller_(std::move(caller)) {}

  Result<Response> send(Request request) override {
    request.caller = caller_;
    if (!request.body.empty() && request.header("content-type").empty()) {
      request.headers.push_back({"content-type", "application/json"});
    }
    return router_.handle(std::move(request));
  }

 private:
  const Router& router_;
  security::Caller caller_;
};

}  // namespace

std::unique_ptr<Transport> http_transport(HttpTarget target) {
  return std::make_unique<HttpTransport>(std::move(target));
}

std::unique_ptr<Transport> router_transport(const Router& router, security::Caller caller) {
  return std::make_unique<RouterTransport>(router, std::move(caller));
}

Result<json::value> json_answer(const Result<Response>& response) {
  if (!response) return std::unexpected(response.error());
  if (response->status >= 400) return std::unexpected(error_of_problem(*response));
  if (response->body.empty()) return json::value();
  return parse_json(response->body, kAnswerBytesMax);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kUnreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace amity::api
