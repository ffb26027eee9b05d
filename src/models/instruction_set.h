// Which vector instructions a kernel may use. Every kernel of this room gives the same bits with each of them, so that
// the choice changes time only.
#pragma once

#include <span>
#include <string_view>

namespace amity::models {

enum class InstructionSet {
  kBaseline,  // x86-64-v2, what the whole program is built for
  kAvx2,
  kAvx512,  // F, BW, DQ, VL and VBMI: Zen 4, Ice Lake and later
};
std::string_view name_of(InstructionSet set);  // "avx2"

// What this processor and its operating system can do, the plainest first; asked once.
std::span<const InstructionSet> instruction_sets();
inline InstructionSet best_instruction_set() { return instruction_sets().back(); }

}  // namespace amity::models
