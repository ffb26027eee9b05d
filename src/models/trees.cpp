#include "models/trees.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace amity::models {
namespace {

bool goes_left(const Forest& forest, const Node& node, float value) {
  if (std::isnan(value)) return node.missing_goes_left;
  if (node.set_words == 0) return value < node.value;
  if (value < 0 || value >= static_cast<float>(node.set_words * 32)) return true;  // in no set
  const auto category = static_cast<uint32_t>(value);
  const uint32_t word = forest.category_sets[node.set_begin + category / 32];
  return (word >> (category % 32) & 1) == 0;
}

uint32_t child_of(const Forest& forest, const Node& node, std::span<const float> row) {
  return goes_left(forest, node, row[static_cast<size_t>(node.feature)]) ? node.left : node.right;
}

double expected_value(const Forest& forest, uint32_t at) {
  const Node& node = forest.nodes[at];
  if (node.is_leaf()) return node.value;
  const double left = forest.nodes[node.left].cover;
  const double right = forest.nodes[node.right].cover;
  return (left * expected_value(forest, node.left) + right * expected_value(forest, node.right)) / (left + right);
}

// A feature on the way from the root: the shares of rows that flow on where the feature is unknown (zero) and known
// (one), and the weight of the feature subsets so far.
struct PathStep {
  int32_t feature = -1;
  double zero = 0;
  double one = 0;
  double weight = 0;
};

struct Path {
  std::array<PathStep, kMaxTreeDepth + 2> steps;
  size_t count = 0;

  Path() {}
  Path(const Path& other) : count(other.count) { std::copy_n(other.steps.begin(), count, steps.begin()); }
  Path& operator=(const Path&) = delete;

  void extend(double zero, double one, int32_t feature) {
    const size_t depth = count++;
    steps[depth] = {feature, zero, one, depth == 0 ? 1.0 : 0.0};
    for (size_t i = depth; i-- > 0;) {
      steps[i + 1].weight += one * steps[i].weight * static_cast<double>(i + 1) / static_cast<double>(depth + 1);
      steps[i].weight = zero * steps[i].weight * static_cast<double>(depth - i) / static_cast<double>(depth + 1);
    }
  }

  void unwind(size_t at) {
    const size_t depth = count - 1;
    const auto [feature, zero, one, weight] = steps[at];
    double next = steps[depth].weight;
    for (size_t i = depth; i-- > 0;) {
      if (one != 0) {
        const double kept = steps[i].weight;
        steps[i].weight = next * static_cast<double>(depth + 1) / (static_cast<double>(i + 1) * one);
        next = kept - steps[i].weight * zero * static_cast<double>(depth - i) / static_cast<double>(depth + 1);
      } else {
        steps[i].weight = steps[i].weight * static_cast<double>(depth + 1) / (zero * static_cast<double>(depth - i));
      }
    }
    for (size_t i = at; i < depth; ++i) {
      steps[i].feature = steps[i + 1].feature;
      steps[i].zero = steps[i + 1].zero;
      steps[i].one = steps[i + 1].one;
    }
    --count;
  }

  // Sum of the weights as they would be after unwind(at).
  double unwound_sum(size_t at) const {
    const size_t depth = count - 1;
    const auto [feature, zero, one, weight] = steps[at];
    double next = steps[depth].weight;
    double total = 0;
    for (size_t i = depth; i-- > 0;) {
      if (one != 0) {
        const double unwound = next * static_cast<double>(depth + 1) / (static_cast<double>(i + 1) * one);
        total += unwound;
        next = steps[i].weight - unwound * zero * static_cast<double>(depth - i) / static_cast<double>(depth + 1);
      } else {
        total += steps[i].weight * static_cast<double>(depth + 1) / (zero * static_cast<double>(depth - i));
      }
    }
    return total;
  }

  size_t find(int32_t feature) const {
    for (size_t i = 1; i < count; ++i) {
      if (steps[i].feature == feature) return i;
    }
    return 0;
  }
};

class Explainer {
 public:
  Explainer(const Forest& forest, std::span<const float> row, double weight, std::span<double> contributions)
      : forest_(forest), row_(row), weight_(weight), contributions_(contributions) {}

