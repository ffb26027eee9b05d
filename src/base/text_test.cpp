#include "base/text.h"

#include <gtest/gtest.h>

namespace amity {
namespace {

TEST(Text, folds_width_case_and_composition) {
  EXPECT_EQ(fold_text("ＡＢＣ"), "abc");
  EXPECT_EQ(fold_text("Stra\u00dfe"), "strasse");
  EXPECT_EQ(fold_text("Mu\u0308ller"), fold_text("M\u00fcLLER"));
  EXPECT_EQ(fold_text(""), "");
}

TEST(Text, folding_twice_changes_nothing) {
  for (const auto* text : {"ＡＢＣ Müller", "王小明", "ﬁnance Ⅳ"})
    EXPECT_EQ(fold_text(fold_text(text)), fold_text(text));
}

TEST(Text, puts_a_replacement_where_bytes_are_no_utf8) { EXPECT_EQ(fold_text("a\xff"), "a\xef\xbf\xbd"); }

TEST(Text, takes_words_apart_at_what_is_neither_letter_nor_digit) {
  const auto words = words_of("wang-xiaoming 138, x");
  ASSERT_EQ(words.size(), 4U);
  EXPECT_EQ(words[0].text, "wang");
  EXPECT_EQ(words[2].text, "138");
  EXPECT_FALSE(words[0].is_han);
  EXPECT_TRUE(words_of(" .-").empty());
}

TEST(Text, gives_a_run_of_han_characters_as_one_word_with_its_characters) {
  const auto words = words_of("abc王小明 12");
  ASSERT_EQ(words.size(), 3U);
  EXPECT_EQ(words[1].text, "王小明");
  EXPECT_TRUE(words[1].is_han);
  EXPECT_EQ(words[1].characters, (std::vector<std::string>{"王", "小", "明"}));
  EXPECT_EQ(words[2].text, "12");
}

TEST(Text, knows_utf8_from_other_bytes) {
  EXPECT_TRUE(is_valid_utf8("王 é a"));
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_FALSE(is_valid_utf8("\xc3"));              // cut off
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(is_valid_utf8("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_valid_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
}

}  // namespace
}  // namespace amity
