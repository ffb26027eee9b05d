// Counters, gauges and histograms in the Prometheus text format 0.0.4.
//
// Each series is registered once, at start, and then used through its reference for as long as the registry lives;
// adding to one is an atomic increment. Labels are words of the program (route patterns, codes), never a customer's.
// All functions may be called from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace amity::api {

class Counter {
 public:
  void add(int64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Seconds, in fixed buckets from half a millisecond to ten seconds.
class Histogram {
 public:
  static constexpr std::array<double, 14> kBoundsSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                            0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
  void observe(double seconds);
  int64_t count() const;

 private:
  friend class Metrics;
  std::array<std::atomic<int64_t>, kBoundsSeconds.size() + 1> buckets_{};
  std::atomic<int64_t> sum_ns_{0};
};

struct MetricName {
  std::string_view name;    // "amity_http_requests_total"
  std::string_view help;    // one line, the unit named
  std::string labels = {};  // `route="/v1/events",code="200"`, already in the text format
};

class Metrics {
 public:
  // The same name and labels give the same series.
  Counter& counter(const MetricName& name);
  Histogram& histogram(const MetricName& name);
  void gauge(const MetricName& name, std::function<double()> value);  // asked whenever the text is made

  std::string text() const;

 private:
  struct Series {
    std::string labels;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> gauge;
  };
  struct Family {
    std::string name;
    std::string help;
    std::string_view type;
    std::vector<std::unique_ptr<Series>> series;
  };
  Series& series(const MetricName& name, std::string_view type);
  static void write_histogram(std::string& out, const Family& family, const Series& one);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_;
};

}  // namespace amity::api
