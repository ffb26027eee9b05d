#include "api/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace amity::api {
namespace {

TEST(Metrics, are_written_in_the_prometheus_text_format) {
  Metrics metrics;
  metrics.counter({"a_total", "things, counted", "kind=\"x\""}).add(2);
  metrics.counter({"a_total", "things, counted", "kind=\"y\""}).add();
  metrics.gauge({"depth", "things waiting"}, [] { return 7.0; });
  EXPECT_EQ(metrics.text(),
            "# HELP a_total things, counted\n# TYPE a_total counter\na_total{kind=\"x\"} 2\na_total{kind=\"y\"} 1\n"
            "# HELP depth things waiting\n# TYPE depth gauge\ndepth 7\n");
}

TEST(Metrics, give_the_same_series_for_the_same_name_and_labels) {
  Metrics metrics;
  metrics.counter({"a_total", "", "kind=\"x\""}).add();
  EXPECT_EQ(metrics.counter({"a_total", "", "kind=\"x\""}).value(), 1);
}

TEST(Metrics, count_histograms_cumulatively) {
  Metrics metrics;
  auto& histogram = metrics.histogram({"t_seconds", "time", "route=\"/\""});
  histogram.observe(0.001);  // a bound belongs to its bucket
  histogram.observe(0.02);
  histogram.observe(60);
  const auto text = metrics.text();
  EXPECT_NE(text.find("t_seconds_bucket{route=\"/\",le=\"0.0005\"} 0\n"), std::string::npos);
  EXPECT_NE(text.find("t_seconds_bucket{route=\"/\",le=\"0.001\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("t_seconds_bucket{route=\"/\",le=\"0.025\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("t_seconds_bucket{route=\"/\",le=\"10\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("t_seconds_bucket{route=\"/\",le=\"+Inf\"} 3\n"), std::string::npos);
  EXPECT_NE(text.find("t_seconds_sum{route=\"/\"} 60.021\n"), std::string::npos);
  EXPECT_NE(text.find("t_seconds_count{route=\"/\"} 3\n"), std::string::npos);
}

TEST(Metrics, lose_nothing_between_threads) {
  Metrics metrics;
  auto& counter = metrics.counter({"a_total", ""});
  auto& histogram = metrics.histogram({"t_seconds", ""});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) counter.add(), histogram.observe(0.1);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 4000);
  EXPECT_EQ(histogram.count(), 4000);
}

}  // namespace
}  // namespace amity::api
