#include "base/log.h"

#include <atomic>
#include <string>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/json.h"

namespace amity {
namespace {

std::atomic<Level> least_level = Level::kInfo;

std::string_view name_of(Level level) {
  switch (level) {
    case Level::kDebug: return "debug";
    case Level::kInfo: return "info";
    case Level::kWarn: return "warn";
    case Level::kError: return "error";
  }
  return "error";
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("amity", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    return made;
  }();
  return *instance;
}

json::value to_json(const LogField& field) {
  return std::visit([](const auto& value) { return json::value(value); }, field.value);
}

}  // namespace

void set_log_level(Level least) { least_level = least; }

void log(Level level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < least_level.load(std::memory_order_relaxed)) return;
  json::object line{{"time", format(SystemClock().now())}, {"level", name_of(level)}, {"message", message}};
  for (const auto& field : fields) line[field.key] = to_json(field);
  logger().info("{}", write_json(line));
}

}  // namespace amity
