// One row's way through the splits of a forest, for each width of vectors: the widest that the including source is
// compiled for. Every number is made by the same operations in the same order with each of them.
//
// Unnamed on purpose: each source has its own copy (forest/kernels.h).
#pragma once

#include "models/forest/explain_kernels.h"

namespace amity::models {
namespace {

#if defined(__AVX512F__)
constexpr size_t kVectorDoubles = 8;
#elif defined(__AVX2__)
constexpr size_t kVectorDoubles = 4;
#else
constexpr size_t kVectorDoubles = 2;
#endif

// One number for each point: a vector, or two halves. (An array of vectors would be kept in memory by g++ 12.)
template <size_t kPoints, bool kIsOneVector = (kPoints <= kVectorDoubles)>
struct Points {
  using Vector __attribute__((vector_size(kPoints * 8))) = double;
  using InMemory __attribute__((vector_size(kPoints * 8), aligned(8), may_alias)) = double;
  Vector vector;

  static Points from(const double* values) { return {*reinterpret_cast<const InMemory*>(values)}; }
  static Points all(double value) { return {value - Vector{}}; }
  void to(double* values) const { *reinterpret_cast<InMemory*>(values) = vector; }
  friend Points operator+(const Points& a, const Points& b) { return {a.vector + b.vector}; }
  friend Points operator-(const Points& a, const Points& b) { return {a.vector - b.vector}; }
  friend Points operator*(const Points& a, const Points& b) { return {a.vector * b.vector}; }
};

template <size_t kPoints>
struct Points<kPoints, false> {
  using Half = Points<kPoints / 2>;
  Half low, high;

  static Points from(const double* values) { return {Half::from(values), Half::from(values + kPoints / 2)}; }
  static Points all(double value) { return {Half::all(value), Half::all(value)}; }
  void to(double* values) const {
    low.to(values);
    high.to(values + kPoints / 2);
  }
  friend Points operator+(const Points& a, const Points& b) { return {a.low + b.low, a.high + b.high}; }
  friend Points operator-(const Points& a, const Points& b) { return {a.low - b.low, a.high - b.high}; }
  friend Points operator*(const Points& a, const Points& b) { return {a.low * b.low, a.high * b.high}; }
};

// Pointers by value: what is stored through one could otherwise be another, and each would be read again every time.
template <size_t kPoints>
struct Walk {
  using P = Points<kPoints>;
  static constexpr size_t kEntry = 2 * kPoints;  // doubles: weight, worth

  const uint8_t* slots;
  const double* repeats;
  double* entries;
  double* shares;
  uint32_t* choices;
  uint8_t* marks;
  double* gains;

  P known_of(size_t repeat) const { return P::from(repeats + kEntry * repeat); }
  P gain_of(size_t repeat) const { return P::from(repeats + kEntry * repeat + kPoints); }

  uint32_t goes_left(uint32_t slot_and_rank) const {
    return slots[slot_and_rank >> 8] <= static_cast<uint8_t>(slot_and_rank);
  }

  void add_gain(uint32_t feature, const P& gain) const {
    double* sum = gains + kPoints * feature;
    (P::from(sum) + gain).to(sum);
  }

  // Weights go down: how much of the row comes to each split.
  void go_down(const UpperSplit& split, size_t number) const {
    const uint32_t left = goes_left(split.slot_and_rank), comes = marks[split.earlier];
    marks[1 + 2 * number] = static_cast<uint8_t>(comes & left);
    marks[2 + 2 * number] = static_cast<uint8_t>(comes & ~left);
    const uint32_t repeat = split.repeat & (0 - comes);
    choices[number] = repeat * 2 + left;
    const P share = known_of(repeat) * P::all(split.pull[left]) - P::all(split.pull[0]);
    const P weight = P::from(entries + kEntry * number), to_left = weight * share;
    share.to(shares + kPoints * number);
    to_left.to(entries + kEntry * split.left);
    (weight - to_left).to(entries + kEntry * split.right);
  }

  void turn_at(const LowerSplit& split, double* entry) const {
    const uint32_t repeat = split.repeat & (0u - marks[split.earlier]);
    const P pull = P::all(split.pull[goes_left(split.slot_and_rank)]);
    (P::all(split.mean) + known_of(repeat) * pull).to(entry + kPoints);
    add_gain(split.feature, P::from(entry) * gain_of(repeat) * pull);
  }

  // Worths come up.
  void come_up(const UpperSplit& split, size_t number) const {
    const P right = P::from(entries + kEntry * split.right + kPoints);
    const P apart = P::from(entries + kEntry * split.left + kPoints) - right;
    (right + P::from(shares + kPoints * number) * apart).to(entries + kEntry * number + kPoints);
    const uint32_t choice = choices[number];
    const P weight = P::from(entries + kEntry * number) * gain_of(choice / 2);
    add_gain(split.feature, weight * (apart * P::all(split.pull[choice & 1])));
  }

  void add_tree(const ExplainedTree& tree, const ExplainView& forest) const {
    const UpperSplit* uppers = forest.uppers + tree.upper_begin;
    const LowerSplit* lowers = forest.lowers + tree.lower_begin;
    const LoneLeaf* lones = forest.lones + tree.lone_begin;
    const size_t upper_count = tree.upper_count, lower_count = tree.lower_count, lone_count = tree.lone_count;
    P::all(1).to(entries);
    for (size_t i = 0; i < upper_count; ++i) go_down(uppers[i], i);
    for (size_t i = 0; i < lower_count; ++i) turn_at(lowers[i], entries + kEntry * (upper_count + i));
    for (size_t i = 0; i < lone_count; ++i) P::all(lones[i].value).to(entries + kEntry * lones[i].entry + kPoints);
    for (size_t i = upper_count; i-- > 0;) come_up(uppers[i], i);
  }
};

template <size_t kPoints>
void add_gains(const ExplainView& view, const uint8_t* slots, const ExplainScratch& scratch, double* gains) {
  const ExplainView forest = view;
  const Walk<kPoints> walk{.slots = slots,
                           .repeats = forest.repeats,
                           .entries = scratch.entries,
                           .shares = scratch.shares,
                           .choices = scratch.choices,
                           .marks = scratch.marks,
                           .gains = gains};
  walk.marks[0] = 1;
  for (size_t i = 0; i < forest.tree_count; ++i) walk.add_tree(forest.trees[i], forest);
}

}  // namespace
}  // namespace amity::models
