#include "expressions/conditions.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/random.h"

namespace amity::expressions {
namespace {

std::shared_ptr<const Shape> event_shape() {
  using enum TypeKind;
  return std::make_shared<const Shape>(Shape{"event",
                                             {{"amount", type_of(kDouble)},
                                              {"limit", type_of(kDouble)},
                                              {"count", type_of(kInt)},
                                              {"other", type_of(kInt)},
                                              {"size", type_of(kUint)},
                                              {"country", type_of(kString)},
                                              {"home", type_of(kString)},
                                              {"is_new", type_of(kBool)},
                                              {"age", type_of(kDuration)},
                                              {"tags", list_of(type_of(kString)), 4}}});
}

Declarations declarations_of(const std::shared_ptr<const Shape>& shape) {
  return {.variables = {{"event", record_of(shape)}}};
}

struct ValuesRow : Row {
  ValuesRow(const Shape& s, std::vector<Value> v, bool together)
      : shape_(s), values(std::move(v)), side_by_side(together) {}
  const Shape& shape() const override { return shape_; }
  Value field(size_t index) const override { return values[index]; }
  const Value* fields() const override { return side_by_side ? values.data() : nullptr; }
  const Shape& shape_;
  std::vector<Value> values;
  bool side_by_side;
};

constexpr const char* kParts[] = {"event.amount > 10.0",
                                  "event.amount <= 10.0",
                                  "event.amount == 0.0",
                                  "event.amount != 10.0",
                                  "10.0 < event.amount",
                                  "event.amount < 1.0 / 0.0",
                                  "event.amount > -1.0 / 0.0",
                                  "event.amount >= 0.0 / 0.0",
                                  "event.amount in [0.0, 10.0, 1e300]",
                                  "event.amount < event.limit",
                                  "event.amount >= event.limit",
                                  "event.amount == event.limit",
                                  "event.amount > 10",
                                  "event.amount / event.limit > 2.0",
                                  "event.count > 3",
                                  "event.count < -9223372036854775807",
                                  "event.count >= 9223372036854775807",
                                  "event.count != 3",
                                  "event.count in [1, 3, 5]",
                                  "event.count > 2.5",
                                  "event.count == event.other",
                                  "event.count < event.other",
                                  "event.count + event.other > 4",
                                  "event.count / event.other == 1",
                                  "event.size > 3u",
                                  "event.size < 0u",
                                  "event.country == 'CN'",
                                  "event.country != 'CN'",
                                  "event.country == ''",
                                  "event.country == event.home",
                                  "event.country in ['CN', 'KP', 'a longer name', 'a longer text']",
                                  "event.country == 'a longer name'",
                                  "event.country in []",
                                  "event.country < 'D'",
                                  "event.country.startsWith('C')",
                                  "event.is_new",
                                  "!event.is_new",
                                  "event.is_new == false",
                                  "event.age > duration('1h')",
                                  "event.age == duration('0s')",
                                  "has(event.amount)",
                                  "has(event.country)",
                                  "has(event.age)",
                                  "'x' in event.tags",
                                  "event.tags.exists(t, t == event.country)",
                                  "size(event.tags) > 1",
                                  "true",
                                  "false"};

std::string random_condition(Random& random, int depth) {
  const auto one = [&] { return random_condition(random, depth - 1); };
  if (depth == 0 || random.chance(0.3)) return kParts[random.below(std::size(kParts))];
  switch (random.below(6)) {
    case 0: return "(" + one() + " || " + one() + ")";
    case 1: return "!(" + one() + ")";
    case 2: return "(" + one() + " ? " + one() + " : " + one() + ")";
    case 3: return one() + " && " + one() + " && " + one();
    default: return "(" + one() + " && " + one() + ")";
  }
}

json::value random_document(Random& random) {
  const auto number = [&]() -> json::value {
    switch (random.below(8)) {
      case 0: return 10;
      case 1: return 0.0;
      case 2: return -0.0;
      case 3: return 1e300;
      case 4: return INT64_MAX;
      case 5: return INT64_MIN;
      default: return static_cast<int64_t>(random.below(8));
    }
  };
  const auto text = [&] {
    const char* const texts[] = {"CN", "KP", "", "C", "a longer name", "a longer text", "a longe", "CNX", "abcdefgh"};
    return texts[random.below(std::size(texts))];
  };
  json::object event;
  event["amount"] = number();
  event["limit"] = number();
  event["count"] = number();
  event["other"] = number();
  event["size"] = random.below(5);
  event["country"] = text();
  event["home"] = text();
  event["is_new"] = random.chance(0.5);
  event["age"] = random.chance(0.5) ? "2h" : "0s";
  event["tags"] = {text(), "x"};
  const char* const names[] = {"amount", "limit", "count", "country", "is_new", "age", "tags", "other"};
  if (random.chance(0.3)) event.erase(names[random.below(std::size(names))]);
  if (random.chance(0.2)) event[names[random.below(std::size(names))]] = nullptr;
  if (random.chance(0.2)) event[names[random.below(std::size(names))]] = "wrong";
  return event;
}

ValuesRow random_row(Random& random, const Shape& shape, const json::value& document) {
  std::vector<Value> values;
  for (const Field& field : shape.fields) {
    const json::value* v = document.get_object().if_contains(field.name);
    Value value = v ? Value::view(*v) : Value::missing();
    if (field.type.is(TypeKind::kDouble) && value.is(Kind::kInt))
      value = Value::number(static_cast<double>(value.as_int()));
    if (field.type.is(TypeKind::kDouble) && random.chance(0.1)) {
      value = Value::number(random.chance(0.5) ? std::nan("") : std::numeric_limits<double>::infinity());
    }
    if (value.is(Kind::kString) && random.chance(0.3)) value = value.owned();
    values.push_back(std::move(value));
  }
  return {shape, std::move(values), random.chance(0.5)};
}

// A name around it keeps a condition from becoming flat code: what the instructions say is the truth.
Expression by_instructions(const std::string& text, const Declarations& declarations) {
  return *compile_condition("cel.bind(unused, 0, " + text + ")", declarations);
}

Outcome outcome_of(const Result<bool>& result) {
  return !result ? Outcome::kError : *result ? Outcome::kYes : Outcome::kNo;
}

struct Sample {
  std::shared_ptr<const Shape> shape = event_shape();
  std::vector<std::string> texts = {};
  std::vector<Expression> truth = {};
  Conditions together;

