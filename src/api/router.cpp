#include "api/router.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "api/caller_limits.h"
#include "api/first_answers.h"
#include "api/problem.h"
#include "api/router/table.h"
#include "api/router/target.h"
#include "api/router/trace.h"
#include "base/check.h"
#include "base/log.h"

namespace amity::api {
namespace {

using Steady = std::chrono::steady_clock;

// What every answer carries (OWASP secure headers for an API: nothing in it is ever rendered or kept).
constexpr std::pair<std::string_view, std::string_view> kSecurityHeaders[] = {
    {"x-content-type-options", "nosniff"}, {"content-security-policy", "default-src 'none'; frame-ancestors 'none'"},
    {"referrer-policy", "no-referrer"},    {"cross-origin-resource-policy", "same-origin"},
    {"cache-control", "no-store"},
};

// "application/json; charset=UTF-8" is application/json; any other parameter is another type.
bool is_content_type(std::string_view header, std::string_view wanted) {
  const auto equal = [](std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  };
  const size_t semicolon = std::min(header.find(';'), header.size());
  auto type = header.substr(0, semicolon);
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (!equal(type, wanted)) return false;
  auto parameter = header.substr(std::min(semicolon + 1, header.size()));
  while (parameter.starts_with(' ')) parameter.remove_prefix(1);
  return semicolon == header.size() || equal(parameter, "charset=utf-8");
}

std::string_view bearer_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  const auto scheme = authorization.substr(0, kScheme.size());
  const bool is_bearer =
      std::ranges::equal(scheme, kScheme, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return is_bearer ? authorization.substr(kScheme.size()) : std::string_view{};
}

bool is_idempotency_key(std::string_view key) {
  return !key.empty() && key.size() <= kIdempotencyKeyBytesMax &&
         std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7F; });
}

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::string http_date(Timestamp now) {
  constexpr std::string_view kDays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto date = date_of(now);
  const auto [year, month, day] = year_month_day(date);
  const auto second = (now - start_of(date)).us / 1'000'000;
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[weekday(date) - 1], day, kMonths[month - 1], year,
                     second / 3600, second / 60 % 60, second % 60);
}

// What one route has counted, by hundreds of the status.
struct RouteMetrics {
  std::array<Counter*, 6> answered;
  Histogram* seconds;
};

RouteMetrics register_route(Metrics& metrics, std::string_view method, std::string_view pattern) {
  const auto labels = fmt::format("method=\"{}\",route=\"{}\"", method, pattern);
  RouteMetrics out{};
  for (int hundred = 1; hundred <= 5; ++hundred) {
    out.answered[static_cast<size_t>(hundred)] =
        &metrics.counter({"amity_http_requests_total", "requests answered, by route and class of status",
                          fmt::format("{},status=\"{}xx\"", labels, hundred)});
  }
  out.seconds = &metrics.histogram({"amity_http_request_seconds", "from a request read to its answer made", labels});
  return out;
}

}  // namespace

class Router::Body {
 public:
  explicit Body(RouterParts parts)
      : table(std::move(parts.routes)),
        authenticate_(std::move(parts.authenticate)),
        clock_(parts.clock),
        first_answers_(parts.first_answers),
        caller_limits_(parts.caller_limits),
        on_denied_(std::move(parts.on_denied)) {
    CHECK(authenticate_ && clock_ != nullptr && parts.metrics != nullptr);
    for (const auto& route : table.routes()) {
      CHECK(route.repeat == Repeat::kHarmless || first_answers_ != nullptr);
      metrics_.push_back(register_route(*parts.metrics, name_of(route.method), route.pattern));
    }
    metrics_.push_back(register_route(*parts.metrics, "", kNoRoute));
  }

  Response handle(Request request) const {
    const auto begin = Steady::now();
    recognise(request);
    const Route* route = nullptr;
    size_t index = table.routes().size();
    auto response = answer(request, route, index);
    if (is_not_modified(request, response) && route != nullptr && route->method == Method::kGet) {
      response.status = 304;
      response.body.clear();
      response.content_type.clear();
    }
    finish_headers(request, response);
    observe({request, response, route ? route->pattern : kNoRoute, index, Steady::now() - begin});
    return response;
  }

