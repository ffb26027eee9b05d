#include "customers/resolution/dates.h"

#include <gtest/gtest.h>

namespace amity::customers {
namespace {

TEST(Dates, are_read_in_many_orders_and_scripts) {
  for (const auto* text :
       {"2024-01-31", "31/01/2024", "31.1.2024", "20240131", "2024年1月31日", "31 jan 2024", "january 31, 2024",
        "01/31/2024", "2024/1/31 08:30:00", "31.01.24", "二〇二四年一月三十一日", "2024-01-31t10:00:00z"}) {
    EXPECT_EQ(date_digits(text), "20240131") << text;
  }
  EXPECT_EQ(date_digits("一九八〇年十月二十日"), "19801020");
  EXPECT_EQ(date_digits("5/6/75"), "19750605");
  for (const auto* text : {"", "2024", "2024-13-32", "99999999999", "hello", "1-2", "0-0-0", "年月日", "十"}) {
    EXPECT_EQ(date_digits(text), "") << text;
  }
}

TEST(Dates, know_when_day_and_month_are_exchanged) {
  EXPECT_TRUE(is_day_and_month_exchanged("19800102", "19800201"));
  EXPECT_FALSE(is_day_and_month_exchanged("19800102", "19810201"));
  EXPECT_FALSE(is_day_and_month_exchanged("19800101", "19800101"));
  EXPECT_FALSE(is_day_and_month_exchanged("", ""));
}

}  // namespace
}  // namespace amity::customers
