#include "api/server.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "api/server/request_reader.h"
#include "api/server/tls.h"
#include "api/server/worker_pool.h"
#include "base/log.h"

namespace amity::api {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Steady = std::chrono::steady_clock;
// The concrete executor everywhere: the type-erased default costs as much again as reading the request.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using TlsSocket = asio::ssl::stream<Socket>;
using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;
using Timer = asio::basic_waitable_timer<Steady, asio::wait_traits<Steady>, Executor>;
// A trap: g++ 12 destroys twice what a coroutine takes by value from a temporary, and misplaces the parameters of a
// static member coroutine. Coroutines here take references and views that outlive them.
template <class T>
using Awaitable = asio::awaitable<T, Executor>;
constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwait{};

constexpr auto kSweepEvery = std::chrono::milliseconds(100);
constexpr auto kLingerAtMost = std::chrono::seconds(2);
constexpr size_t kLingerBytesMax = 1024 * 1024;

std::chrono::microseconds chrono_of(Duration duration) { return std::chrono::microseconds(duration.us); }

class Connection;

// What the connections of one server share. Only the thread of `io` touches it, the atomics excepted, which the gauges
// read for as long as the metrics live.
struct Counts {
  std::atomic<int64_t> connections{0};
  std::atomic<int64_t> body_bytes{0};
  std::atomic<int64_t> waiting{0};
};
struct Shared {
  ServerOptions options;
  const Router& router;
  std::shared_ptr<Counts> counts = std::make_shared<Counts>();
  std::set<Connection*> connections = {};
  bool is_stopping = false;
  std::function<void()> when_empty = {};
  WorkerPool workers;
  asio::io_context io{1};  // last: conversations that go away with it still use the others
};

// What the sweep sees of a connection: how long it may still take, and how to cut it short.
class Connection {
 public:
  explicit Connection(Shared& shared) : shared_(shared) {
    shared_.connections.insert(this);
    shared_.counts->connections.fetch_add(1, std::memory_order_relaxed);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() {
    shared_.connections.erase(this);
    shared_.counts->connections.fetch_sub(1, std::memory_order_relaxed);
    if (shared_.is_stopping && shared_.connections.empty() && shared_.when_empty) shared_.when_empty();
  }

  void sweep(Steady::time_point now) {
    if (now < deadline_) return;
    is_late_ = true;
    deadline_ = Steady::time_point::max();
    cancel();
  }
  // Between requests there is nothing to finish.
  void stop_if_idle() {
    if (is_idle_) cancel();
  }

 protected:
  virtual void cancel() = 0;
  void allow(Duration time) { deadline_ = Steady::now() + chrono_of(time); }
  void allow_any_time() { deadline_ = Steady::time_point::max(); }

  Shared& shared_;
  Steady::time_point deadline_ = Steady::time_point::max();
  bool is_late_ = false;
  bool is_idle_ = false;
};

// Bytes of request bodies promised to a connection, given back with the answer.
class BodyBytes {
 public:
  explicit BodyBytes(Counts& counts) : counts_(counts) {}
  BodyBytes(const BodyBytes&) = delete;
  BodyBytes& operator=(const BodyBytes&) = delete;
  ~BodyBytes() { give_back(); }
  bool take(size_t count, size_t most) {
    give_back();
    const auto bytes = static_cast<int64_t>(count);
    if (counts_.body_bytes.load(std::memory_order_relaxed) + bytes > static_cast<int64_t>(most)) return false;
    counts_.body_bytes.fetch_add(taken_ = bytes, std::memory_order_relaxed);
    return true;
  }
  void give_back() { counts_.body_bytes.fetch_sub(std::exchange(taken_, 0), std::memory_order_relaxed); }

 private:
  Counts& counts_;
  int64_t taken_ = 0;
};

template <class Stream>
class Conversation final : public Connection, public std::enable_shared_from_this<Conversation<Stream>> {
 public:
  Conversation(Shared& shared, Stream stream, std::string remote_address)
      : Connection(shared),
        stream_(std::move(stream)),
        answered_(shared.io.get_executor(), Steady::time_point::max()),
        reader_(shared.options.header_bytes_max),
        body_bytes_(*shared.counts),
        remote_address_(std::move(remote_address)) {}

