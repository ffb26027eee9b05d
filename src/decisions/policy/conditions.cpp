#include "decisions/policy/conditions.h"

#include <algorithm>
#include <map>

#include "events/catalogue.h"

namespace amity::decisions {
namespace {

using expressions::Field;
using expressions::Type;
using expressions::type_of;
using expressions::TypeKind;

Type money_type() {
  return expressions::record_of("money",
                                {{"amount_minor", type_of(TypeKind::kInt)}, {"currency", type_of(TypeKind::kString)}});
}

Type type_of_field(const events::Field& field) {
  switch (field.kind) {
    case events::FieldKind::kInteger: return type_of(TypeKind::kInt);
    case events::FieldKind::kNumber: return type_of(TypeKind::kDouble);
    case events::FieldKind::kBoolean: return type_of(TypeKind::kBool);
    case events::FieldKind::kMoney: return money_type();
    case events::FieldKind::kHolders: return expressions::list_of(expressions::dyn_type());
    default: return type_of(TypeKind::kString);  // texts, codes, references; dates and times in their ISO form
  }
}

std::vector<Field> fields_of(const events::Type& type) {
  std::vector<Field> fields;
  for (const auto& field : type.fields) fields.push_back({std::string(field.name), type_of_field(field)});
  return fields;
}

Type event_type(const events::Type& type) {
  auto fields = fields_of(type);
  for (const auto* name : {"id", "type", "time", "date"}) {
    const auto taken = [&](const Field& field) { return field.name == name; };
    if (std::ranges::none_of(fields, taken)) fields.push_back({name, type_of(TypeKind::kString)});
  }
  return expressions::record_of("event", std::move(fields));
}

// "account.balance_min_365d" becomes features.account.balance_min_365d.
struct Node {
  std::map<std::string, Node, std::less<>> children;
};

Type type_of_node(const std::string& name, const Node& node) {
  if (node.children.empty()) return type_of(TypeKind::kDouble);
  std::vector<Field> fields;
  for (const auto& [child, below] : node.children) fields.push_back({child, type_of_node(child, below)});
  return expressions::record_of(name, std::move(fields));
}

Type features_type(const std::vector<std::string>& names) {
  Node root;
  for (const auto& name : names) {
    Node* node = &root;
    size_t begin = 0;
    for (size_t dot = name.find('.'); dot != std::string::npos; begin = dot + 1, dot = name.find('.', begin)) {
      node = &node->children[name.substr(begin, dot - begin)];
    }
    node->children[name.substr(begin)];
  }
  if (root.children.empty()) return expressions::record_of("features", {});
  return type_of_node("features", root);
}

Type customer_type() {
  auto fields = fields_of(*events::find_type("customer.registered"));
  fields.push_back(
      {"risk_profile", expressions::record_of("risk_profile", fields_of(*events::find_type("risk_profile.assessed")))});
  fields.push_back({"consents", expressions::map_of(type_of(TypeKind::kString), type_of(TypeKind::kBool))});
  return expressions::record_of("customer", std::move(fields));
}

Type product_type() {
  std::vector<Field> fields;
  for (const auto* name : {"id", "type", "risk_level"}) fields.push_back({name, type_of(TypeKind::kString)});
  return expressions::record_of("product", std::move(fields));
}

}  // namespace

Result<expressions::Declarations> declarations_for(const PolicyDefinition& definition) {
  const auto* type = events::find_type(definition.on);
  if (type == nullptr) return not_found("no event of this type in the catalogue", "/on");
  expressions::Declarations declarations;
  declarations.variables = {{"event", event_type(*type)},
                            {"features", features_type(definition.features)},
                            {"customer", customer_type()},
                            {"product", product_type()},
                            {"model", expressions::dyn_type()}};
  return declarations;
}

BoundFacts::BoundFacts(const Facts& facts)
    : event_(facts.event), features_(facts.features), customer_(facts.customer), product_(facts.product) {
  using expressions::Value;
  values_ = {Value::view(event_), Value::view(features_), Value::view(customer_), Value::view(product_),
             Value::view(facts.model)};
}

std::string condition_of(std::string_view input, std::string_view cell) {
  const std::string value = "(" + std::string(input) + ")";
  if (cell == "-") return "true";
  const bool compares = cell.starts_with('<') || cell.starts_with('>') || cell.starts_with("==") ||
                        cell.starts_with("!=") || cell.starts_with("in ");
  if (compares) return value + " " + std::string(cell);
  if (const size_t dots = cell.find("..");
      dots != std::string_view::npos && cell.find('\'') == std::string_view::npos) {
    return value + " >= " + std::string(cell.substr(0, dots)) + " && " + value + " < " +
           std::string(cell.substr(dots + 2));
  }
  return value + " == (" + std::string(cell) + ")";
}

}  // namespace amity::decisions
