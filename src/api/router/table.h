// The route table, compiled: from method and path segments to a route.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/router.h"

namespace amity::api {

class RouteTable {
 public:
  explicit RouteTable(std::vector<Route> routes);

  struct Found {
    const Route* route = nullptr;  // null: no such path, or not with this method
    size_t index = 0;              // of the route in routes()
    Fields path_parameters;
    std::string allow;  // "GET, HEAD, POST" where the path is known but not with this method
  };
  Found find(Method method, std::span<const std::string> segments) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Segment {
    std::string_view text;  // the literal, or the parameter's name
    bool is_parameter;
    bool operator==(const Segment& other) const;
  };
  struct Compiled {
    std::vector<Segment> segments;
    size_t index;
  };
  static std::vector<Segment> compile(std::string_view pattern);
  static bool comes_before(const Compiled& a, const Compiled& b);
  static bool matches(const Compiled& pattern, std::span<const std::string> segments);

  std::vector<Route> routes_;
  std::vector<Compiled> patterns_;  // literals before parameters, segment by segment
};

}  // namespace amity::api
