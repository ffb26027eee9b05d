// 20 fraud rules of 3 conditions each (rules_rivals/rules.json) over events of 10 fields: as typed rows and as JSON
// documents, all rules together (Conditions) and one after the other (Expression::holds). Counters: what one event
// took, the hits among all events, and the allocations one event cost, counted in operator new itself.
//
// AMITY_BENCH_EVENTS=FILE writes the events there first, one JSON document a line, for rules_rivals/compare.mjs.
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iterator>
#include <new>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/json.h"
#include "base/random.h"
#include "expressions/conditions.h"

namespace {
std::atomic<uint64_t> allocations = 0;
}

// Not inlined: g++ would take the pair for mismatched.
[[gnu::noinline]] void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace amity::expressions {
namespace {

constexpr size_t kEvents = 1024;

std::shared_ptr<const Shape> event_shape() {
  const auto of = [](TypeKind kind) { return type_of(kind); };
  using enum TypeKind;
  return std::make_shared<const Shape>(Shape{"event",
                                             {{"amount", of(kDouble)},
                                              {"currency", of(kString), 8},
                                              {"country", of(kString), 8},
                                              {"channel", of(kString), 16},
                                              {"merchant_category", of(kString), 8},
                                              {"account_age_days", of(kInt)},
                                              {"payments_1h", of(kInt)},
                                              {"amount_24h", of(kDouble)},
                                              {"is_new_device", of(kBool)},
                                              {"hour", of(kInt)}}});
}

template <size_t N>
const char* pick(Random& random, const std::array<const char*, N>& from) {
  return from[random.below(N)];
}

double cents(double amount) { return std::round(amount * 100.0) / 100.0; }

json::value made_up_event(Random& random) {
  const auto whole = [&](uint64_t below) { return static_cast<int64_t>(random.below(below)); };
  json::object event;
  event["amount"] = cents(std::exp(random.uniform() * 10.0));
  event["currency"] = pick(random, std::array{"CNY", "USD", "HKD", "EUR"});
  event["country"] = pick(random, std::array{"CN", "CN", "CN", "HK", "US", "GB", "KP", "IR"});
  event["channel"] = pick(random, std::array{"mobile", "web", "atm", "branch"});
  event["merchant_category"] = pick(random, std::array{"5411", "5812", "7995", "6011", "4829"});
  event["account_age_days"] = whole(2000);
  event["payments_1h"] = whole(12);
  event["amount_24h"] = cents(random.uniform() * 20'000.0);
  event["is_new_device"] = random.chance(0.2);
  event["hour"] = whole(24);
  return event;
}

// A row that holds its values side by side and its texts with them, as features of an account do.
class TypedRow final : public Row {
 public:
  TypedRow(const Shape& shape, const json::value& document) : shape_(shape) {
    for (const Field& field : shape.fields) {
      Value value = Value::view(document.at(field.name));
      if (field.type.is(TypeKind::kDouble) && value.is(Kind::kInt)) {
        value = Value::number(static_cast<double>(value.as_int()));
      }
      if (value.is(Kind::kString)) {
        char* text = &texts_[used_];
        used_ += value.as_text().copy(text, texts_.size() - used_);
        value = Value::borrowed_text({text, value.as_text().size()});
      }
      values_[count_++] = value;
    }
  }
  TypedRow(const TypedRow&) = delete;
  const Shape& shape() const override { return shape_; }
  Value field(size_t index) const override { return values_[index].borrow(); }
  const Value* fields() const override { return values_.data(); }

 private:
  const Shape& shape_;
  std::array<Value, 10> values_;
  std::array<char, 64> texts_;
  size_t count_ = 0;
  size_t used_ = 0;
};

std::string literal(const json::value& value, bool is_double) {
  if (value.is_string()) return "'" + std::string(value.get_string()) + "'";
  const std::string text = write_json(value);
  return is_double && value.is_int64() ? text + ".0" : text;
}

std::string condition_text(const json::array& condition, const Shape& shape) {
  const std::string field(condition[0].get_string());
  const std::string_view op = condition[1].get_string();
  const json::value& value = condition[2];
  const bool is_double = shape.fields[shape.index_of(field).value()].type.is(TypeKind::kDouble);
  if (value.is_bool()) return (value.get_bool() ? "event." : "!event.") + field;
  if (op != "in") return "event." + field + " " + std::string(op) + " " + literal(value, is_double);
  std::string list;
  for (const auto& one : value.get_array()) list += (list.empty() ? "" : ", ") + literal(one, is_double);
  return "event." + field + " in [" + list + "]";
}

std::vector<std::string> rule_texts(const Shape& shape) {
  std::ifstream in(AMITY_RULES);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto rules = parse_json(text);
  CHECK(rules.has_value());
  std::vector<std::string> texts;
  for (const auto& rule : rules->as_array()) {
    std::string joined;
    for (const auto& condition : rule.at("conditions").as_array()) {
      joined += (joined.empty() ? "" : " && ") + condition_text(condition.as_array(), shape);
    }
    texts.push_back(joined);
  }
  return texts;
}

Conditions compiled_rules(const std::shared_ptr<const Shape>& shape) {
  const auto texts = rule_texts(*shape);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  auto rules = Conditions::compile(views, {.variables = {{"event", record_of(shape)}}});
  CHECK(rules.has_value());
  return *std::move(rules);
}

struct Case {
  std::shared_ptr<const Shape> shape = event_shape();
  Conditions rules = compiled_rules(shape);
  std::vector<json::value> documents = {};
  std::deque<TypedRow> rows = {};

  Case() {
    Random random(20261123);
    for (size_t i = 0; i < kEvents; ++i) documents.push_back(made_up_event(random));
    for (const auto& document : documents) rows.emplace_back(*shape, document);
    const char* file = std::getenv("AMITY_BENCH_EVENTS");
    if (!file) return;
    std::ofstream out(file);
    for (const auto& document : documents) out << write_json(document) << "\n";
  }
};

const Case& the_case() {
  static const Case made;
  return made;
}

void count_per_event(benchmark::State& state, uint64_t hits, uint64_t allocated) {
  if (allocated != 0) state.SkipWithError("something was allocated");
  const auto events = static_cast<double>(state.iterations()) * kEvents;
  state.SetItemsProcessed(static_cast<int64_t>(events));
  state.counters["hits"] = static_cast<double>(hits);
  state.counters["allocations_per_event"] = static_cast<double>(allocated) / events;
  state.counters["ns_per_event"] =
      benchmark::Counter(events * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// `hits_of` counts the hits of one event; `from` are the events.
void over_all(benchmark::State& state, const auto& from, auto hits_of) {
  uint64_t hits = 0;
  for (const auto& event : from) hits += hits_of(event);
  const uint64_t before = allocations.load();
  for (auto _ : state) {
    hits = 0;
    for (const auto& event : from) hits += hits_of(event);
    benchmark::DoNotOptimize(hits);
  }
  count_per_event(state, hits, allocations.load() - before);
}

uint64_t hits_together(const Conditions& rules, const auto& event) {
  return rules.evaluate(std::array{Value::view(event)}).hit_count();
}

uint64_t hits_one_by_one(const Conditions& rules, const auto& event) {
  const std::array bindings{Value::view(event)};
  uint64_t hits = 0;
  for (size_t i = 0; i < rules.size(); ++i) hits += rules[i].holds(bindings).value_or(false);
  return hits;
}

void rules_together_on_rows(benchmark::State& state) {
  const Case& c = the_case();
  over_all(state, c.rows, [&](const Row& row) { return hits_together(c.rules, row); });
}
void rules_together_on_json(benchmark::State& state) {
  const Case& c = the_case();
  over_all(state, c.documents, [&](const json::value& event) { return hits_together(c.rules, event); });
}
void rules_one_by_one_on_rows(benchmark::State& state) {
  const Case& c = the_case();
  over_all(state, c.rows, [&](const Row& row) { return hits_one_by_one(c.rules, row); });
}
void rules_one_by_one_on_json(benchmark::State& state) {
  const Case& c = the_case();
  over_all(state, c.documents, [&](const json::value& event) { return hits_one_by_one(c.rules, event); });
}

BENCHMARK(rules_together_on_rows);
BENCHMARK(rules_together_on_json);
BENCHMARK(rules_one_by_one_on_rows);
BENCHMARK(rules_one_by_one_on_json);

}  // namespace
}  // namespace amity::expressions
