#include "models/trees.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace amity::models {
namespace {

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
    while (!nodes[at].is_leaf()) {
      const float value = row[static_cast<size_t>(nodes[at].feature)];
      at = goes_left(nodes[at], value, category_sets) ? nodes[at].left : nodes[at].right;
    }
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

}  // namespace amity::models
