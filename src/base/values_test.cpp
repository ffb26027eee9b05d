// Money, ids, JSON, sealing: the values every room passes on.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/crypto.h"
#include "base/id.h"
#include "base/json.h"
#include "base/money.h"
#include "base/random.h"
#include "base/yaml.h"

namespace amity {
namespace {

Currency currency(const char* code) { return *Currency::parse(code); }

TEST(Money, reads_amounts_in_the_currencys_digits) {
  EXPECT_EQ(*parse_amount_minor("1234.5", currency("CZK")), 123450);
  EXPECT_EQ(*parse_amount_minor("-0.01", currency("CNY")), -1);
  EXPECT_EQ(*parse_amount_minor("8033.000", currency("CZK")), 803300);
  EXPECT_EQ(*parse_amount_minor("500", currency("JPY")), 500);
  EXPECT_EQ(*parse_amount_minor("1.234", currency("KWD")), 1234);
  for (const char* text : {"", "-", ".", "1.", ".5", "1,000.00", "1e5", "0.001", "10000000000000000", "12 ", "NaN"}) {
    EXPECT_FALSE(parse_amount_minor(text, currency("EUR"))) << text;
  }
  EXPECT_EQ(format(Money{-105, currency("CZK")}), "-1.05 CZK");
  EXPECT_EQ(format(Money{7, currency("JPY")}), "7 JPY");
}

TEST(Money, never_adds_different_currencies) {
  EXPECT_EQ(add({1, currency("USD")}, {2, currency("EUR")}).error().code, Code::kConflict);
  EXPECT_EQ(add({INT64_MAX, currency("USD")}, {1, currency("USD")}).error().code, Code::kLimit);
  EXPECT_EQ(subtract({5, currency("USD")}, {7, currency("USD")})->amount_minor, -2);
  EXPECT_FALSE(Currency::parse("XXY"));
  EXPECT_FALSE(Currency::parse("US"));
  EXPECT_FALSE(Currency::parse("D A"));
}

TEST(Id, keeps_its_text_form) {
  Random random(7);
  const Uuid id = make_uuid_v7(Timestamp{1'700'000'000'000'000}, random);
  EXPECT_EQ(*parse_uuid(format(id)), id);
  EXPECT_EQ(format(id).substr(0, 15), "018bcfe5-6800-7");
  EXPECT_FALSE(parse_uuid("018bcfe5-6800-7000-8000-00000000000"));
  EXPECT_FALSE(parse_uuid("018bcfe5x6800-7000-8000-000000000000"));
}

TEST(Json, refuses_what_can_be_read_in_two_ways) {
  EXPECT_TRUE(parse_json(R"({"a":{"b":1},"c":[{"b":1},{"b":2}],"b":"x"})"));
  for (const char* text : {R"({"a":1,"a":2})", R"([{"x":[1,{"k":1,"k":1}]}])", R"({"a":1} x)", "{", "", "[1,]",
                           "{\"a\":\"\xff\"}", R"({"a":1,"b":[{"c":1}],"a":2})"}) {
    EXPECT_FALSE(parse_json(text)) << text;
  }
  EXPECT_FALSE(parse_json(std::string(40, '[') + std::string(40, ']')));
  EXPECT_EQ(parse_json("[1]", 2).error().code, Code::kLimit);
}

TEST(Json, refuses_a_repeated_key_however_it_is_escaped) {
  EXPECT_FALSE(parse_json(R"({"a":1,"\u0061":2})"));
  EXPECT_TRUE(parse_json(R"([{"a":{"a":1}},{"a":"a"}])"));
}

TEST(Json, reads_decimals_to_the_nearest_double) {
  for (const char* text : {"2222222222222222222222222262222226", "0.1", "1e23", "8.5e-320", "123456789012345678.125"}) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(value->to_number<double>(), std::strtod(text, nullptr)) << text;
    EXPECT_EQ(*parse_json(write_json(*value)), *value) << text;
  }
  EXPECT_FALSE(parse_json("1e400"));
}

TEST(Json, writes_equal_values_as_equal_bytes) {
  const auto value = *parse_json(R"({"b":0.1,"a":[1,2.0,"é\u0001",null,true],"c":-5})");
  EXPECT_EQ(write_json(value), "{\"a\":[1,2.0,\"é\\u0001\",null,true],\"b\":0.1,\"c\":-5}");
  EXPECT_EQ(write_json(*parse_json(write_json(value))), write_json(value));
}

TEST(JsonReader, names_the_place_of_what_is_wrong) {
  const auto value = *parse_json(R"({"name":"x","months":500,"extra":1})");
  JsonReader in(value, "/events/3");
  EXPECT_EQ(in.text("name"), "x");
  in.integer("months", 1, 480);
  const auto refused = in.finish();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().place, "/events/3/months");
  JsonReader unknown(value, "/events/3");  // whose name is not repeated
  unknown.text("name");
  unknown.integer("months", 1, 500);
  EXPECT_EQ(unknown.finish().error().text(),
            "field 3 of this object is unknown; known here: name, months (at /events/3)");
}

TEST(Yaml, reads_definitions_as_json) {
  const auto value =
      parse_yaml("name: x\nwindow: 30d\ncount: 3\nshare: 0.5\nquoted: '3'\nlist: [a, {b: true}]\nnothing: ~\n");
  ASSERT_TRUE(value) << value.error().text();
  EXPECT_EQ(write_json(*value),
            R"({"count":3,"list":["a",{"b":true}],"name":"x","nothing":null,"quoted":"3","share":0.5,"window":"30d"})");
}

TEST(Yaml, refuses_what_can_be_read_in_two_ways) {
  EXPECT_EQ(parse_yaml("a: 1\nb: 2\na: 3\n").error().place, "line 3, column 1");
  for (const char* text : {"a: &x 1\nb: *x", "a: !!int '1'", "a: [1", "? [a]\n: b", "a: 1\n---\nb: 2"}) {
    EXPECT_FALSE(parse_yaml(text)) << text;
  }
}

TEST(Crypto, a_sealed_value_opens_only_in_its_place) {
  const auto key = SecretKey::random();
  auto sealed = seal(key, as_bytes("六千元"), "events.data:7");
  EXPECT_EQ(as_text(*open(key, sealed, "events.data:7")), "六千元");
  EXPECT_FALSE(open(key, sealed, "events.data:8"));
  EXPECT_FALSE(open(SecretKey::random(), sealed, "events.data:7"));
  sealed[30] ^= 1;
  EXPECT_FALSE(open(key, sealed, "events.data:7"));
}

TEST(Crypto, reads_nothing_as_no_bytes) {
  EXPECT_TRUE(from_hex({})->empty());
  EXPECT_TRUE(from_base64url({})->empty());
  EXPECT_EQ(to_base64url({}), "");
}

TEST(Crypto, digests_fields_apart) {
  EXPECT_NE(DigestWriter().add("ab").add("c").finish(), DigestWriter().add("a").add("bc").finish());
  // RFC 7693 has no 256-bit vector; this one is of the reference implementation (b2sum -l 256 of the empty input).
  EXPECT_EQ(to_hex(digest({})), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

TEST(Crypto, passwords_of_any_script_match_only_themselves) {
  const auto hash = hash_password("正确 horse battery");
  EXPECT_TRUE(password_matches(hash, "正确 horse battery"));
  EXPECT_FALSE(password_matches(hash, "正确 horse batterx"));
  EXPECT_FALSE(password_needs_rehash(hash));
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"));
}

TEST(Random, is_the_same_for_the_same_seed) {
  Random a(42);
  Random b(42);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(a.next(), b.next());
  EXPECT_NE(Random(1).fork(1).next(), Random(1).fork(2).next());
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) sum += a.uniform();
  EXPECT_NEAR(sum / 100'000, 0.5, 0.005);  // standard error 0.0009
}

}  // namespace
}  // namespace amity
