#include "models/table.h"

#include <gtest/gtest.h>
#include <lzma.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "models/features.h"

namespace amity::models {
namespace {

std::string place_of_error(std::string_view text) {
  const auto table = parse_table(text);
  return table ? "accepted" : table.error().place;
}

TEST(Table, reads_quotes_both_delimiters_and_missing_values) {
  const auto table = parse_table(
      "\xEF\xBB\xBF"
      "a;\"b;c\";d\r\n1;\"x \"\"y\"\"\nz\";NA\r\n2.5;;7\r\n");
  ASSERT_TRUE(table) << table.error().text();
  ASSERT_EQ(table->row_count, 2u);
  EXPECT_EQ(table->columns[1].name, "b;c");
  EXPECT_EQ(table->columns[1].texts[0], "x \"y\"\nz");
  EXPECT_EQ(table->columns[0].numbers, (std::vector<double>{1, 2.5}));
  EXPECT_TRUE(std::isnan(table->columns[2].numbers[0]));
  EXPECT_EQ(table->place_of(table->columns[2], 1), "line 4, column d");
}

TEST(Table, names_the_line_of_what_is_wrong) {
  EXPECT_EQ(place_of_error("a,b\n1,2\n1,2,3\n"), "line 3");
  EXPECT_EQ(place_of_error("a,b\n1,\xff\n"), "line 2");
  EXPECT_EQ(place_of_error("a,b\n1,\"open\n2,3\n"), "line 2");
  EXPECT_EQ(place_of_error("a,b\n1,x\"y\n"), "line 2");
  EXPECT_EQ(place_of_error("a,b\n1,\"x\"y\n"), "line 2");
  EXPECT_EQ(place_of_error("a,a\n1,2\n"), "line 1, field 2");
  EXPECT_EQ(place_of_error("a,b\n"), "line 2");
  EXPECT_EQ(place_of_error(""), "line 1");
  EXPECT_EQ(place_of_error(std::string_view("a,b\n1,\0\n", 8)), "line 2");
  EXPECT_EQ(place_of_error("a,b\n1,\xED\xA0\x80\n"), "line 2");  // a surrogate
}

TEST(Table, reads_an_xz_file_as_its_plain_form_and_refuses_a_cut_one) {
  const std::string text = "x,y\n1,0\n2,1\n";
  std::vector<uint8_t> packed(1000);
  size_t size = 0;
  ASSERT_EQ(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const uint8_t*>(text.data()),
                                    text.size(), packed.data(), &size, packed.size()),
            LZMA_OK);
  const auto path = std::filesystem::temp_directory_path() / "amity_table_test.csv.xz";
  const auto write = [&](size_t count) {
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(packed.data()), std::streamsize(count));
  };
  write(size);
  const auto table = read_table(path.string());
  ASSERT_TRUE(table) << table.error().text();
  EXPECT_EQ(table->fingerprint, parse_table(text)->fingerprint);
  for (const size_t cut : {size - 5, size / 2, size_t{7}}) {
    write(cut);
    const auto refused = read_table(path.string());
    ASSERT_FALSE(refused) << cut;
    EXPECT_NE(refused.error().message.find("cut short"), std::string::npos) << refused.error().text();
    EXPECT_NE(refused.error().place.find("amity_table_test.csv.xz"), std::string::npos) << refused.error().text();
  }
  std::filesystem::remove(path);
}

TEST(Table, an_error_never_repeats_a_field_that_may_be_somebodys) {
  // No header: the first line is a customer.
  EXPECT_EQ(parse_table("Li Lei,Li Lei\n").error().message.find("Li"), std::string::npos);
  EXPECT_EQ(read_target(*parse_table("Li Lei,1\nHan,0\n"), "bad").error().text().find("Li"), std::string::npos);
}

TEST(Target, takes_the_bad_value_for_the_positive_one) {
  const auto target = [](std::string_view text, std::optional<std::string_view> positive = {}) {
    const auto read = read_target(*parse_table(text), "y", positive);
    return read ? read->positive : read.error().text();
  };
  EXPECT_EQ(target("y,x\n1,1\n1,1\n0,1\n"), "1");
  EXPECT_EQ(target("y,x\nno,1\nyes,1\nyes,1\n"), "yes");
  EXPECT_EQ(target("y,x\ngood,1\nbad,1\nbad,1\n"), "bad");
  EXPECT_EQ(target("y,x\n1,1\n2,1\n1,1\n"), "2");  // the rarer
  EXPECT_EQ(target("y,x\n1,1\n2,1\n1,1\n", "1"), "1");
  EXPECT_NE(target("y,x\n1,1\n2,1\n3,1\n").find("line 4"), std::string::npos);
  EXPECT_NE(target("y,x\n1,1\n,1\n").find("line 3"), std::string::npos);
  EXPECT_NE(target("y,x\n1,1\n1,1\n").find("one value only"), std::string::npos);
}

TEST(Features, one_text_among_numbers_is_told_because_it_makes_the_column_a_text) {
  std::string text = "amount,word,y\n";
  for (int i = 0; i < 40; ++i) text += std::to_string(i % 7) + (i % 2 == 0 ? ",3,1\n" : ",red,0\n");
  EXPECT_TRUE(learn_features(*parse_table(text), {.target = "y"})->notes.empty());
  const auto learnt = learn_features(*parse_table(text + "12O,red,1\n"), {.target = "y"});
  ASSERT_EQ(learnt->notes.size(), 1u);
  EXPECT_NE(learnt->notes[0].find("line 42, column amount: text among numbers"), std::string::npos);
}

TEST(Features, leave_out_ids_and_constants_and_say_so) {
  std::string text = "id,CLIENTNUM,same,amount,word,y\n";
  for (int i = 0; i < 40; ++i) {
    text += std::to_string(i) + "," + std::to_string((i * 17) % 41) + ",5," + std::to_string(i % 7) + "," +
            (i % 3 == 0 ? "red" : "blue") + "," + std::to_string(i % 2) + "\n";
  }
  const auto learnt = learn_features(*parse_table(text), {.target = "y"});
  ASSERT_TRUE(learnt) << learnt.error().text();
  ASSERT_EQ(learnt->features.size(), 2u);
  EXPECT_EQ(learnt->features[0].name, "amount");
  EXPECT_EQ(learnt->features[1].categories, (std::vector<std::string>{"blue", "red"}));
  EXPECT_EQ(learnt->notes.size(), 3u);
  const auto other = bind_rows(learnt->features, *parse_table("word,amount\ngreen,3\nred,\n"));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->at(0, 0), 3);
  EXPECT_TRUE(std::isnan(other->at(0, 1)));  // never seen in training
  EXPECT_EQ(other->at(1, 1), 1);
  EXPECT_EQ(bind_rows(learnt->features, *parse_table("word,amount\nred,3\nred,many\n")).error().place,
            "line 3, column amount");
  EXPECT_FALSE(bind_rows(learnt->features, *parse_table("word\nred\n")));
}

}  // namespace
}  // namespace amity::models
