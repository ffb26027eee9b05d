#include "api/router/table.h"

#include <algorithm>

#include "base/check.h"

namespace amity::api {

bool RouteTable::Segment::operator==(const Segment& other) const {
  return is_parameter == other.is_parameter && (is_parameter || text == other.text);
}

RouteTable::RouteTable(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (size_t i = 0; i < routes_.size(); ++i) {
    auto& route = routes_[i];
    CHECK(route.handler && route.method != Method::kOther && route.method != Method::kHead);
    if (route.method == Method::kGet || route.method == Method::kDelete) route.body_bytes_max = 0;
    CHECK(route.repeat == Repeat::kHarmless || (route.method == Method::kPost && !route.is_open));
    patterns_.push_back({compile(route.pattern), i});
  }
  std::ranges::stable_sort(patterns_, comes_before);
  for (size_t i = 0; i < patterns_.size(); ++i) {
    for (size_t j = i + 1; j < patterns_.size(); ++j) {
      CHECK(routes_[patterns_[i].index].method != routes_[patterns_[j].index].method ||
            patterns_[i].segments != patterns_[j].segments);
    }
  }
}

std::vector<RouteTable::Segment> RouteTable::compile(std::string_view pattern) {
  std::vector<Segment> segments;
  CHECK(pattern.starts_with('/'));
  while (pattern.size() > 1) {
    pattern.remove_prefix(1);
    const size_t end = std::min(pattern.find('/'), pattern.size());
    auto text = pattern.substr(0, end);
    const bool is_parameter = text.starts_with('{') && text.ends_with('}');
    if (is_parameter) text = text.substr(1, text.size() - 2);
    CHECK(!text.empty());
    segments.push_back({text, is_parameter});
    pattern.remove_prefix(end);
  }
  return segments;
}

bool RouteTable::comes_before(const Compiled& a, const Compiled& b) {
  return std::ranges::lexicographical_compare(a.segments, b.segments, {}, &Segment::is_parameter,
                                              &Segment::is_parameter);
}

bool RouteTable::matches(const Compiled& pattern, std::span<const std::string> segments) {
  return std::ranges::equal(pattern.segments, segments, [](const Segment& wanted, const std::string& given) {
    return wanted.is_parameter || wanted.text == given;
  });
}

RouteTable::Found RouteTable::find(Method method, std::span<const std::string> segments) const {
  const Method wanted = method == Method::kHead ? Method::kGet : method;
  Found found;
  for (const auto& pattern : patterns_) {
    if (!matches(pattern, segments)) continue;
    const auto& route = routes_[pattern.index];
    if (route.method != wanted) {
      found.allow += found.allow.empty() ? "" : ", ";
      found.allow += route.method == Method::kGet ? "GET, HEAD" : name_of(route.method);
      continue;
    }
    found.route = &route;
    found.index = pattern.index;
    for (size_t i = 0; i < segments.size(); ++i) {
      const auto& segment = pattern.segments[i];
      if (segment.is_parameter) found.path_parameters.push_back({std::string(segment.text), segments[i]});
    }
    return found;
  }
  return found;
}

}  // namespace amity::api
