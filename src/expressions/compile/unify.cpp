#include "expressions/compile/unify.h"

namespace amity::expressions {
namespace {

bool mentions(const Type& type, const std::string& parameter) {
  if (type.is(TypeKind::kParameter)) return type.name == parameter;
  for (const Type& part : type.parameters) {
    if (mentions(part, parameter)) return true;
  }
  return false;
}

bool may_be_null(const Type& type) {
  return type.is(TypeKind::kWrapper) || type.is(TypeKind::kAbstract) || type.is(TypeKind::kTimestamp) ||
         type.is(TypeKind::kDuration);
}

// Whether `a` says no more than `b`: dyn and parameters say least.
bool is_general(const Type& a, const Type& b) {
  if (a.is(TypeKind::kDyn)) return true;
  if (b.is(TypeKind::kDyn)) return false;
  if (a.is(TypeKind::kParameter)) return !b.is(TypeKind::kParameter) || a.name == b.name;
  if (a.is(TypeKind::kWrapper) || b.is(TypeKind::kNull)) return true;
  if (a.kind != b.kind || a.name != b.name || a.parameters.size() != b.parameters.size()) return false;
  for (size_t i = 0; i < a.parameters.size(); ++i) {
    if (!is_general(a.parameters[i], b.parameters[i])) return false;
  }
  return true;
}

}  // namespace

Type Unifier::fresh_parameter() { return {.kind = TypeKind::kParameter, .name = "#" + std::to_string(made_++)}; }

Type Unifier::instantiate(const Type& type, std::map<std::string, Type>& letters) {
  if (type.is(TypeKind::kParameter)) {
    const auto found = letters.find(type.name);
    return found != letters.end() ? found->second : letters.emplace(type.name, fresh_parameter()).first->second;
  }
  Type copy = type;
  for (Type& part : copy.parameters) part = instantiate(part, letters);
  return copy;
}

bool Unifier::assignable(const Type& to, const Type& from) {
  const size_t before = mark();
  if (go_together(to, from)) return true;
  undo(before);
  return false;
}

void Unifier::undo(size_t mark) {
  for (; trail_.size() > mark; trail_.pop_back()) {
    auto& [parameter, old] = trail_.back();
    if (old) {
      bound_[parameter] = std::move(*old);
    } else {
      bound_.erase(parameter);
    }
  }
}

void Unifier::set(const std::string& parameter, Type type) {
  const auto known = bound_.find(parameter);
  trail_.emplace_back(parameter, known == bound_.end() ? std::nullopt : std::optional(known->second));
  bound_[parameter] = std::move(type);
}

bool Unifier::bind(const std::string& parameter, const Type& type) {
  if (type.is(TypeKind::kParameter) && type.name == parameter) return true;
  const auto known = bound_.find(parameter);
  if (known == bound_.end()) {
    if (mentions(resolved(type), parameter)) return false;
    set(parameter, type);
    return true;
  }
  const Type old = known->second;
  if (!go_together(old, type)) return false;
  const Type a = resolved(old);
  const Type b = resolved(type);
  const Type& general = is_general(a, b) ? a : b;
  if (!mentions(general, parameter)) set(parameter, general);
  return true;
}

bool Unifier::all_go_together(const Type& to, const Type& from) {
  if (to.parameters.size() != from.parameters.size()) return false;
  for (size_t i = 0; i < to.parameters.size(); ++i) {
    if (!go_together(to.parameters[i], from.parameters[i])) return false;
  }
  return true;
}

bool Unifier::go_together(const Type& to, const Type& from) {
  if (to.is(TypeKind::kParameter)) return bind(to.name, from);
  if (from.is(TypeKind::kParameter)) return bind(from.name, to);
  if (to.is(TypeKind::kDyn) || from.is(TypeKind::kDyn)) return true;
  if (from.is(TypeKind::kNull)) return to.is(TypeKind::kNull) || may_be_null(to);
  if (to.is(TypeKind::kNull)) return may_be_null(from);
  if (to.is(TypeKind::kWrapper))
    return go_together(to.parameters[0], from.is(TypeKind::kWrapper) ? from.parameters[0] : from);
  if (from.is(TypeKind::kWrapper)) return go_together(to, from.parameters[0]);
  if (to.is(TypeKind::kMap) && from.is(TypeKind::kRecord))
    return go_together(to, map_of(type_of(TypeKind::kString), {}));
  if (to.is(TypeKind::kRecord) && from.is(TypeKind::kMap))
    return go_together(from, map_of(type_of(TypeKind::kString), {}));
  if (to.kind != from.kind || to.name != from.name) return false;
  if (to.is(TypeKind::kType)) return true;
  return to.is(TypeKind::kRecord) ? to.shape == from.shape : all_go_together(to, from);
}

Type Unifier::join(const Type& a, const Type& b) {
  if (!assignable(a, b)) return dyn_type();
  const Type left = resolved(a);
  const Type right = resolved(b);
  return is_general(left, right) ? left : right;
}

Type Unifier::resolved(const Type& type) const {
  if (type.is(TypeKind::kParameter)) {
    const auto found = bound_.find(type.name);
    return found == bound_.end() ? type : resolved(found->second);
  }
  Type copy = type;
  for (Type& part : copy.parameters) part = resolved(part);
  return copy;
}

Type Unifier::final(const Type& type) const {
  Type copy = resolved(type);
  if (copy.is(TypeKind::kParameter)) return dyn_type();
  for (Type& part : copy.parameters) part = final(part);
  return copy;
}

}  // namespace amity::expressions
