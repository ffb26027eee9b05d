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

// One number for each point.
template <size_t kPoints>
struct Points {
  static constexpr size_t kWidth = kPoints < kVectorDoubles ? kPoints : kVectorDoubles;
  static constexpr size_t kParts = kPoints / kWidth;
  using Part __attribute__((vector_size(kWidth * 8))) = double;
  Part parts[kParts];

  static Points from(const double* values) {
    Points points;
    __builtin_memcpy(&points, values, sizeof(points));
    return points;
  }
  static Points all(double value) {
    Points points;
    for (size_t i = 0; i < kParts; ++i) points.parts[i] = value - Part{};
    return points;
  }
  void to(double* values) const { __builtin_memcpy(values, this, sizeof(*this)); }

  friend Points operator+(const Points& a, const Points& b) {
    Points points;
    for (size_t i = 0; i < kParts; ++i) points.parts[i] = a.parts[i] + b.parts[i];
    return points;
  }
  friend Points operator-(const Points& a, const Points& b) {
    Points points;
    for (size_t i = 0; i < kParts; ++i) points.parts[i] = a.parts[i] - b.parts[i];
    return points;
  }
  friend Points operator*(const Points& a, const Points& b) {
    Points points;
    for (size_t i = 0; i < kParts; ++i) points.parts[i] = a.parts[i] * b.parts[i];
    return points;
  }
};

template <size_t kPoints>
struct Walk {
  using P = Points<kPoints>;

  const ExplainView& forest;
  const uint8_t* slots;
  const ExplainScratch& scratch;
  double* gains;

  double* weight_of(size_t entry) const { return scratch.entries + 2 * kPoints * entry; }
  double* worth_of(size_t entry) const { return weight_of(entry) + kPoints; }
  double* share_of(size_t upper) const { return scratch.shares + kPoints * upper; }
  P known_of(size_t repeat) const { return P::from(forest.repeats + 2 * kPoints * repeat); }
  P gain_of(size_t repeat) const { return P::from(forest.repeats + 2 * kPoints * repeat + kPoints); }

  uint32_t goes_left(uint32_t slot_and_rank) const {
    return slots[slot_and_rank >> 8] <= (slot_and_rank & 255) ? 1u : 0u;
  }

  void add_gain(uint32_t feature, const P& gain) const {
    double* sum = gains + kPoints * feature;
    (P::from(sum) + gain).to(sum);
  }

  // Weights go down: how much of the row comes to each split.
  void go_down(const UpperSplit& split, size_t number) const {
    const uint32_t left = goes_left(split.slot_and_rank), comes = scratch.marks[split.earlier];
    scratch.marks[1 + 2 * number] = static_cast<uint8_t>(comes & left);
    scratch.marks[2 + 2 * number] = static_cast<uint8_t>(comes & ~left);
    const uint32_t repeat = split.repeat * comes;
    scratch.choices[number] = repeat * 2 + left;
    const P share = known_of(repeat) * P::all(split.pull[left]) - P::all(split.pull[0]);
    const P weight = P::from(weight_of(number)), to_left = weight * share;
    share.to(share_of(number));
    to_left.to(weight_of(split.left));
    (weight - to_left).to(weight_of(split.right));
  }

  void turn_at(const LowerSplit& split, size_t entry) const {
    const uint32_t repeat = split.repeat * scratch.marks[split.earlier];
    const P pull = P::all(split.pull[goes_left(split.slot_and_rank)]);
    (P::all(split.mean) + known_of(repeat) * pull).to(worth_of(entry));
    add_gain(split.feature, P::from(weight_of(entry)) * gain_of(repeat) * pull);
  }

  // Worths come up.
  void come_up(const UpperSplit& split, size_t number) const {
    const P right = P::from(worth_of(split.right)), apart = P::from(worth_of(split.left)) - right;
    (right + P::from(share_of(number)) * apart).to(worth_of(number));
    const uint32_t choice = scratch.choices[number];
    const P weight = P::from(weight_of(number)) * gain_of(choice / 2);
    add_gain(split.feature, weight * (apart * P::all(split.pull[choice & 1])));
  }

  void add_tree(const ExplainedTree& tree) const {
    const UpperSplit* uppers = forest.uppers + tree.upper_begin;
    const LowerSplit* lowers = forest.lowers + tree.lower_begin;
    const LoneLeaf* lones = forest.lones + tree.lone_begin;
    P::all(1).to(weight_of(0));
    for (size_t i = 0; i < tree.upper_count; ++i) go_down(uppers[i], i);
    for (size_t i = 0; i < tree.lower_count; ++i) turn_at(lowers[i], tree.upper_count + i);
    for (size_t i = 0; i < tree.lone_count; ++i) P::all(lones[i].value).to(worth_of(lones[i].entry));
    for (size_t i = tree.upper_count; i-- > 0;) come_up(uppers[i], i);
  }
};

template <size_t kPoints>
void add_gains(const ExplainView& forest, const uint8_t* slots, const ExplainScratch& scratch, double* gains) {
  const Walk<kPoints> walk{.forest = forest, .slots = slots, .scratch = scratch, .gains = gains};
  scratch.marks[0] = 1;
  for (size_t i = 0; i < forest.tree_count; ++i) walk.add_tree(forest.trees[i]);
}

}  // namespace
}  // namespace amity::models
