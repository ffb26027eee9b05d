// Stored feature states: whatever the bytes are, they are refused or read, and what is read is written back the same.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "features/engine/state.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace amity;
  using namespace amity::features;
  static const std::vector<Group> groups = {
      {.layout = 0,
       .source = 0,
       .form = Form::kTotals,
       .window = Window::of(days(30), {}),
       .at_most = 0,
       .has_values = true},
      {.layout = 0, .source = 0, .form = Form::kTotals, .window = {}, .at_most = 0, .has_values = false},
      {.layout = 0, .source = 0, .form = Form::kEdges, .window = {}, .at_most = 0, .has_values = true},
      {.layout = 0,
       .source = 1,
       .form = Form::kLatest,
       .window = Window::of(hours(1), {}),
       .at_most = 8,
       .has_values = true},
      {.layout = 0, .source = 1, .form = Form::kEarliest, .window = {}, .at_most = 8, .has_values = true}};
  const auto state = EntityState::read(ByteView(data, size), groups, 0);
  if (!state) return 0;
  const Bytes written = state->write(groups);
  CHECK(std::equal(written.begin(), written.end(), data, data + size));
  const Span all{INT64_MIN, INT64_MAX};
  CHECK(!std::isinf(state->totals(0, all).mean()));
  CHECK(state->key_count(3, all) <= 8);
  return 0;
}
