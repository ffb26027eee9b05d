#include "events/import/row.h"

#include <gtest/gtest.h>

#include "events/import/moment_format.h"

namespace amity::events {
namespace {

using Cells = std::vector<std::string>;

Row csv(std::string_view text, CsvFormat format = {}) {
  Row row;
  read_csv_row(text, format, row);
  return row;
}

TEST(csv_row, ends_with_its_line) {
  const auto row = csv("1;\"two\";3\r\n4;5;6\r\n", {.separator = ';', .quote = '"'});
  EXPECT_EQ(row.cells, (Cells{"1", "two", "3"}));
  EXPECT_EQ(row.bytes, 11u);
  EXPECT_EQ(row.problem, "");
}

TEST(csv_row, reads_quoted_separators_quotes_and_line_ends) {
  const auto row = csv("\"a,b\",\"say \"\"hi\"\"\",\"two\r\nlines\"\nnext");
  EXPECT_EQ(row.cells, (Cells{"a,b", "say \"hi\"", "two\r\nlines"}));
  EXPECT_EQ(row.lines, 2);
}

TEST(csv_row, trims_cells_and_keeps_empty_ones) {
  EXPECT_EQ(csv(" a ,\" \",,").cells, (Cells{"a", "", "", ""}));
  EXPECT_EQ(csv("last line without an end").cells, (Cells{"last line without an end"}));
}

TEST(csv_row, goes_on_after_the_line_of_a_broken_row) {
  for (const std::string_view text : {"1,\"never closed\n2,ok\n", "1,\"closed\"too early\n2,ok\n", "1,a\"b\n2,ok\n",
                                      "1,\xca\xd5\n2,ok\n", "1,\rb\n2,ok\n"}) {
    const auto row = csv(text);
    EXPECT_NE(row.problem, "") << text;
    EXPECT_EQ(text.substr(row.bytes), "2,ok\n");
    EXPECT_EQ(row.lines, 1);
  }
}

TEST(csv_row, refuses_what_is_too_long_or_has_too_many_columns) {
  EXPECT_NE(csv(std::string(kMaxRowBytes + 1, 'x')).problem, "");
  EXPECT_EQ(csv(std::string(kMaxRowBytes, 'x')).problem, "");
  EXPECT_NE(csv(std::string(kMaxColumns, ',')).problem, "");
  EXPECT_NE(csv(std::string_view("a\0b\n", 4)).problem, "");
}

Row json_row(std::string_view text) {
  Row row;
  read_json_row(text, {"id", "amount", "who.name", "ok"}, row);
  return row;
}

TEST(json_row, turns_named_fields_into_texts) {
  const auto row = json_row("{\"id\":7,\"amount\":12.50,\"who\":{\"name\":\" Li \"},\"ok\":true,\"more\":[1]}\n{}\n");
  EXPECT_EQ(row.cells, (Cells{"7", "12.5", "Li", "true"}));
  EXPECT_EQ(json_row("{\"id\":null}").cells, (Cells{"", "", "", ""}));
}

TEST(json_row, says_what_is_wrong_with_a_line) {
  EXPECT_NE(json_row("{\"id\":").problem, "");
  EXPECT_NE(json_row("[1,2]").problem, "");
  EXPECT_NE(json_row("{\"id\":[1]}").problem, "");
  EXPECT_NE(json_row("{\"id\":1,\"id\":2}").problem, "");
  EXPECT_NE(json_row("{\"id\":\"\xff\"}").problem, "");
}

std::string moment(std::string_view pattern, std::string_view text, int first_year = 1900) {
  const auto parsed = MomentFormat::parse(pattern, first_year);
  if (!parsed) return "bad pattern";
  const auto time = parsed->read(text);
  return time ? format(*time) : "refused";
}

TEST(moment_format, reads_what_its_pattern_says) {
  EXPECT_EQ(moment("YYMMDD", "930101"), "1993-01-01T00:00:00Z");
  EXPECT_EQ(moment("YYMMDD hh:mm:ss", "931107 13:05:09"), "1993-11-07T13:05:09Z");
  EXPECT_EQ(moment("DD.MM.YYYY", "29.02.2024"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(moment("YYYYMMDDhhmm", "202402291830"), "2024-02-29T18:30:00Z");
  EXPECT_EQ(moment("ISO", "2024-02-29"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(moment("ISO", "2024-02-29T10:00:00+08:00"), "2024-02-29T02:00:00Z");
}

TEST(moment_format, takes_two_digit_years_from_the_declared_hundred) {
  EXPECT_EQ(moment("YYMMDD", "490101", 1950), "2049-01-01T00:00:00Z");
  EXPECT_EQ(moment("YYMMDD", "500101", 1950), "1950-01-01T00:00:00Z");
  EXPECT_EQ(moment("YYMMDD", "000101", 1900), "1900-01-01T00:00:00Z");
}

TEST(moment_format, refuses_impossible_dates_and_other_shapes) {
  for (const auto* text : {"930229", "931301", "930100", "93010", "9301011", "93-1-1", "", "93010a"}) {
    EXPECT_EQ(moment("YYMMDD", text), "refused") << text;
  }
  EXPECT_EQ(moment("YYMMDD hh:mm:ss", "930101 24:00:00"), "refused");
  EXPECT_EQ(moment("MMDD", "0101"), "bad pattern");
  EXPECT_EQ(moment("YYYYMMDDYY", "2024010124"), "bad pattern");
}

}  // namespace
}  // namespace amity::events
