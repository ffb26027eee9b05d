// What comes in and what goes out, whatever carries it: a socket, the command line in the same process, a test.
//
// api/ is the house's door. A Request is read by server.h (HTTP/1.1 on a socket) or made by client.h (the command
// line); router.h finds its route, asks who is calling, holds the rules that are the same for every route (permission,
// content type, size, idempotency, entity tags, security headers, trace) and calls one handler: a plain function from
// Request to Result<Response>. problem.h turns errors into RFC 9457 documents and is the only place that knows HTTP
// statuses for them. openapi.yaml says what there is; contract.h holds the route table against it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/json.h"
#include "base/result.h"
#include "security/caller.h"

namespace amity::api {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOther };
std::string_view name_of(Method method);  // "GET"; kOther is ""
Method parse_method(std::string_view name);

// Names of headers are lower case throughout.
struct Field {
  std::string name;
  std::string value;
};
using Fields = std::vector<Field>;

struct Request {
  Method method = Method::kGet;
  std::string target = "/";  // as sent, origin form: "/v1/customers/576?at=1998-01-01"
  Fields headers;
  std::string body;
  std::string remote_address;  // of the socket's other end; empty in the same process

  // Set by the router before the handler runs.
  Fields path_parameters;  // percent-decoded, UTF-8 without control characters
  Fields query;            // likewise; no name twice
  std::string trace_id;    // W3C, 32 hexadecimal digits
  std::string language;    // "en" or "zh", from Accept-Language

  // Who calls. In the same process its maker may set it (the command line has signed the person in); the server never
  // does, so that over a socket only the router's Authenticate sets it.
  std::optional<security::Caller> caller;

  std::string_view header(std::string_view lower_name) const;  // empty where it is missing
  std::string_view parameter(std::string_view name) const;     // of the path; CHECK: the pattern has it
  std::optional<std::string_view> query_value(std::string_view name) const;
  // The caller of a route that needs one; CHECK: the route is not open.
  const security::Caller& who() const;
};

// Parses the body as one JSON document; its size is already bounded by the route.
Result<json::value> json_body(const Request& request);
// invalid for the first query name that is not in `known` (place "?name").
Result<void> refuse_unknown_query(const Request& request, std::span<const std::string_view> known);
// A whole number of the query within bounds, or `otherwise` where it is missing.
Result<int64_t> query_integer(const Request& request, std::string_view name, int64_t least, int64_t most,
                              int64_t otherwise);

struct Response {
  int status = 200;
  std::string content_type = "application/json";  // empty: no body
  Fields headers;
  std::string body;
  // The customers and accounts it tells of. Never sent: an answer kept for its repeat goes with any of them
  // (first_answers.h).
  std::vector<Uuid> about = {};
  bool is_denied = false;  // something of a batch was forbidden; never sent, counted like a refusal of the whole

  std::string_view header(std::string_view lower_name) const;
};

Response json_response(const json::value& value, int status = 200);
Response created(std::string_view location, const json::value& value);  // 201 with Location
Response no_content();                                                  // 204

// Entity tags (RFC 9110 section 8.8.3) over whatever identifies a version: a version number, a fingerprint.
// The router answers 304 where a GET's If-None-Match names the tag of the response.
Response with_etag(Response response, std::string_view version);
bool is_not_modified(const Request& request, const Response& response);
// Before a change: If-Match must name the current version. Missing is 428, another is 412 (problem.h).
Result<void> require_match(const Request& request, std::string_view current_version);

}  // namespace amity::api
