#include "customers/resolution/han_names.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace amity::customers {
namespace {

bool sounds(const HanSpellings& name, std::string_view sound) {
  return std::ranges::find(name.sounds, sound) != name.sounds.end();
}

TEST(HanNames, are_spelt_with_family_name_first_and_last) {
  const auto name = spell_han_name({"张", "晓", "明"}, true);
  EXPECT_EQ(name.words, (std::vector<std::string>{"zhang", "xiaoming"}));
  EXPECT_EQ(name.initials, (std::vector<std::string>{"zhangxm", "xmzhang", "zxm"}));
  for (const auto* sound : {"zhangxiaoming", "xiaomingzhang", "changhsiaoming", "cheungxiaoming"}) {
    EXPECT_TRUE(sounds(name, sound)) << sound;
  }
}

TEST(HanNames, of_two_characters_keep_them_together) {
  EXPECT_EQ(spell_han_name({"欧", "阳", "娜"}, true).words, (std::vector<std::string>{"ouyang", "na"}));
  EXPECT_EQ(spell_han_name({"欧", "阳"}, true).words, (std::vector<std::string>{"ou", "yang"}));
}

TEST(HanNames, have_the_readings_that_family_names_have) {
  EXPECT_EQ(spell_han_name({"单", "田", "芳"}, true).words[0], "shan");
  EXPECT_EQ(spell_han_name({"仇", "英"}, true).words[0], "qiu");
  EXPECT_TRUE(sounds(spell_han_name({"王", "乐"}, true), "wangyue"));
  EXPECT_TRUE(sounds(spell_han_name({"王", "乐"}, true), "wangle"));
}

TEST(HanNames, without_a_family_name_are_one_word) {
  EXPECT_EQ(spell_han_name({"晓", "明"}, false).words, (std::vector<std::string>{"xiaoming"}));
  EXPECT_TRUE(spell_han_name({}, true).sounds.empty());
  EXPECT_EQ(spell_han_name({"张"}, true).words, (std::vector<std::string>{"zhang"}));
}

TEST(HanNames, are_written_in_wade_giles_too) {
  EXPECT_EQ(wade_giles("xu"), "hsu");
  EXPECT_EQ(wade_giles("zhang"), "chang");
  EXPECT_EQ(wade_giles("cai"), "tsai");
  EXPECT_EQ(wade_giles("deng"), "teng");
}

TEST(HanNames, write_the_rounded_u_in_one_way) {
  for (const auto* typed : {"lv", "lyu", "lu"}) EXPECT_EQ(plain_sound(typed), "lu");
  EXPECT_EQ(plain_sound("nvlv"), "nulu");
}

}  // namespace
}  // namespace amity::customers
