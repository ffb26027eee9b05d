// Static types and the declarations an expression is compiled against.
//
// A rule sees a few variables: `event`, `features`, `customer`. Declaring their fields turns a misspelt one into an
// error at compile time and a look-up by name into an index. What is not known is `dyn` and is checked as it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expressions/value.h"

namespace amity::expressions {

enum class TypeKind : uint8_t {
  kDyn,
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kList,       // parameters: item
  kMap,        // parameters: key, value
  kRecord,     // shape
  kType,       // parameters: the type a type value stands for
  kWrapper,    // parameters: a scalar that may also be null
  kAbstract,   // name, parameters: optional_type(T), net.IP, ...
  kParameter,  // name: a variable of the checker's
};

struct Type {
  TypeKind kind = TypeKind::kDyn;
  std::string name = {};
  std::vector<Type> parameters = {};
  std::shared_ptr<const Shape> shape = {};

  bool is(TypeKind k) const { return kind == k; }
  bool is_optional() const { return kind == TypeKind::kAbstract && name == "optional_type"; }
  bool operator==(const Type& other) const;
};

// A field named in a record. `max_size` bounds its items or bytes for the cost; 0 takes the limit for all inputs.
struct Field {
  std::string name;
  Type type;
  size_t max_size = 0;
};

struct Shape {
  std::string name;  // for messages: "event"
  std::vector<Field> fields;
  std::optional<size_t> index_of(std::string_view field) const;
};

struct NamedKind {
  std::string_view name;
  TypeKind kind;
};
// Those that expressions and signatures write alike: "int", "list", "null_type".
std::span<const NamedKind> core_type_names();

inline Type dyn_type() { return {}; }
inline Type type_of(TypeKind kind) { return {.kind = kind}; }
Type list_of(Type item);
Type map_of(Type key, Type value);
Type optional_of(Type type);
Type record_of(std::string name, std::vector<Field> fields);
Type record_of(std::shared_ptr<const Shape> shape);

// "map(string, int)"; records by their name.
std::string text_of(const Type& type);
// Reads "list(map(string, int))"; single capital letters are type parameters. For signatures and declarations.
Result<Type> parse_type(std::string_view text);

// Bound in this order: variable i of the declarations reads value i of the bindings. Names may have dots.
struct Variable {
  std::string name;
  Type type;
  size_t max_size = 0;
};

// A function known to the checker by its type, as a caller's own functions are declared. Without `call` it can be
// checked, not evaluated. `call` must be pure, safe between threads, and answer Value::fault(...) for wrong arguments.
struct FunctionDeclaration {
  std::string name = {};
  std::vector<Type> parameters = {};
  Type result = {};
  bool member = false;
  Value (*call)(std::span<const Value> arguments) = nullptr;
};

struct Declarations {
  std::vector<Variable> variables = {};
  std::vector<FunctionDeclaration> functions = {};
  std::string container = {};  // namespace that unqualified names are looked up in first: "com.example"
};

// The known name nearest to a misspelt one, or empty where none is near.
std::string nearest(std::string_view misspelt, const std::vector<std::string_view>& known);

}  // namespace amity::expressions
