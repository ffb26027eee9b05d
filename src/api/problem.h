// Problem documents (RFC 9457): how an Error looks to an outside caller. The only place that maps Code to HTTP.
//
//   {"detail":"amount_minor is missing","errors":[{"detail":"amount_minor is missing","pointer":"/data/amount"}],
//    "status":400,"title":"The request is malformed","trace_id":"4bf9...","type":"/problems/invalid"}
//
// `type` is a path of this server, never followed by the program; titles are in English or Chinese, details in English.
#pragma once

#include <span>
#include <string_view>

#include "api/message.h"
#include "base/result.h"

namespace amity::api {

// What HTTP itself refuses, beyond the closed codes of base/result.h.
enum class Refusal {
  kMalformedHttp,            // 400
  kMethodNotAllowed,         // 405
  kRequestTimeout,           // 408
  kLengthRequired,           // 411
  kPreconditionFailed,       // 412
  kContentTooLarge,          // 413
  kUriTooLong,               // 414
  kUnsupportedMediaType,     // 415
  kExpectationFailed,        // 417
  kPreconditionRequired,     // 428
  kHeadersTooLarge,          // 431
  kHttpVersionNotSupported,  // 505
};

// What `Error::place` holds where a header, not the body, is meant: "header:if-match". A conflict there is 412, an
// invalid (missing) one 428.
constexpr std::string_view kIfMatchPlace = "header:if-match";

int status_of(const Error& error);
int status_of(Refusal refusal);

// `request` gives the language and the trace id. limit and unavailable carry Retry-After, unauthenticated
// WWW-Authenticate. Errors that are our own mistake (kInternal) show no detail outside.
Response problem(const Request& request, const Error& error);
// Several mistakes of one request: the first gives the kind, all are listed with their places.
Response problem(const Request& request, std::span<const Error> errors);
Response problem(const Request& request, Refusal refusal, std::string_view detail);

// The way back, for a client: the code by the status, the detail, the first place.
Error error_of_problem(const Response& response);

// "zh" where Accept-Language (RFC 9110 section 12.5.4) prefers Chinese over English, else "en".
std::string_view preferred_language(std::string_view accept_language);

}  // namespace amity::api
