// The route table and what holds for every route.
//
//   Router router({.routes = {
//     {.method = Method::kGet, .pattern = "/v1/customers/{customer}", .permission = Permission::kReadCustomers,
//      .handler = [&](const Request& request) { return customer_page(request); }},
//     {.method = Method::kPost, .pattern = "/v1/policies", .permission = Permission::kDraftPolicies,
//      .handler = draft_policy, .repeat = Repeat::kNeedsKey}}, ...});
//
// In order, for every request: trace (traceparent taken or made) -> route (404, 405 with Allow) -> caller (401) ->
// limit of the caller (429) -> permission (403) -> content type (415) and size (413) -> query (duplicates 400) ->
// Idempotency-Key -> handler -> If-None-Match (304) -> security headers, metrics and one line of access log, which
// names the route's pattern and never the path. Literal segments win over parameters. `handle` may be called from any
// number of threads and never throws: what a handler throws is our own mistake and becomes a 500 without detail.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/message.h"
#include "api/metrics.h"
#include "api/problem.h"
#include "base/clock.h"
#include "security/caller.h"

namespace amity::api {

class FirstAnswers;
class CallerLimits;

using Handler = std::function<Result<Response>(const Request&)>;

// What to do when the same POST comes again.
enum class Repeat {
  kHarmless,  // changes nothing, or its body has an identity of its own (events)
  kTakesKey,  // an Idempotency-Key is honoured where it is sent
  kNeedsKey,  // without one the request is refused
};

constexpr size_t kDefaultBodyBytes = 64 * 1024;

struct Route {
  Method method = Method::kGet;
  std::string_view pattern;                             // "/v1/customers/{customer}"; a constant
  std::optional<security::Permission> permission = {};  // none: any signed-in caller
  Handler handler;
  Repeat repeat = Repeat::kHarmless;
  bool is_open = false;                                                // needs no caller: sign-in, health
  size_t body_bytes_max = kDefaultBodyBytes;                           // GET and DELETE take none
  std::vector<std::string_view> content_types = {"application/json"};  // a body has exactly one of these
  std::vector<std::string_view> query = {};                            // names it takes; any other is refused
};

// Who a bearer token is: a session's or an API key, told apart by its prefix. The router adds the request's trace id
// and purpose (header Amity-Purpose: "credit_decision"; else the caller keeps the one it came with).
using Authenticate = std::function<Result<security::Caller>(std::string_view token)>;

struct RouterParts {
  std::vector<Route> routes;
  Authenticate authenticate;
  const Clock* clock = nullptr;  // must outlive the router, as must all below
  Metrics* metrics = nullptr;
  FirstAnswers* first_answers = nullptr;  // may be null where no route takes a key
  CallerLimits* caller_limits = nullptr;  // null: no limit
  // Told of every caller to whom a route was denied (403), with the route's pattern.
  std::function<void(const security::Caller&, std::string_view pattern)> on_denied = {};
};

class Router {
 public:
  // CHECK: patterns are well formed and no two routes can answer the same request.
  explicit Router(RouterParts parts);
  ~Router();

  Response handle(Request request) const;
  // The answer to what never became a whole request (malformed, too large, too slow, queue full): a problem with the
  // same headers, counted and logged under the route "none".
  Response refuse(Request request, Refusal refusal, std::string_view detail) const;
  Response refuse(Request request, const Error& error) const;

  // For the server, before a body is read: how long it may be. Unknown routes take none.
  size_t body_bytes_max(Method method, std::string_view target) const;
  const std::vector<Route>& routes() const;

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

// GET /healthz, /readyz and /metrics. `not_ready` says what is not ready as an error, which /readyz shows as a problem.
std::vector<Route> operation_routes(std::function<Result<void>()> not_ready, const Metrics& metrics);

}  // namespace amity::api
