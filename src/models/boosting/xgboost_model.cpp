#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/json.h"
#include "models/trees.h"

// The JSON schema of XGBoost 1.7 models (its doc/model.schema): flat arrays per tree, a leaf's value in
// split_conditions, categories of a categorical split as lists that go right.
namespace amity::models {
namespace {

constexpr size_t kMaxModelBytes = 256 * 1024 * 1024;
constexpr int64_t kMaxCategory = 65'535;

const json::value* find(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value* at = &value;
  for (const auto key : path) {
    const auto* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

Result<std::vector<double>> numbers(const json::value& tree, std::string_view key) {
  const auto* value = find(tree, {key});
  if (value == nullptr || !value->is_array()) return invalid("a list of numbers is missing", fmt::format("/{}", key));
  std::vector<double> list;
  for (const auto& item : value->get_array()) {
    if (item.is_bool()) {
      list.push_back(item.get_bool() ? 1 : 0);
      continue;
    }
    if (item.is_null()) {  // the threshold of a categorical split
      list.push_back(0);
      continue;
    }
    if (!item.is_number()) return invalid("not a number", fmt::format("/{}/{}", key, list.size()));
    list.push_back(item.to_number<double>());
  }
  return list;
}

// One tree's arrays, checked to be of one length.
struct TreeArrays {
  std::vector<double> left, right, feature, condition, missing_left, cover, is_categorical;
  std::map<size_t, std::pair<size_t, size_t>> sets;  // node -> first and count in `categories`
  std::vector<double> categories;

  size_t size() const { return left.size(); }
};

Result<TreeArrays> read_arrays(const json::value& tree) {
  TreeArrays in{.left = TRY(numbers(tree, "left_children")),
                .right = TRY(numbers(tree, "right_children")),
                .feature = TRY(numbers(tree, "split_indices")),
                .condition = TRY(numbers(tree, "split_conditions")),
                .missing_left = TRY(numbers(tree, "default_left")),
                .cover = TRY(numbers(tree, "sum_hessian")),
                .is_categorical = TRY(numbers(tree, "split_type")),
                .sets = {},
                .categories = TRY(numbers(tree, "categories"))};
  const size_t count = in.size();
  for (const auto* list : {&in.right, &in.feature, &in.condition, &in.missing_left, &in.cover, &in.is_categorical}) {
    if (list->size() != count) return invalid("lists of one tree differ in length");
  }
  const auto nodes = TRY(numbers(tree, "categories_nodes"));
  const auto begins = TRY(numbers(tree, "categories_segments"));
  const auto sizes = TRY(numbers(tree, "categories_sizes"));
  if (begins.size() != nodes.size() || sizes.size() != nodes.size()) return invalid("category lists differ in length");
  for (size_t i = 0; i < nodes.size(); ++i) {
    const bool is_inside = begins[i] >= 0 && sizes[i] >= 0 && begins[i] + sizes[i] <= double(in.categories.size());
    if (!is_inside || nodes[i] < 0) return invalid("a category list is out of range");
    in.sets[size_t(nodes[i])] = {size_t(begins[i]), size_t(sizes[i])};
  }
  return in;
}

// Appends a tree in the order of a walk from its root, so that children always come after their parents.
class TreeAppender {
 public:
  TreeAppender(const TreeArrays& in, Forest& out) : in_(in), out_(out) {}

  Result<uint32_t> append(double source, size_t depth) {
    if (source < 0 || source >= double(in_.size())) return invalid("a child out of range");
    if (depth > kMaxTreeDepth) return fail(Code::kLimit, "a tree is too deep");
    if (out_.nodes.size() >= kMaxNodes) return fail(Code::kLimit, "more nodes than a model may have");
    const auto from = size_t(source);
    const auto at = uint32_t(out_.nodes.size());
    out_.nodes.push_back({.value = float(in_.condition[from]), .cover = float(in_.cover[from])});
    if (in_.left[from] < 0) return at;
    Node node = out_.nodes[at];
    node.feature = int32_t(in_.feature[from]);
    node.missing_goes_left = in_.missing_left[from] != 0;
    if (in_.is_categorical[from] != 0) TRY(append_set(from, node));
    node.left = TRY(append(in_.left[from], depth + 1));
    node.right = TRY(append(in_.right[from], depth + 1));
    out_.nodes[at] = node;
    return at;
  }

 private:
  Result<void> append_set(size_t from, Node& node) {
    const auto found = in_.sets.find(from);
    if (found == in_.sets.end()) return invalid("a categorical split without its categories");
    node.value = 0;
    node.set_begin = uint32_t(out_.category_sets.size());
    const auto [begin, count] = found->second;
    for (size_t i = begin; i < begin + count; ++i) {
      const auto category = int64_t(in_.categories[i]);
      if (category < 0 || category > kMaxCategory) return invalid("a category out of range");
      const auto word = size_t(category) / 32;
      if (out_.category_sets.size() <= node.set_begin + word) out_.category_sets.resize(node.set_begin + word + 1);
      out_.category_sets[node.set_begin + word] |= uint32_t{1} << (category % 32);
    }
    node.set_words = uint32_t(out_.category_sets.size()) - node.set_begin;
    if (node.set_words == 0) return invalid("a categorical split without categories");
    return {};
  }

  const TreeArrays& in_;
  Forest& out_;
};

}  // namespace

Result<Forest> read_xgboost_model(std::string_view text, float base_margin) {
  const auto value = TRY(parse_json(text, kMaxModelBytes));
  const auto* trees = find(value, {"learner", "gradient_booster", "model", "trees"});
  if (trees == nullptr || !trees->is_array()) return invalid("this is not a model of boosted trees");
  Forest forest{.base_margin = base_margin, .roots = {}, .nodes = {}, .category_sets = {}};
  for (const auto& tree : trees->get_array()) {
    const auto arrays = TRY(read_arrays(tree));
    forest.roots.push_back(TRY(TreeAppender(arrays, forest).append(0, 0)));
  }
  return forest;
}

}  // namespace amity::models
