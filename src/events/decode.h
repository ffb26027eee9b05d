// The door: CloudEvents 1.0 JSON documents become checked Events.
//
// Accepted are the structured mode (application/cloudevents+json, one event) and the batch mode
// (application/cloudevents-batch+json, a list) of the CloudEvents JSON format. Required attributes are specversion
// ("1.0"), id, source, type, subject, time and data. Optional ones: dataschema (the schema version as a number in text;
// the newest where it is missing), datacontenttype (application/json) and traceparent. Any other attribute is refused:
// what we do not understand may not be lost silently.
//
// A batch is accepted or refused whole, so that a sender can repair and repeat it; each problem names its place
// ("/3/data/amount"). Pure functions: any thread, no clock (the time now is an argument).
#pragma once

#include <string_view>
#include <vector>

#include "events/event.h"

namespace amity::events {

constexpr size_t kMaxBodyBytes = 1024 * 1024;
constexpr size_t kMaxBatchEvents = 1000;
constexpr size_t kMaxProblems = 20;
constexpr Duration kMaxAhead = hours(24);  // of `now`: a sender's clock may be wrong, but not by more

// One CloudEvent. `place` is put before the pointers in errors.
Result<Event> decode_event(const json::value& document, Timestamp now, std::string_view place = "");

struct DecodedBody {
  std::vector<Event> events;    // all of the body, or none where there are problems
  std::vector<Error> problems;  // the first kMaxProblems, each with its place
};

// `content_type` as in the HTTP header; of its parameters only charset=utf-8 is allowed.
DecodedBody decode_body(std::string_view content_type, std::string_view body, Timestamp now);

// The structured-mode document of an event, the inverse of decode_event (an erased event has no data to give).
json::object encode_event(const Event& event);

}  // namespace amity::events
