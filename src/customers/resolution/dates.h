// Days as people write them.
#pragma once

#include <string>
#include <string_view>

namespace amity::customers {

// "20240131" of 2024-01-31, 31/01/2024, 31.1.24, 20240131, 2024年1月31日, 二〇二四年一月三十一日, 31 Jan 2024,
// 2024-01-31T10:00; "" when it is no date. Where both orders of day and month could be meant, the day comes first after
// the European fashion: what is written the other way round differs in a way that comparing expects. Years of two
// digits lie between 1931 and 2030.
std::string date_digits(std::string_view folded);

// Both in the form above and the same but for day and month being exchanged.
bool is_day_and_month_exchanged(std::string_view left, std::string_view right);

}  // namespace amity::customers
