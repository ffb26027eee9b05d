// How many guesses somebody would need who tries first what people choose.
#pragma once

#include <string_view>

namespace amity::security {

// The logarithm (base 10) of an upper bound: the password is taken apart in the cheapest way into words of ours (also
// with digits for letters), Chinese names in pinyin, the sign-in name, dates, telephone numbers, lucky numbers, runs
// (abc, 987), walks over the keyboard, repeats, and single characters for the rest. `name` and `password` are in lower
// case, UTF-8.
double guesses_log10(std::string_view name, std::string_view password);

}  // namespace amity::security
