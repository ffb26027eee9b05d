// Many conditions asked of the same things at once: the rules of a policy. What they read of an event is read once for
// all of them, and nothing is allocated where they compare numbers, truths and texts or look one up in a list.
//
//   const auto rules = Conditions::compile(texts, declarations);
//   const Outcomes outcomes = rules->evaluate(std::array{Value::view(row)});
//   for (size_t i = 0; i < rules->size(); ++i) if (outcomes[i] == Outcome::kYes) ...
#pragma once

#include <array>
#include <bit>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expressions/expression.h"

namespace amity::expressions {

constexpr size_t kMaxConditions = 256;

// What conditions asked together come to, in their order.
class Outcomes {
 public:
  using Bits = std::array<uint64_t, kMaxConditions / 64>;

  Outcome operator[](size_t i) const {
    return bit(errors_, i) ? Outcome::kError : bit(hits_, i) ? Outcome::kYes : Outcome::kNo;
  }
  size_t hit_count() const {
    size_t count = 0;
    for (uint64_t word : hits_) count += static_cast<size_t>(std::popcount(word));
    return count;
  }
  bool has_errors() const { return errors_ != Bits{}; }

  // Of conditions 64 * n to 64 * n + 63, one bit each.
  void set(size_t n, uint64_t hits, uint64_t errors) { hits_[n] = hits, errors_[n] = errors; }
  void set(size_t i, Outcome outcome) {
    const uint64_t one = uint64_t{1} << i % 64;
    hits_[i / 64] = outcome == Outcome::kYes ? hits_[i / 64] | one : hits_[i / 64] & ~one;
    errors_[i / 64] = outcome == Outcome::kError ? errors_[i / 64] | one : errors_[i / 64] & ~one;
  }

 private:
  static bool bit(const Bits& bits, size_t i) { return bits[i / 64] >> i % 64 & 1; }
  Bits hits_{};
  Bits errors_{};
};

class Conditions {
 public:
  // Errors: those of compile_condition, the place led by the number of the condition from 1: "condition 3, line 1 ...";
  // limit: more than kMaxConditions.
  static Result<Conditions> compile(std::span<const std::string_view> texts, const Declarations& declarations,
                                    const Limits& limits = {});

  size_t size() const { return conditions_.size(); }
  const Expression& operator[](size_t index) const { return conditions_[index]; }

  // Outcome i is what operator[](i).holds(bindings) comes to; ask that for the error of a kError. Safe from many
  // threads.
  Outcomes evaluate(std::span<const Value> bindings) const;

 private:
  struct Shared;
  std::vector<Expression> conditions_;
  std::shared_ptr<const Shared> shared_;
};

}  // namespace amity::expressions
