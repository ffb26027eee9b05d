// Products and calendars: what an institution declares is read whole or refused with its place.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "reference/calendar.h"
#include "reference/products.h"

namespace amity::reference {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

const std::filesystem::path kInstitution = std::filesystem::path(AMITY_SOURCE_DIR) / "institution";

Date day(const char* text) { return *parse_date(text); }

Result<Products> parse_products(std::string_view text) { return Products::parse(std::span(&text, 1)); }

TEST(Products, reads_what_the_institution_sells) {
  const std::string banking = text_of(kInstitution / "products/banking.yaml");
  const std::string wealth = text_of(kInstitution / "products/wealth.yaml");
  const std::string_view texts[] = {banking, wealth};
  const auto products = Products::parse(texts);
  ASSERT_TRUE(products) << products.error().text();
  EXPECT_EQ(products->all().size(), 14u);
  ASSERT_NE(products->find("equity_fund"), nullptr);
  EXPECT_EQ(products->find("equity_fund")->risk_level, 4);
  EXPECT_EQ(products->find("equity_fund")->name_zh, "股票型基金");
  EXPECT_EQ(name_of(products->find("mortgage")->type), "loan");
  EXPECT_EQ(products->find("equity"), nullptr);
}

TEST(Products, refuses_a_wrong_product_with_its_place) {
  const auto error_of = [](const std::string& fields) {
    const auto products = parse_products("products:\n  - {" + fields + ", names: {en: Fund, zh: 基金}}\n");
    return products ? std::string("accepted") : products.error().place;
  };
  EXPECT_EQ(error_of("id: f, type: investment, currency: CNY, risk_level: R3"), "accepted");
  EXPECT_EQ(error_of("id: f, type: investment, currency: CNY, risk_level: R6"), "/products/0/risk_level");
  EXPECT_EQ(error_of("id: f, type: investment, currency: CNY"), "/products/0/risk_level");
  EXPECT_EQ(error_of("id: f, type: deposit, currency: CNY, risk_level: R1"), "/products/0/risk_level");
  EXPECT_EQ(error_of("id: f, type: fund, currency: CNY"), "/products/0/type");
  EXPECT_EQ(error_of("id: f, type: deposit, currency: XXY"), "/products/0/currency");
  EXPECT_EQ(error_of("id: F-1, type: deposit, currency: CNY"), "/products/0/id");
  EXPECT_EQ(error_of("id: f, type: deposit, currency: CNY, colour: red"), "/products/0");
}

TEST(Products, refuses_an_id_that_stands_twice) {
  const std::string_view text = "products:\n  - {id: a, type: card, currency: CNY, names: {en: A, zh: 甲}}\n";
  const std::string_view texts[] = {text, text};
  EXPECT_EQ(Products::parse(texts).error().place, "a");
}

TEST(Calendar, knows_holidays_and_the_weekends_worked_for_them) {
  const auto calendar = Calendar::parse(text_of(kInstitution / "calendars/cn.yaml"));
  ASSERT_TRUE(calendar) << calendar.error().text();
  EXPECT_EQ(calendar->id(), "cn");
  EXPECT_FALSE(calendar->is_business_day(day("2025-01-28")));  // a Tuesday in the Spring Festival
  EXPECT_TRUE(calendar->is_business_day(day("2025-01-26")));   // a Sunday worked for it
  EXPECT_FALSE(calendar->is_business_day(day("2025-01-25")));  // an ordinary Saturday
  EXPECT_TRUE(calendar->is_business_day(day("2025-02-05")));
  EXPECT_EQ(calendar->next_business_day(day("2025-01-27")), day("2025-02-05"));
  EXPECT_EQ(calendar->business_day_on_or_after(day("2025-01-27")), day("2025-01-27"));
  // The published count of working days of 2024 is 251, of 2025 248.
  EXPECT_EQ(calendar->business_days_between(day("2024-01-01"), day("2025-01-01")), 251);
  EXPECT_EQ(calendar->business_days_between(day("2025-01-01"), day("2026-01-01")), 248);
  EXPECT_EQ(calendar->business_days_between(day("2026-01-01"), day("2025-01-01")), 0);
}

TEST(Calendar, works_monday_to_friday_in_years_it_does_not_cover) {
  const auto calendar = Calendar::parse(text_of(kInstitution / "calendars/cn.yaml"));
  ASSERT_TRUE(calendar);
  EXPECT_TRUE(calendar->covers(day("2026-12-31")));
  EXPECT_FALSE(calendar->covers(day("2027-01-01")));
  EXPECT_TRUE(calendar->is_business_day(day("2027-01-01")));   // a Friday
  EXPECT_FALSE(calendar->is_business_day(day("2027-01-02")));  // a Saturday
}

TEST(Calendar, refuses_lists_that_contradict_themselves) {
  const auto error_of = [](const std::string& holidays, const std::string& working) {
    const auto calendar = Calendar::parse("id: x\nfirst_year: 2025\nlast_year: 2025\nholidays: [" + holidays +
                                          "]\nworking_weekend_days: [" + working + "]\n");
    return calendar ? std::string("accepted") : calendar.error().text();
  };
  EXPECT_EQ(error_of("{from: 2025-05-01}", "2025-04-27"), "accepted");
  EXPECT_NE(error_of("{from: 2025-05-03, to: 2025-05-01}", ""), "accepted");
  EXPECT_NE(error_of("{from: 2025-05-01, to: 2025-07-01}", ""), "accepted");
  EXPECT_NE(error_of("{from: 2025-05-01, to: 2025-05-03}, {from: 2025-05-03}", ""), "accepted");
  EXPECT_NE(error_of("", "2025-04-28"), "accepted");                    // a Monday
  EXPECT_NE(error_of("{from: 2025-05-03}", "2025-05-03"), "accepted");  // both
  EXPECT_NE(error_of("{from: 2026-01-01}", ""), "accepted");            // another year
  EXPECT_NE(error_of("{from: 2025-02-29}", ""), "accepted");            // no such day
}

}  // namespace
}  // namespace amity::reference