  Response refuse(Request request, const std::function<Response(const Request&)>& make) const {
    recognise(request);
    auto response = make(request);
    finish_headers(request, response);
    observe({request, response, kNoRoute, table.routes().size(), {}});
    return response;
  }

  RouteTable table;

 private:
  static constexpr std::string_view kNoRoute = "none";

  struct Observation {
    const Request& request;
    const Response& response;
    std::string_view pattern;
    size_t index;
    Steady::duration took;
  };

  static void recognise(Request& request) {
    request.trace_id = trace_id_of(request.header("traceparent"));
    request.language = preferred_language(request.header("accept-language"));
  }

  Response answer(Request& request, const Route*& route, size_t& index) const {
    if (request.target.size() > kTargetBytesMax) {
      return problem(request, Refusal::kUriTooLong, fmt::format("at most {} bytes", kTargetBytesMax));
    }
    auto target = parse_target(request.target);
    if (!target) return problem(request, target.error());
    auto found = table.find(request.method, target->segments);
    if (found.route == nullptr) return no_route(request, found.allow);
    route = found.route;
    index = found.index;
    request.path_parameters = std::move(found.path_parameters);
    request.query = std::move(target->query);
    auto response = admitted(request, *route);
    const bool is_denied = response ? response->is_denied : response.error().code == Code::kForbidden;
    if (is_denied && request.caller && on_denied_) on_denied_(request.who(), route->pattern);
    return response ? *std::move(response) : problem(request, response.error());
  }

  static Response no_route(const Request& request, const std::string& allow) {
    if (allow.empty()) return problem(request, Error{Code::kNotFound, "no such path; openapi.yaml lists them", ""});
    auto response = problem(request, Refusal::kMethodNotAllowed, "allowed are: " + allow);
    response.headers.push_back({"allow", allow});
    return response;
  }

  Result<Response> admitted(Request& request, const Route& route) const {
    if (!route.is_open) {
      TRY(identify(request));
      if (caller_limits_ != nullptr) TRY(caller_limits_->take(format(request.who().user), clock_->now()));
      if (route.permission) {
        TRY(security::require(request.who(), *route.permission));
        TRY(security::require_purpose(request.who()));
      }
    }
    if (request.body.size() > route.body_bytes_max) {
      return problem(request, Refusal::kContentTooLarge, fmt::format("at most {} bytes here", route.body_bytes_max));
    }
    const auto is_sent = [&](std::string_view wanted) {
      return is_content_type(request.header("content-type"), wanted);
    };
    if (!request.body.empty() && std::ranges::none_of(route.content_types, is_sent)) {
      return problem(request, Refusal::kUnsupportedMediaType,
                     fmt::format("send Content-Type: {}", fmt::join(route.content_types, " or ")));
    }
    TRY(refuse_unknown_query(request, route.query));
    return route.repeat == Repeat::kHarmless ? run(request, route) : run_once(request, route);
  }

  Result<void> identify(Request& request) const {
    if (!request.caller) {
      const auto token = bearer_of(request.header("authorization"));
      if (token.empty()) return fail(Code::kUnauthenticated, "send Authorization: Bearer with a session or API key");
      request.caller = TRY(authenticate_(token));
    }
    if (const auto purpose = request.header("amity-purpose"); !purpose.empty()) {
      auto parsed = security::parse_purpose(purpose);
      if (!parsed) return invalid("no such purpose", "header:amity-purpose");
      request.caller->purpose = *parsed;
    }
    request.caller->trace_id = request.trace_id;
    return {};
  }

  Result<Response> run(const Request& request, const Route& route) const {
    try {
      return route.handler(request);
    } catch (...) {  // what it says may hold personal data
      log(Level::kError, "a handler threw", {{"route", route.pattern}, {"trace_id", request.trace_id}});
      return fail(Code::kInternal, "a handler threw");
    }
  }