  Awaitable<void> run() {
    const auto self = this->shared_from_this();  // holds itself alive while it runs
    if (co_await begin()) co_await converse();
    co_await end();
  }

 private:
  using State = RequestReader::State;
  static constexpr bool kIsTls = std::is_same_v<Stream, TlsSocket>;

  auto& socket() { return stream_.lowest_layer(); }
  void cancel() override {
    boost::system::error_code ignored;
    socket().cancel(ignored);
  }

  Awaitable<bool> begin() {
    boost::system::error_code ignored;
    socket().set_option(Tcp::no_delay(true), ignored);
    if constexpr (kIsTls) {
      allow(shared_.options.head_timeout);
      const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kAwait);
      if (is_plain_http(error)) co_await ask_for_tls();
      co_return !error;
    }
    co_return true;
  }

  Awaitable<void> converse() {
    auto state = State::kNeedsMore;
    await_request();
    while (true) {
      switch (state) {
        case State::kNeedsMore: {
          if (is_idle_ && shared_.is_stopping) co_return;
          const auto space = reader_.space();
          const auto [error, count] =
              co_await stream_.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
          if (is_late_ && !is_idle_) co_await refuse(Refusal::kRequestTimeout, "");
          if (error || is_late_) co_return;
          if (is_idle_) begin_request();
          state = reader_.received(count);
          break;
        }
        case State::kHead:
          if (!co_await admit()) co_return;
          state = reader_.accept(shared_.router.body_bytes_max(reader_.head().method, reader_.head().target));
          break;
        case State::kRequest:
          if (!co_await answer()) co_return;
          await_request();
          if (reader_.has_begun()) begin_request();
          state = reader_.proceed();
          break;
        case State::kRefused: co_await refuse(reader_.refusal().refusal, reader_.refusal().detail); co_return;
      }
    }
  }

  void await_request() {
    is_idle_ = true;
    allow(shared_.options.idle_timeout);
  }
  void begin_request() {
    is_idle_ = false;
    allow(shared_.options.head_timeout);
  }

  // The head is known: is there room for the body, and does the other side wait to be told so?
  Awaitable<bool> admit() {
    const auto& head = reader_.head();
    const size_t most = shared_.router.body_bytes_max(head.method, head.target);
    if (head.body_bytes > most) co_return true;  // accept() refuses it
    if (!body_bytes_.take(head.is_chunked ? most : head.body_bytes, shared_.options.body_bytes_in_memory_max)) {
      co_await refuse_busy("too many bytes are being received at once");
      co_return false;
    }
    allow(shared_.options.body_timeout);
    if (!head.expects_continue || (head.body_bytes == 0 && !head.is_chunked)) co_return true;
    co_return co_await write("HTTP/1.1 100 Continue\r\n\r\n");
  }

  Awaitable<bool> answer() {
    allow_any_time();
    const Framing framing{.is_head = reader_.head().method == Method::kHead,
                          .keeps_alive = reader_.head().keeps_alive && !shared_.is_stopping,
                          .is_tls = kIsTls};
    auto request = reader_.take();
    request.remote_address = remote_address_;
    if (!submit(std::move(request), framing)) {
      co_await refuse_busy("too many requests are waiting");
      co_return false;
    }
    co_await answered_.async_wait(kAwait);  // until finish() cancels it
    const bool is_written = co_await write(answer_);
    body_bytes_.give_back();
    co_return is_written&& framing.keeps_alive;
  }

  bool submit(Request request, Framing framing) {
    auto work = [self = this->shared_from_this(), request = std::move(request), framing]() mutable {
      auto bytes = response_bytes(self->shared_.router.handle(std::move(request)), framing);
      auto& io = self->shared_.io;
      asio::post(io, [self = std::move(self), bytes = std::move(bytes)]() mutable { self->finish(std::move(bytes)); });
    };
    const bool is_taken = shared_.workers.try_submit(std::move(work));
    shared_.counts->waiting.store(static_cast<int64_t>(shared_.workers.waiting()), std::memory_order_relaxed);
    return is_taken;
  }
  void finish(std::string bytes) {
    answer_ = std::move(bytes);
    answered_.cancel();
  }

