// Structured logs: one JSON object a line on standard error, UTC times, no personal data.
//
// Values are numbers, ids and words of the program. A customer's data never becomes a log value; there is deliberately
// no way to log a JSON document or a request body.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace amity {

enum class Level { kDebug, kInfo, kWarn, kError };

struct LogField {
  std::string_view key;
  std::variant<std::string_view, int64_t, double, bool> value;
};

void set_log_level(Level least);
void log(Level level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace amity
