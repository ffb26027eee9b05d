#include "models/shapley.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "models/forest/tree_reader.h"

namespace amity::models {
namespace {

// Gauss-Legendre on [0, 1] (Abramowitz and Stegun 25.4.30): points and weights, exact to degree 2 M - 1.
template <size_t kPoints>
struct Rule;
template <>
struct Rule<2> {
  static constexpr std::array<double, 2> kAt = {0.21132486540518711775, 0.78867513459481288225};
  static constexpr std::array<double, 2> kWeight = {0.5, 0.5};
};
template <>
struct Rule<4> {
  static constexpr std::array<double, 4> kAt = {0.06943184420297371239, 0.33000947820757186760, 0.66999052179242813240,
                                                0.93056815579702628761};
  static constexpr std::array<double, 4> kWeight = {0.17392742256872692869, 0.32607257743127307131,
                                                    0.32607257743127307131, 0.17392742256872692869};
};
template <>
struct Rule<8> {
  static constexpr std::array<double, 8> kAt = {0.01985507175123188416, 0.10166676129318663020, 0.23723379504183550709,
                                                0.40828267875217509753, 0.59171732124782490247, 0.76276620495816449291,
                                                0.89833323870681336980, 0.98014492824876811584};
  static constexpr std::array<double, 8> kWeight = {
      0.05061426814518812958, 0.11119051722668723527, 0.15685332293894364367, 0.18134189168918099148,
      0.18134189168918099148, 0.15685332293894364367, 0.11119051722668723527, 0.05061426814518812958};
};
template <>
struct Rule<16> {
  static constexpr std::array<double, 16> kAt = {
      0.00529953250417503370, 0.02771248846338371196, 0.06718439880608412806, 0.12229779582249848305,
      0.19106187779867812578, 0.27099161117138630683, 0.35919822461037054338, 0.45249374508118127991,
      0.54750625491881872009, 0.64080177538962945662, 0.72900838882861369317, 0.80893812220132187422,
      0.87770220417750151695, 0.93281560119391587194, 0.97228751153661628804, 0.99470046749582496630};
  static constexpr std::array<double, 16> kWeight = {
      0.01357622970587704743, 0.03112676196932394643, 0.04757925584124639240, 0.06231448562776693603,
      0.07479799440828836604, 0.08457825969750126909, 0.09130170752246179443, 0.09472530522753424814,
      0.09472530522753424814, 0.09130170752246179443, 0.08457825969750126909, 0.07479799440828836604,
      0.06231448562776693603, 0.04757925584124639240, 0.03112676196932394643, 0.01357622970587704743};
};

double mean_value(const Forest& forest, uint32_t at) {
  const Node& node = forest.nodes[at];
  if (node.is_leaf()) return node.value;
  const double left = forest.nodes[node.left].cover;
  const double right = forest.nodes[node.right].cover;
  return (left * mean_value(forest, node.left) + right * mean_value(forest, node.right)) / (left + right);
}

// The points and weights for as many as `count`.
struct Quadrature {
  std::span<const double> at, weights;
};

Quadrature quadrature_of(size_t count) {
  switch (count) {
    case 2: return {Rule<2>::kAt, Rule<2>::kWeight};
    case 4: return {Rule<4>::kAt, Rule<4>::kWeight};
    case 8: return {Rule<8>::kAt, Rule<8>::kWeight};
    default: return {Rule<16>::kAt, Rule<16>::kWeight};
  }
}

const ExplainKernels& kernels_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kBaseline: return kBaselineExplain;
    case InstructionSet::kAvx2: return kAvx2Explain;
    case InstructionSet::kAvx512: return kAvx512Explain;
  }
  return kBaselineExplain;
}

auto add_gains_of(const ExplainKernels& kernels, size_t point_count) {
  switch (point_count) {
    case 2: return kernels.add_gains_2;
    case 4: return kernels.add_gains_4;
    case 8: return kernels.add_gains_8;
    default: return kernels.add_gains_16;
  }
}

