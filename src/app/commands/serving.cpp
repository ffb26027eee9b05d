// The server, from its first thread to its graceful stop.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "api/caller_limits.h"
#include "api/first_answers.h"
#include "api/server.h"
#include "app/commands.h"
#include "base/log.h"
#include "expressions/conformance.h"
#include "security/intrusion.h"

namespace amity::app {
namespace {

const SystemClock kClock;

struct Address {
  std::string host;
  uint16_t port = 0;
};

Result<Address> read_address(const std::string& listen) {
  const size_t colon = std::min(listen.rfind(':'), listen.size());
  const auto digits = std::string_view(listen).substr(std::min(colon + 1, listen.size()));
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return invalid("write an address and a port, such as 127.0.0.1:8080", "listen");
  }
  return Address{listen.substr(0, colon), port};
}

// The token by which commands of whoever may read this file act as the local operator.
Result<std::string> write_operator_token(const std::string& path) {
  const auto token = "amo_" + to_base64url(random_bytes(32));
  unlink(path.c_str());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return fail(Code::kUnavailable, "the operator's token cannot be written", path);
  const bool written = ::write(file, token.data(), token.size()) == static_cast<ssize_t>(token.size());
  ::close(file);
  if (!written) return fail(Code::kUnavailable, "the operator's token cannot be written", path);
  return token;
}

// Every few seconds: signed checkpoints go outside where something was recorded, and first answers too old to be given
// again go; whose last duty of retention has ended is erased; and a search index that is missing is built.
class Upkeep {
 public:
  Upkeep(Engine& engine, api::FirstAnswers& first_answers)
      : thread_([this, &engine, &first_answers] { run(engine, first_answers); }) {}
  ~Upkeep() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    stopping_.notify_all();
    thread_.join();
  }

 private:
  void run(Engine& engine, api::FirstAnswers& first_answers) {
    std::unique_lock lock(mutex_);
    while (!stopping_.wait_for(lock, std::chrono::seconds(5), [this] { return is_stopping_; })) {
      const auto made = engine.checkpoint_if_due();
      if (!made) log(Level::kWarn, "no audit checkpoint could be made", {{"error", made.error().message}});
      const auto forgotten = first_answers.forget_old();
      if (!forgotten) log(Level::kWarn, "old answers could not be forgotten", {{"error", forgotten.error().message}});
      const auto ended = engine.end_freezes_if_due();
      if (!ended) log(Level::kWarn, "frozen data could not be erased", {{"error", ended.error().message}});
      const auto seen = engine.see_to_search_index();
      if (!seen) log(Level::kWarn, "the search index could not be looked at", {{"error", seen.error().message}});
    }
  }

  std::mutex mutex_;
  std::condition_variable stopping_;
  bool is_stopping_ = false;
  std::thread thread_;
};

Level level_named(const std::string& name) {
  if (name == "debug") return Level::kDebug;
  if (name == "warn") return Level::kWarn;
  return name == "error" ? Level::kError : Level::kInfo;
}

std::vector<api::Route> all_routes(Engine& engine, api::Metrics& metrics) {
  auto routes = api::rest_routes(engine.services());
  for (auto& route : api::operation_routes([&engine] { return engine.health(); }, metrics))
    routes.push_back(std::move(route));
  return routes;
}

// What asks the server to stop is for the main thread alone: blocked before any other thread begins, the engine's too,
// or one of those would take it and end the process in the middle of its work.
sigset_t keep_stop_signals_for_this_thread() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

}  // namespace

Result<int> serve_engine(const Configuration& configuration, const Words& words, const std::string& greeting) {
  const sigset_t signals = keep_stop_signals_for_this_thread();
  const auto opened = TRY(unless_held(Engine::open(configuration, kClock)));
  Engine& engine = *opened;
  set_log_level(level_named(configuration.log_level));
  const auto address = TRY(read_address(configuration.listen));
  const auto token = TRY(write_operator_token(operator_token_path(configuration)));
  api::Metrics metrics;
  api::FirstAnswers first_answers(engine.database(), kClock, engine.keys());
  api::CallerLimits limits({.requests_per_second = 5000, .burst = 10'000});
  const auto authenticate = [&](std::string_view shown) -> Result<security::Caller> {
    if (equal_in_constant_time(as_bytes(shown), as_bytes(token))) return local_operator();
    return engine.users().authenticate(shown);
  };
  security::IntrusionWatch watch(engine.database(), engine.audit(), kClock);
  const auto on_denied = [&](const security::Caller& caller, std::string_view route) {
    const auto is_event = watch.denied(caller, route);
    if (!is_event) log(Level::kWarn, "a denial could not be recorded", {{"route", route}});
    if (is_event && *is_event) log(Level::kWarn, "one caller is denied again and again", {{"route", route}});
  };
  const api::Router router({.routes = all_routes(engine, metrics),
                            .authenticate = authenticate,
                            .clock = &kClock,
                            .metrics = &metrics,
                            .first_answers = &first_answers,
                            .caller_limits = &limits,
                            .on_denied = on_denied});
  api::ServerOptions options{.address = address.host, .port = address.port};
  options.worker_count = static_cast<int>(configuration.worker_count);
  if (!configuration.tls_certificate.empty() || !configuration.tls_key.empty())
    options.tls = api::TlsFiles{configuration.tls_certificate, configuration.tls_key};
  const auto server = TRY(api::Server::start(options, router, metrics));
  const auto url = fmt::format("{}://{}:{}", options.tls ? "https" : "http", address.host, server->port());
  TRY(engine.announce(options.tls ? url + "#" + server->certificate_fingerprint() : url));
  const Upkeep upkeep(engine, first_answers);
  fmt::print("{}{}\n", greeting, words.say("say.serving", {{"address", url}}));
  if (const auto code = TRY(engine.users().first_administrator_code("admin"))) {
    fmt::print("{}\n", words.say("say.first_administrator", {{"code", *code}}));
  }
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  log(Level::kInfo, "stopping: what was accepted is finished first", {});
  engine.stop_long_work();
  server->stop();
  unlink(operator_token_path(configuration).c_str());
  return 0;
}

Result<int> serve(const CommandLine& line) {
  const auto configuration = TRY(configuration_of(line));
  return serve_engine(configuration, TRY(Words::read(configuration.institution, language_of(line))), "");
}

Result<int> test_expressions(const CommandLine& line) {
  const auto report = TRY(expressions::run_conformance(TRY(read_whole_file(line.value("file")))));
  const auto words = TRY(Words::read("", language_of(line)));
  for (const auto& id : report.failed_ids) fmt::print("{}\n", words.say("say.failed", {{"test", id}}));
  fmt::print("{}\n", words.say("say.tests", {{"passed", std::to_string(report.passed)},
                                             {"failed", std::to_string(report.failed_ids.size())}}));
  return report.failed_ids.empty() ? 0 : 1;
}

}  // namespace amity::app
