#include "models/shapley.h"

#include <algorithm>
#include <array>

#include "base/check.h"

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

// One number for each point, two to a register.
template <size_t kPoints>
struct Points {
  using Pair __attribute__((vector_size(16))) = double;
  static constexpr size_t kPairs = kPoints / 2;
  Pair pairs[kPairs];

  static Points of(const std::array<double, kPoints>& values) {
    Points points;
    for (size_t i = 0; i < kPairs; ++i) points.pairs[i] = Pair{values[2 * i], values[2 * i + 1]};
    return points;
  }
  static Points all(double value) {
    Points points;
    for (auto& pair : points.pairs) pair = Pair{value, value};
    return points;
  }
  double sum() const {
    Pair total = pairs[0];
    for (size_t i = 1; i < kPairs; ++i) total += pairs[i];
    return total[0] + total[1];
  }
  template <class Operation>
  friend Points each(const Points& a, const Points& b, Operation operation) {
    Points points;
    for (size_t i = 0; i < kPairs; ++i) points.pairs[i] = operation(a.pairs[i], b.pairs[i]);
    return points;
  }
  friend Points operator+(const Points& a, const Points& b) { return each(a, b, std::plus<>()); }
  friend Points operator*(const Points& a, const Points& b) { return each(a, b, std::multiplies<>()); }
  friend Points operator/(const Points& a, const Points& b) { return each(a, b, std::divides<>()); }
};

double mean_value(const Forest& forest, uint32_t at) {
  const Node& node = forest.nodes[at];
  if (node.is_leaf()) return node.value;
  const double left = forest.nodes[node.left].cover;
  const double right = forest.nodes[node.right].cover;
  return (left * mean_value(forest, node.left) + right * mean_value(forest, node.right)) / (left + right);
}

}  // namespace

ForestExplainer::ForestExplainer(const Forest& forest)
    : expected_margin_(forest.base_margin), category_sets_(forest.category_sets) {
  branches_.reserve(forest.nodes.size());
  for (const uint32_t root : forest.roots) {
    expected_margin_ += mean_value(forest, root);
    add_tree(forest, root);
  }
  CHECK(point_count_ <= kMaxTreeDepth / 2);
}

void ForestExplainer::add_tree(const Forest& forest, uint32_t root) {
  const size_t begin = branches_.size();
  add_branch(forest, root, begin, {}, 0);
  trees_.push_back({begin, branches_.size() - begin});
  greatest_tree_ = std::max(greatest_tree_, trees_.back().count);
}

// `features`: distinct ones on the way from the root to here.
uint32_t ForestExplainer::add_branch(const Forest& forest, uint32_t at, size_t begin, Branch arriving,
                                     size_t features) {
  const auto number = static_cast<uint32_t>(branches_.size() - begin);
  const Node& node = forest.nodes[at];
  if (node.is_leaf()) {
    arriving.worth = node.value;
    arriving.node = {.feature = 0, .value = 0};
    branches_.push_back(arriving);
    while (2 * point_count_ < features) point_count_ *= 2;
    return number;
  }
  arriving.node = node;
  branches_.push_back(arriving);
  uint32_t earlier = number;
  while (earlier != kNone && branches_[begin + earlier].feature != node.feature) {
    earlier = branches_[begin + earlier].parent;
  }
  const double above = earlier == kNone ? 1.0 : branches_[begin + earlier].zero;
  const double both = double(forest.nodes[node.left].cover) + double(forest.nodes[node.right].cover);
  const auto down = [&](uint32_t child) {
    const Branch branch{.zero = above * (double(forest.nodes[child].cover) / both),
                        .parent = number,
                        .earlier = earlier,
                        .feature = node.feature,
                        .worth = 0,
                        .node = {}};
    return add_branch(forest, child, begin, branch, features + (earlier == kNone ? 1 : 0));
  };
  const uint32_t left = down(node.left), right = down(node.right);
  branches_[begin + number].node.left = left;
  branches_[begin + number].node.right = right;
  return number;
}

