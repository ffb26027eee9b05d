// The lists extension, and first and last, which a timeline asks for.
#include <algorithm>

#include "expressions/functions/library.h"

namespace amity::expressions {
namespace {

using Arguments = std::span<const Value>;

Value slice(Arguments a) {
  if (!a[0].is(Kind::kList) || !a[1].is(Kind::kInt) || !a[2].is(Kind::kInt)) return no_overload();
  const int64_t begin = a[1].as_int();
  const int64_t end = a[2].as_int();
  if (begin < 0 || end < begin || static_cast<uint64_t>(end) > a[0].size())
    return Value::fault(Fault::kIndexOutOfRange);
  std::vector<Value> items;
  for (int64_t i = begin; i < end; ++i) items.push_back(a[0].item(static_cast<size_t>(i)));
  return Value::list(std::move(items));
}

Value flatten(Arguments a) {
  if (!a[0].is(Kind::kList)) return no_overload();
  std::vector<Value> items;
  for (size_t i = 0; i < a[0].size(); ++i) {
    const Value item = a[0].item(i);
    if (!item.is(Kind::kList)) {
      items.push_back(item);
      continue;
    }
    for (size_t j = 0; j < item.size(); ++j) items.push_back(item.item(j));
  }
  return Value::list(std::move(items));
}

Value distinct(Arguments a) {
  if (!a[0].is(Kind::kList)) return no_overload();
  std::vector<Value> items;
  for (size_t i = 0; i < a[0].size(); ++i) {
    Value item = a[0].item(i);
    const bool known = std::any_of(items.begin(), items.end(), [&](const Value& v) { return equal(v, item); });
    if (!known) items.push_back(std::move(item));
  }
  return Value::list(std::move(items));
}

Value sort(Arguments a) {
  if (!a[0].is(Kind::kList)) return no_overload();
  std::vector<Value> items;
  for (size_t i = 0; i < a[0].size(); ++i) items.push_back(a[0].item(i));
  for (const Value& item : items) {
    const Order order = compare(item, items[0]);
    if (order == Order::kIncomparable || order == Order::kUnordered) return no_overload();
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Value& x, const Value& y) { return compare(x, y) == Order::kLess; });
  return Value::list(std::move(items));
}

Value range(Arguments a) {
  if (!a[0].is(Kind::kInt)) return no_overload();
  if (a[0].as_int() < 0 || a[0].as_int() > kMaxRange) return bad_argument();
  std::vector<Value> items;
  for (int64_t i = 0; i < a[0].as_int(); ++i) items.push_back(Value::integer(i));
  return Value::list(std::move(items));
}

Value end_of(const Value& list, bool first) {
  if (!list.is(Kind::kList)) return no_overload();
  if (list.size() == 0) return Value::empty_optional();
  return Value::optional(list.item(first ? 0 : list.size() - 1));
}
Value first(Arguments a) { return end_of(a[0], true); }
Value last(Arguments a) { return end_of(a[0], false); }

constexpr Overload kTable[] = {
    {"slice", true, "list(A), int, int", "list(A)", slice, Growth::kFirst},
    {"flatten", true, "list(list(A))", "list(A)", flatten, Growth::kProduct},
    {"flatten", true, "list(dyn)", "list(dyn)", flatten, Growth::kProduct},
    {"distinct", true, "list(A)", "list(A)", distinct, Growth::kProduct},
    {"sort", true, "list(A)", "list(A)", sort, Growth::kFirst},
    {"lists.range", false, "int", "list(int)", range, Growth::kRange},
    {"first", true, "list(A)", "optional_type(A)", first, Growth::kFirst},
    {"last", true, "list(A)", "optional_type(A)", last, Growth::kFirst},
};

}  // namespace

Value reversed_list(const Value& list) {
  std::vector<Value> items;
  for (size_t i = list.size(); i > 0; --i) items.push_back(list.item(i - 1));
  return Value::list(std::move(items));
}

std::span<const Overload> list_functions() { return kTable; }

}  // namespace amity::expressions
