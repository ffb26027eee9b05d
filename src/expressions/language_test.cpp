// One line of the language each: what stands left gives what stands right. The language's own tests (conformance_test)
// say the rest.
#include <array>

#include <gtest/gtest.h>

#include "expressions/expression.h"

namespace amity::expressions {
namespace {

struct Line {
  std::string_view source;
  std::string_view result;  // as JSON, or "error: ..." without its place
};

std::string shown(std::string_view source) {
  const auto expression = compile(source, {});
  if (!expression) return "refused: " + expression.error().message;
  const auto value = expression->evaluate({});
  if (!value) return "error: " + value.error().message;
  return write_json(*value->to_json());
}

template <size_t N>
void expect_all(const Line (&lines)[N]) {
  for (const Line& line : lines) EXPECT_EQ(shown(line.source), line.result) << line.source;
}

TEST(Language, reckons_with_whole_numbers_and_says_when_they_do_not_fit) {
  expect_all({{"7 / -2", "-3"},
              {"-7 % 3", "-1"},
              {"9223372036854775807 + 1", "error: the result does not fit its type"},
              {"-9223372036854775808 / -1", "error: the result does not fit its type"},
              {"1u - 2u", "error: the result does not fit its type"},
              {"5 % 0", "error: division by zero"},
              {"0x1F", "31"},
              {"int('12') + int(3.9)", "15"},
              {"9223372036854775808", "refused: a whole number beyond 64 bits"}});
}

TEST(Language, reckons_with_times) {
  expect_all(
      {{"timestamp('2024-02-28T23:00:00Z') + duration('2h')", "\"2024-02-29T01:00:00Z\""},
       {"timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-28T00:00:00Z')", "\"172800s\""},
       {"timestamp('2024-01-01T00:30:00Z').getDayOfMonth('-01:00')", "30"},
       {"timestamp('2024-07-01T12:00:00Z').getHours('Europe/Berlin')", "14"},
       {"timestamp('2024-01-01T12:00:00Z').getHours('Europe/Berlin')", "13"},
       {"timestamp('2024-01-01T12:00:00Z').getHours('Nowhere/At_All')", "error: an argument has no meaning here"},
       {"timestamp('2023-02-29T00:00:00Z')", "error: an argument has no meaning here"},
       {"timestamp('1969-12-31T23:59:59.5Z').getSeconds()", "59"},
       {"duration('1h30m') == duration('5400s')", "true"},
       {"string(duration('-1.5s'))", "\"-1.5s\""}});
}

TEST(Language, works_on_texts_by_characters) {
  expect_all({{"size('\u4e2d\u6587')", "2"},
              {"'\u4e2d\u6587'.charAt(1)", "\"\u6587\""},
              {"'a,b,,c'.split(',')", R"(["a","b","","c"])"},
              {"'abc'.split('')", R"(["a","b","c"])"},
              {"'aaa'.replace('a', 'b', 2)", "\"bba\""},
              {"'ab'.replace('', '-')", "\"-a-b-\""},
              {"'%s has %d (%.1f%%)'.format(['x', 3, 12.34])", "\"x has 3 (12.3%)\""},
              {"'%'.format([])", "error: an argument has no meaning here"},
              {"'%d'.format([])", "error: an argument has no meaning here"},
              {"r'\\d'", "\"\\\\d\""},
              {"'6222 0000'.matches(r'^\\d{4} \\d{4}$')", "true"}});
}

TEST(Language, goes_over_lists_and_maps) {
  expect_all({{"[3, 1, 2].map(n, n * 2)", "[6,2,4]"},
              {"[3, 1, 2].map(n, n > 1, n * 2)", "[6,4]"},
              {"[1, 2, 3].exists_one(n, n > 2)", "true"},
              {"{'b': 2, 'a': 1}.map(k, k)", R"(["a","b"])"},
              {"['x', 'y'].transformMap(i, v, v + string(i))", R"({"0":"x0","1":"y1"})"},
              {"[1, 2].exists(a, [2, 3].exists(b, a == b))", "true"},
              {"[[1, 2], [3]].flatten()", "[1,2,3]"},
              {"[3, 1, 2].sort()", "[1,2,3]"},
              {"[1, 2, 1, 2u].distinct()", "[1,2]"},
              {"cel.bind(x, 3, x * x)", "9"},
              {"{1: 'a', 1u: 'b'}", "error: a key stands twice in a map"},
              {"{1.5: 'a'}", "refused: a double is no key of a map"}});
}

TEST(Language, keeps_inner_names_apart_from_outer_ones) {
  expect_all({{"[1, 2].map(x, [10].map(x, x + 1))", "[[11],[11]]"},
              {"[1].map(x, cel.bind(x, x + 1, x) + x)", "[3]"},
              {"[1, 2].map(x, x)[0] + [5].map(y, y)[0]", "6"}});
}

TEST(Language, has_optional_values) {
  expect_all({{"{'a': 1}[?'b'].orValue(7)", "7"},
              {"{'a': {'b': 2}}.?a.?b.value()", "2"},
              {"optional.none().value()", "error: an optional value is empty: use orValue()"},
              {"[1, ?optional.none(), 3]", "[1,3]"},
              {"[4].first().optMap(x, x * 2).orValue(0)", "8"}});
}

TEST(Language, refuses_types_that_do_not_fit_before_it_runs) {
  expect_all({{"1 + 'a'", "refused: '+' does not take (int, string)"},
              {"1 == 'a'", "refused: '==' does not take (int, string)"},
              {"!1", "refused: '!' does not take (int)"},
              {"1 && true", "refused: '&&' joins conditions; this is a int"},
              {"[1].map(x, x.y)", "refused: a int has no fields"},
              {"'a'.all(x, true)", "refused: 'all' goes over a list or a map, not a string"},
              {"as", "refused: 'as' is a reserved word"},
              {"Account{number: 1}",
               "refused: messages are not part of this language: write a map, such as {'field': value}"}});
}

// Inputs of exactly the declared size must never meet the guard against larger ones.
TEST(Language, the_cost_bound_holds_for_inputs_as_large_as_declared) {
  const Declarations declarations{.variables = {{"l", list_of(type_of(TypeKind::kString)), 40}, {"d", dyn_type(), 40}}};
  const Limits limits{.input_list_items = 40, .input_text_bytes = 640};
  json::array texts;
  for (int i = 0; i < 40; ++i) texts.emplace_back(std::string(640, 'a' + i % 3));
  const json::value document = texts;
  for (std::string_view source :
       {"l.all(a, l.all(b, a + b != ''))", "l.map(a, l).flatten().size() == 1600", "l.join('-').size() > 0",
        "l.map(a, l.map(b, a + b)).all(x, x.all(y, y.size() == 1280))", "l.map(a, a.replace('a', 'bb')).size() == 40",
        "d.map(a, d + d).all(x, x.size() == 80)", "d.map(a, [a, a]).map(p, p[0] + p[1]).size() == 40",
        "l.transformMap(i, v, v + v).size() == 40", "cel.bind(two, l + l, two.map(a, two).size() == 80)",
        "l[0].split('').all(c, c.size() == 1)", "'%s %s'.format([l, l]).size() > 0",
        "lists.range(100).map(i, i).size() == 100", "(l + l).filter(a, a in l).size() == 80"}) {
    const auto expression = compile(source, declarations,
                                    {.max_cost = UINT64_MAX,
                                     .input_list_items = limits.input_list_items,
                                     .input_text_bytes = limits.input_text_bytes});
    ASSERT_TRUE(expression) << source << ": " << expression.error().text();
    const auto value = expression->evaluate(std::array{Value::view(document), Value::view(document)});
    EXPECT_TRUE(value) << source << ": " << value.error().text();
  }
}

}  // namespace
}  // namespace amity::expressions