  Awaitable<bool> write(std::string_view bytes) { return write_to(stream_, bytes); }
  template <class Layer>
  Awaitable<bool> write_to(Layer& layer, std::string_view bytes) {
    allow(shared_.options.write_timeout);
    const auto [error, count] = co_await asio::async_write(layer, asio::buffer(bytes.data(), bytes.size()), kAwait);
    co_return !error;
  }

  Awaitable<void> refuse(Refusal refusal, std::string_view detail) {
    return say_and_leave(shared_.router.refuse(Request{}, refusal, detail));
  }
  Awaitable<void> refuse_busy(std::string_view why) {
    const Error error{Code::kUnavailable, std::string(why) + "; try again shortly", ""};
    return say_and_leave(shared_.router.refuse(Request{}, error));
  }
  Awaitable<void> say_and_leave(const Response& response) {
    answer_ = response_bytes(response, {.is_head = false, .keeps_alive = false, .is_tls = kIsTls});
    return leave(stream_);
  }
  // Said in the plain, as it was asked.
  Awaitable<void> ask_for_tls() {
    const Error error{Code::kInvalid, "this port speaks TLS only: use https", ""};
    answer_ = response_bytes(shared_.router.refuse(Request{}, error), {.keeps_alive = false});
    return leave(stream_.next_layer());
  }
  // Writes the answer and then reads on for a moment: closing at once would reset the connection and lose it.
  template <class Layer>
  Awaitable<void> leave(Layer& layer) {
    if (!co_await write_to(layer, answer_)) co_return;
    boost::system::error_code ignored;
    if constexpr (std::is_same_v<Layer, Socket>) socket().shutdown(Tcp::socket::shutdown_send, ignored);
    deadline_ = Steady::now() + kLingerAtMost;
    for (size_t total = 0; total < kLingerBytesMax;) {
      const auto space = reader_.space();
      const auto [error, count] = co_await layer.async_read_some(asio::buffer(space.data(), space.size()), kAwait);
      if (error) co_return;
      total += count;
    }
  }

  Awaitable<void> end() {
    if constexpr (kIsTls) {
      deadline_ = Steady::now() + kLingerAtMost;
      const auto [ignored_result] = co_await stream_.async_shutdown(kAwait);
      static_cast<void>(ignored_result);
    }
    boost::system::error_code ignored;
    socket().shutdown(Tcp::socket::shutdown_both, ignored);
    socket().close(ignored);
  }

  Stream stream_;
  Timer answered_;
  std::string answer_;
  RequestReader reader_;
  BodyBytes body_bytes_;
  std::string remote_address_;
};

Result<Tcp::endpoint> endpoint_of(const ServerOptions& options) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return invalid("not an IP address, such as 127.0.0.1", "listen");
  if (!address.is_loopback() && !options.tls) {
    return invalid("only a loopback address is served without TLS; configure tls-certificate and tls-key", "listen");
  }
  return Tcp::endpoint(address, options.port);
}

}  // namespace

class Server::Body {
 public:
  Body(const ServerOptions& options, const Router& router, std::optional<asio::ssl::context> tls)
      : shared_{.options = options, .router = router, .workers{options.worker_count, options.queue_limit}},
        tls_(std::move(tls)),
        acceptor_(shared_.io),
        retry_(shared_.io),
        sweep_(shared_.io) {
    if (tls_) certificate_fingerprint_ = fingerprint_of(*tls_);
    shared_.when_empty = [this] { finished(); };
  }
  ~Body() { stop(); }

