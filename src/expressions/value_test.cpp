#include "expressions/value.h"

#include <limits>

#include <gtest/gtest.h>

namespace amity::expressions {
namespace {

TEST(Value, compares_numbers_by_what_they_mean_whatever_their_type) {
  EXPECT_TRUE(equal(Value::integer(1), Value::unsigned_integer(1)));
  EXPECT_TRUE(equal(Value::integer(1), Value::number(1.0)));
  EXPECT_EQ(compare(Value::integer(-1), Value::unsigned_integer(0)), Order::kLess);
  EXPECT_EQ(compare(Value::unsigned_integer(UINT64_MAX), Value::integer(INT64_MAX)), Order::kGreater);
  EXPECT_EQ(compare(Value::number(1.5), Value::integer(1)), Order::kGreater);
}

TEST(Value, not_a_number_equals_nothing_and_has_no_order) {
  const Value nan = Value::number(std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(equal(nan, nan));
  EXPECT_EQ(compare(nan, Value::integer(1)), Order::kUnordered);
}

TEST(Value, different_kinds_are_unequal_and_have_no_order) {
  EXPECT_FALSE(equal(Value::text("1"), Value::integer(1)));
  EXPECT_EQ(compare(Value::text("1"), Value::integer(1)), Order::kIncomparable);
  EXPECT_FALSE(equal(Value::null(), Value::boolean(false)));
}

TEST(Value, finds_a_key_by_its_meaning) {
  const Value map = Value::map({{Value::integer(2), Value::text("two")}, {Value::text("k"), Value::integer(1)}});
  EXPECT_EQ(map.find(Value::unsigned_integer(2))->as_text(), "two");
  EXPECT_EQ(map.find(Value::number(2.0))->as_text(), "two");
  EXPECT_FALSE(map.find(Value::number(2.5)));
  EXPECT_EQ(map.find("k")->as_int(), 1);
}

TEST(Value, views_a_document_and_compares_it_with_values_of_its_own) {
  const json::value document = {{"a", {1, 2}}, {"b", nullptr}};
  const Value view = Value::view(document);
  const Value own = Value::map({{Value::text("b"), Value::null()},
                                {Value::text("a"), Value::list({Value::integer(1), Value::unsigned_integer(2)})}});
  EXPECT_TRUE(equal(view, own));
  EXPECT_TRUE(equal(own, view.owned()));
}

TEST(Value, writes_json_and_refuses_what_json_cannot_say) {
  const Value map = Value::map({{Value::integer(1), Value::bytes("hi")}, {Value::text("t"), Value::timestamp(0, 5)}});
  EXPECT_EQ(write_json(*map.to_json()), R"({"1":"aGk=","t":"1970-01-01T00:00:00.000000005Z"})");
  EXPECT_FALSE(Value::number(std::numeric_limits<double>::infinity()).to_json());
}

TEST(Value, takes_a_time_before_1970_apart_into_whole_seconds_and_a_rest) {
  const Value t = Value::timestamp(Timestamp{-1});
  EXPECT_EQ(t.seconds(), -1);
  EXPECT_EQ(t.nanoseconds(), 999'999'000u);
}

TEST(Value, a_part_of_an_owned_list_outlives_it) {
  Value part;
  {
    const Value list = Value::list({Value::text("kept")});
    part = list.item(0);
  }
  EXPECT_EQ(part.as_text(), "kept");
}

}  // namespace
}  // namespace amity::expressions
