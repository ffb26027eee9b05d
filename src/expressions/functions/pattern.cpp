#include "expressions/functions/pattern.h"

#include <re2/re2.h>

#include "expressions/functions/library.h"

namespace amity::expressions {
namespace {
constexpr int64_t kMaxProgramBytes = 1 << 20;
constexpr size_t kMaxPatternBytes = 1024;
}  // namespace

Pattern::Pattern(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) return fail(Code::kLimit, "a pattern longer than 1024 bytes");
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxProgramBytes);
  auto compiled = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) return invalid("not a pattern that RE2 reads: " + compiled->error());
  return Pattern(std::move(compiled));
}

bool Pattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

Value matches(std::span<const Value> a) {
  if (!a[0].is(Kind::kString) || !a[1].is(Kind::kString)) return no_overload();
  const auto pattern = Pattern::compile(a[1].as_text());
  return pattern ? Value::boolean(pattern->found_in(a[0].as_text())) : Value::fault(Fault::kBadPattern);
}

}  // namespace amity::expressions
