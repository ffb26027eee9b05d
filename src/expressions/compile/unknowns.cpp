#include "expressions/compile/unknowns.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "expressions/functions/text.h"

namespace amity::expressions {
namespace {

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto may_follow = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && is_letter(text[0]) && std::ranges::all_of(text, may_follow);
}

bool fits(const Path& pattern, const Path& path, size_t steps) {
  for (size_t i = 0; i < steps; ++i) {
    if (pattern[i] != "*" && pattern[i] != path[i]) return false;
  }
  return true;
}

std::unexpected<Error> no_pattern(std::string_view text) {
  return invalid("not an attribute, such as event.amount, event.tags[*] or event['a key']", std::string(text));
}

// The step in brackets at the head of `rest`, which is moved behind it.
Result<std::string> bracketed(std::string_view& rest, std::string_view text) {
  const bool is_key = rest.starts_with("['");
  const size_t end = rest.find(is_key ? "']" : "]");
  if (end == std::string_view::npos) return no_pattern(text);
  const size_t begin = is_key ? 2 : 1;
  const std::string_view inside = rest.substr(begin, end - begin);
  rest.remove_prefix(end + begin);
  if (is_key) return step_of_key(Value::borrowed_text(inside));
  if (inside == "*") return std::string(inside);
  const std::string_view digits = inside.substr(inside.starts_with('-') ? 1 : 0);
  const bool is_number = !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (!is_number && inside != "true" && inside != "false") return no_pattern(text);
  return "[" + std::string(inside) + "]";
}

Result<Path> read_pattern(std::string_view text) {
  std::string_view rest = text;
  Path path;
  while (!rest.empty()) {
    if (rest.starts_with('[') && !path.empty()) {
      path.push_back(TRY(bracketed(rest, text)));
      continue;
    }
    if (!path.empty()) {
      if (!rest.starts_with('.')) return no_pattern(text);
      rest.remove_prefix(1);
    }
    const std::string_view name = rest.substr(0, rest.find_first_of(".["));
    rest.remove_prefix(name.size());
    const bool is_any = name == "*" && !path.empty();
    if (!is_any && !is_name(name)) return no_pattern(text);
    path.push_back(is_any || path.empty() ? std::string(name) : step_of_name(name));
  }
  if (path.empty()) return no_pattern(text);
  return path;
}

}  // namespace

std::string step_of_name(std::string_view field) { return "." + std::string(field); }

std::string step_of_key(const Value& key) {
  if (key.is(Kind::kDouble) && std::trunc(key.as_double()) == key.as_double() && std::abs(key.as_double()) < 9e15) {
    return "[" + std::to_string(static_cast<int64_t>(key.as_double())) + "]";
  }
  if (!key.is(Kind::kString)) return "[" + text_of(key) + "]";
  return is_name(key.as_text()) ? step_of_name(key.as_text()) : "['" + std::string(key.as_text()) + "']";
}

Path path_of_variable(std::string_view name) {
  Path path;
  while (!name.empty()) {
    const size_t end = std::min(name.find('.'), name.size());
    path.push_back(path.empty() ? std::string(name.substr(0, end)) : step_of_name(name.substr(0, end)));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return path;
}

std::string text_of(const Path& path) {
  std::string text;
  for (const std::string& step : path) text += step;
  return text;
}

Result<Unknowns> Unknowns::of(std::span<const std::string_view> patterns) {
  Unknowns unknowns;
  for (std::string_view pattern : patterns) unknowns.patterns_.push_back(TRY(read_pattern(pattern)));
  return unknowns;
}

bool Unknowns::covers(const Path& path) const {
  return std::ranges::any_of(patterns_,
                             [&](const Path& p) { return p.size() <= path.size() && fits(p, path, p.size()); });
}

bool Unknowns::covers_part_of(const Path& path) const {
  return std::ranges::any_of(patterns_,
                             [&](const Path& p) { return p.size() > path.size() && fits(p, path, path.size()); });
}

Value Unknowns::value_of(const Path& path) {
  sets_.push_back({text_of(path)});
  return Value::fault(Fault::kUnknown, static_cast<uint32_t>(sets_.size()));
}

Value Unknowns::merged(const Value& a, const Value& b) {
  std::vector<std::string> all;
  std::ranges::set_union(attributes(a), attributes(b), std::back_inserter(all));
  if (all == attributes(a)) return a;
  if (all == attributes(b)) return b;
  sets_.push_back(std::move(all));
  return Value::fault(Fault::kUnknown, static_cast<uint32_t>(sets_.size()));
}

const std::vector<std::string>& Unknowns::attributes(const Value& unknown) const {
  return sets_[unknown.fault_place() - 1];
}

}  // namespace amity::expressions
