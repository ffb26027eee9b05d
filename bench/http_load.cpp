// Load on a running `amity serve`, as an institution's systems would put it on: customers and accounts are filled in,
// then batches of transactions and payments over keep-alive connections, then single 360 profiles. See bench/README.md.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <mutex>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "made_up_bank.h"

namespace {

using namespace amity::bench;
using Steady = std::chrono::steady_clock;

struct Settings {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  std::string token_file;
  int server_pid = 0;
  int customers = 10'000;
  int connections = 4;
  int batch = 64;
  double seconds = 20;
  double payment_share = 0.2;
  int profiles = 2000;
  uint64_t seed = 1;
  bool skip_fill = false;
};

double seconds_since(Steady::time_point start) { return std::chrono::duration<double>(Steady::now() - start).count(); }

// A keep-alive HTTP/1.1 connection: just what the load needs, so that the load costs little beside the server.
class Connection {
 public:
  Connection(const Settings& settings, std::string token) : token_(std::move(token)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(settings.port);
    if (inet_pton(AF_INET, settings.host.c_str(), &address.sin_addr) != 1) throw std::runtime_error("no IPv4 address");
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const void* raw = &address;
    if (::connect(socket_, static_cast<const sockaddr*>(raw), sizeof address) != 0) {
      ::close(socket_);
      throw std::runtime_error("cannot connect: is the server running?");
    }
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(socket_); }

  struct Answer {
    int status = 0;
    std::string body;
  };
  Answer post(const std::string& target, const std::string& body) {
    return send(fmt::format("POST {} HTTP/1.1\r\nHost: amity\r\nAuthorization: Bearer {}\r\n"
                            "Content-Type: application/cloudevents-batch+json\r\nContent-Length: {}\r\n\r\n",
                            target, token_, body.size()) +
                body);
  }
  Answer get(const std::string& target) {
    return send(fmt::format("GET {} HTTP/1.1\r\nHost: amity\r\nAuthorization: Bearer {}\r\n\r\n", target, token_));
  }

