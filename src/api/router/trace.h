// W3C Trace Context: the traceparent header, version 00.
#pragma once

#include <string>
#include <string_view>

namespace amity::api {

// The trace id (32 lower-case hexadecimal digits, not all zero) of a valid traceparent, else a new random one.
std::string trace_id_of(std::string_view traceparent);
// A traceparent of this trace with a new span of ours.
std::string traceparent_of(std::string_view trace_id);

}  // namespace amity::api
