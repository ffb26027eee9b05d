#include "customers/search_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace amity::customers {
namespace {

using Words = std::vector<std::string>;

CustomerRecord named(const std::string& name, const std::string& phone = "") {
  CustomerRecord record;
  record.reference = "k-17";
  record.values["name"] = {json::value(name), {}};
  if (!phone.empty()) record.values["phone"] = {json::value(phone), {}};
  return record;
}

// Every word that was typed is one the customer has.
bool finds(std::string_view query, const CustomerRecord& record) {
  const auto words = search_words(record);
  const auto typed = query_words(query);
  const auto has = [&](const std::string& word) { return std::ranges::find(words, word) != words.end(); };
  return !typed.empty() && std::ranges::all_of(typed, has);
}

TEST(SearchTokens, find_a_latin_name_by_any_of_its_words_in_any_case) {
  const auto record = named("Anna Müller-Lin");
  EXPECT_TRUE(finds("müller", record));
  EXPECT_TRUE(finds("LIN anna", record));
  EXPECT_FALSE(finds("mul", record));
}

TEST(SearchTokens, find_a_han_name_whole_and_by_two_neighbours) {
  const auto record = named("王小明");
  EXPECT_EQ(search_words(record), (Words{"17", "k", "小明", "王小", "王小明"}));
  EXPECT_TRUE(finds("王小明", record));
  EXPECT_TRUE(finds("小明", record));
  EXPECT_FALSE(finds("王明", record));
}

TEST(SearchTokens, find_a_phone_by_its_last_eight_digits_however_it_is_written) {
  const auto record = named("Lin", "+86 138-0013 8000");
  const auto words = search_words(record);
  for (const auto* typed : {"13800138000", "+86 138 0013 8000", "00138000"}) {
    const auto typed_words = query_words(typed);
    const auto has = [&](const std::string& word) { return std::ranges::find(words, word) != words.end(); };
    EXPECT_TRUE(std::ranges::any_of(typed_words, has)) << typed;
  }
  EXPECT_TRUE(std::ranges::none_of(query_words("1234567"), [](const auto& word) { return word.starts_with('#'); }));
}

TEST(SearchTokens, find_an_account_holder_by_the_account) {
  auto record = named("Lin");
  record.accounts["a-576"] = {};
  EXPECT_TRUE(finds("a-576", record));
  EXPECT_TRUE(finds("k-17", record));
}

TEST(SearchTokens, hold_each_word_once_and_none_of_nothing) {
  const auto words = search_words(named("Lin Lin LIN"));
  EXPECT_EQ(std::ranges::count(words, "lin"), 1);
  EXPECT_TRUE(query_words(" ,.").empty());
}

}  // namespace
}  // namespace amity::customers
