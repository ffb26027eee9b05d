// Definitions of features are refused, or compiled; a compiled set takes an event and is read without one.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "features/definition.h"
#include "features/training.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace amity;
  using namespace amity::features;
  const DefinitionFile file{"fuzz.yaml", std::string(reinterpret_cast<const char*>(data), size)};
  const auto set = FeatureSet::parse(std::span(&file, 1));
  if (!set) return 0;
  if (FeatureSet::parse(std::span(&file, 1))->fingerprint() != set->fingerprint()) __builtin_trap();
  events::Event event;
  event.type = "transaction.posted";
  event.id = "1";
  event.seq = 1;
  event.time = {1'700'000'000'000'000};
  event.data["amount"] = json::object{{"amount_minor", 700}, {"currency", "CNY"}};
  event.data["direction"] = "debit";
  for (int kind = 1; kind <= static_cast<int>(events::EntityKind::kCounterparty); ++kind) {
    Uuid id;
    id.bytes[0] = static_cast<uint8_t>(kind);
    event.entities.push_back({static_cast<events::EntityKind>(kind), id});
  }
  MemoryFeatures engine(*set);
  static_cast<void>(engine.apply(event));
  event.seq = 2;
  event.time.us += 1'000'000;
  const auto row = engine.read(moment_of(event), set->all());
  if (row && row->size() != set->definitions().size()) __builtin_trap();
  return 0;
}
