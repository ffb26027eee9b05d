// Value: what an expression reads and gives back.
//
// A value is 16 bytes. Numbers, times and truth lie inside; texts, lists and maps are either owned (counted, shared
// between threads) or borrowed from what the caller bound: a JSON document or a Row is read where it lies, field by
// field, and never converted whole. A borrowed value lives as long as what it was borrowed from; owned() makes one
// that stands alone. What Expression::evaluate returns is always owned.
//
// Equality and order are the ones of the CEL language definition ("Equality", "Ordering"): numbers compare by their
// mathematical value whatever their type, NaN equals nothing, values of different kinds are unequal, and only bool,
// numbers, string, bytes, timestamp and duration have an order.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace amity::expressions {

enum class Kind : uint8_t {
  kFault,    // an evaluation went wrong here; `&&`, `||` and macros may absorb it
  kMissing,  // a Row's field that is not there: has() is false, reading it is a fault
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kList,
  kMap,
  kTimestamp,
  kDuration,
  kType,
  kOptional,
  kIp,
  kCidr,
};

enum class Fault : uint8_t {
  kNoSuchOverload,
  kNoSuchKey,
  kNoSuchField,
  kIndexOutOfRange,
  kDivisionByZero,
  kOverflow,
  kBadArgument,
  kDuplicateKey,
  kBadKey,
  kUnknownVariable,
  kUnknownFunction,
  kBadPattern,
  kNotBool,
  kEmptyOptional,
  kWrongInput,
  kTooCostly,
  kUnknown,  // depends on what is not known yet; only while evaluating with unknown attributes
};

class Value;
struct Shape;

// A record with declared fields, read lazily: features of an account, a profile. Implementations must be safe to read
// from the threads that evaluate with them. A text a field returns may lie in the row: it is copied before it leaves.
class Row {
 public:
  virtual ~Row() = default;
  virtual const Shape& shape() const = 0;       // the very object the declared type refers to, for access by index
  virtual Value field(size_t index) const = 0;  // Value::missing() where there is none
  // All fields in the shape's order, where they lie side by side for as long as the row does; else null. It spares a
  // call for each field that is read.
  virtual const Value* fields() const { return nullptr; }
};

using Entry = std::pair<Value, Value>;

class Value {
 public:
  Value() = default;  // null
  Value(const Value& other) noexcept : Value(other, 0) { retain(); }
  Value(Value&& other) noexcept : Value(other, 0) { other.owned_ = false; }
  Value& operator=(const Value& other) noexcept { return *this = Value(other); }
  Value& operator=(Value&& other) noexcept;
  ~Value() { release(); }

  static Value null() { return {}; }
  static Value missing() { return of_kind(Kind::kMissing); }
  static Value boolean(bool value);
  static Value integer(int64_t value);
  static Value unsigned_integer(uint64_t value);
  static Value number(double value);
  static Value text(std::string value);
  static Value bytes(std::string value);
  static Value borrowed_text(std::string_view text);
  static Value borrowed_bytes(std::string_view bytes);
  static Value list(std::vector<Value> items);
  static Value map(std::vector<Entry> entries);  // keys must be distinct bools, ints, uints or strings
  static Value timestamp(int64_t seconds, uint32_t nanoseconds);
  static Value timestamp(Timestamp at);
  static Value duration(int64_t nanoseconds);
  static Value type(std::string_view static_name);  // the name must live for ever
  static Value optional(Value value);
  static Value empty_optional();
  static Value ip(std::string canonical_bytes);                  // 4 or 16 bytes in network order
  static Value cidr(std::string address_bytes, uint8_t prefix);  // the same and a prefix length
  static Value fault(Fault fault, uint32_t place = 0);           // place: 1 + offset in the source, 0 unknown

  // Views: the document, row or value must outlive the view.
  static Value view(const json::value& document);
  static Value view(const Row& row);
  Value borrow() const {
    Value value(*this, 0);
    value.owned_ = false;
    return value;
  }
  bool is_owned() const { return owned_; }  // counted: letting go of it may free memory

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_fault() const { return kind_ == Kind::kFault; }
  bool is_true() const { return kind_ == Kind::kBool && bits_.boolean; }
  bool is_number() const { return kind_ == Kind::kInt || kind_ == Kind::kUint || kind_ == Kind::kDouble; }

  // Each only for its kind.
  bool as_bool() const { return bits_.boolean; }
  int64_t as_int() const { return bits_.integer; }
  uint64_t as_uint() const { return bits_.natural; }
  double as_double() const { return bits_.real; }
  inline std::string_view as_text() const;  // strings, bytes, types, addresses (their bytes)
  int64_t seconds() const { return bits_.integer; }
  uint32_t nanoseconds() const { return extra_; }  // of a timestamp, 0 to 999,999,999
  int64_t duration_nanoseconds() const { return bits_.integer; }
  Fault fault() const { return static_cast<Fault>(bits_.natural); }
  uint32_t fault_place() const { return extra_; }
  void set_fault_place(uint32_t place) { extra_ = place; }
  uint8_t prefix() const { return static_cast<uint8_t>(extra_); }  // of a cidr
  const Value* inside() const;                                     // of an optional; null where empty

