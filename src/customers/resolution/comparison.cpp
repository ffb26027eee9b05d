#include "customers/resolution/comparison.h"

#include <algorithm>
#include <string>

#include "customers/resolution/dates.h"
#include "customers/resolution/names.h"
#include "customers/resolution/similarity.h"

namespace amity::customers {
namespace {

constexpr double kMostRarity = 18;  // one value alone never says more than e^18 to 1

constexpr double kOfInitials = 0.6;  // of a whole name's rarity

using Words = std::vector<FieldWord>;

std::string run_together(const Words& words) {
  std::string out;
  for (const auto& word : words) out += word.text;
  return out;
}

bool is_typing_mistake(std::string_view left, std::string_view right) {
  const auto length = std::min(left.size(), right.size());
  if (length < 3) return false;
  const int most = length < 8 ? 1 : 2;
  return edits_between(left, right, most) <= most;
}

// Pinyin is dense: two letters away stands another name.
bool is_one_slip(std::string_view left, std::string_view right) {
  return std::min(left.size(), right.size()) >= 5 && edits_between(left, right, 1) <= 1;
}

// "xm" of "xiaoming", "j" of "john".
bool is_short_for(std::string_view letters, std::string_view word) {
  if (letters.empty() || letters.size() > 3 || word.size() <= letters.size() || letters[0] != word[0]) return false;
  if (letters.size() > 1 && letters.find_first_of("aeiou") != std::string_view::npos) return false;
  size_t at = 0;
  for (const char c : letters) {
    at = word.find(c, at);
    if (at == std::string_view::npos) return false;
    ++at;
  }
  return true;
}

class WordComparison {
 public:
  WordComparison(const Records& records, const Field& left, const Field& right, FieldKind kind)
      : records_(records),
        left_(left),
        right_(right),
        name_(is_name(kind)),
        is_across_(left.is_han != right.is_han),
        is_han_(left.is_han && right.is_han),
        left_words_(is_across_ && left.is_han ? left.spelt : left.words),
        right_words_(is_across_ && right.is_han ? right.spelt : right.words),
        compares_sounds_(name_ || is_across_ || (is_han_ && kind == FieldKind::kCity)) {}

  Comparison result() const {
    const double rarity = std::min({rarity_of(left_words_), rarity_of(right_words_), records_.rarity_of_value(left_),
                                    records_.rarity_of_value(right_), kMostRarity});
    if (left_.whole == right_.whole) return {Likeness::kSame, rarity};
    if (const auto* sound = common_sound(); sound != nullptr) {
      return {Likeness::kSounds, std::min(rarity, records_.rarity_of_sound(*sound))};
    }
    if (is_short_form()) return {Likeness::kSounds, rarity};
    if (is_near()) return {Likeness::kNear, rarity};
    const auto words = by_words();
    if (words.likeness == Likeness::kNear || !has_initials()) return words;
    return {Likeness::kPartly, std::max(words.rarity, kOfInitials * rarity)};
  }

 private:
  double rarity_of(const Words& words) const {
    double sum = 0;
    for (const auto& word : words) sum += records_.rarity_of_word(word);
    return sum;
  }

  // Latin against Latin too: "Wei Zhang" and "Zhang Wei" run together in one of the orders.
  const FieldWord* common_sound() const {
    if (!compares_sounds_) return nullptr;
    if (is_han_) {  // spellings other than the first are of what stands in Latin letters
      const bool same =
          !left_.sounds.empty() && !right_.sounds.empty() && left_.sounds[0].text == right_.sounds[0].text;
      return same ? &left_.sounds[0] : nullptr;
    }
    for (const auto& sound : left_.sounds) {
      const auto found = std::ranges::find(right_.sounds, sound.text, &FieldWord::text);
      if (found != right_.sounds.end()) return &*found;
    }
    return nullptr;
  }

  bool is_short_form() const {
    return name_ && left_.words.size() == 1 && right_.words.size() == 1 &&
           root_of_name(left_.words[0].text) == root_of_name(right_.words[0].text);
  }

  bool has_initials() const {
    const auto meets = [](const Field& short_one, const Field& long_one) {
      return std::ranges::any_of(short_one.sounds, [&](const auto& sound) {
        return std::ranges::find(long_one.initials, sound.text) != long_one.initials.end();
      });
    };
    return is_across_ && name_ && (meets(left_, right_) || meets(right_, left_));
  }

  bool is_near() const {
    if (is_han_) return are_exchanged();
    if (!is_across_) {
      const auto left = run_together(left_words_);
      const auto right = run_together(right_words_);
      return left == right || is_typing_mistake(left, right);
    }
    if (!name_ || left_.sounds.empty() || right_.sounds.empty()) return false;
    return std::ranges::any_of(left_.sounds, [&](const auto& sound) {
      return std::ranges::any_of(right_.sounds, [&](const auto& other) { return is_one_slip(sound.text, other.text); });
    });
  }

  // The same characters in another order.
  bool are_exchanged() const {
    if (left_.words.size() != right_.words.size()) return false;
    return std::ranges::is_permutation(left_.words, right_.words, {}, &FieldWord::text, &FieldWord::text);
  }

