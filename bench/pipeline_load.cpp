// The way of an event in process, without HTTP: batches decoded and submitted one after the other, everything on
// (sealed, decided, explained, audited, durable). Says events per second of CPU. See bench/README.md.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/engine.h"
#include "events/decode.h"
#include "made_up_bank.h"

namespace {

using namespace amity;
using Steady = std::chrono::steady_clock;

struct Settings {
  std::string database = "sqlite:load/amity.db";
  int customers = 100'000;
  int batch = 1000;
  int batches = 100;
  double payment_share = 0.2;
  int64_t settle_events = 0;  // 0: as configured
  uint64_t seed = 1;
  bool skip_fill = false;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Steady::now() - start_).count(); }
  double cpu() const { return cpu_seconds() - cpu_; }

 private:
  Steady::time_point start_ = Steady::now();
  double cpu_ = cpu_seconds();
};

std::vector<events::Event> decoded(const std::string& body, Timestamp now) {
  auto result = events::decode_body("application/cloudevents-batch+json", body, now);
  if (!result.problems.empty()) throw std::runtime_error(result.problems.front().text());
  return std::move(result.events);
}

void must_be_taken(const std::vector<app::Answer>& answers) {
  for (const auto& answer : answers) {
    if (!answer) throw std::runtime_error(answer.error().text());
  }
}

void print(std::string_view what, double events, const Stopwatch& watch) {
  fmt::print("{}: {:.0f} events in {:.1f} s, {:.0f} events/s; CPU {:.1f} us an event, {:.0f} events per CPU second\n",
             what, events, watch.seconds(), events / watch.seconds(), watch.cpu() / events * 1e6, events / watch.cpu());
}

void fill(app::Engine& engine, const Settings& settings, Timestamp time) {
  const Stopwatch watch;
  constexpr int kAtOnce = 500;  // a customer and an account each
  for (int from = 0; from < settings.customers; from += kAtOnce) {
    std::vector<std::string> documents;
    const int until = std::min(settings.customers, from + kAtOnce);
    for (int n = from; n < until; ++n) documents.push_back(bench::customer_event(n, time));
    for (int n = from; n < until; ++n) documents.push_back(bench::account_event(n, time));
    auto events = decoded(bench::list_of(documents), time);
    for (auto& event : events) event.is_history = true;
    must_be_taken(engine.pipeline().submit(app::local_operator(), std::move(events)));
  }
  print("fill", 2.0 * settings.customers, watch);
}

// The texts of all batches, made before the clock starts.
std::vector<std::string> bodies(const Settings& settings, Timestamp begin) {
  std::mt19937_64 random(settings.seed * 1000);
  std::vector<std::string> bodies;
  int64_t number = 0;
  for (int b = 0; b < settings.batches; ++b) {
    std::vector<std::string> documents;
    for (int i = 0; i < settings.batch; ++i, ++number) {
      documents.push_back(bench::stream_event(random, settings.customers, settings.payment_share,
                                              fmt::format("p{}-{}-{}", begin.us, settings.seed, number),
                                              begin + microseconds(number * 100)));
    }
    bodies.push_back(bench::list_of(documents));
  }
  return bodies;
}

void load(app::Engine& engine, const Settings& settings) {
  const auto begin = SystemClock().now();
  const auto texts = bodies(settings, begin);
  const auto count = static_cast<double>(settings.batch) * settings.batches;
  const Stopwatch decoding;
  for (const auto& text : texts) decoded(text, begin + hours(1));
  print("decode alone", count, decoding);
  const Stopwatch watch;
  for (const auto& text : texts) {
    must_be_taken(engine.pipeline().submit(app::local_operator(), decoded(text, begin + hours(1))));
  }
  print(fmt::format("batches of {}, {:.0f} % payments", settings.batch, settings.payment_share * 100), count, watch);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App program("The way of an event in process");
  program.add_option("--database", settings.database);
  program.add_option("--customers", settings.customers);
  program.add_option("--batch", settings.batch);
  program.add_option("--batches", settings.batches, "0: no events");
  program.add_option("--payment-share", settings.payment_share, "the rest are transactions");
  program.add_option("--settle-events", settings.settle_events, "0: as configured");
  program.add_option("--seed", settings.seed);
  program.add_flag("--skip-fill", settings.skip_fill, "the customers are there already");
  CLI11_PARSE(program, argc, argv);
  try {
    auto configuration = *app::read_configuration(
        {{"database", settings.database}}, [](const char*) -> const char* { return nullptr; }, "");
    if (settings.settle_events != 0) configuration.settle_events = settings.settle_events;
    const SystemClock clock;
    auto engine = app::Engine::open(configuration, clock);
    if (!engine) throw std::runtime_error(engine.error().text());
    if (!settings.skip_fill) fill(**engine, settings, clock.now() - hours(24));
    if (settings.batches > 0) load(**engine, settings);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
