// What a server answers, as the client reads it: bytes are a response or none; and which it is
// does not depend on how they are cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/client.h"
#include "api/client/answer_reader.h"

namespace {

using namespace amity;
using namespace amity::api;

std::string outcome_of(std::string_view bytes, size_t step, bool is_head) {
  AnswerReader reader(is_head);
  while (!bytes.empty() && !reader.is_whole()) {
    const auto space = reader.space();
    if (space.empty()) __builtin_trap();
    const auto count = std::min({step, bytes.size(), space.size()});
    std::copy_n(bytes.begin(), count, space.begin());
    bytes.remove_prefix(count);
    if (reader.received(count)) return "none";
  }
  if (!reader.is_whole()) return "none";
  const auto response = reader.take();
  static_cast<void>(json_answer(response));
  return std::to_string(response.status) + response.content_type + response.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool is_head = (data[0] & 1) != 0;
  const auto whole = outcome_of(bytes, 64 * 1024, is_head);
  if (outcome_of(bytes, 1, is_head) != whole) __builtin_trap();
  if (outcome_of(bytes, 7, is_head) != whole) __builtin_trap();
  return 0;
}
