// What decode_body accepts can be encoded, and decodes to the same event with the same digest.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "events/decode.h"

using namespace amity;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool is_batch = (data[0] & 1) != 0;
  const Timestamp now{1'700'000'000'000'000};
  const auto decoded =
      events::decode_body(is_batch ? "application/cloudevents-batch+json" : "application/cloudevents+json", body, now);
  if (decoded.events.empty() == decoded.problems.empty()) std::abort();
  for (const auto& event : decoded.events) {
    const auto again = events::decode_event(events::encode_event(event), now);
    if (!again || again->body_digest != event.body_digest || again->data != event.data) std::abort();
  }
  return 0;
}
