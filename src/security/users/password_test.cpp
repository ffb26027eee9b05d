#include <gtest/gtest.h>

#include <string>

#include "security/users.h"

namespace amity::security {
namespace {

TEST(Password, takes_long_ones_of_any_script) {
  const auto is_good = [](std::string_view text) { return check_password("officer", text).has_value(); };
  EXPECT_TRUE(is_good("correct horse battery"));
  EXPECT_TRUE(is_good("龙年大吉大利恭喜"));
  EXPECT_FALSE(is_good("龙年大吉大利恭"));  // seven characters, 21 bytes
  std::string longest;                      // no repetition: 1 to 1024 characters of digits
  for (int i = 0; longest.size() < 1021; ++i) longest += std::to_string(i * i) + " ";
  longest.resize(1024, 'x');
  EXPECT_TRUE(is_good(longest));
  EXPECT_FALSE(is_good(longest + "a"));
  EXPECT_FALSE(is_good("short"));
  EXPECT_FALSE(is_good("OFFICER"));
  EXPECT_FALSE(is_good("caf\xe9 au lait"));
  EXPECT_EQ(check_password("x", "short").error().code, Code::kUnprocessable);
}

TEST(Password, refuses_what_people_make_of_words_names_dates_and_keys) {
  for (const char* bad :
       {"Password",    "PASSWORD1",      "p@ssw0rd",      "P@55w0rd!",     "password2024", "Summer2026!",
        "welcome123",  "iloveyou1",      "letmein!!",     "admin1234",     "qwertyuiop",   "1q2w3e4r",
        "1qaz2wsx",    "qazwsxedc",      "zxcvbnm1",      "poiuytrewq",    "12345678",     "1234567890",
        "87654321",    "abcdefgh",       "aaaaaaaa",      "        ",      "abcabcabcabc", "abcd1234abcd1234",
        "11112222",    "20240101",       "19900131",      "31011990",      "13800138000",  "a13800138000",
        "5201314520",  "woaini1314",     "woaini5201314", "zhang19900131", "zhangwei1990", "wangfang900131",
        "lihua123456", "wangxiaoming88", "mima123456",    "beijing2008",   "88888888",     "66668888",
        "147258369",   "officer1",       "officer2026",   "0fficer!",      "83927461"}) {
    EXPECT_FALSE(check_password("officer", bad)) << bad;
  }
  EXPECT_FALSE(check_password("zhang.wei@bank", "zhang.wei1990"));
  EXPECT_FALSE(check_password("ignatius", "Ignatius1990"));
  EXPECT_TRUE(check_password("somebody", "Ignatius1990"));
}

TEST(Password, takes_what_is_hard_to_guess_however_it_looks) {
  for (const char* good :
       {"correct horse battery", "purple monkey dishwasher", "kxvqzjwp", "k7#mq2xw", "Tr0ub4dor&3", "wq8-zr4-nn2",
        "床前明月光疑是地上霜", "das ist mein haus", "veverka lesni pole", "my dog eats stones", "x9vQ2pLm"}) {
    EXPECT_TRUE(check_password("officer", good)) << good;
  }
}

}  // namespace
}  // namespace amity::security