 private:
  Answer send(std::string_view request) {
    while (!request.empty()) {
      const auto sent = ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("the connection was closed");
      request.remove_prefix(static_cast<size_t>(sent));
    }
    std::string text;
    size_t head = std::string::npos;
    while ((head = text.find("\r\n\r\n")) == std::string::npos) receive(text);
    head += 4;
    const size_t size = length_in(std::string_view(text).substr(0, head));
    while (text.size() < head + size) receive(text);
    return {std::stoi(text.substr(9, 3)), text.substr(head)};
  }
  void receive(std::string& text) {
    char bytes[65536];
    const auto received = ::recv(socket_, bytes, sizeof bytes, 0);
    if (received <= 0) throw std::runtime_error("the connection was closed");
    text.append(bytes, static_cast<size_t>(received));
  }
  static size_t length_in(std::string_view head) {
    constexpr std::string_view kName = "\r\ncontent-length:";
    const auto found = std::search(head.begin(), head.end(), kName.begin(), kName.end(),
                                   [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
    if (found == head.end()) return 0;
    size_t size = 0;
    auto begin = found + static_cast<std::ptrdiff_t>(kName.size());
    while (*begin == ' ') ++begin;
    std::from_chars(&*begin, &*begin + 20, size);
    return size;
  }

  int socket_ = -1;
  std::string token_;
};

// User and system time of a process, /proc/PID/stat fields 14 and 15, in seconds.
double cpu_seconds(int pid) {
  if (pid == 0) return 0;
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::vector<std::string> values((std::istream_iterator<std::string>(fields)), {});
  return (std::stod(values.at(11)) + std::stod(values.at(12))) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Latencies in milliseconds, of all connections.
class Latencies {
 public:
  void add(const std::vector<double>& more) {
    const std::lock_guard lock(mutex_);
    values_.insert(values_.end(), more.begin(), more.end());
  }
  std::string words() {
    if (values_.empty()) return "no answers";
    std::ranges::sort(values_);
    const auto at = [&](double share) {
      return values_[static_cast<size_t>(share * static_cast<double>(values_.size() - 1))];
    };
    return fmt::format("p50 {:.2f} ms, p90 {:.2f} ms, p99 {:.2f} ms, greatest {:.2f} ms", at(0.5), at(0.9), at(0.99),
                       values_.back());
  }

 private:
  std::mutex mutex_;
  std::vector<double> values_;
};

void on_connections(const Settings& settings, const std::string& token,
                    const std::function<void(Connection&, int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < settings.connections; ++i) {
    threads.emplace_back([&, i] {
      try {
        Connection connection(settings, token);
        work(connection, i);
      } catch (const std::exception& error) {
        fmt::print(stderr, "connection {}: {}\n", i, error.what());
        std::_Exit(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

void must_be_taken(const Connection::Answer& answer) {
  if (answer.status == 200 && answer.body.find("\"problem\"") == std::string::npos) return;
  throw std::runtime_error(fmt::format("status {}: {}", answer.status, answer.body.substr(0, 500)));
}

void print_cost(const Settings& settings, double before, double events) {
  if (settings.server_pid == 0) return;
  fmt::print("  server CPU {:.0f} us an event\n", (cpu_seconds(settings.server_pid) - before) / events * 1e6);
}

void fill(const Settings& settings, const std::string& token, amity::Timestamp time) {
  const auto start = Steady::now();
  const double cpu = cpu_seconds(settings.server_pid);
  Connection connection(settings, token);
  constexpr int kAtOnce = 500;  // a customer and an account each
  for (int from = 0; from < settings.customers; from += kAtOnce) {
    std::vector<std::string> events;
    const int until = std::min(settings.customers, from + kAtOnce);
    for (int n = from; n < until; ++n) events.push_back(customer_event(n, time));
    for (int n = from; n < until; ++n) events.push_back(account_event(n, time));
    must_be_taken(connection.post("/v1/events?history=true", list_of(events)));
  }
  const double events = 2.0 * settings.customers;
  fmt::print("fill: {} customers with an account each in {:.1f} s, {:.0f} events/s\n", settings.customers,
             seconds_since(start), events / seconds_since(start));
  print_cost(settings, cpu, events);
}

void load(const Settings& settings, const std::string& token, amity::Timestamp begin) {
  Latencies latencies;
  std::atomic<int64_t> taken = 0;
  const auto start = Steady::now();
  const double cpu = cpu_seconds(settings.server_pid);
  const double own = cpu_seconds(getpid());
  on_connections(settings, token, [&](Connection& connection, int index) {
    std::mt19937_64 random(settings.seed * 1000 + static_cast<uint64_t>(index));
    std::vector<double> own_latencies;
    for (int64_t round = 0; seconds_since(start) < settings.seconds; ++round) {
      std::vector<std::string> events;
      for (int i = 0; i < settings.batch; ++i) {
        const auto time = begin + amity::microseconds(static_cast<int64_t>(seconds_since(start) * 1e6) + i);
        events.push_back(stream_event(random, settings.customers, settings.payment_share,
                                      fmt::format("e{}-{}-{}-{}", begin.us, index, round, i), time));
      }
      const auto body = list_of(events);
      const auto sent = Steady::now();
      must_be_taken(connection.post("/v1/events", body));
      own_latencies.push_back(seconds_since(sent) * 1000);
      taken += settings.batch;
    }
    latencies.add(own_latencies);
  });
  const auto events = static_cast<double>(taken);
  fmt::print("events: {:.0f} in batches of {} over {} connections, {:.0f} % payments, in {:.1f} s: {:.0f} events/s\n",
             events, settings.batch, settings.connections, settings.payment_share * 100, seconds_since(start),
             events / seconds_since(start));
  fmt::print("  batch answered: {}\n", latencies.words());
  print_cost(settings, cpu, events);
  fmt::print("  load generator CPU {:.0f} us an event\n", (cpu_seconds(getpid()) - own) / events * 1e6);
}

void read_profiles(const Settings& settings, const std::string& token) {
  Latencies latencies;
  const auto start = Steady::now();
  const double cpu = cpu_seconds(settings.server_pid);
  on_connections(settings, token, [&](Connection& connection, int index) {
    std::mt19937_64 random(settings.seed * 1000 + 500 + static_cast<uint64_t>(index));
    std::vector<double> own_latencies;
    for (int i = index; i < settings.profiles; i += settings.connections) {
      const auto target = fmt::format("/v1/customers/l{:07}", random() % static_cast<uint64_t>(settings.customers));
      const auto sent = Steady::now();
      must_be_taken(connection.get(target));
      own_latencies.push_back(seconds_since(sent) * 1000);
    }
    latencies.add(own_latencies);
  });
  fmt::print("profiles: {} over {} connections, {:.0f} /s: {}\n", settings.profiles, settings.connections,
             settings.profiles / seconds_since(start), latencies.words());
  print_cost(settings, cpu, settings.profiles);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Load on a running amity serve");
  app.add_option("--port", settings.port);
  app.add_option("--token-file", settings.token_file, "holds a bearer token, such as DATABASE.operator")->required();
  app.add_option("--server-pid", settings.server_pid, "reports the server's CPU time");
  app.add_option("--customers", settings.customers);
  app.add_option("--connections", settings.connections);
  app.add_option("--batch", settings.batch);
  app.add_option("--seconds", settings.seconds, "0: no events");
  app.add_option("--payment-share", settings.payment_share, "the rest are transactions");
  app.add_option("--profiles", settings.profiles);
  app.add_option("--seed", settings.seed);
  app.add_flag("--skip-fill", settings.skip_fill, "the customers are there already");
  CLI11_PARSE(app, argc, argv);
  std::ifstream in(settings.token_file);
  std::string token;
  std::getline(in, token);
  try {
    const auto now = amity::SystemClock().now();
    if (!settings.skip_fill) fill(settings, token, now - amity::hours(24));
    if (settings.seconds > 0) load(settings, token, now);
    if (settings.profiles > 0) read_profiles(settings, token);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
