// amity match from a file to its answer: made-up people in two scripts, public data with floors, and bad input.
#include <cstdlib>

#include <fmt/format.h>

#include "app/program_fixture.h"
#include "base/json.h"

namespace amity::app {
namespace {

class Matching : public Commands {
 protected:
  json::object json_of(const std::string& arguments) {
    const auto ended = run("match " + arguments + " --json");
    EXPECT_EQ(ended.code, 0) << ended.output;
    const auto parsed = parse_json(ended.output);
    return parsed ? parsed->as_object() : json::object{};
  }

  // Three persons twice, written in two scripts, and some who resemble nobody.
  std::string write_people() {
    return write(
        "people.csv",
        "客户编号,姓名,性别,手机号,证件号码,出生日期,住址\n"
        "1,张晓明,男,13800138000,11010519491231002X,1949-12-31,北京市朝阳区建国路88号\n"
        "1,\"ZHANG, Xiaoming\",M,+86 138-0013-8000,,31/12/1949,\"88 Jianguo Road, Chaoyang District, Beijing\"\n"
        "2,歐陽娜娜,女,13912345678,,2000年6月15日,上海市浦东新区世纪大道100号\n"
        "2,Nana Ouyang,F,0086 139 1234 5678,,2000-06-15,\n"
        "3,吕丽,女,,,1985-03-04,广州市天河区中山路5号\n"
        "3,Lv Li,F,13655512345,,1985-04-03,\"No. 5 Zhongshan Rd, Tianhe, Guangzhou\"\n"
        "4,王伟,男,13512340001,,1970-07-07,成都市武侯区人民路1号\n"
        "5,李强,男,13512340999,,1991-11-02,杭州市西湖区文化路30号\n"
        "6,John Smith,M,+44 20 7946 0018,,1988-02-29,12 Long Lane London\n");
  }
};

TEST_F(Matching, finds_people_written_in_two_scripts_and_says_why) {
  const auto found = json_of(write_people() + " --truth 客户编号 --candidates 10");
  EXPECT_EQ(write_json(found.at("groups")), "[[2,3],[4,5],[6,7]]");
  const auto& measures = found.at("measures").as_object();
  EXPECT_EQ(measures.at("f1").at("value").to_number<double>(), 1);
  EXPECT_EQ(measures.at("candidate_recall").at("value").to_number<double>(), 1);
  EXPECT_EQ(found.at("columns").at(0).at("kind").as_string(), "ignored");  // what is true is not looked at
  EXPECT_EQ(found.at("candidates").at(0).at("candidates").at(0).at("line").to_number<int>(), 3);
  const auto& reasons = found.at("pairs").at(0).at("reasons").as_array();
  ASSERT_FALSE(reasons.empty());
  EXPECT_FALSE(reasons[0].at("zh").as_string().empty());
}

TEST_F(Matching, speaks_both_languages) {
  write_people();
  expect(0, "3 pairs", "match people.csv");
  expect(0, "姓名: name", "match people.csv");
  expect(0, "3 对", "match people.csv --truth 客户编号 --language zh");
  expect(0, "前 10 个候选的召回率 1.0000", "match people.csv --truth 客户编号 --language zh");
}

TEST_F(Matching, compares_two_files_by_what_their_columns_hold) {
  write("ours.csv", "name,phone\n张晓明,13800138000\n李娜,13912345678\n王伟,13512340001\n");
  write("theirs.csv", "电话;id;客户姓名\n+8613800138000;7;Xiaoming Zhang\n13677777777;8;Peter Long\n");
  const auto found = json_of("ours.csv --against theirs.csv");
  ASSERT_EQ(found.at("pairs").as_array().size(), 1u);
  EXPECT_EQ(write_json(found.at("pairs").at(0).at("lines")), "[2,2]");
  expect(2, "--against", "match ours.csv --against " + write("none.csv", "name\n"));
}

TEST_F(Matching, reads_files_without_a_header_and_takes_told_columns) {
  write("bare.csv", "张晓明,13800138000\nZhang Xiaoming,13800138000\n李娜,13912345678\n");
  expect(0, "read as one", "match bare.csv");
  expect(0, "1 pairs", "match bare.csv");
  write("own.csv", "wer,wo\nzhang xiaoming,x\nzhang xiaoming,y\n");
  expect(0, "wer: name", "match own.csv --columns wer=name,wo=ignored");
}

TEST_F(Matching, refuses_bad_input_with_its_place) {
  expect(4, "no-such.csv", "match no-such.csv");
  expect(2, "the file is empty", "match " + write("empty.csv", ""));
  expect(2, "(at --encoding", "match " + write("any.csv", "name\n") + " --encoding morse");
  expect(2, "gbk.csv:1", "match " + write("gbk.csv", "\xd0\xd5\xc3\xfb,\xca\xd6\xbb\xfa\n\xd5\xc5\xce\xb0,1\n"));
  expect(2, "gbk2.csv:2", "match " + write("gbk2.csv", "name,phone\n\xd5\xc5\xce\xb0,13800138000\n"));
  expect(2, "no column holds", "match " + write("one.csv", "x\n1\n2\n"));
  expect(2, "long.csv:1", "match " + write("long.csv", std::string(10'000'000, 'x')));
  expect(2, "long2.csv:2", "match " + write("long2.csv", "name\n" + std::string(10'000'000, 'x') + "\n"));
  write("good.csv", "name,phone\nAnn Lee,13800138000\nbad row\nAnn Lee,13800138000\n");
  expect(0, "1 rows cannot be read and are left out, the first: good.csv:3", "match good.csv");
  expect(2, "(at --truth)", "match good.csv --truth nobody");
  expect(2, "(at --truth-pattern)", "match good.csv --truth name --truth-pattern '('");
  expect(2, "(at --columns)", "match good.csv --columns name=nonsense");
  expect(2, "(at --columns)", "match good.csv --columns nobody=name");
  expect(2, "(at --threshold)", "match good.csv --threshold 2");
  expect(2, "--candidates", "match good.csv --candidates 0");
  expect(0, "0 pairs", "match " + write("header.csv", "name,phone\n"));
}

TEST_F(Matching, reads_what_spreadsheets_write) {
  using namespace std::string_literals;
  const auto wide = "\xff\xfen\0a\0m\0e\0,\0i\0d\0\n\0"s +  // name,id; 张 is 5f20, 丁 is 4e01
                    "\x20\x5f\x01\x4e,\0\x31\0\n\0"s + "\x20\x5f\x01\x4e,\0\x32\0\n\0"s;
  expect(0, "name: name", "match " + write("wide.csv", wide));
  const std::string gbk = "\xd0\xd5\xc3\xfb,\xca\xd6\xbb\xfa\n\xd5\xc5\xce\xb0,13800138000\n";  // 姓名,手机 张伟
  expect(0, "姓名: name", "match " + write("gbk.csv", gbk) + " --encoding gbk");
}

TEST_F(Matching, many_rows_of_one_column_are_compared) {
  std::string text = "name\n";
  for (int i = 0; text.size() < 100'000; ++i) text += fmt::format("{:x} {:x}\n", i * 2654435761u, i * 40503u % 65521);
  write("many.csv", text);
  expect(0, "name: name", "match many.csv --limit 0");
}

// Floors below what is measured (docs/resolution.md), so that only a real loss breaks them.
TEST_F(Matching, finds_the_duplicates_of_febrl) {
  const char* const data = std::getenv("AMITY_DATA");
  if (data == nullptr || !fs::exists(fs::path(data) / "febrl")) {
    GTEST_SKIP() << "no folder febrl: name the folder of data sets in AMITY_DATA";
  }
  for (const int set : {1, 2, 3}) {
    const auto found = json_of(
        fmt::format("{}/febrl/dataset{}.csv --truth rec_id --truth-pattern 'rec-[0-9]+' --candidates 10", data, set));
    EXPECT_EQ(found.at("columns").at(0).at("kind").as_string(), "ignored");
    const auto& measures = found.at("measures").as_object();
    EXPECT_GE(measures.at("candidate_recall").at("value").to_number<double>(), 0.99) << set;
    EXPECT_GE(measures.at("precision").at("value").to_number<double>(), 0.99) << set;
    EXPECT_GE(measures.at("recall").at("value").to_number<double>(), 0.99) << set;
  }
}

}  // namespace
}  // namespace amity::app
