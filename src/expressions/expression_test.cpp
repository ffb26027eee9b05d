#include "expressions/expression.h"

#include <array>
#include <chrono>
#include <iostream>
#include <thread>

#include <gtest/gtest.h>

namespace amity::expressions {
namespace {

Type number() { return type_of(TypeKind::kDouble); }
Type text() { return type_of(TypeKind::kString); }

Declarations banking() {
  return {.variables = {
              {"event", record_of("event", {{"type", text()},
                                            {"amount", number()},
                                            {"at", type_of(TypeKind::kTimestamp)},
                                            {"tags", list_of(text()), 10},
                                            {"note", text()}})},
              {"features", record_of("features", {{"count_1h", type_of(TypeKind::kInt)}, {"mean_30d", number()}})},
              {"customer", dyn_type()},
          }};
}

json::value event_document() {
  return {{"type", "payment"},
          {"amount", 250},
          {"at", "2026-03-01T22:15:00Z"},
          {"tags", {"atm", "abroad"}},
          {"note", nullptr}};
}

Result<Value> evaluate(std::string_view source) {
  const auto document = event_document();
  const json::value customer = {{"age", 41}, {"segments", {"A", "B"}}};
  const auto expression = compile(source, banking());
  if (!expression) return std::unexpected(expression.error());
  return expression->evaluate(std::array{Value::view(document), Value::missing(), Value::view(customer)});
}

std::string shown(std::string_view source) {
  const auto value = evaluate(source);
  if (!value) return "error: " + value.error().text();
  const auto document = value->to_json();
  return document ? write_json(*document) : document.error().text();
}

TEST(Expression, reads_a_document_by_declared_fields) {
  EXPECT_EQ(shown("event.amount > 200.0 && event.type == 'payment'"), "true");
  EXPECT_EQ(shown("event.at.getHours() >= 22"), "true");
  EXPECT_EQ(shown("event.tags.exists(t, t == 'abroad')"), "true");
  EXPECT_EQ(shown("customer.age + 1"), "42");
  EXPECT_EQ(shown("size(customer.segments)"), "2");
}

TEST(Expression, makes_a_whole_number_in_json_the_double_it_is_declared_as) {
  EXPECT_EQ(shown("event.amount / 100.0"), "2.5");
}

TEST(Expression, names_the_place_of_a_misspelt_field_and_the_field_that_was_meant) {
  const auto expression = compile("features.mean_3od > 1.0", banking());
  ASSERT_FALSE(expression);
  EXPECT_EQ(expression.error().code, Code::kInvalid);
  EXPECT_EQ(expression.error().place, "line 1, column 10");
  EXPECT_EQ(expression.error().message, "'features' has no field 'mean_3od': did you mean 'mean_30d'?");
}

TEST(Expression, names_an_unknown_variable_and_function_with_what_was_meant) {
  EXPECT_EQ(compile("evnt.amount > 1.0", banking()).error().text(),
            "there is no variable 'evnt': did you mean 'event'? (at line 1, column 1)");
  EXPECT_EQ(compile("event.type.startWith('p')", banking()).error().text(),
            "there is no function 'startWith': did you mean 'startsWith'? (at line 1, column 12)");
}

TEST(Expression, says_how_to_mend_a_mixture_of_whole_and_decimal_numbers) {
  const auto expression = compile("event.amount\n  * 2 > 10.0", banking());
  ASSERT_FALSE(expression);
  EXPECT_EQ(expression.error().place, "line 2, column 3");
  EXPECT_EQ(expression.error().message,
            "'*' does not take (double, int): write both as double, such as 2.0 or double(x)");
}

TEST(Expression, points_at_the_character_where_the_syntax_breaks) {
  EXPECT_EQ(compile("1 + ", {}).error().text(), "expected a value, found the end (at line 1, column 5)");
  EXPECT_EQ(compile("'\u4e2d\u6587' + $", {}).error().place, "line 1, column 8");
  EXPECT_EQ(compile("'open", {}).error().text(), "a text that is not closed (at line 1, column 1)");
  EXPECT_EQ(compile("1 1", {}).error().place, "line 1, column 3");
}

TEST(Expression, counts_null_in_a_declared_field_as_absent) {
  EXPECT_EQ(shown("has(event.note)"), "false");
  EXPECT_EQ(shown("event.note == 'x'"), "error: the field has no value: ask with has() first (at line 1, column 7)");
}

TEST(Expression, holds_input_to_its_declared_type_without_showing_it) {
  const auto expression = compile("event.amount > 1.0", banking());
  ASSERT_TRUE(expression);
  const json::value wrong = {{"amount", "6222020000000000"}};
  const auto value = expression->evaluate(std::array{Value::view(wrong)});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().text(), "a value from outside is not of its declared type (at line 1, column 7)");
}

TEST(Expression, an_unbound_variable_matters_only_where_it_is_read) {
  EXPECT_EQ(shown("event.type == 'payment' || features.count_1h > 3"), "true");
  EXPECT_EQ(shown("features.count_1h > 3"), "error: a variable that has no value is read (at line 1, column 1)");
}

TEST(Expression, absorbs_an_error_where_the_other_side_decides) {
  EXPECT_EQ(shown("1 / 0 > 1 || true"), "true");
  EXPECT_EQ(shown("1 / 0 > 1 && false"), "false");
  EXPECT_EQ(shown("[1, 0, 2].exists(n, 2 / n == 1)"), "true");
  EXPECT_EQ(shown("1 / 0 > 1 || false"), "error: division by zero (at line 1, column 3)");
}

struct Features : Row {
  explicit Features(std::shared_ptr<const Shape> s) : shape_(std::move(s)) {}
  const Shape& shape() const override { return *shape_; }
  Value field(size_t index) const override { return index == 0 ? Value::integer(7) : Value::missing(); }
  std::shared_ptr<const Shape> shape_;
};

TEST(Expression, reads_a_row_by_index_and_knows_a_missing_field) {
  const Declarations declarations = banking();
  const Features row(declarations.variables[1].type.shape);
  const std::array bindings{Value::missing(), Value::view(row)};
  const auto value = [&](std::string_view source) { return compile(source, declarations)->evaluate(bindings); };
  EXPECT_EQ(value("features.count_1h * 2")->as_int(), 14);
  EXPECT_TRUE(value("has(features.count_1h) && !has(features.mean_30d)")->as_bool());
  EXPECT_TRUE(value("'count_1h' in features && size(features) == 1")->as_bool());
  EXPECT_EQ(value("features.mean_30d > 1.0").error().message, "the field has no value: ask with has() first");
}

TEST(Expression, lists_what_it_reads) {
  const auto expression =
      compile("event.amount > features.mean_30d && event.tags.exists(t, t in customer.segments)", banking());
  ASSERT_TRUE(expression);
  EXPECT_EQ(expression->references(),
            (std::vector<std::string>{"customer.segments", "event.amount", "event.tags", "features.mean_30d"}));
  EXPECT_EQ(expression->type(), type_of(TypeKind::kBool));
}

TEST(Expression, knows_its_cost_before_it_runs) {
  const auto small = compile("event.tags.all(t, t != '')", banking());
  const auto nested = compile("event.tags.all(t, event.tags.all(u, t != u))", banking());
  ASSERT_TRUE(small && nested);
  EXPECT_GE(small->cost_bound(), 10u);
  EXPECT_GE(nested->cost_bound(), 100u);
  EXPECT_LT(compile("event.amount > 1.0", banking())->cost_bound(), 10u);
}

TEST(Expression, refuses_what_may_cost_too_much) {
  const auto expression = compile("customer.a.all(x, customer.a.all(y, customer.a.all(z, x + y == z)))", banking());
  ASSERT_FALSE(expression);
  EXPECT_EQ(expression.error().code, Code::kLimit);
}

// Each name holds the one before ten times: a few hundred bytes that would be 10^30 values once written out.
TEST(Expression, refuses_names_that_multiply_each_other) {
  std::string source = "a29";
  for (int i = 29; i > 0; --i) {
    std::string items;
    for (int n = 0; n < 10; ++n) items += (n ? ", a" : "a") + std::to_string(i - 1);
    source = "cel.bind(a" + std::to_string(i) + ", [" + items + "], " + source + ")";
  }
  source = "cel.bind(a0, [1], " + source + ")";
  const auto expression = compile(source, {});
  ASSERT_FALSE(expression);
  EXPECT_EQ(expression.error().code, Code::kLimit);
  EXPECT_FALSE(compile_unchecked(source, {}));
}

TEST(Expression, stops_when_an_input_is_larger_than_declared) {
  const auto expression = compile("event.tags.all(t, t != '')", banking());
  json::array tags;
  for (int i = 0; i < 100'000; ++i) tags.emplace_back("x");
  const json::value document = {{"tags", tags}};
  const auto value = expression->evaluate(std::array{Value::view(document)});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::kLimit);
}

TEST(Expression, bounds_length_depth_and_parts) {
  EXPECT_EQ(compile(std::string(8193, '1'), {}).error().code, Code::kLimit);
  EXPECT_EQ(compile(std::string(4000, '(') + "1" + std::string(4000, ')'), {}).error().code, Code::kLimit);
  std::string sum = "1";
  for (int i = 0; i < 2000; ++i) sum += "+1";
  EXPECT_EQ(compile(sum, {}).error().code, Code::kLimit);
  EXPECT_EQ(compile(std::string(8000, '-') + "1", {}).error().code, Code::kInvalid);
  std::string conditions = "true";
  for (int i = 0; i < 1500; ++i) conditions += "&&1<2";
  EXPECT_EQ(compile(conditions, {}).error().code, Code::kLimit);
}

TEST(Expression, makes_constants_once) {
  EXPECT_EQ(compile("timestamp('2026-01-01T00:00:00Z') + duration('36h')", {})->cost_bound(), 2u);
  EXPECT_EQ(compile("[1, 2, 3].size() * 2", {})->cost_bound(), 2u);
}

TEST(Expression, refuses_a_bad_pattern_when_compiling) {
  const auto expression = compile("event.type.matches('(')", banking());
  ASSERT_FALSE(expression);
  EXPECT_EQ(expression.error().place, "line 1, column 12");
}

TEST(Expression, a_condition_must_be_true_or_false) {
  EXPECT_FALSE(compile_condition("event.amount", banking()));
  EXPECT_TRUE(compile_condition("customer.vip", banking()));
}

TEST(Expression, a_result_stands_alone_when_its_inputs_are_gone) {
  Value value;
  {
    const auto document = event_document();
    const auto expression = compile("event.tags.map(t, t + '!') + event.tags", banking());
    value = *expression->evaluate(std::array{Value::view(document)});
  }
  EXPECT_EQ(write_json(*value.to_json()), R"(["atm!","abroad!","atm","abroad"])");
}

TEST(Expression, may_be_run_by_many_threads_at_once) {
  const auto expression =
      compile("event.tags.filter(t, t in ['abroad', 'atm']).size() == 2 && event.type.matches('^pay')", banking());
  const auto document = event_document();
  std::atomic<int> hits = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) hits += expression->holds(std::array{Value::view(document)}).value_or(false);
    });
  }
  threads.clear();
  EXPECT_EQ(hits, 2000);
}

TEST(Expression, calls_a_function_of_its_caller) {
  Declarations declarations;
  declarations.functions.push_back(
      {.name = "text.twice", .parameters = {text()}, .result = text(), .call = [](std::span<const Value> a) {
         return Value::text(std::string(a[0].as_text()) + std::string(a[0].as_text()));
       }});
  EXPECT_EQ(compile("text.twice('ab')", declarations)->evaluate({})->as_text(), "abab");
}

}  // namespace
}  // namespace amity::expressions
