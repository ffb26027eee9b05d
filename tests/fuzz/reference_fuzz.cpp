// What an institution declares for everybody: products, calendars and duties to keep data. The first byte says which;
// each is refused, or answers.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "customers/retention.h"
#include "reference/calendar.h"
#include "reference/products.h"

namespace {

using namespace amity;

void read_products(std::string_view yaml) {
  const auto products = reference::Products::parse(std::span(&yaml, 1));
  if (!products) return;
  for (const auto& product : products->all()) {
    if (products->find(product.id) != &product) __builtin_trap();
    if (product.risk_level < 0 || product.risk_level > 5) __builtin_trap();
  }
}

void read_calendar(std::string_view yaml) {
  const auto calendar = reference::Calendar::parse(yaml);
  if (!calendar) return;
  const auto begin = *parse_date("2025-01-26");
  const auto next = calendar->next_business_day(begin);
  if (!(begin < next) || !calendar->is_business_day(next)) __builtin_trap();
  if (calendar->business_days_between(begin, next) > 1) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view yaml(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: read_products(yaml); break;
    case 1: read_calendar(yaml); break;
    default: static_cast<void>(customers::Retention::parse(yaml)); break;
  }
  return 0;
}
