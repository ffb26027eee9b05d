// The compiled form: instructions in one vector, operands before what uses them, names and patterns resolved.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "expressions/functions/library.h"
#include "expressions/functions/pattern.h"
#include "expressions/syntax/ast.h"
#include "expressions/type.h"

namespace amity::expressions {

enum class Op : uint8_t {
  kConstant,  // constants[slot]
  kVariable,  // bindings[slot], called names[name]
  kLocal,     // locals[slot]
  kField,     // row field `slot` of operand 0, by names[name] where it is no row of that shape
  kMember,    // names[name] of operand 0
  kOptionalMember,
  kHas,  // whether operand 0 has names[name]
  kNot,
  kAnd,
  kOr,
  kChoose,
  kEqual,
  kUnequal,
  kLess,
  kAtMost,
  kGreater,
  kAtLeast,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kIn,
  kIndex,
  kCall,
  kMatches,  // operand 0 against patterns[slot]
  kList,
  kMap,
  kLoop,  // operand 0, then the bodies; locals from slot
  kLet,
  kBlock,
  kOptionalMap,
  kUnknown,  // names something nobody declared: a fault if it is reached
};

struct Instruction {
  Op op = Op::kConstant;
  Macro macro = Macro::kAll;
  uint8_t local_count = 0;
  bool is_nullable = false;          // with `expects`: null passes too
  bool is_absent_when_null = false;  // kHas, kField: the declared field cannot be null
  bool is_flat = false;              // kOptionalMap: the body is an optional already
  bool grows = false;                // kCall: the result may be larger than any argument
  Kind expects = Kind::kFault;       // the kind the static type promises; kFault for none
  Kind result = Kind::kFault;        // the kind the checker found for the result; kFault where there is no one kind
  uint32_t first = 0;                // operands[first, first + count)
  uint32_t count = 0;
  uint32_t slot = 0;
  uint32_t name = 0;
  uint32_t place = 0;  // 1 + offset in the source
  Function function = nullptr;
  const Shape* shape = nullptr;
};

struct Program {
  std::vector<Instruction> code;
  std::vector<uint32_t> operands;
  std::vector<Value> constants;
  std::vector<std::string> names;
  std::vector<Pattern> patterns;
  std::vector<std::vector<bool>> optional_parts;  // of lists and maps that have some: slot - 1
  std::vector<Type> kept;                         // keeps shapes alive
  uint32_t root = 0;
  uint32_t local_count = 0;
  uint64_t cost_bound = 0;
};

constexpr uint32_t kMaxLocals = 64;

struct InputSizes {
  uint64_t list_items = 0;
  uint64_t text_bytes = 0;
};

struct Checked;
struct Declarations;
class Unknowns;

Result<Program> lower(const Ast& ast, const Checked& checked, const Declarations& declarations, InputSizes sizes,
                      std::string_view source);

// Runs the instruction `root` (and what it needs). Work beyond `budget` (list items and texts that grow) ends in
// Fault::kTooCostly; what was worked is taken from it.
Value run(const Program& program, uint32_t root, std::span<const Value> bindings, uint64_t& budget);
// The whole of it, with a budget of its cost bound.
Value run(const Program& program, std::span<const Value> bindings);
// The same where some attributes are unknown: a fault of kind kUnknown where the value depends on them.
Value run(const Program& program, std::span<const Value> bindings, Unknowns& unknowns);

}  // namespace amity::expressions