  Result<Response> run_once(const Request& request, const Route& route) const {
    const auto key = request.header("idempotency-key");
    if (key.empty() && route.repeat == Repeat::kTakesKey) return run(request, route);
    if (!is_idempotency_key(key)) {
      return invalid("send Idempotency-Key: 1 to 128 visible ASCII characters, another for each new request",
                     "header:idempotency-key");
    }
    const auto caller = format(request.who().user);
    const auto name = fmt::format("{} {}", name_of(route.method), route.pattern);
    auto begun = TRY(first_answers_->begin({caller, name, key, request.target, request.body}));
    if (auto* first = std::get_if<Response>(&begun)) return std::move(*first);
    return kept(request, std::get<FirstAnswers::Ticket>(begun), run(request, route));
  }

  // Keeps the answer where it is known what was done.
  Result<Response> kept(const Request& request, const FirstAnswers::Ticket& ticket, Result<Response> result) const {
    const Code code = result ? Code::kInvalid : result.error().code;
    if (code == Code::kUnavailable || code == Code::kLimit) {
      TRY(first_answers_->release(ticket));
      return result;
    }
    if (code == Code::kInternal || code == Code::kTimeout) {
      first_answers_->abandon(ticket);
      return result;
    }
    auto response = result ? *std::move(result) : problem(request, result.error());
    TRY(first_answers_->finish(ticket, response));
    return response;
  }

  void finish_headers(const Request& request, Response& response) const {
    for (const auto& [name, value] : kSecurityHeaders) {
      if (response.header(name).empty()) response.headers.push_back({std::string(name), std::string(value)});
    }
    response.headers.push_back({"date", http_date(clock_->now())});
    response.headers.push_back({"traceparent", traceparent_of(request.trace_id)});
  }

  void observe(const Observation& seen) const {
    const auto& metrics = metrics_[seen.index];
    metrics.answered[static_cast<size_t>(std::clamp(seen.response.status / 100, 1, 5))]->add();
    metrics.seconds->observe(std::chrono::duration<double>(seen.took).count());
    log(Level::kInfo, "request",
        {{"method", name_of(seen.request.method)},
         {"route", seen.pattern},
         {"status", int64_t{seen.response.status}},
         {"duration_us", int64_t{std::chrono::duration_cast<std::chrono::microseconds>(seen.took).count()}},
         {"trace_id", seen.request.trace_id}});
  }

  Authenticate authenticate_;
  const Clock* clock_;
  FirstAnswers* first_answers_;
  CallerLimits* caller_limits_;
  std::function<void(const security::Caller&, std::string_view)> on_denied_;
  std::vector<RouteMetrics> metrics_;  // by the route's index; the last for requests that found none
};

Router::Router(RouterParts parts) : body_(std::make_unique<Body>(std::move(parts))) {}
Router::~Router() = default;

Response Router::handle(Request request) const { return body_->handle(std::move(request)); }

Response Router::refuse(Request request, Refusal refusal, std::string_view detail) const {
  return body_->refuse(std::move(request), [&](const Request& r) { return problem(r, refusal, detail); });
}

Response Router::refuse(Request request, const Error& error) const {
  return body_->refuse(std::move(request), [&](const Request& r) { return problem(r, error); });
}

size_t Router::body_bytes_max(Method method, std::string_view target) const {
  if (target.size() > kTargetBytesMax) return 0;
  const auto parsed = parse_target(target);
  if (!parsed) return 0;
  const auto found = body_->table.find(method, parsed->segments);
  return found.route == nullptr ? 0 : found.route->body_bytes_max;
}

const std::vector<Route>& Router::routes() const { return body_->table.routes(); }

std::vector<Route> operation_routes(std::function<Result<void>()> not_ready, const Metrics& metrics) {
  const auto healthz = [](const Request&) -> Result<Response> { return json_response({{"status", "alive"}}); };
  const auto readyz = [ask = std::move(not_ready)](const Request&) -> Result<Response> {
    TRY(ask());
    return json_response({{"status", "ready"}});
  };
  const auto numbers = [&metrics](const Request&) -> Result<Response> {
    return Response{.content_type = "text/plain; version=0.0.4", .headers = {}, .body = metrics.text()};
  };
  return {
      {.method = Method::kGet, .pattern = "/healthz", .handler = healthz, .is_open = true},
      {.method = Method::kGet, .pattern = "/readyz", .handler = readyz, .is_open = true},
      {.method = Method::kGet, .pattern = "/metrics", .handler = numbers, .is_open = true},
  };
}

}  // namespace amity::api
