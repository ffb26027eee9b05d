// How many events a second of one core the feature engine takes, with the institution's own definitions.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/check.h"
#include "base/random.h"
#include "features/definition.h"
#include "features/training.h"

namespace amity::features {
namespace {

using events::EntityKind;

FeatureSet institution_set(const char* only) {
  std::vector<DefinitionFile> files;
  for (const auto& entry : std::filesystem::directory_iterator("institution/features")) {
    if (only != nullptr && entry.path().filename() != only) continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    files.push_back({entry.path().filename().string(), text.str()});
  }
  return FeatureSet::parse(files).value();
}

Uuid id_of(uint64_t number) {
  Uuid id;
  for (size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<uint8_t>(number >> (8 * i));
  return id;
}

// Payments and their postings of 2,000 customers, a minute between two of them.
std::vector<events::Event> payments(size_t count) {
  constexpr std::string_view kCountries[] = {"CN", "CZ", "DE", "JP"};
  Random random(1);
  std::vector<events::Event> stream(count);
  for (size_t i = 0; i < count; ++i) {
    auto& event = stream[i];
    const uint64_t customer = random.below(2'000);
    event.seq = static_cast<int64_t>(i) + 1;
    event.type = i % 2 == 0 ? "payment.requested" : "transaction.posted";
    event.time = Timestamp{1'700'000'000'000'000} + minutes(static_cast<int64_t>(i));
    event.data["amount"] =
        json::object{{"amount_minor", static_cast<int64_t>(random.below(100'000))}, {"currency", "CNY"}};
    event.data["country"] = kCountries[random.below(4)];
    if (i % 2 == 0) event.data["channel"] = "card_online";
    if (i % 2 == 1) {
      event.data["direction"] = random.chance(0.7) ? "debit" : "credit";
      event.data["category"] = random.chance(0.1) ? "salary" : "household";
      event.data["operation"] = "card";
      event.data["balance_after"] =
          json::object{{"amount_minor", static_cast<int64_t>(random.below(1'000'000))}, {"currency", "CNY"}};
    }
    event.entities = {{EntityKind::kAccount, id_of(customer)},
                      {EntityKind::kCustomer, id_of(customer)},
                      {EntityKind::kCard, id_of(customer)},
                      {EntityKind::kMerchant, id_of(random.below(500))},
                      {EntityKind::kDevice, id_of(customer / 2)}};
  }
  return stream;
}

void apply_events(benchmark::State& state) {
  const auto set = institution_set(nullptr);
  const auto stream = payments(50'000);
  for (auto _ : state) {
    MemoryFeatures features(set);
    for (const auto& event : stream) CHECK(features.apply(event).has_value());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(stream.size()));
}
BENCHMARK(apply_events)->Unit(benchmark::kMillisecond);

void read_and_apply_events(benchmark::State& state) {
  const auto set = institution_set("payments.yaml");
  const auto stream = payments(50'000);
  const auto which = set.all();
  for (auto _ : state) {
    MemoryFeatures features(set);
    for (const auto& event : stream) {
      benchmark::DoNotOptimize(features.read(moment_of(event), which));
      CHECK(features.apply(event).has_value());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(stream.size()));
}
BENCHMARK(read_and_apply_events)->Unit(benchmark::kMillisecond);

void state_bytes(benchmark::State& state) {
  const auto set = institution_set(nullptr);
  const auto stream = payments(50'000);
  MemoryFeatures features(set);
  for (const auto& event : stream) CHECK(features.apply(event).has_value());
  size_t bytes = 0;
  for (auto _ : state) bytes = features.state_of(key_of(stream[0].entities[0])).size();
  state.counters["bytes_of_an_account"] = static_cast<double>(bytes);
  state.counters["bytes_of_a_merchant"] = static_cast<double>(features.state_of(key_of(stream[0].entities[3])).size());
}
BENCHMARK(state_bytes);

}  // namespace
}  // namespace amity::features
