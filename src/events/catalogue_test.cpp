#include "events/catalogue.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "events/text.h"

namespace amity::events {
namespace {

// A type whose second version renamed a field and whose third made a duration in years one in months.
constexpr Field kFirst[] = {{"sum", FieldKind::kMoney, true}, {"years", FieldKind::kInteger, true}};
constexpr Field kSecond[] = {{"amount", FieldKind::kMoney, true}, {"years", FieldKind::kInteger, true}};
constexpr Field kThird[] = {{"amount", FieldKind::kMoney, true},
                            {"months", FieldKind::kInteger, true, DataClass::kC1, EntityKind::kCustomer, {}, 1, 480}};

json::object rename_sum(json::object data) {
  data["amount"] = data["sum"];
  data.erase("sum");
  return data;
}
json::object years_to_months(json::object data) {
  data["months"] = data["years"].as_int64() * 12;
  data.erase("years");
  return data;
}

constexpr OlderVersion kOlder[] = {{1, kFirst, rename_sum}, {2, kSecond, years_to_months}};
constexpr Type kSaving = {"saving.planned", 3, EntityKind::kAccount, "for this test", kThird, false, kOlder};

json::object money(int64_t minor) { return {{"amount_minor", minor}, {"currency", "CNY"}}; }

TEST(catalogue, brings_every_older_version_to_the_newest) {
  const json::value expected = {{"amount", money(5)}, {"months", 24}};
  EXPECT_EQ(*check_data(kSaving, 1, {{"sum", money(5)}, {"years", 2}}, ""), expected.as_object());
  EXPECT_EQ(*check_data(kSaving, 2, {{"amount", money(5)}, {"years", 2}}, ""), expected.as_object());
  EXPECT_EQ(*check_data(kSaving, 3, expected, ""), expected.as_object());
}

TEST(catalogue, checks_data_against_the_version_it_claims) {
  EXPECT_EQ(check_data(kSaving, 2, {{"sum", money(5)}, {"years", 2}}, "/data").error().place, "/data");
  EXPECT_FALSE(check_data(kSaving, 4, {{"amount", money(5)}, {"months", 24}}, ""));
  EXPECT_FALSE(check_data(kSaving, 0, {{"amount", money(5)}, {"months", 24}}, ""));
}

TEST(catalogue, keeps_months_between_1_and_480) {
  const auto months = [](json::value n) { return check_data(kSaving, 3, {{"amount", money(5)}, {"months", n}}, ""); };
  EXPECT_TRUE(months(1));
  EXPECT_TRUE(months(480));
  EXPECT_FALSE(months(0));
  EXPECT_FALSE(months(481));
  EXPECT_FALSE(months(12.0));
  EXPECT_FALSE(months(UINT64_MAX));
}

TEST(catalogue, names_the_holder_that_is_wrong) {
  const auto place = [](json::value holders) {
    const auto data = check_data(*find_type("account.opened"), 1,
                                 {{"type", "deposit"}, {"currency", "CZK"}, {"holders", holders}}, "/data");
    return data ? "accepted" : data.error().place;
  };
  const json::object owner = {{"customer", "1"}, {"role", "owner"}};
  EXPECT_EQ(place({owner, {{"customer", "2"}, {"role", "authorised_user"}}}), "accepted");
  EXPECT_EQ(place({owner, {{"customer", "2"}, {"role", "king"}}}), "/data/holders/1/role");
  EXPECT_EQ(place({owner, owner}), "/data/holders/1/customer");
  EXPECT_EQ(place(json::array{}), "/data/holders");
  EXPECT_EQ(place({"1"}), "/data/holders/0");
}

TEST(catalogue, refuses_impossible_dates_and_codes_that_only_look_right) {
  const auto& type = *find_type("risk_profile.assessed");
  EXPECT_TRUE(check_data(type, 1, {{"level", "C3"}, {"valid_until", "2024-02-29"}}, ""));
  EXPECT_FALSE(check_data(type, 1, {{"level", "C3"}, {"valid_until", "2023-02-29"}}, ""));
  EXPECT_FALSE(check_data(type, 1, {{"level", "C3"}, {"valid_until", "1899-12-31"}}, ""));
  EXPECT_FALSE(check_data(type, 1, {{"level", "C1|C2"}, {"valid_until", "2024-02-29"}}, ""));
  EXPECT_FALSE(check_data(type, 1, {{"level", "C"}, {"valid_until", "2024-02-29"}}, ""));
  EXPECT_FALSE(check_data(type, 1, {{"level", nullptr}, {"valid_until", "2024-02-29"}}, ""));
}

TEST(catalogue, takes_a_unit_only_as_users_have_one) {
  const auto place = [](std::string_view type, json::object data) {
    const auto checked = check_data(*find_type(type), 1, data, "/data");
    return checked ? "accepted" : checked.error().place;
  };
  for (const auto* unit : {"/", "/east", "/east/shanghai", "/a.b_c-d@e/9"}) {
    EXPECT_EQ(place("customer.registered", {{"unit", unit}}), "accepted") << unit;
  }
  const std::string too_long = "/" + std::string(128, 'a');
  for (const auto* unit : {"not a unit", "east", "/east/", "//", "/east//shanghai", "/East", "", too_long.c_str()}) {
    EXPECT_EQ(place("customer.registered", {{"unit", unit}}), "/data/unit") << unit;
    EXPECT_EQ(place("customer.updated", {{"unit", unit}}), "/data/unit") << unit;
    const json::array holders{{{"customer", "1"}, {"role", "owner"}}};
    EXPECT_EQ(place("account.opened", {{"type", "deposit"}, {"currency", "CNY"}, {"holders", holders}, {"unit", unit}}),
              "/data/unit");
  }
}

TEST(catalogue, has_no_type_or_field_twice) {
  std::set<std::string_view> types;
  for (const auto& type : catalogue()) {
    EXPECT_TRUE(types.insert(type.name).second) << type.name;
    EXPECT_EQ(find_type(type.name), &type);
    std::set<std::string_view> fields;
    for (const auto& field : type.fields) EXPECT_TRUE(fields.insert(field.name).second) << type.name << field.name;
  }
  EXPECT_EQ(find_type("nothing"), nullptr);
}

std::string_view name_of_kind(FieldKind kind) {
  constexpr std::string_view kNames[] = {"text",      "integer", "number",   "boolean",   "money",   "date",
                                         "timestamp", "code",    "currency", "reference", "holders", "unit"};
  return kNames[static_cast<size_t>(kind)];
}

// "**amount** money C2 from 1"
std::string line_of(const Field& field) {
  const std::string_view mark = field.required ? "**" : "";
  std::string line = fmt::format("{0}{1}{0} {2}", mark, field.name, name_of_kind(field.kind));
  if (field.kind == FieldKind::kReference) line += fmt::format(" of a {}", name_of(field.entity));
  if (field.data_class != DataClass::kC1) line += field.data_class == DataClass::kC2 ? " C2" : " C3";
  if (field.least != INT64_MIN) line += fmt::format(" from {}", field.least);
  if (field.most != INT64_MAX) line += fmt::format(" to {}", field.most);
  for (char c : field.codes.empty() ? std::string() : " (" + std::string(field.codes) + ")") {
    line += c == '|' ? ", " : std::string(1, c);
  }
  return line;
}

std::string catalogue_table() {
  std::string table;
  for (const auto& type : catalogue()) {
    table += fmt::format("### {} (version {}, about {} {}{})\n\n{}.\n\n", type.name, type.version,
                         type.subject == EntityKind::kAccount ? "an" : "a", name_of(type.subject),
                         type.internal ? ", made by the engine only" : "", type.purpose);
    for (const auto& field : type.fields) table += fmt::format("- {}\n", line_of(field));
    table += '\n';
  }
  return table;
}

TEST(catalogue, is_the_one_in_the_documentation) {
  std::ifstream file(std::filesystem::path(AMITY_SOURCE_DIR) / "docs/events.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  const auto table = catalogue_table();
  EXPECT_NE((document + "\n").find(table), std::string::npos) << "docs/events.md should hold:\n" << table;
}

TEST(text, is_utf8_only_where_it_is) {
  EXPECT_TRUE(is_utf8("Příjem 收入 \xf0\x9f\x8f\xa6"));
  EXPECT_FALSE(is_utf8("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_FALSE(is_utf8("\xe6\x94"));          // cut off
  EXPECT_FALSE(is_utf8("\xca\xd5\xc8\xeb"));  // GBK
}

TEST(reference, reads_back_what_it_writes) {
  for (const auto* text : {"customer/1", "account/576", "card/x/y", "device/a", "merchant/商户", "counterparty/YZ/1"}) {
    const auto reference = parse_reference(text);
    ASSERT_TRUE(reference) << text;
    EXPECT_EQ(format(*reference), text);
  }
  EXPECT_FALSE(parse_reference("576"));
  EXPECT_FALSE(parse_reference("person/576"));
  EXPECT_FALSE(parse_reference("account/" + std::string(129, '1')));
}

TEST(pseudonyms, depend_on_key_kind_and_reference_only) {
  const auto key = *SecretKey::from_bytes(Bytes(32, 7));
  const Pseudonyms pseudonyms(key);
  const auto account = pseudonyms.of({EntityKind::kAccount, "1"});
  EXPECT_EQ(account, Pseudonyms(key).of({EntityKind::kAccount, "1"}));
  EXPECT_NE(account.id, pseudonyms.of({EntityKind::kCustomer, "1"}).id);
  EXPECT_NE(account.id, Pseudonyms(SecretKey::random()).of({EntityKind::kAccount, "1"}).id);
  EXPECT_EQ(account.id.bytes[6] >> 4, 8);  // RFC 9562 version 8
  EXPECT_NE(pseudonyms.identity_of("ab", "c"), pseudonyms.identity_of("a", "bc"));
}

}  // namespace
}  // namespace amity::events
