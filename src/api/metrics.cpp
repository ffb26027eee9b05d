#include "api/metrics.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"

namespace amity::api {
namespace {

std::string braced(std::string_view labels) { return labels.empty() ? "" : fmt::format("{{{}}}", labels); }

std::string with_bound(std::string_view labels, std::string_view bound) {
  return fmt::format("{{{}{}le=\"{}\"}}", labels, labels.empty() ? "" : ",", bound);
}

}  // namespace

void Histogram::observe(double seconds) {
  const auto bucket = std::ranges::lower_bound(kBoundsSeconds, seconds) - kBoundsSeconds.begin();
  buckets_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(static_cast<int64_t>(seconds * 1e9), std::memory_order_relaxed);
}

int64_t Histogram::count() const {
  int64_t total = 0;
  for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
  return total;
}

Metrics::Series& Metrics::series(const MetricName& name, std::string_view type) {
  auto family = std::ranges::find_if(families_, [&](const auto& f) { return f->name == name.name; });
  if (family == families_.end()) {
    families_.push_back(std::make_unique<Family>(Family{std::string(name.name), std::string(name.help), type, {}}));
    family = families_.end() - 1;
  }
  CHECK((*family)->type == type);
  auto& all = (*family)->series;
  const auto found = std::ranges::find_if(all, [&](const auto& s) { return s->labels == name.labels; });
  if (found != all.end()) return **found;
  all.push_back(std::make_unique<Series>());
  all.back()->labels = name.labels;
  return *all.back();
}

Counter& Metrics::counter(const MetricName& name) {
  const std::scoped_lock lock(mutex_);
  auto& one = series(name, "counter");
  if (!one.counter) one.counter = std::make_unique<Counter>();
  return *one.counter;
}

Histogram& Metrics::histogram(const MetricName& name) {
  const std::scoped_lock lock(mutex_);
  auto& one = series(name, "histogram");
  if (!one.histogram) one.histogram = std::make_unique<Histogram>();
  return *one.histogram;
}

void Metrics::gauge(const MetricName& name, std::function<double()> value) {
  const std::scoped_lock lock(mutex_);
  series(name, "gauge").gauge = std::move(value);
}

void Metrics::write_histogram(std::string& out, const Family& family, const Series& one) {
  int64_t below = 0;
  for (size_t i = 0; i <= Histogram::kBoundsSeconds.size(); ++i) {
    below += one.histogram->buckets_[i].load(std::memory_order_relaxed);
    const auto bound =
        i < Histogram::kBoundsSeconds.size() ? fmt::format("{}", Histogram::kBoundsSeconds[i]) : std::string("+Inf");
    out += fmt::format("{}_bucket{} {}\n", family.name, with_bound(one.labels, bound), below);
  }
  const double sum = static_cast<double>(one.histogram->sum_ns_.load(std::memory_order_relaxed)) / 1e9;
  out += fmt::format("{0}_sum{1} {2}\n{0}_count{1} {3}\n", family.name, braced(one.labels), sum, below);
}

std::string Metrics::text() const {
  const std::scoped_lock lock(mutex_);
  std::string out;
  for (const auto& family : families_) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", family->name, family->help, family->type);
    for (const auto& one : family->series) {
      if (one->counter) out += fmt::format("{}{} {}\n", family->name, braced(one->labels), one->counter->value());
      if (one->gauge) out += fmt::format("{}{} {}\n", family->name, braced(one->labels), one->gauge());
      if (one->histogram) write_histogram(out, *family, *one);
    }
  }
  return out;
}

}  // namespace amity::api
