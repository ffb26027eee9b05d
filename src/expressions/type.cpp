#include "expressions/type.h"

#include <algorithm>

namespace amity::expressions {

bool Type::operator==(const Type& other) const {
  return kind == other.kind && name == other.name && parameters == other.parameters && shape == other.shape;
}

std::optional<size_t> Shape::index_of(std::string_view field) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == field) return i;
  }
  return std::nullopt;
}

Type list_of(Type item) { return {.kind = TypeKind::kList, .parameters = {std::move(item)}}; }
Type map_of(Type key, Type value) { return {.kind = TypeKind::kMap, .parameters = {std::move(key), std::move(value)}}; }

Type optional_of(Type type) {
  return {.kind = TypeKind::kAbstract, .name = "optional_type", .parameters = {std::move(type)}};
}

Type record_of(std::string name, std::vector<Field> fields) {
  return record_of(std::make_shared<const Shape>(Shape{std::move(name), std::move(fields)}));
}

Type record_of(std::shared_ptr<const Shape> shape) { return {.kind = TypeKind::kRecord, .shape = std::move(shape)}; }

namespace {

constexpr NamedKind kCoreNames[] = {
    {"null_type", TypeKind::kNull}, {"bool", TypeKind::kBool},     {"int", TypeKind::kInt},
    {"uint", TypeKind::kUint},      {"double", TypeKind::kDouble}, {"string", TypeKind::kString},
    {"bytes", TypeKind::kBytes},    {"list", TypeKind::kList},     {"map", TypeKind::kMap},
    {"type", TypeKind::kType},
};
// What only signatures and declarations write.
constexpr NamedKind kOtherNames[] = {
    {"dyn", TypeKind::kDyn},           {"null", TypeKind::kNull},       {"timestamp", TypeKind::kTimestamp},
    {"duration", TypeKind::kDuration}, {"wrapper", TypeKind::kWrapper},
};

std::string_view base_name(const Type& type) {
  if (type.is(TypeKind::kAbstract) || type.is(TypeKind::kParameter)) return type.name;
  if (type.is(TypeKind::kRecord)) return type.shape->name;
  for (const auto& names : {std::span<const NamedKind>(kCoreNames), std::span<const NamedKind>(kOtherNames)}) {
    const auto named = std::ranges::find(names, type.kind, &NamedKind::kind);
    if (named != names.end()) return named->name;
  }
  return "dyn";
}

class TypeReader {
 public:
  explicit TypeReader(std::string_view text) : text_(text) {}

  Result<Type> read(int depth = 0) {
    const size_t begin = at_;
    while (at_ < text_.size() && std::string_view("(), ").find(text_[at_]) == std::string_view::npos) ++at_;
    if (begin == at_ || depth > 16) return invalid("not a type", std::string(text_));
    Type type = named(text_.substr(begin, at_ - begin));
    if (!next_is('(')) return type;
    do {
      type.parameters.push_back(TRY(read(depth + 1)));
    } while (next_is(','));
    if (!next_is(')')) return invalid("a type's parameters are not closed", std::string(text_));
    return type;
  }
  bool at_end() const { return at_ == text_.size(); }

 private:
  static Type named(std::string_view name) {
    for (const auto& names : {std::span<const NamedKind>(kCoreNames), std::span<const NamedKind>(kOtherNames)}) {
      const auto known = std::ranges::find(names, name, &NamedKind::name);
      if (known != names.end()) return type_of(known->kind);
    }
    const bool parameter = name.size() == 1 && name[0] >= 'A' && name[0] <= 'Z';
    return {.kind = parameter ? TypeKind::kParameter : TypeKind::kAbstract, .name = std::string(name)};
  }
  bool next_is(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::span<const NamedKind> core_type_names() { return kCoreNames; }

std::string text_of(const Type& type) {
  std::string text(base_name(type));
  if (type.parameters.empty()) return text;
  text += '(';
  for (size_t i = 0; i < type.parameters.size(); ++i) text += (i ? ", " : "") + text_of(type.parameters[i]);
  return text + ')';
}

Result<Type> parse_type(std::string_view text) {
  TypeReader reader(text);
  Type type = TRY(reader.read());
  if (!reader.at_end()) return invalid("something follows the type", std::string(text));
  const size_t wanted = type.is(TypeKind::kList) ? 1 : type.is(TypeKind::kMap) ? 2 : type.parameters.size();
  type.parameters.resize(std::max(wanted, type.parameters.size()), dyn_type());
  return type;
}

namespace {

// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view misspelt, const std::vector<std::string_view>& known) {
  std::string_view best;
  size_t least = std::max<size_t>(1, misspelt.size() / 3) + 1;
  if (misspelt.size() > 64) return {};
  for (std::string_view name : known) {
    if (name.size() > 64) continue;
    const size_t d = distance(misspelt, name);
    if (d < least) least = d, best = name;
  }
  return std::string(best);
}

}  // namespace amity::expressions
