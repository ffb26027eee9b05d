#include "expressions/compile/scope.h"

#include <algorithm>

#include "expressions/compile/overloads.h"

namespace amity::expressions {
namespace {

// Beside the core names, what only expressions write.
constexpr NamedKind kOtherTypeNames[] = {
    {"google.protobuf.Timestamp", TypeKind::kTimestamp},
    {"google.protobuf.Duration", TypeKind::kDuration},
    {"optional_type", TypeKind::kAbstract},
    {"net.IP", TypeKind::kAbstract},
    {"net.CIDR", TypeKind::kAbstract},
};

std::optional<Meaning> type_named(std::span<const NamedKind> list, std::string_view written) {
  const auto known = std::ranges::find(list, written, &NamedKind::name);
  if (known == list.end()) return std::nullopt;
  return Meaning{.refers = Refers::kTypeName,
                 .type = {.kind = TypeKind::kType, .parameters = {type_of(known->kind)}},
                 .type_name = known->name};
}

}  // namespace

uint32_t Scope::push(const std::string& name, Type type) {
  const uint32_t slot = next_slot();
  locals_.push_back({name, std::move(type), slot});
  most_locals_ = std::max(most_locals_, slot + 1);
  return slot;
}

const Local* Scope::find_local(std::string_view written) const {
  const auto found = std::find_if(locals_.rbegin(), locals_.rend(), [&](const Local& l) { return l.name == written; });
  return found == locals_.rend() ? nullptr : &*found;
}

std::optional<Meaning> Scope::declared(std::string_view written, bool rooted) const {
  for (const std::string& full : qualified(written, rooted)) {
    const auto& variables = declarations_.variables;
    const auto found = std::ranges::find(variables, full, &Variable::name);
    if (found == variables.end()) continue;
    return Meaning{
        .refers = Refers::kVariable, .type = found->type, .slot = static_cast<uint32_t>(found - variables.begin())};
  }
  const auto core = type_named(core_type_names(), written);
  return core ? core : type_named(kOtherTypeNames, written);
}

std::string Scope::known_function(const std::string& written) const {
  for (const std::string& full : qualified(written, false)) {
    if (is_known_function(full, declarations_)) return full;
  }
  return {};
}

std::vector<std::string_view> Scope::names() const {
  std::vector<std::string_view> known;
  for (const auto& variable : declarations_.variables) known.push_back(variable.name);
  for (const auto& local : locals_) known.push_back(local.name);
  return known;
}

// The names a written one may mean, the innermost namespace first.
std::vector<std::string> Scope::qualified(std::string_view written, bool rooted) const {
  std::vector<std::string> names;
  std::string space = rooted ? "" : declarations_.container;
  while (!space.empty()) {
    names.push_back(space + "." + std::string(written));
    const size_t dot = space.rfind('.');
    space.resize(dot == std::string::npos ? 0 : dot);
  }
  names.emplace_back(written);
  return names;
}

}  // namespace amity::expressions
