#include "base/encoding.h"

#include <gtest/gtest.h>

namespace amity {
namespace {

using namespace std::string_view_literals;

TEST(Encoding, reads_the_same_two_characters_from_each_encoding_that_has_them) {
  EXPECT_EQ(decode_text("\xd6\xaa\xbf\xcd"sv, Encoding::kGbk), "知客");
  EXPECT_EQ(decode_text("\xd6\xaa\xbf\xcd"sv, Encoding::kGb18030), "知客");
  EXPECT_EQ(decode_text("\xff\xfe\xe5\x77\xa2\x5b"sv, Encoding::kUtf16Le), "知客");
  EXPECT_EQ(decode_text("\xfe\xff\x77\xe5\x5b\xa2"sv, Encoding::kUtf16Be), "知客");
  EXPECT_EQ(decode_text("\xef\xbb\xbf知客"sv, Encoding::kUtf8), "知客");
}

TEST(Encoding, reads_characters_beyond_the_first_plane) {
  EXPECT_EQ(decode_text("\x95\x32\x82\x36"sv, Encoding::kGb18030), "\xf0\xa0\x80\x80");  // U+20000
  EXPECT_EQ(decode_text("\x40\xd8\x00\xdc"sv, Encoding::kUtf16Le), "\xf0\xa0\x80\x80");
}

TEST(Encoding, marks_what_is_no_character_and_goes_on) {
  EXPECT_EQ(decode_text("a\n\x81\nb"sv, Encoding::kGb18030).substr(0, 3), "a\n\xff");
  EXPECT_EQ(decode_text("a\xd6"sv, Encoding::kGbk), "a\xff");
  EXPECT_EQ(decode_text("a\0\x00\xdc"
                        "b\0"sv,
                        Encoding::kUtf16Le),
            "a\xff"
            "b");
}

TEST(Encoding, guesses_from_marks_nuls_and_what_is_valid) {
  EXPECT_EQ(guess_encoding("a,b\n"), Encoding::kUtf8);
  EXPECT_EQ(guess_encoding("\xff\xfe"
                           "a\0"sv),
            Encoding::kUtf16Le);
  EXPECT_EQ(guess_encoding("a\0,\0b\0\n\0"sv), Encoding::kUtf16Le);
  EXPECT_EQ(guess_encoding("\0a\0,\0b\0\n"sv), Encoding::kUtf16Be);
  EXPECT_EQ(guess_encoding("\xd6\xaa\xbf\xcd,1\n"sv), Encoding::kGb18030);
  EXPECT_FALSE(guess_encoding("caf\xe9,1\n"sv));
}

TEST(Encoding, knows_its_names_and_no_others) {
  EXPECT_EQ(parse_encoding("GBK"), Encoding::kGbk);
  EXPECT_NE(parse_encoding("ebcdic").error().message.find("gb18030"), std::string::npos);
}

}  // namespace
}  // namespace amity
