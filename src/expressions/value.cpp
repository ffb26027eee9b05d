#include "expressions/value.h"

#include <algorithm>
#include <cmath>

#include "expressions/functions/text.h"
#include "expressions/functions/time.h"
#include "expressions/type.h"

namespace amity::expressions {

struct Value::ListObject : Object {
  explicit ListObject(std::vector<Value> i) : items(std::move(i)) {}
  std::vector<Value> items;
};
struct Value::MapObject : Object {
  explicit MapObject(std::vector<Entry> e) : entries(std::move(e)) {}
  std::vector<Entry> entries;  // sorted by key
};
struct Value::OptionalObject : Object {
  explicit OptionalObject(Value v) : value(std::move(v)) {}
  Value value;
};

void Value::let_go() noexcept {
  if (bits_.object->count.fetch_sub(1, std::memory_order_acq_rel) == 1) delete bits_.object;
  owned_ = false;
}

Value Value::holding(Kind kind, const Object* object) {
  Value value = of_kind(kind);
  value.form_ = Form::kObject;
  value.owned_ = true;
  value.bits_.object = object;
  return value;
}

Value Value::plain_text(Kind kind, std::string_view text) {
  Value value = of_kind(kind);
  value.extra_ = static_cast<uint32_t>(text.size());
  value.bits_.text = text.data();
  return value;
}

Value Value::text(std::string value) { return holding(Kind::kString, new TextObject(std::move(value))); }
Value Value::bytes(std::string value) { return holding(Kind::kBytes, new TextObject(std::move(value))); }
Value Value::borrowed_text(std::string_view text) { return plain_text(Kind::kString, text); }
Value Value::borrowed_bytes(std::string_view bytes) { return plain_text(Kind::kBytes, bytes); }
Value Value::list(std::vector<Value> items) { return holding(Kind::kList, new ListObject(std::move(items))); }

Value Value::map(std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return sorts_before(a.first, b.first); });
  return holding(Kind::kMap, new MapObject(std::move(entries)));
}

Value Value::timestamp(int64_t seconds, uint32_t nanoseconds) {
  Value value = of_kind(Kind::kTimestamp);
  value.extra_ = nanoseconds;
  value.bits_.integer = seconds;
  return value;
}

Value Value::timestamp(Timestamp at) {
  const int64_t micros = ((at.us % 1'000'000) + 1'000'000) % 1'000'000;
  return timestamp((at.us - micros) / 1'000'000, static_cast<uint32_t>(micros * 1000));
}

Value Value::type(std::string_view static_name) { return plain_text(Kind::kType, static_name); }
Value Value::optional(Value value) { return holding(Kind::kOptional, new OptionalObject(std::move(value))); }
Value Value::empty_optional() { return of_kind(Kind::kOptional); }
Value Value::ip(std::string canonical_bytes) { return holding(Kind::kIp, new TextObject(std::move(canonical_bytes))); }

Value Value::cidr(std::string address_bytes, uint8_t prefix) {
  Value value = holding(Kind::kCidr, new TextObject(std::move(address_bytes)));
  value.extra_ = prefix;
  return value;
}

Value Value::fault(Fault fault, uint32_t place) {
  Value value = of_kind(Kind::kFault);
  value.extra_ = place;
  value.bits_.natural = static_cast<uint64_t>(fault);
  return value;
}

Value Value::view(const json::value& document) {
  Value value;
  switch (document.kind()) {
    case json::kind::null: return value;
    case json::kind::bool_: return boolean(document.get_bool());
    case json::kind::int64: return integer(document.get_int64());
    case json::kind::uint64: return unsigned_integer(document.get_uint64());
    case json::kind::double_: return number(document.get_double());
    case json::kind::string: return borrowed_text({document.get_string().data(), document.get_string().size()});
    case json::kind::array:
      value.kind_ = Kind::kList;
      value.bits_.array = &document.get_array();
      break;
    case json::kind::object:
      value.kind_ = Kind::kMap;
      value.bits_.json_object = &document.get_object();
      break;
  }
  value.form_ = Form::kJson;
  return value;
}

Value Value::view(const Row& row) {
  Value value = of_kind(Kind::kMap);
  value.form_ = Form::kRow;
  value.bits_.row = &row;
  return value;
}

const Value* Value::inside() const {
  return form_ == Form::kObject ? &static_cast<const OptionalObject*>(bits_.object)->value : nullptr;
}

size_t Value::size() const {
  if (form_ == Form::kRow) return keys().size();
  if (kind_ == Kind::kList) {
    return form_ == Form::kJson ? bits_.array->size() : static_cast<const ListObject*>(bits_.object)->items.size();
  }
  return form_ == Form::kJson ? bits_.json_object->size() : static_cast<const MapObject*>(bits_.object)->entries.size();
}

