// Conditions as flat code: a condition becomes tests in one vector, each of which compares one input with constants (or
// with another input) and says which test comes next, or that the condition holds or does not. Nothing is allocated and
// no value is boxed: constants lie in the tests, numbers are compared as numbers, a text by its size and first bytes.
//
// Flat code knows only the straight way. Whatever is not as the checker promised (a missing field, another kind, an
// overflow) makes it give up, and the instructions of program.h, which know every fault, its place and where it is
// absorbed, run the condition from its beginning. Nothing has effects, so running twice changes nothing.
//
// An input is a field of a row or document, or any part that is no comparison (a call, a sum, a loop): that one is run
// by the instructions when a test first asks for it. Conditions compiled together share the inputs that are paths.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expressions/compile/program.h"
#include "expressions/compile/words.h"
#include "expressions/expression.h"

namespace amity::expressions {

enum class Test : uint8_t {
  kTruth,          // the input itself
  kPresent,        // it has a value: anything of the kind promised
  kDoubleWithin,   // low <= input <= high
  kIntWithin,      // the same of an int or a duration
  kUintWithin,     // of a uint
  kTextIs,         // is the text
  kTextAmong,      // is one of texts[low, low + high)
  kIntAmong,       // is one of ints[low, low + high)
  kDoubleAmong,    // is one of doubles[low, low + high)
  kDoubleBelow,    // input < other
  kDoubleAtMost,   // input <= other
  kDoubleIsOther,  // input == other
  kIntBelow,
  kIntAtMost,
  kIntIsOther,
  kTextIsOther,
};

// Where a test leads: another test, or the end.
using Target = uint16_t;
constexpr Target kHolds = UINT16_MAX;
constexpr Target kFails = UINT16_MAX - 1;

union Bound {
  double real = 0;
  int64_t whole;
  uint64_t natural;
};

struct Step {
  Test test = Test::kTruth;
  Kind kind = Kind::kBool;  // of the input, and of the other
  uint16_t input = 0;
  uint16_t other = 0;  // of kPresent: the input that has() itself is, asked where this one has no value
  Target on_true = kHolds;
  Target on_false = kFails;
  Bound low = {};   // or the first of a list
  Bound high = {};  // or its count
  Word word = {};
};

// What a test reads, by the instruction that reads it. `path` is empty for a part that is run by the instructions.
struct Input {
  uint32_t program = 0;  // of those compiled together
  uint32_t code = 0;
  Kind kind = Kind::kFault;  // promised
  bool is_field = false;     // field `slot` of the row of shape `shape` bound to `variable`
  uint32_t variable = 0;
  uint32_t slot = 0;
  const Shape* shape = nullptr;
  std::string name = {};  // of the field
  std::string path = {};
};

// What is bound to a variable whose fields are read: a row of the declared shape, a JSON document, or neither.
struct Source {
  const Value* bound = nullptr;
  const Row* row = nullptr;
  const Value* fields = nullptr;
};
Source source_of(const Input& input, std::span<const Value> bindings);

// The field as it lies there where it is of the promised kind; missing where it is not.
Value plain_field(const Input& input, const Source& source);

constexpr size_t kMaxInputs = 128;

// The inputs and constants of conditions compiled together.
struct FlatTable {
  std::vector<Input> inputs;
  std::vector<Word> texts;
  std::vector<int64_t> ints;
  std::vector<double> doubles;
};

struct FlatCode {
  std::vector<Step> steps;
  Target entry = kHolds;
};

// Nothing where flat code would not help or has no room: the instructions do it all. The program's constants must stay
// where they are as long as the code is used.
std::optional<FlatCode> flatten(const Program& program, uint32_t program_index, FlatTable& table);

// The inputs of one evaluation, read when a test first asks for them. `programs[i]` is program i of the table.
class FlatInputs {
 public:
  FlatInputs(const FlatTable& table, std::span<const Program* const> programs, std::span<const Value> bindings);
  FlatInputs(const FlatInputs&) = delete;
  FlatInputs& operator=(const FlatInputs&) = delete;
  ~FlatInputs() {
    if (holds_owned_) let_go();
  }

  // kError: the flat code gave up, and only the instructions know what it comes to.
  Outcome run(const FlatCode& code, uint64_t budget);

 private:
  Value* values() { return reinterpret_cast<Value*>(bytes_); }
  bool fetch(uint16_t input, Kind wanted);
  Outcome present(const Step& step);
  void let_go();

  const FlatTable& table_;
  std::span<const Program* const> programs_;
  std::span<const Value> bindings_;
  uint64_t budget_ = 0;
  bool holds_owned_ = false;
  alignas(Value) std::byte bytes_[kMaxInputs * sizeof(Value)];
};

}  // namespace amity::expressions
