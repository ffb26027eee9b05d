// A value or condition over one event, compiled once: a field path or CEL over `event`.
//
// `event` has the data fields of the types it is compiled for, and type, id and time (which stand before a data field
// of the same name). Where an event lacks what is asked (an optional field that is not there, a division by zero) the
// answer is nothing, and the event does not count.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "events/catalogue.h"
#include "events/event.h"

namespace amity::features {

class EventExpression {
 public:
  // invalid names the character or the field; `types` are those of the events it will see.
  static Result<EventExpression> compile(std::string_view text, std::span<const events::Type* const> types);

  bool is_true(const events::Event& event) const;
  // value * 10^decimals, rounded half away from zero; truth is 1 or 0. Nothing beyond 10^15 either way.
  std::optional<int64_t> number(const events::Event& event, int decimals) const;
  std::optional<double> real(const events::Event& event) const;
  // 64 bits of a digest of a text, whole number or truth.
  std::optional<int64_t> digest(const events::Event& event) const;
  std::optional<std::string> text(const events::Event& event) const;  // whole numbers in decimal

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace amity::features