// One piece of memory, handed out from the beginnings of cache lines.
class Memory {
 public:
  explicit Memory(size_t bytes_with_ends) : lines_(bytes_with_ends / sizeof(EightDoubles) + 1), next_(lines_.data()) {}
  static constexpr size_t with_end(size_t bytes) { return bytes + sizeof(EightDoubles); }
  template <class Item>
  Item* take(size_t count) {
    return reinterpret_cast<Item*>(std::exchange(next_, next_ + with_end(count * sizeof(Item)) / sizeof(EightDoubles)));
  }

 private:
  std::vector<EightDoubles> lines_;
  EightDoubles* next_;
};

}  // namespace

ForestExplainer::ForestExplainer(const Forest& forest) : ranking_(forest), expected_margin_(forest.base_margin) {
  TreeReader reader(forest, ranking_);
  for (const uint32_t root : forest.roots) {
    expected_margin_ += mean_value(forest, root);
    reader.read(root);
  }
  ranking_.forget_tests();
  while (2 * point_count_ < reader.most_features) point_count_ *= 2;
  CHECK(point_count_ <= kMaxTreeDepth / 2);
  most_entries_ = reader.most_entries;
  most_uppers_ = reader.most_uppers;
  fill_repeats(reader.shares_above);
  trees_ = std::move(reader.trees);
  uppers_ = std::move(reader.uppers);
  lowers_ = std::move(reader.lowers);
  lones_ = std::move(reader.lones);
}

void ForestExplainer::fill_repeats(std::span<const double> shares_above) {
  const auto at = quadrature_of(point_count_).at;
  repeats_.assign((shares_above.size() * 2 * point_count_ + 7) / 8, {});
  const auto number = [&](size_t i) -> double& { return repeats_[i / 8].values[i % 8]; };
  for (size_t repeat = kNeverRepeated; repeat < shares_above.size(); ++repeat) {
    const size_t known = repeat * 2 * point_count_, gain = known + point_count_;
    for (size_t i = 0; i < point_count_; ++i) {
      const double share = shares_above[repeat], comes = share * (1 - at[i]) + at[i];
      number(known + i) = repeat == kNeverRepeated ? at[i] : at[i] / comes;
      number(gain + i) = repeat == kNeverRepeated ? 1 : share / (comes * comes);
    }
  }
}

ExplainView ForestExplainer::view() const {
  return {.tree_count = trees_.size(),
          .trees = trees_.data(),
          .uppers = uppers_.data(),
          .lowers = lowers_.data(),
          .lones = lones_.data(),
          .repeats = repeats_.front().values};
}

void ForestExplainer::add_contributions(std::span<const float> row, double weight, std::span<double> contributions,
                                        InstructionSet set) const {
  const size_t gains_size = contributions.size() * point_count_, entries_size = 2 * most_entries_ * point_count_,
               shares_size = most_uppers_ * point_count_, marks_size = 2 * most_uppers_ + 1,
               slots_size = ranking_.slot_count() + 1;
  Memory memory(Memory::with_end(gains_size * sizeof(double)) + Memory::with_end(entries_size * sizeof(double)) +
                Memory::with_end(shares_size * sizeof(double)) + Memory::with_end(most_uppers_ * sizeof(uint32_t)) +
                Memory::with_end(marks_size) + Memory::with_end(slots_size));
  auto* gains = memory.take<double>(gains_size);
  const ExplainScratch scratch{.entries = memory.take<double>(entries_size),
                               .shares = memory.take<double>(shares_size),
                               .choices = memory.take<uint32_t>(most_uppers_),
                               .marks = memory.take<uint8_t>(marks_size)};
  auto* slots = memory.take<uint8_t>(slots_size);
  score_kernels_of(set).rank_row(ranking_.view(), row.data(), slots);
  add_gains_of(kernels_of(set), point_count_)(view(), slots, scratch, gains);
  const auto weights = quadrature_of(point_count_).weights;
  for (size_t feature = 0; feature < contributions.size(); ++feature) {
    double sum = 0;
    for (size_t i = 0; i < point_count_; ++i) sum += weights[i] * gains[feature * point_count_ + i];
    contributions[feature] += weight * sum;
  }
}

}  // namespace amity::models