  // Lists and maps, owned or borrowed.
  size_t size() const;
  Value item(size_t index) const;                     // index < size()
  std::optional<Value> find(const Value& key) const;  // nothing where the map lacks it
  std::optional<Value> find(std::string_view key) const;
  // A JSON document's member without a copy, looked for at place `guess` first; null for every other map and where the
  // document lacks it.
  const json::value* document_member(std::string_view key, size_t guess) const;
  const Row* row() const { return form_ == Form::kRow ? bits_.row : nullptr; }
  std::vector<Entry> entries() const;  // in the map's own order
  std::vector<Value> keys() const;

  Value owned() const;
  std::string_view type_name() const;  // "int", "google.protobuf.Timestamp", ...

  // JSON of the value: bytes as base64, times and durations as text, keys as text; faults and infinities are refused.
  Result<json::value> to_json() const;

 private:
  enum class Form : uint8_t { kPlain, kObject, kJson, kRow };
  struct Object;
  struct TextObject;
  struct ListObject;
  struct MapObject;
  struct OptionalObject;
  union Bits {
    bool boolean;
    int64_t integer;
    uint64_t natural;
    double real;
    const char* text;
    const Object* object;
    const json::array* array;
    const json::object* json_object;
    const Row* row;
  };

  Value(const Value& other, int) noexcept
      : kind_(other.kind_), form_(other.form_), owned_(other.owned_), extra_(other.extra_), bits_(other.bits_) {}
  static Value of_kind(Kind kind);
  static Value holding(Kind kind, const Object* object);
  static Value plain_text(Kind kind, std::string_view text);
  // A part of this: shared where this is owned (it may outlive this), borrowed where this is.
  Value part(const Value& inner) const { return owned_ ? inner : inner.borrow(); }
  void retain() const noexcept;
  void release() noexcept {
    if (owned_) let_go();
  }
  void let_go() noexcept;

  Kind kind_ = Kind::kNull;
  Form form_ = Form::kPlain;
  bool owned_ = false;
  uint32_t extra_ = 0;  // size of a borrowed text, nanoseconds of a timestamp, prefix of a cidr, place of a fault
  Bits bits_{.natural = 0};
};

static_assert(sizeof(Value) == 16);

struct Value::Object {
  explicit Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;
  mutable std::atomic<uint32_t> count{1};
};

struct Value::TextObject : Object {
  explicit TextObject(std::string t) : text(std::move(t)) {}
  std::string text;
};

inline std::string_view Value::as_text() const {
  if (form_ == Form::kObject) return static_cast<const TextObject*>(bits_.object)->text;
  return {bits_.text, extra_};
}

inline void Value::retain() const noexcept {
  if (owned_) bits_.object->count.fetch_add(1, std::memory_order_relaxed);
}

inline Value& Value::operator=(Value&& other) noexcept {
  if (this == &other) return *this;
  release();
  kind_ = other.kind_, form_ = other.form_, owned_ = other.owned_, extra_ = other.extra_, bits_ = other.bits_;
  other.owned_ = false;
  return *this;
}

inline Value Value::of_kind(Kind kind) {
  Value value;
  value.kind_ = kind;
  return value;
}
inline Value Value::boolean(bool b) {
  Value value = of_kind(Kind::kBool);
  value.bits_.natural = b;
  return value;
}
inline Value Value::integer(int64_t i) {
  Value value = of_kind(Kind::kInt);
  value.bits_.integer = i;
  return value;
}
inline Value Value::unsigned_integer(uint64_t u) {
  Value value = of_kind(Kind::kUint);
  value.bits_.natural = u;
  return value;
}
inline Value Value::number(double d) {
  Value value = of_kind(Kind::kDouble);
  value.bits_.real = d;
  return value;
}
inline Value Value::duration(int64_t nanoseconds) {
  Value value = of_kind(Kind::kDuration);
  value.bits_.integer = nanoseconds;
  return value;
}

bool equal(const Value& a, const Value& b);

// What compare finds: kUnordered where one is NaN, kIncomparable where the kinds have no common order.
enum class Order : uint8_t { kLess, kEqual, kGreater, kUnordered, kIncomparable };
Order compare(const Value& a, const Value& b);

// A total order of what may be a map's key (and of any scalar), to sort by: kind first, numbers together.
bool sorts_before(const Value& a, const Value& b);

}  // namespace amity::expressions