// One row's walk through the trees, one after the other. Without a choice that depends on the row: a processor that
// guesses it wrong at every second branch loses more than the arithmetic costs.
template <size_t kPoints>
class ForestExplainer::Walk {
 public:
  Walk(const ForestExplainer& forest, std::span<const float> row) : forest_(forest), row_(row) {
    known_.resize(forest.greatest_tree_);
    known_[0] = {.product = P::all(1), .sum = P::all(0), .inverse = P::all(0), .one = 1, .onwards = 0};
  }

  void add_tree(const Tree& tree, double weight, std::span<double> contributions) {
    const std::span branches(forest_.branches_.data() + tree.begin, tree.count);
    known_[0].sum = P::all(branches[0].worth);
    known_[0].onwards = onwards_from(branches[0].node);
    for (size_t i = 1; i < branches.size(); ++i) go_down(branches[i], i);
    for (size_t i = branches.size(); i-- > 1;) {
      contributions[static_cast<size_t>(branches[i].feature)] += weight * share_of(branches, i);
      P& above = known_[branches[i].parent].sum;
      above = above + known_[i].sum;
    }
  }

 private:
  using P = Points<kPoints>;

  // What is known of a branch, at each point.
  struct Known {
    P product;             // of the factors down to here
    P sum;                 // of the products of the leaves below, times their values
    P inverse;             // of the branch's feature's factor
    double one = 0;        // 1 where the row takes it and every branch above it on the same feature
    uint32_t onwards = 0;  // the child that the row goes to
  };

  void go_down(const Branch& branch, size_t number) {
    Known& here = known_[number];
    const Known& above = known_[branch.parent];
    here.one = above.onwards == number ? 1 : 0;
    if (branch.earlier != kNone) here.one *= known_[branch.earlier].one;
    const P factor = before_ * P::all(branch.zero) + at_ * P::all(here.one);
    here.inverse = ones_ / factor;
    here.product = above.product * factor;
    if (branch.earlier != kNone) here.product = here.product * known_[branch.earlier].inverse;
    here.sum = here.product * P::all(branch.worth);
    here.onwards = onwards_from(branch.node);
  }

  uint32_t onwards_from(const Node& node) const {
    const bool left = goes_left(node, row_[static_cast<size_t>(node.feature)], forest_.category_sets_);
    return left ? node.left : node.right;
  }

  // Of the leaves below, without what the earlier branch on this feature has been given for them.
  double share_of(std::span<const Branch> branches, size_t number) const {
    const P sum = known_[number].sum * weights_;
    const double share = (known_[number].one - branches[number].zero) * (sum * known_[number].inverse).sum();
    const uint32_t earlier = branches[number].earlier;
    if (earlier == kNone) return share;
    return share - (known_[earlier].one - branches[earlier].zero) * (sum * known_[earlier].inverse).sum();
  }

  static P complement(std::array<double, kPoints> values) {
    for (double& value : values) value = 1 - value;
    return P::of(values);
  }

  const ForestExplainer& forest_;
  const std::span<const float> row_;
  std::vector<Known> known_;  // by number within the tree
  const P at_ = P::of(Rule<kPoints>::kAt);
  const P before_ = complement(Rule<kPoints>::kAt);
  const P weights_ = P::of(Rule<kPoints>::kWeight);
  const P ones_ = P::all(1);
};

void ForestExplainer::add_contributions(std::span<const float> row, double weight,
                                        std::span<double> contributions) const {
  const auto add = [&]<size_t kPoints>() {
    Walk<kPoints> walk(*this, row);
    for (const auto& tree : trees_) walk.add_tree(tree, weight, contributions);
  };
  switch (point_count_) {
    case 2: return add.template operator()<2>();
    case 4: return add.template operator()<4>();
    case 8: return add.template operator()<8>();
    default: return add.template operator()<16>();
  }
}

}  // namespace amity::models
