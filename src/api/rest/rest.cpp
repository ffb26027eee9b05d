#include "api/rest.h"

#include <iterator>

#include "api/rest/routes.h"

namespace amity::api {

std::vector<Route> rest_routes(const Services& services) {
  std::vector<Route> all;
  for (auto* group : {session_routes, user_routes, event_routes, customer_routes, feature_routes, model_routes,
                      policy_routes, decision_routes, audit_routes}) {
    auto routes = group(services);
    std::move(routes.begin(), routes.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace amity::api