  static Sample of(Random& random, size_t count) {
    Sample sample;
    const Declarations declarations = declarations_of(sample.shape);
    for (size_t i = 0; i < count; ++i) {
      sample.texts.push_back(random_condition(random, 2));
      sample.truth.push_back(by_instructions(sample.texts.back(), declarations));
    }
    const std::vector<std::string_view> views(sample.texts.begin(), sample.texts.end());
    sample.together = *Conditions::compile(views, declarations);
    return sample;
  }

  void must_agree(const Value& event, const std::string& shown) const {
    const std::array bindings{event};
    const Outcomes outcomes = together.evaluate(bindings);
    size_t hits = 0;
    for (size_t i = 0; i < texts.size(); ++i) {
      const auto expected = truth[i].holds(bindings);
      const auto alone = together[i].holds(bindings);
      hits += outcome_of(expected) == Outcome::kYes;
      ASSERT_EQ(outcome_of(alone), outcome_of(expected)) << texts[i] << " of " << shown;
      ASSERT_EQ(outcomes[i], outcome_of(expected)) << texts[i] << " of " << shown;
      ASSERT_EQ(alone ? "" : alone.error().message, expected ? "" : expected.error().message)
          << texts[i] << " of " << shown;
    }
    ASSERT_EQ(outcomes.hit_count(), hits);
  }
};

TEST(Conditions, together_and_alone_come_to_what_the_instructions_say) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    const Sample sample = Sample::of(random, seed % 4 == 0 ? 100 : 20);
    for (int n = 0; n < 30; ++n) {
      const json::value document = random_document(random);
      const std::string shown = write_json(document) + ", seed " + std::to_string(seed);
      sample.must_agree(Value::view(document), shown);
      const ValuesRow row = random_row(random, *sample.shape, document);
      sample.must_agree(Value::view(row), shown);
    }
    sample.must_agree(Value::missing(), "nothing");
    sample.must_agree(Value::integer(3), "a number");
  }
}