  // `path` is a copy: each branch extends its own.
  void visit(uint32_t at, Path path, double zero, double one, int32_t feature) {
    path.extend(zero, one, feature);
    const Node& node = forest_.nodes[at];
    if (node.is_leaf()) return credit(path, node.value);
    double known_zero = 1, known_one = 1;
    if (const size_t earlier = path.find(node.feature); earlier > 0) {
      known_zero = path.steps[earlier].zero;
      known_one = path.steps[earlier].one;
      path.unwind(earlier);
    }
    const uint32_t hot = child_of(forest_, node, row_);
    const uint32_t cold = hot == node.left ? node.right : node.left;
    const double hot_cover = forest_.nodes[hot].cover, cold_cover = forest_.nodes[cold].cover;
    const double cover = hot_cover + cold_cover;
    visit(hot, path, known_zero * (hot_cover / cover), known_one, node.feature);
    visit(cold, path, known_zero * (cold_cover / cover), 0, node.feature);
  }

 private:
  void credit(const Path& path, double leaf) {
    for (size_t i = 1; i < path.count; ++i) {
      const auto& step = path.steps[i];
      contributions_[static_cast<size_t>(step.feature)] +=
          weight_ * path.unwound_sum(i) * (step.one - step.zero) * leaf;
    }
  }

  const Forest& forest_;
  const std::span<const float> row_;
  const double weight_;
  const std::span<double> contributions_;
};

Result<void> check_node(const Forest& forest, size_t at, size_t feature_count) {
  const Node& node = forest.nodes[at];
  const auto refuse = [&](const char* what) { return invalid(what, fmt::format("node {}", at)); };
  if (!std::isfinite(node.value) || !std::isfinite(node.cover)) return refuse("a value is not finite");
  if (node.cover <= 0) return refuse("no training row ever came here");
  if (node.is_leaf()) return {};
  if (static_cast<size_t>(node.feature) >= feature_count) return refuse("a feature the model does not have");
  for (const uint32_t child : {node.left, node.right}) {
    if (child <= at || child >= forest.nodes.size()) return refuse("a child that is not below its parent");
  }
  const size_t sets = forest.category_sets.size();
  if (node.set_begin > sets || node.set_words > sets - node.set_begin) return refuse("a category set out of range");
  return {};
}

}  // namespace

float Forest::margin(std::span<const float> row) const {
  float sum = base_margin;
  for (uint32_t at : roots) {
    while (!nodes[at].is_leaf()) at = child_of(*this, nodes[at], row);
    sum += nodes[at].value;
  }
  return sum;
}

Result<void> check_forest(const Forest& forest, size_t feature_count) {
  if (forest.nodes.size() > kMaxNodes) return fail(Code::kLimit, "more nodes than a model may have");
  if (!std::isfinite(forest.base_margin)) return invalid("the base margin is not finite");
  std::vector<uint8_t> depth(forest.nodes.size(), 0);  // 0: no parent seen, and not a root
  for (const uint32_t root : forest.roots) {
    if (root >= depth.size() || depth[root] != 0) return invalid("a root out of range or named twice");
    depth[root] = 1;
  }
  for (size_t at = 0; at < forest.nodes.size(); ++at) {
    TRY(check_node(forest, at, feature_count));
    if (depth[at] == 0) return invalid("a node without a parent", fmt::format("node {}", at));
    if (forest.nodes[at].is_leaf()) continue;
    if (depth[at] > kMaxTreeDepth) return fail(Code::kLimit, "a tree is too deep", fmt::format("node {}", at));
    for (const uint32_t child : {forest.nodes[at].left, forest.nodes[at].right}) {
      if (depth[child] != 0) return invalid("a node with two parents", fmt::format("node {}", child));
      depth[child] = static_cast<uint8_t>(depth[at] + 1);
    }
  }
  return {};
}

double expected_margin(const Forest& forest) {
  double sum = forest.base_margin;
  for (const uint32_t root : forest.roots) sum += expected_value(forest, root);
  return sum;
}

void add_contributions(const Forest& forest, std::span<const float> row, double weight,
                       std::span<double> contributions) {
  Explainer explainer(forest, row, weight, contributions);
  for (const uint32_t root : forest.roots) explainer.visit(root, Path{}, 1, 1, -1);
}

}  // namespace amity::models