  // How much of the rarer half of a word the other one has: 1 the same, 0 nothing.
  double word_likeness(const FieldWord& one, const FieldWord& other) const {
    const auto& left = one.text;
    const auto& right = other.text;
    if (left == right) return 1;
    if (is_han_) return name_ && records_.skeleton(one) == records_.skeleton(other) ? 0.6 : 0;
    if (name_ && root_of_name(left) == root_of_name(right)) return 0.9;
    if (left.size() == 1 || right.size() == 1) return name_ && left[0] == right[0] ? 0.4 : 0;
    if (is_typing_mistake(left, right)) return 0.85;
    if (std::min(left.size(), right.size()) >= 4 && jaro_winkler(left, right) >= 0.9) return 0.7;
    if (!name_) return 0;
    if (is_short_for(left, right) || is_short_for(right, left)) return 0.4;
    const auto& skeleton = records_.skeleton(one);
    return skeleton.size() >= 3 && skeleton == records_.skeleton(other) ? 0.6 : 0;
  }

  // Each word of one side takes its best of the other; what stays over counts against.
  Comparison by_words() const {
    uint64_t taken = 0;
    double common = 0;
    double all = 0;
    for (const auto& word : left_words_) {
      double best = 0;
      size_t where = 0;
      for (size_t j = 0; j < right_words_.size() && j < 64; ++j) {
        if ((taken >> j & 1) != 0) continue;
        const double likeness = word_likeness(word, right_words_[j]);
        if (likeness > best) best = likeness, where = j;
      }
      all += records_.rarity_of_word(word);
      if (best == 0) continue;
      taken |= uint64_t{1} << where;
      common += best * std::min(records_.rarity_of_word(word), records_.rarity_of_word(right_words_[where]));
    }
    for (const auto& word : right_words_) all += records_.rarity_of_word(word);
    const double share = all > 0 ? 2 * common / all : 0;
    const double rarity = std::min(common, kMostRarity);
    const double together =
        is_across_ || is_han_ ? 0 : jaro_winkler(run_together(left_words_), run_together(right_words_));
    if (share >= 0.75 || together >= 0.95) return {Likeness::kNear, rarity};
    if (share >= 0.35 || together >= 0.88) return {Likeness::kPartly, rarity};
    return {Likeness::kDifferent, 0};
  }

  const Records& records_;
  const Field& left_;
  const Field& right_;
  bool name_;
  bool is_across_;  // one in Han characters, one in other letters
  bool is_han_;     // both
  const Words& left_words_;
  const Words& right_words_;
  bool compares_sounds_;
};

Comparison compare_digits(const Records& records, const Field& left, const Field& right, FieldKind kind) {
  const double rarity = std::min({records.rarity_of_value(left), records.rarity_of_value(right), kMostRarity});
  if (left.whole == right.whole) return {Likeness::kSame, rarity};
  if (left.is_proven && right.is_proven) return {Likeness::kDifferent, 0};  // no slip keeps the check digit right
  const auto shorter = std::min(left.whole.size(), right.whole.size());
  if (kind == FieldKind::kPhone && shorter >= 7 &&
      (left.whole.ends_with(right.whole) || right.whole.ends_with(left.whole))) {
    return {Likeness::kNear, rarity};
  }
  if (shorter < 3) return {Likeness::kDifferent, 0};
  const int edits = edits_between(left.whole, right.whole, 2);
  if (edits <= 1) return {Likeness::kNear, rarity};
  if (kind == FieldKind::kDate && is_day_and_month_exchanged(left.whole, right.whole)) return {Likeness::kNear, rarity};
  if (edits == 2 && shorter >= 5) return {Likeness::kPartly, rarity};
  return {Likeness::kDifferent, 0};
}

Comparison compare_fields(const Records& records, const Field& left, const Field& right, FieldKind kind) {
  if (left.whole.empty() || right.whole.empty()) return {};
  switch (style_of(kind)) {
    case Style::kWords: return WordComparison(records, left, right, kind).result();
    case Style::kDigits: return compare_digits(records, left, right, kind);
    case Style::kWhole: break;
  }
  const double rarity = std::min({records.rarity_of_value(left), records.rarity_of_value(right), kMostRarity});
  if (left.whole == right.whole) return {Likeness::kSame, rarity};
  const bool near = is_typing_mistake(left.whole, right.whole);
  return {near ? Likeness::kNear : Likeness::kDifferent, near ? rarity : 0};
}

bool is_strong(const Comparison& comparison) { return comparison.likeness >= Likeness::kNear; }

// Two columns filled the other way round.
void exchange(const Records& records, size_t left, size_t right, size_t at, std::vector<Comparison>& found) {
  const size_t other = records.partner(at);
  if (is_strong(found[at]) || is_strong(found[other])) return;
  const auto kind = records.kind(at);
  const auto there = compare_fields(records, records.field(left, at), records.field(right, other), kind);
  const auto back = compare_fields(records, records.field(left, other), records.field(right, at), kind);
  if (!is_strong(there) && !is_strong(back)) return;
  if (there.likeness == Likeness::kDifferent && back.likeness == Likeness::kDifferent) return;
  const auto taken = [](const Comparison& crossed) {
    return is_strong(crossed) ? Comparison{Likeness::kSwapped, crossed.rarity} : crossed;
  };
  found[at] = taken(there);
  found[other] = taken(back);
}

}  // namespace

std::vector<Comparison> compare(const Records& records, size_t left, size_t right) {
  std::vector<Comparison> found;
  for (size_t at = 0; at < records.columns().size(); ++at) {
    found.push_back(compare_fields(records, records.field(left, at), records.field(right, at), records.kind(at)));
  }
  for (size_t at = 0; at < records.columns().size(); ++at) {
    if (records.partner(at) > at) exchange(records, left, right, at, found);
  }
  return found;
}

}  // namespace amity::customers