TEST(Conditions, counts_hits_and_tells_errors_from_misses) {
  const auto shape = event_shape();
  const std::string_view texts[] = {"event.amount > 10.0", "event.amount > 10.0 && event.count > 3", "event.count > 3",
                                    "event.amount > 10.0 || event.count > 3"};
  const auto conditions = Conditions::compile(texts, declarations_of(shape));
  ASSERT_TRUE(conditions);
  const json::value document = {{"amount", 11}};
  const Outcomes outcomes = conditions->evaluate(std::array{Value::view(document)});
  EXPECT_EQ(outcomes[0], Outcome::kYes);
  EXPECT_EQ(outcomes[1], Outcome::kError);
  EXPECT_EQ(outcomes[2], Outcome::kError);
  EXPECT_EQ(outcomes[3], Outcome::kYes);
  EXPECT_EQ(outcomes.hit_count(), 2u);
  EXPECT_EQ((*conditions)[1].holds(std::array{Value::view(document)}).error().place, "line 1, column 30");
}

TEST(Conditions, names_the_condition_that_does_not_compile) {
  const std::string_view texts[] = {"event.is_new", "event.amuont > 1.0"};
  const auto conditions = Conditions::compile(texts, declarations_of(event_shape()));
  ASSERT_FALSE(conditions);
  EXPECT_EQ(conditions.error().place, "condition 2, line 1, column 7");
}

TEST(Conditions, takes_no_more_than_it_has_bits_for) {
  const std::vector<std::string_view> texts(kMaxConditions, "event.count > 3");
  EXPECT_EQ(Conditions::compile(texts, declarations_of(event_shape()))->size(), kMaxConditions);
  const std::vector<std::string_view> more(kMaxConditions + 1, "event.count > 3");
  EXPECT_EQ(Conditions::compile(more, declarations_of(event_shape())).error().code, Code::kLimit);
}

TEST(Conditions, of_none_has_no_hits) {
  const auto conditions = Conditions::compile({}, {});
  ASSERT_TRUE(conditions);
  EXPECT_EQ(conditions->evaluate({}).hit_count(), 0u);
}

// As rules over lists of countries are: words of one size, of many sizes, and some longer than eight bytes.
TEST(Conditions, finds_a_text_among_many) {
  const auto shape = event_shape();
  std::string list;
  std::vector<std::string> words;
  for (int i = 0; i < 200; ++i)
    words.push_back(std::string(1 + i % 12, static_cast<char>('a' + i % 26)) + std::to_string(i / 26));
  for (const auto& word : words) list += (list.empty() ? "'" : ", '") + word + "'";
  const std::string text = "event.country in [" + list + "] && event.country != 'nothing'";
  const std::string_view texts[] = {text};
  const auto conditions = Conditions::compile(texts, declarations_of(shape));
  ASSERT_TRUE(conditions);
  const auto holds = [&](const std::string& country) {
    const json::value document = {{"country", country}};
    return conditions->evaluate(std::array{Value::view(document)})[0] == Outcome::kYes;
  };
  for (const auto& word : words) EXPECT_TRUE(holds(word)) << word;
  for (const auto& word : words) EXPECT_FALSE(holds(word + "!")) << word;
  EXPECT_FALSE(holds(""));
}

}  // namespace
}  // namespace amity::expressions