  Result<void> listen(const Tcp::endpoint& endpoint, Metrics& metrics) {
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return fail(
          Code::kConflict,
          fmt::format("cannot listen on {} port {}: {}", shared_.options.address, endpoint.port(), error.message()),
          "listen");
    }
    port_ = acceptor_.local_endpoint().port();
    register_gauges(metrics);
    asio::co_spawn(shared_.io, accept(), asio::detached);
    asio::co_spawn(shared_.io, sweep(), asio::detached);
    thread_ = std::thread([this] { shared_.io.run(); });
    return {};
  }

  uint16_t port() const { return port_; }
  const std::string& certificate_fingerprint() const { return certificate_fingerprint_; }

  void stop() {
    const std::scoped_lock once(stop_mutex_);
    if (!thread_.joinable()) return;
    asio::post(shared_.io, [this] { begin_stop(); });
    {
      std::unique_lock lock(mutex_);
      const bool is_done =
          finished_.wait_for(lock, chrono_of(shared_.options.stop_timeout), [this] { return is_finished_; });
      if (!is_done) log(Level::kWarn, "stopped before every request was answered");
    }
    shared_.workers.stop();
    shared_.io.stop();
    thread_.join();
  }

 private:
  void register_gauges(Metrics& metrics) {
    const auto counts = shared_.counts;
    const auto read = [](const std::atomic<int64_t>& count) { return static_cast<double>(count.load()); };
    metrics.gauge({"amity_http_connections", "open connections"}, [=] { return read(counts->connections); });
    metrics.gauge({"amity_http_body_bytes", "bytes of request bodies in memory"},
                  [=] { return read(counts->body_bytes); });
    metrics.gauge({"amity_http_queue_depth", "requests waiting for a worker when the last one came"},
                  [=] { return read(counts->waiting); });
  }

  Awaitable<void> accept() {
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (shared_.is_stopping) co_return;
      if (error) {  // out of descriptors: those in use come back
        retry_.expires_after(kSweepEvery);
        co_await retry_.async_wait(kAwait);
        continue;
      }
      if (shared_.connections.size() >= static_cast<size_t>(shared_.options.connection_limit)) continue;  // closes it
      welcome(std::move(socket));
    }
  }

  void welcome(Socket socket) {
    boost::system::error_code error;
    const auto remote = socket.remote_endpoint(error);
    auto address = error ? std::string() : remote.address().to_string();
    if (tls_) {
      start<TlsSocket>(TlsSocket(std::move(socket), *tls_), std::move(address));
    } else {
      start<Socket>(std::move(socket), std::move(address));
    }
  }

  template <class Stream>
  void start(Stream stream, std::string address) {
    const auto conversation = std::make_shared<Conversation<Stream>>(shared_, std::move(stream), std::move(address));
    asio::co_spawn(shared_.io, [conversation] { return conversation->run(); }, asio::detached);
  }

  // One clock for all deadlines: cheaper than a timer per read, and a tenth of a second is near enough.
  Awaitable<void> sweep() {
    while (true) {
      sweep_.expires_after(kSweepEvery);
      co_await sweep_.async_wait(kAwait);
      const auto now = Steady::now();
      for (auto* connection : shared_.connections) connection->sweep(now);
    }
  }

  void begin_stop() {
    shared_.is_stopping = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (auto* connection : shared_.connections) connection->stop_if_idle();
    if (shared_.connections.empty()) finished();
  }

  void finished() {
    const std::scoped_lock lock(mutex_);
    is_finished_ = true;
    finished_.notify_all();
  }

  std::mutex stop_mutex_;
  std::mutex mutex_;
  std::condition_variable finished_;
  bool is_finished_ = false;
  Shared shared_;
  std::optional<asio::ssl::context> tls_;
  Acceptor acceptor_;
  Timer retry_;
  Timer sweep_;
  uint16_t port_ = 0;
  std::string certificate_fingerprint_;
  std::thread thread_;
};

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, const Router& router, Metrics& metrics) {
  const auto endpoint = TRY(endpoint_of(options));
  std::optional<asio::ssl::context> tls;
  if (options.tls) tls.emplace(TRY(load_tls(*options.tls)));
  auto body = std::make_unique<Body>(options, router, std::move(tls));
  TRY(body->listen(endpoint, metrics));
  return std::unique_ptr<Server>(new Server(std::move(body)));
}

Server::Server(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Server::~Server() = default;
uint16_t Server::port() const { return body_->port(); }
const std::string& Server::certificate_fingerprint() const { return body_->certificate_fingerprint(); }
void Server::stop() { body_->stop(); }

}  // namespace amity::api
