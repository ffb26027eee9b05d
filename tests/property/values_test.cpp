// What always holds of the values every room passes on: what is written reads back as the same.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <bit>
#include <cmath>

#include "base/json.h"
#include "base/money.h"
#include "base/time.h"

namespace amity {
namespace {

TEST(Values, a_written_amount_reads_back_as_the_same) {
  EXPECT_TRUE(rc::check([](int64_t any) {
    const Currency currency = *Currency::parse(std::array{"CNY", "JPY", "KWD"}[static_cast<uint64_t>(any) % 3]);
    const Money money{any % kMaxAmountMinor, currency};
    const std::string text = format(money);
    RC_ASSERT(*parse_amount_minor(text.substr(0, text.find(' ')), currency) == money.amount_minor);
  }));
}

TEST(Values, a_written_moment_reads_back_as_the_same) {
  EXPECT_TRUE(rc::check([](int64_t any) {
    const int64_t span = kLatest.us - kEarliest.us;
    const Timestamp moment{kEarliest.us + static_cast<int64_t>(static_cast<uint64_t>(any) * 0x9e3779b97f4a7c15 %
                                                               static_cast<uint64_t>(span))};
    RC_ASSERT((*parse_timestamp(format(moment)) == moment));
  }));
}

TEST(Values, a_written_decimal_reads_back_bit_for_bit) {
  EXPECT_TRUE(rc::check([](uint64_t any) {
    const auto number = std::bit_cast<double>(any * 0x9e3779b97f4a7c15);
    if (!std::isfinite(number)) return;
    const auto read = parse_json(write_json(number));
    RC_ASSERT(read.has_value());
    RC_ASSERT(std::bit_cast<uint64_t>(read->get_double()) == std::bit_cast<uint64_t>(number));
  }));
}

}  // namespace
}  // namespace amity
