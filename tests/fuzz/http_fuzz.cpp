// Bytes -> requests -> router -> answers, as on a connection but without the socket: nothing may crash, hang, or answer
// without the security headers; and which requests are read must not depend on how the bytes are cut.
#include "api/client.h"
#include "api/router.h"
#include "api/server/request_reader.h"
#include "base/check.h"
#include "base/log.h"

namespace {

using namespace amity;
using namespace amity::api;

Result<Response> echo(const Request& request) {
  if (!request.body.empty()) TRY(json_body(request));
  return json_response(json::object{{"count", request.query.size()}});
}

struct House {
  House() { set_log_level(Level::kError); }
  ManualClock clock{Timestamp{}};
  Metrics metrics;
  Router router{{.routes = {{.method = Method::kGet, .pattern = "/a/{b}", .handler = echo, .is_open = true},
                            {.method = Method::kPost, .pattern = "/a", .handler = echo, .is_open = true},
                            {.method = Method::kGet, .pattern = "/closed", .handler = echo}},
                 .authenticate = [](std::string_view) -> Result<security::Caller> {
                   return fail(Code::kUnauthenticated, "nobody");
                 },
                 .clock = &clock,
                 .metrics = &metrics}};
};

// The statuses of the requests that were read, in order. Why reading ended may differ: by a limit or by the fault
// itself.
std::string answers_to(const Router& router, std::string_view bytes, size_t step) {
  RequestReader reader(1024);
  std::string statuses;
  while (!bytes.empty()) {
    const auto space = reader.space();
    const auto count = std::min({step, bytes.size(), space.size()});
    std::copy_n(bytes.begin(), count, space.begin());
    bytes.remove_prefix(count);
    auto state = reader.received(count);
    while (state == RequestReader::State::kHead || state == RequestReader::State::kRequest) {
      if (state == RequestReader::State::kHead) {
        state = reader.accept(router.body_bytes_max(reader.head().method, reader.head().target));
        continue;
      }
      const auto response = router.handle(reader.take());
      CHECK(response.header("x-content-type-options") == "nosniff");
      CHECK(response_bytes(response, {}).starts_with("HTTP/1.1 "));
      statuses += std::to_string(response.status) + " ";
      state = reader.proceed();
    }
    if (state == RequestReader::State::kRefused) return statuses;
  }
  return statuses;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const House house;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CHECK(answers_to(house.router, bytes, 16 * 1024) == answers_to(house.router, bytes, 1));
  return 0;
}
