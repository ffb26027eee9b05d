#include "models/instruction_set.h"

#include <vector>

namespace amity::models {
namespace {

std::vector<InstructionSet> ask_processor() {
  __builtin_cpu_init();
  std::vector<InstructionSet> sets{InstructionSet::kBaseline};
  if (!__builtin_cpu_supports("avx2")) return sets;
  sets.push_back(InstructionSet::kAvx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi")) {
    sets.push_back(InstructionSet::kAvx512);
  }
  return sets;
}

}  // namespace

std::string_view name_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kBaseline: return "baseline";
    case InstructionSet::kAvx2: return "avx2";
    case InstructionSet::kAvx512: return "avx512";
  }
  return "";
}

std::span<const InstructionSet> instruction_sets() {
  static const std::vector<InstructionSet> sets = ask_processor();
  return sets;
}

}  // namespace amity::models