Value Value::item(size_t index) const {
  if (form_ == Form::kJson) return view((*bits_.array)[index]);
  return part(static_cast<const ListObject*>(bits_.object)->items[index]);
}

std::optional<Value> Value::find(std::string_view key) const {
  if (form_ == Form::kJson) {
    const json::value* found = bits_.json_object->if_contains(key);
    return found ? std::optional(view(*found)) : std::nullopt;
  }
  if (form_ != Form::kRow) return find(borrowed_text(key));
  const auto index = bits_.row->shape().index_of(key);
  if (!index) return std::nullopt;
  Value value = bits_.row->field(*index);
  return value.is(Kind::kMissing) ? std::nullopt : std::optional(std::move(value));
}

const json::value* Value::document_member(std::string_view key, size_t guess) const {
  if (form_ != Form::kJson || kind_ != Kind::kMap) return nullptr;
  const json::object& object = *bits_.json_object;
  if (guess < object.size()) {
    const auto& entry = *(object.begin() + static_cast<ptrdiff_t>(guess));
    if (std::string_view(entry.key()) == key) return &entry.value();
  }
  return object.if_contains(key);
}

std::optional<Value> Value::find(const Value& key) const {
  if (form_ != Form::kObject) return key.is(Kind::kString) ? find(key.as_text()) : std::nullopt;
  const auto& entries = static_cast<const MapObject*>(bits_.object)->entries;
  const auto at = std::lower_bound(entries.begin(), entries.end(), key,
                                   [](const Entry& entry, const Value& k) { return sorts_before(entry.first, k); });
  if (at == entries.end() || !equal(at->first, key)) return std::nullopt;
  return part(at->second);
}

std::vector<Entry> Value::entries() const {
  std::vector<Entry> entries;
  if (form_ == Form::kJson) {
    for (const auto& [key, value] : *bits_.json_object) entries.emplace_back(borrowed_text(key), view(value));
  } else if (form_ == Form::kRow) {
    const auto& fields = bits_.row->shape().fields;
    for (size_t i = 0; i < fields.size(); ++i) {
      Value value = bits_.row->field(i);
      if (!value.is(Kind::kMissing)) entries.emplace_back(borrowed_text(fields[i].name), std::move(value));
    }
  } else {
    for (const auto& [key, value] : static_cast<const MapObject*>(bits_.object)->entries) {
      entries.emplace_back(part(key), part(value));
    }
  }
  return entries;
}

std::vector<Value> Value::keys() const {
  std::vector<Value> keys;
  for (auto& entry : entries()) keys.push_back(std::move(entry.first));
  return keys;
}

Value Value::owned() const {
  switch (kind_) {
    case Kind::kString: return owned_ ? *this : text(std::string(as_text()));
    case Kind::kBytes: return owned_ ? *this : bytes(std::string(as_text()));
    case Kind::kIp: return owned_ ? *this : ip(std::string(as_text()));
    case Kind::kCidr: return owned_ ? *this : cidr(std::string(as_text()), prefix());
    case Kind::kOptional: return inside() ? optional(inside()->owned()) : *this;
    case Kind::kList: {
      std::vector<Value> items;
      for (size_t i = 0; i < size(); ++i) items.push_back(item(i).owned());
      return list(std::move(items));
    }
    case Kind::kMap: {
      std::vector<Entry> copies;
      for (const auto& [key, value] : entries()) copies.emplace_back(key.owned(), value.owned());
      return map(std::move(copies));
    }
    default: return *this;
  }
}

std::string_view Value::type_name() const {
  switch (kind_) {
    case Kind::kFault: return "error";
    case Kind::kMissing: return "missing";
    case Kind::kNull: return "null_type";
    case Kind::kBool: return "bool";
    case Kind::kInt: return "int";
    case Kind::kUint: return "uint";
    case Kind::kDouble: return "double";
    case Kind::kString: return "string";
    case Kind::kBytes: return "bytes";
    case Kind::kList: return "list";
    case Kind::kMap: return "map";
    case Kind::kTimestamp: return "google.protobuf.Timestamp";
    case Kind::kDuration: return "google.protobuf.Duration";
    case Kind::kType: return "type";
    case Kind::kOptional: return "optional_type";
    case Kind::kIp: return "net.IP";
    case Kind::kCidr: return "net.CIDR";
  }
  return "error";
}

namespace {

Result<json::value> json_of_map(const Value& map) {
  json::object object;
  for (const auto& [key, value] : map.entries()) object[text_of(key)] = TRY(value.to_json());
  return object;
}

Result<json::value> json_of_list(const Value& list) {
  json::array array;
  for (size_t i = 0; i < list.size(); ++i) array.push_back(TRY(list.item(i).to_json()));
  return array;
}

}  // namespace

