#include "customers/resolution/households.h"

#include <algorithm>
#include <string>

namespace amity::customers {
namespace {

bool agrees(Likeness likeness) { return likeness >= Likeness::kSounds; }

// 12 and 13 are a slip for the comparison of addresses, but two houses.
std::vector<std::string> numbers_of(const Field& address) {
  std::vector<std::string> numbers;
  for (const auto& word : address.words) {
    if (word.text.find_first_of("0123456789") != std::string::npos) numbers.push_back(word.text);
  }
  std::ranges::sort(numbers);
  return numbers;
}

bool is_one_address(const Records& records, size_t left, size_t right, const std::vector<Comparison>& compared) {
  bool has_address = false;
  for (size_t at = 0; at < compared.size(); ++at) {
    const auto kind = records.kind(at);
    const auto likeness = compared[at].likeness;
    const bool is_part = kind == FieldKind::kCity || kind == FieldKind::kPostcode || kind == FieldKind::kNumber;
    if (is_part && likeness != Likeness::kMissing && !agrees(likeness)) return false;
    if (kind != FieldKind::kAddress || likeness == Likeness::kMissing) continue;
    if (likeness < Likeness::kNear) return false;
    if (numbers_of(records.field(left, at)) != numbers_of(records.field(right, at)) && likeness != Likeness::kSwapped)
      return false;
    has_address = true;
  }
  return has_address;
}

// A family name stands first in Chinese, and in other names last or, as in lists, first.
bool is_one_family(const Field& left, const Field& right) {
  if (left.words.size() < 2 || right.words.size() < 2) return false;
  const auto& left_words = left.is_han ? left.spelt : left.words;
  const auto& right_words = right.is_han ? right.spelt : right.words;
  if (left_words.empty() || right_words.empty()) return false;
  if (left.is_han && right.is_han) return left.words[0].text == right.words[0].text;
  const auto& left_last = (left.is_han ? left_words.front() : left_words.back()).text;
  const auto& right_last = (right.is_han ? right_words.front() : right_words.back()).text;
  return left_last == right_last || left_last == right_words.front().text || left_words.front().text == right_last;
}

}  // namespace

bool share_a_household(const Records& records, size_t left, size_t right, const std::vector<Comparison>& compared) {
  if (!is_one_address(records, left, right, compared)) return false;
  for (size_t at = 0; at < compared.size(); ++at) {
    const auto kind = records.kind(at);
    if (kind == FieldKind::kPhone && compared[at].likeness == Likeness::kSame) return true;
    if (kind == FieldKind::kFamilyName && agrees(compared[at].likeness)) return true;
    if (kind == FieldKind::kName && is_one_family(records.field(left, at), records.field(right, at))) return true;
  }
  return false;
}

}  // namespace amity::customers
