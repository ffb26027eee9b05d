// Duplicates across scripts, spellings and mistakes; each pair of rows stands in a table of other people.
#include "customers/resolution.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/latin.h"
#include "customers/resolution/comparison.h"
#include "customers/resolution/fields.h"
#include "customers/resolution/names.h"
#include "customers/resolution/similarity.h"

namespace amity::customers {
namespace {

using Row = std::vector<std::string>;

// Forty persons who share nothing but a city, and then `rows`.
ResolutionTable table_with(std::vector<Row> rows) {
  ResolutionTable table{{"姓名", "手机号", "出生日期", "城市"}, {}};
  const std::vector<std::string> names = {"刘洋", "孙丽", "Karl Huber", "周杰", "吴敏", "郑爽", "Ana Lopez", "冯军"};
  for (int i = 0; i < 40; ++i) {
    const std::vector<std::string> endings = {"", "华", "红", "军", "丽"};
    table.rows.push_back({names[static_cast<size_t>(i % 8)] + endings[static_cast<size_t>(i / 8)],
                          fmt::format("139{:08}", 10'243'576 + i * 7'919'113 % 89'000'000),
                          fmt::format("{}-{:02}-{:02}", 1950 + i, i % 12 + 1, i % 28 + 1), "上海"});
  }
  for (auto& row : rows) table.rows.push_back(std::move(row));
  return table;
}

bool are_one(const Row& left, const Row& right) {
  const auto table = table_with({left, right});
  const auto found = resolve(table, recognise_columns(table), {}).value();
  return std::ranges::any_of(found.matches, [](const auto& match) { return match.left == 40 && match.right == 41; });
}

TEST(Resolution, finds_a_name_in_characters_pinyin_and_the_other_order) {
  const Row person = {"张晓明", "138 0013 8000", "1980-01-31", "上海"};
  EXPECT_TRUE(are_one(person, {"Zhang Xiaoming", "+86-13800138000", "31/01/1980", "上海"}));
  EXPECT_TRUE(are_one(person, {"XIAO MING ZHANG", "13800138000", "", "北京"}));
  EXPECT_TRUE(are_one(person, {"張曉明", "", "1980年1月31日", "上海"}));
  EXPECT_TRUE(are_one(person, {"Chang Hsiao-ming", "13800138000", "19800131", ""}));
  EXPECT_TRUE(are_one(person, {"Zhāng Xiǎomíng", "", "80-01-31", ""}) ||
              are_one(person, {"Zhāng Xiǎomíng", "", "31.01.80", ""}));
  EXPECT_TRUE(are_one(person, {"zhang1 xiao3ming2", "", "1980.1.31", ""}));
  EXPECT_TRUE(are_one(person, {"X.M. Zhang", "13800138000", "", ""}));
  EXPECT_TRUE(are_one(person, {"张 晓明 (David)", "13800138000", "", ""}));
}

// How two values of a kind compare in a table of nothing but them.
Likeness likeness_of(FieldKind kind, const std::string& left, const std::string& right) {
  const Records records({{"x"}, {{left}, {right}}}, {kind});
  return compare(records, 0, 1).at(0).likeness;
}

TEST(Comparison, names_meet_in_characters_pinyin_tones_initials_and_either_order) {
  const auto names = [](const auto& left, const auto& right) { return likeness_of(FieldKind::kName, left, right); };
  for (const auto* pinyin : {"Zhang Xiaoming", "Xiaoming Zhang", "ZHANG, Xiao Ming", "Xiao-Ming Zhang", "zhangxiaoming",
                             "Zhāng Xiǎomíng", "zhang1 xiao3 ming2", "Chang Hsiao-ming"}) {
    EXPECT_EQ(names("张晓明", pinyin), Likeness::kSounds) << pinyin;
  }
  EXPECT_EQ(names("张晓明", "張曉明"), Likeness::kSame);
  EXPECT_EQ(names("张晓明", "张小明"), Likeness::kSounds);
  EXPECT_EQ(names("张晓明", "张明晓"), Likeness::kNear);
  EXPECT_EQ(names("张晓明", "Zhang Xiaomin"), Likeness::kNear);
  for (const auto* initials : {"X.M. Zhang", "Zhang X M", "ZXM"}) {
    EXPECT_EQ(names("张晓明", initials), Likeness::kPartly) << initials;
  }
  EXPECT_EQ(names("吕布", "Lv Bu"), Likeness::kSounds);
  EXPECT_EQ(names("吕布", "LYU BU"), Likeness::kSounds);
  EXPECT_EQ(names("欧阳娜", "Na Ouyang"), Likeness::kSounds);
  EXPECT_EQ(names("单雄信", "Shan Xiongxin"), Likeness::kSounds);
  EXPECT_EQ(names("陈大文", "Chan Dawen"), Likeness::kSounds);
  EXPECT_EQ(names("王乐", "Wang Yue"), Likeness::kSounds);
  EXPECT_EQ(names("Müller, Jörg", "Jorg Muller"), Likeness::kSounds);
  EXPECT_EQ(names("张晓明", "Li Na"), Likeness::kDifferent);
  EXPECT_EQ(names("张晓明", "王丽"), Likeness::kDifferent);
  // One character's bytes resemble another's: that is no slip.
  EXPECT_NE(names("张晓明", "张晚明"), Likeness::kNear);
}

TEST(Comparison, addresses_meet_in_chinese_and_english) {
  const auto addresses = [](const auto& left, const auto& right) {
    return likeness_of(FieldKind::kAddress, left, right);
  };
  EXPECT_GE(addresses("北京市朝阳区建国路88号", "88 Jianguo Road, Chaoyang District, Beijing"), Likeness::kNear);
  EXPECT_GE(addresses("北京市朝阳区建国路88号", "No. 88 Jianguo Lu, Chaoyang Qu, Beijing Shi"), Likeness::kNear);
  EXPECT_GE(addresses("建国东路8号", "8 Jianguo East Rd"), Likeness::kNear);
  EXPECT_EQ(addresses("中山路1号", "中山路１號"), Likeness::kSame);
  EXPECT_EQ(addresses("12 Smith St", "12 smith street"), Likeness::kSame);
  EXPECT_EQ(addresses("北京市朝阳区建国路88号", "5 Smith Street, Perth"), Likeness::kDifferent);
  EXPECT_EQ(likeness_of(FieldKind::kCity, "上海市", "Shanghai"), Likeness::kSounds);
  EXPECT_EQ(likeness_of(FieldKind::kCity, "上海市", "上海"), Likeness::kSounds);
}

TEST(Comparison, numbers_and_dates_allow_for_one_slip) {
  EXPECT_EQ(likeness_of(FieldKind::kDate, "1980-01-02", "02/01/1980"), Likeness::kSame);
  EXPECT_EQ(likeness_of(FieldKind::kDate, "1980-01-02", "1980-02-01"), Likeness::kNear);
  EXPECT_EQ(likeness_of(FieldKind::kDate, "1980-01-02", "1962-11-30"), Likeness::kDifferent);
  EXPECT_EQ(likeness_of(FieldKind::kPhone, "+61 2 9876 5432", "02 9876 5432"), Likeness::kNear);
  EXPECT_EQ(likeness_of(FieldKind::kPhone, "13800138000", "13800138001"), Likeness::kNear);
  EXPECT_EQ(likeness_of(FieldKind::kIdentityNumber, "110105491231002", "11010519491231002X"), Likeness::kSame);
  EXPECT_EQ(likeness_of(FieldKind::kIdentityNumber, "11010519491231002X", "11010519491231020X"), Likeness::kNear);
  // Both check digits are right, so neither is a slip of the other.
  EXPECT_EQ(likeness_of(FieldKind::kIdentityNumber, "11010519491231002X", "110105194912310089"), Likeness::kDifferent);
}

TEST(Comparison, a_day_of_birth_is_taken_from_the_identity_number_where_it_is_not_told) {
  const Records records({{"a", "b"}, {{"11010519491231002X", ""}, {"", "31.12.1949"}}},
                        {FieldKind::kIdentityNumber, FieldKind::kDate});
  EXPECT_EQ(compare(records, 0, 1).at(1).likeness, Likeness::kSame);
}

TEST(Resolution, compares_only_across_where_there_are_two_lists) {
  auto table = table_with({{"张晓明", "13800138000", "1980-01-31", "上海"}});
  table.rows.push_back({"Zhang Xiaoming", "13800138000", "1980-01-31", ""});
  table.rows.push_back({"张晓明", "13800138000", "1980-01-31", ""});
  const auto found = resolve(table, recognise_columns(table), {.threshold = 0.5, .candidates = 10, .first_list = 41});
  ASSERT_EQ(found.value().matches.size(), 2u);
  for (const auto& match : found.value().matches) EXPECT_EQ(match.left, 40u);
  for (const auto& candidate : found.value().candidates.at(41)) EXPECT_LT(candidate.row, 41u);
}

TEST(Resolution, the_same_table_gives_the_same_answer) {
  const auto table = table_with({{"张晓明", "13800138000", "", ""}, {"Zhang Xiaoming", "13800138000", "", ""}});
  const auto kinds = recognise_columns(table);
  const auto once = resolve(table, kinds, {}).value();
  const auto again = resolve(table, kinds, {}).value();
  ASSERT_EQ(once.matches.size(), again.matches.size());
  for (size_t i = 0; i < once.matches.size(); ++i) EXPECT_EQ(once.matches[i].score, again.matches[i].score);
}

TEST(Resolution, keeps_people_of_one_name_apart) {
  EXPECT_FALSE(are_one({"张伟", "13800138000", "1980-01-31", "上海"}, {"张伟", "13655512345", "1962-11-07", "上海"}));
}

TEST(Resolution, says_why_and_gives_the_strongest_reason_first) {
  const auto table = table_with(
      {{"张晓明", "13800138000", "1980-01-31", "上海"}, {"Zhang Xiaoming", "13800138000", "1980-01-13", "上海"}});
  const auto found = resolve(table, recognise_columns(table), {}).value();
  ASSERT_EQ(found.groups.size(), 1u);
  EXPECT_EQ(found.groups[0], (std::vector<uint32_t>{40, 41}));
  const auto& reasons = found.matches.at(0).reasons;
  ASSERT_EQ(reasons.size(), 4u);
  EXPECT_TRUE(std::ranges::is_sorted(reasons, std::ranges::greater(), &MatchReason::weight));
  const auto of_column = [&](size_t column) {
    return std::ranges::find(reasons, column, &MatchReason::column)->likeness;
  };
  EXPECT_EQ(of_column(0), Likeness::kSounds);
  EXPECT_EQ(of_column(1), Likeness::kSame);
  EXPECT_EQ(of_column(2), Likeness::kNear);
}

TEST(Resolution, finds_households_of_several_people) {
  const ResolutionTable table{{"姓名", "手机号", "出生日期", "住址"},
                              {{"张晓明", "13800138000", "1980-01-31", "上海市浦东新区世纪大道100号"},
                               {"张小红", "13912345678", "2008-07-15", "上海市浦东新区世纪大道100号"},
                               {"Li Na", "13800138000", "1982-03-04", "100 Shiji Avenue, Pudongxin District, Shanghai"},
                               {"Zhang Xiaoming", "+8613800138000", "1980-01-31", ""},
                               {"张伟", "13512340001", "1970-07-07", "上海市浦东新区世纪大道101号"},
                               {"王强", "13512340002", "1971-08-08", "上海市浦东新区世纪大道100号"}}};
  const auto found = resolve(table, recognise_columns(table), {}).value();
  EXPECT_EQ(found.groups, (std::vector<std::vector<uint32_t>>{{0, 3}}));
  EXPECT_EQ(found.households, (std::vector<std::vector<uint32_t>>{{0, 1, 2, 3}}));
}

TEST(Resolution, refuses_what_it_cannot_compare_and_takes_a_table_of_one_row) {
  EXPECT_FALSE(resolve({{"x"}, {{"1"}, {"2"}}}, {FieldKind::kIgnored}, {}).has_value());
  EXPECT_FALSE(resolve({{"x"}, {{"1"}, {"2"}}}, {}, {}).has_value());
  EXPECT_TRUE(resolve({{"x"}, {{"1"}}}, {FieldKind::kName}, {}).value().matches.empty());
  EXPECT_TRUE(resolve({{"x"}, {}}, {FieldKind::kName}, {}).value().groups.empty());
}

TEST(Resolution, columns_are_recognised_by_headers_in_both_languages_and_by_values) {
  const ResolutionTable table{{"客户姓名", "tel_phone", "soc_sec_id", "First Name", "Surname", "a", "b", "c"},
                              {{"", "", "", "", "", "x@example.org", "11010519491231002X", "31.12.1999"}}};
  const std::vector<FieldKind> kinds = {FieldKind::kName,           FieldKind::kPhone,      FieldKind::kIdentityNumber,
                                        FieldKind::kGivenName,      FieldKind::kFamilyName, FieldKind::kEmail,
                                        FieldKind::kIdentityNumber, FieldKind::kDate};
  EXPECT_EQ(recognise_columns(table), kinds);
}

// The example of GB 11643-1999.
TEST(Fields, identity_numbers_have_a_check_character_and_fifteen_digits_become_eighteen) {
  EXPECT_TRUE(is_chinese_identity_number("11010519491231002x"));
  EXPECT_FALSE(is_chinese_identity_number("110105194912310021"));
  EXPECT_EQ(read_field(FieldKind::kIdentityNumber, "110105491231002").whole, "11010519491231002x");
}

TEST(Resolution, columns_are_recognised_in_further_languages_and_traditional_characters) {
  const ResolutionTable table{
      {"Vorname", "Nachname", "PLZ", "Straße", "Téléphone", "電話", "出生日期", "фамилия", "Ort"}, {}};
  const std::vector<FieldKind> kinds = {FieldKind::kGivenName, FieldKind::kFamilyName, FieldKind::kPostcode,
                                        FieldKind::kAddress,   FieldKind::kPhone,      FieldKind::kPhone,
                                        FieldKind::kDate,      FieldKind::kFamilyName, FieldKind::kCity};
  EXPECT_EQ(recognise_columns(table), kinds);
}

TEST(Resolution, names_addresses_and_phones_are_recognised_by_values_and_numbers_of_records_are_not_compared) {
  const ResolutionTable table{{"c1", "c2", "c3", "c4", "entity_id", "客户编号", "rec_id", "id"},
                              {{"张伟", "Wei Zhang", "12 Smith Street", "+61 2 9876 5432", "1", "2", "rec-1-org", "3"},
                               {"李娜", "Na Li", "5 Long Road", "02 9876 5433", "1", "2", "rec-1-dup-0", "3"}}};
  const std::vector<FieldKind> kinds = {FieldKind::kName,    FieldKind::kName,    FieldKind::kAddress,
                                        FieldKind::kPhone,   FieldKind::kIgnored, FieldKind::kIgnored,
                                        FieldKind::kIgnored, FieldKind::kIgnored};
  EXPECT_EQ(recognise_columns(table), kinds);
}

TEST(Fields, legal_forms_and_honorifics_are_no_part_of_a_name) {
  EXPECT_EQ(read_field(FieldKind::kName, "Mr. John O'Neil Jr").whole, "john oneil");
  EXPECT_EQ(read_field(FieldKind::kName, "ACME Co., Ltd.").whole, "acme");
  EXPECT_EQ(read_field(FieldKind::kName, "华为技术有限公司").whole, read_field(FieldKind::kName, "華為技術").whole);
  EXPECT_EQ(read_field(FieldKind::kName, "Ltd").whole, "ltd");
  EXPECT_EQ(root_of_name("bill"), "william");
}

TEST(Fields, phones_are_compared_without_country_and_trunk_prefix) {
  EXPECT_EQ(read_field(FieldKind::kPhone, "+86 138-0013 8000").whole, "13800138000");
  EXPECT_EQ(read_field(FieldKind::kPhone, "008613800138000").whole, "13800138000");
  EXPECT_EQ(read_field(FieldKind::kPhone, "(+86) 10 6512 3456").whole,
            read_field(FieldKind::kPhone, "010-65123456").whole);
  EXPECT_EQ(read_field(FieldKind::kPhone, "138-0013-8000; 010-65123456").whole, "13800138000");
  EXPECT_EQ(read_field(FieldKind::kPhone, "021-65123456转801").whole, "2165123456");
  EXPECT_EQ(read_field(FieldKind::kPhone, "１３８００１３８０００").whole, "13800138000");
  EXPECT_EQ(read_field(FieldKind::kPhone, "none").whole, "");
}

TEST(Fields, sex_and_country_have_one_code_in_both_languages) {
  EXPECT_EQ(read_field(FieldKind::kCategory, "男").whole, read_field(FieldKind::kCategory, "Male").whole);
  EXPECT_EQ(read_field(FieldKind::kCategory, "中国").whole, read_field(FieldKind::kCategory, "CHINA").whole);
  EXPECT_NE(read_field(FieldKind::kCategory, "F").whole, read_field(FieldKind::kCategory, "M").whole);
}

TEST(Latin, other_scripts_become_plain_letters) {
  EXPECT_EQ(latin_text("müller"), "muller");
  EXPECT_EQ(latin_text("张伟"), "zhang wei");
  EXPECT_EQ(simplified_text("張偉"), "张伟");
}

// Winkler 1990, table 1: MARTHA and MARHTA 0.961, DWAYNE and DUANE 0.84.
TEST(Similarity, has_the_values_of_the_literature) {
  EXPECT_NEAR(jaro_winkler("martha", "marhta"), 0.961, 0.0005);
  EXPECT_NEAR(jaro_winkler("dwayne", "duane"), 0.84, 0.0005);
  EXPECT_EQ(edits_between("abcd", "abdc", 2), 1);
  EXPECT_EQ(edits_between("kitten", "sitting", 5), 3);
  EXPECT_EQ(edits_between("", "abcdef", 2), 3);
}

}  // namespace
}  // namespace amity::customers