Result<json::value> Value::to_json() const {
  switch (kind_) {
    case Kind::kNull: return json::value(nullptr);
    case Kind::kBool: return json::value(as_bool());
    case Kind::kInt: return json::value(as_int());
    case Kind::kUint: return json::value(as_uint());
    case Kind::kDouble:
      if (!std::isfinite(as_double())) return invalid("a number that is not finite has no JSON");
      return json::value(as_double());
    case Kind::kBytes: return json::value(base64_of(as_text()));
    case Kind::kOptional: return inside() ? inside()->to_json() : json::value(nullptr);
    case Kind::kList: return json_of_list(*this);
    case Kind::kMap: return json_of_map(*this);
    case Kind::kFault:
    case Kind::kMissing: return invalid("a fault has no JSON");
    default: return json::value(text_of(*this));
  }
}

namespace {

// The sign of a - b for mixed numbers, exactly: a double is compared with the whole number it lies nearest to.
Order order(auto a, decltype(a) b) { return a < b ? Order::kLess : b < a ? Order::kGreater : Order::kEqual; }

Order reversed(Order order) {
  return order == Order::kLess ? Order::kGreater : order == Order::kGreater ? Order::kLess : order;
}

// The language compares an int with a double as doubles, except where the double lies outside the whole type's range.
Order compare_with_double(int64_t a, double b) {
  if (std::isnan(b)) return Order::kUnordered;
  if (b < -9223372036854775808.0) return Order::kGreater;
  if (b > 9223372036854775808.0) return Order::kLess;
  return order(static_cast<double>(a), b);
}

Order compare_with_double(uint64_t a, double b) {
  if (std::isnan(b)) return Order::kUnordered;
  if (b < 0.0) return Order::kGreater;
  if (b > 18446744073709551615.0) return Order::kLess;
  return order(static_cast<double>(a), b);
}

Order compare_mixed(const Value& a, const Value& b) {
  if (b.is(Kind::kDouble)) {
    return a.is(Kind::kInt) ? compare_with_double(a.as_int(), b.as_double())
                            : compare_with_double(a.as_uint(), b.as_double());
  }
  if (a.is(Kind::kInt)) return a.as_int() < 0 ? Order::kLess : order(static_cast<uint64_t>(a.as_int()), b.as_uint());
  return reversed(compare_mixed(b, a));
}

}  // namespace

Order compare(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return a.is_number() && b.is_number() ? compare_mixed(a, b) : Order::kIncomparable;
  switch (a.kind()) {
    case Kind::kBool: return order(a.as_bool(), b.as_bool());
    case Kind::kInt:
    case Kind::kDuration: return order(a.as_int(), b.as_int());
    case Kind::kUint: return order(a.as_uint(), b.as_uint());
    case Kind::kDouble:
      if (std::isnan(a.as_double()) || std::isnan(b.as_double())) return Order::kUnordered;
      return order(a.as_double(), b.as_double());
    case Kind::kString:
    case Kind::kBytes: return order(a.as_text().compare(b.as_text()), 0);
    case Kind::kTimestamp:
      if (a.seconds() != b.seconds()) return order(a.seconds(), b.seconds());
      return order(a.nanoseconds(), b.nanoseconds());
    default: return Order::kIncomparable;
  }
}

namespace {

bool equal_lists(const Value& a, const Value& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!equal(a.item(i), b.item(i))) return false;
  }
  return true;
}

bool equal_maps(const Value& a, const Value& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.entries()) {
    const auto other = b.find(key);
    if (!other || !equal(value, *other)) return false;
  }
  return true;
}

bool equal_optionals(const Value& a, const Value& b) {
  if (!a.inside() || !b.inside()) return a.inside() == b.inside();
  return equal(*a.inside(), *b.inside());
}

}  // namespace

bool equal(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return compare(a, b) == Order::kEqual;
  switch (a.kind()) {
    case Kind::kNull: return true;
    case Kind::kList: return equal_lists(a, b);
    case Kind::kMap: return equal_maps(a, b);
    case Kind::kOptional: return equal_optionals(a, b);
    case Kind::kType:
    case Kind::kIp: return a.as_text() == b.as_text();
    case Kind::kCidr: return a.as_text() == b.as_text() && a.prefix() == b.prefix();
    default: return compare(a, b) == Order::kEqual;
  }
}

bool sorts_before(const Value& a, const Value& b) {
  const auto rank = [](const Value& v) { return v.is_number() ? Kind::kInt : v.kind(); };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  return compare(a, b) == Order::kLess;
}

}  // namespace amity::expressions
