// Evaluation in part. The clauses are those of the language's own description of unknown values (cel/expr/eval.proto,
// ExprValue.error and ExprValue.unknown).
#include <gtest/gtest.h>

#include "expressions/expression.h"

namespace amity::expressions {
namespace {

constexpr std::string_view kUnknown[] = {"u", "v", "event.amount", "event.items[1].price", "event.tags[*]", "m['a b']"};

const json::value kEvent = {{"amount", 250},
                            {"country", "CN"},
                            {"items", {{{"price", 1}}, {{"price", 2}}, {{"price", 3}}}},
                            {"tags", {"x", "y"}}};

Declarations declarations() {
  return {.variables = {
              {"u", dyn_type()}, {"v", dyn_type()}, {"event", dyn_type()}, {"m", dyn_type()}, {"x.y", dyn_type()}}};
}

// The value as JSON, or the unknown attributes, or the error.
std::string shown(std::string_view source, std::span<const std::string_view> unknown = kUnknown) {
  const auto expression = compile(source, declarations(), {.max_cost = UINT64_MAX});
  if (!expression) return expression.error().text();
  static const json::value m = {{"a b", 1}, {"c", 2}};
  const std::array bindings{Value::integer(1), Value::missing(), Value::view(kEvent), Value::view(m),
                            Value::integer(7)};
  const auto result = expression->evaluate_in_part(bindings, unknown);
  if (!result) return "error: " + result.error().message;
  if (result->value) return write_json(*result->value->to_json());
  std::string names = "unknown:";
  for (const auto& name : result->unknown) names += " " + name;
  return names;
}

TEST(Unknown, names_what_a_value_depends_on) {
  EXPECT_EQ(shown("u"), "unknown: u");
  EXPECT_EQ(shown("u.foo"), "unknown: u");
  EXPECT_EQ(shown("u + 1 > 2"), "unknown: u");
  EXPECT_EQ(shown("event.amount > 100"), "unknown: event.amount");
  EXPECT_EQ(shown("event.country == 'CN'"), "true");
  EXPECT_EQ(shown("event['amount'] > 100"), "unknown: event.amount");
  EXPECT_EQ(shown("m['a b'] + m.c"), "unknown: m['a b']");
  EXPECT_EQ(shown("m.c"), "2");
  EXPECT_EQ(shown("has(event.amount)"), "unknown: event.amount");
  EXPECT_EQ(shown("has(event.country) && has(u.foo)"), "unknown: u");
}

TEST(Unknown, a_part_that_decides_makes_the_unknown_not_matter) {
  EXPECT_EQ(shown("u || true"), "true");
  EXPECT_EQ(shown("false && u"), "false");
  EXPECT_EQ(shown("u && false"), "false");
  EXPECT_EQ(shown("(u || true) && v"), "unknown: v");
  EXPECT_EQ(shown("u || v"), "unknown: u v");
  EXPECT_EQ(shown("v && u && true"), "unknown: u v");
  EXPECT_EQ(shown("event.country == 'CN' ? 1 : u"), "1");
  EXPECT_EQ(shown("u ? 1 : v"), "unknown: u");
}

TEST(Unknown, goes_before_an_error_only_where_it_could_have_decided) {
  EXPECT_EQ(shown("1 / 0 > 1 || u"), "unknown: u");
  EXPECT_EQ(shown("u && 1 / 0 > 1"), "unknown: u");
  EXPECT_EQ(shown("1 / 0 > 1 || u || true"), "true");
  EXPECT_EQ(shown("u + 1 / 0"), "error: division by zero");
  EXPECT_EQ(shown("1 / 0 + u"), "error: division by zero");
  EXPECT_EQ(shown("[u, 1 / 0]"), "error: division by zero");
  EXPECT_EQ(shown("{'a': u, 'b': 1 / 0}"), "error: division by zero");
  EXPECT_EQ(shown("math.greatest(u, 1 / 0, v)"), "error: division by zero");
  EXPECT_EQ(shown("math.greatest(u, 1, v)"), "unknown: u v");
  EXPECT_EQ(shown("[u, v]"), "unknown: u v");
}

TEST(Unknown, loops_decide_without_it_where_they_can) {
  EXPECT_EQ(shown("[1, 2].exists(x, x == 2 || u)"), "true");
  EXPECT_EQ(shown("[1, 2].exists(x, x == 3 || u)"), "unknown: u");
  EXPECT_EQ(shown("[0, 1].exists(x, 1 / x == 2 || u)"), "unknown: u");
  EXPECT_EQ(shown("[1, 2].all(x, x == 1 && u)"), "false");
  EXPECT_EQ(shown("[u, 2].size() == 2"), "unknown: u");
  EXPECT_EQ(shown("[1, 0].map(x, x > 0 ? u : 1 / x)"), "error: division by zero");
  EXPECT_EQ(shown("[1, 2].filter(x, x > 1 || u)"), "unknown: u");
  EXPECT_EQ(shown("[1, 2].exists_one(x, u)"), "unknown: u");
  EXPECT_EQ(shown("u.all(x, x > 1)"), "unknown: u");
}

TEST(Unknown, may_be_an_item_of_a_list_and_a_part_of_an_item) {
  EXPECT_EQ(shown("event.items[0].price"), "1");
  EXPECT_EQ(shown("event.items[1].price"), "unknown: event.items[1].price");
  EXPECT_EQ(shown("event.items[1u].price"), "unknown: event.items[1].price");
  EXPECT_EQ(shown("event.items.exists(i, i.price == 3)"), "true");
  EXPECT_EQ(shown("event.items.exists(i, i.price == 9)"), "unknown: event.items[1].price");
  EXPECT_EQ(shown("event.items.exists(n, i, n == 0 && i.price == 1)"), "true");
  EXPECT_EQ(shown("event.items.map(i, i.price)"), "unknown: event.items[1].price");
  EXPECT_EQ(shown("event.items.filter(i, true)"), "unknown: event.items[1]");
  EXPECT_EQ(shown("size(event.items)"), "unknown: event.items");
  EXPECT_EQ(shown("event.tags[0]"), "unknown: event.tags[0]");
  EXPECT_EQ(shown("event.tags.exists(t, true)"), "true");
  EXPECT_EQ(shown("event.tags.exists(t, t == 'x')"), "unknown: event.tags[0] event.tags[1]");
  EXPECT_EQ(shown("event == m"), "unknown: event m");
}

TEST(Unknown, is_followed_through_names) {
  EXPECT_EQ(shown("cel.bind(i, event.items, i[0].price)"), "1");
  EXPECT_EQ(shown("cel.bind(i, event.items[1], i.price)"), "unknown: event.items[1].price");
  EXPECT_EQ(shown("cel.bind(a, u, event.country == 'CN')"), "true");
  EXPECT_EQ(shown("optional.of(event.country).optMap(c, c + u)"), "unknown: u");
  EXPECT_EQ(shown("event.?amount.orValue(1)"), "unknown: event.amount");
}

TEST(Unknown, a_pattern_names_a_variable_with_dots_too) {
  const std::string_view unknown[] = {"x.y"};
  EXPECT_EQ(shown("x.y > 1", unknown), "unknown: x.y");
  const std::string_view any[] = {"event.*"};
  EXPECT_EQ(shown("event.country == 'CN'", any), "unknown: event.country");
  EXPECT_EQ(shown("x.y + m.c", any), "9");
}

TEST(Unknown, refuses_what_is_no_pattern) {
  for (const std::string_view pattern :
       {"", "*", "a b", ".a", "a.", "a[", "a[x]", "a['b", "a]b", "a..b", "[0]", "a[0]b"}) {
    const std::string_view unknown[] = {pattern};
    EXPECT_NE(shown("m.c", unknown).find("not an attribute"), std::string::npos) << pattern;
  }
}

}  // namespace
}  // namespace amity::expressions
