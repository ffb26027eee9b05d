#include "customers/resolution/places.h"

#include <gtest/gtest.h>

namespace amity::customers {
namespace {

using Words = std::vector<std::string>;

TEST(Places, in_chinese_are_spelt_part_by_part) {
  EXPECT_EQ(read_place("北京市朝阳区建国路88号").spelt,
            (Words{"beijing", "city", "chaoyang", "district", "jianguo", "road", "88", "number"}));
  EXPECT_EQ(read_place("建国东路").spelt, (Words{"jianguo", "east", "road"}));
  EXPECT_EQ(read_place("中路").spelt, (Words{"zhong", "road"}));
  EXPECT_EQ(read_place("上海市").sound, "shanghai");
}

TEST(Places, in_latin_letters_have_long_words) {
  EXPECT_EQ(read_place("no. 5 smith st, apt 3").words, (Words{"number", "5", "smith", "street", "apartment", "3"}));
  EXPECT_TRUE(read_place("5 smith st").spelt.empty());
}

TEST(Places, that_are_nothing_but_an_ending_keep_it_as_their_name) {
  EXPECT_EQ(read_place("市").spelt, (Words{"shi"}));
  EXPECT_TRUE(read_place("").words.empty());
}

}  // namespace
}  // namespace amity::customers
