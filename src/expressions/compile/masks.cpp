#include "expressions/compile/masks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace amity::expressions {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void set(Masks::Bits& bits, size_t i) { bits[i / 64] |= uint64_t{1} << i % 64; }

void sort_cuts(auto& cuts) {
  std::ranges::sort(cuts);
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
}

bool is_number(Kind kind) { return kind == Kind::kInt || kind == Kind::kDuration; }

bool can_be_masked(const Step& step) {
  switch (step.test) {
    case Test::kTruth:
    case Test::kDoubleWithin:
    case Test::kIntWithin:
    case Test::kTextIs:
    case Test::kTextAmong: return true;
    default: return false;
  }
}

}  // namespace

// The tests of a condition that are all joined by && (or all by ||, then turned round); nothing where they are not.
std::optional<Masks::Rule> Masks::literals_of(const FlatCode& code, bool is_any) const {
  Rule literals;
  const Target done = is_any ? kFails : kHolds;
  const Target decided = is_any ? kHolds : kFails;
  for (Target at = code.entry; at != done;) {
    if (at >= kFails || literals.size() >= code.steps.size()) return std::nullopt;
    const Step& step = code.steps[at];
    if ((step.on_true == decided) == (step.on_false == decided)) return std::nullopt;
    if (!can_be_masked(step) || !table_.inputs[step.input].is_field) return std::nullopt;
    const bool goes_on_if_true = step.on_false == decided;
    literals.push_back({&step, goes_on_if_true});
    at = goes_on_if_true ? step.on_true : step.on_false;
  }
  return literals;
}

std::span<const Word> Masks::words_of(const Step& step) const {
  if (step.test == Test::kTextIs) return {&step.word, 1};
  return std::span(table_.texts).subspan(step.low.natural, step.high.natural);
}

Masks::Column& Masks::column_of(uint32_t input) {
  const auto known = std::ranges::find(columns_, input, &Column::input);
  if (known != columns_.end()) return *known;
  columns_.push_back({.input = input});
  return columns_.back();
}

// Makes the ends of what the test takes cuts of its column.
void Masks::cut(Column& column, const Step& step) const {
  if (step.test == Test::kDoubleWithin) {
    column.real_cuts.push_back(step.low.real);
    if (step.high.real < kInfinity) column.real_cuts.push_back(std::nextafter(step.high.real, kInfinity));
  } else if (step.test == Test::kIntWithin) {
    if (step.low.whole > INT64_MIN) column.whole_cuts.push_back(step.low.whole);
    if (step.high.whole < INT64_MAX) column.whole_cuts.push_back(step.high.whole + 1);
  } else if (step.test != Test::kTruth) {
    for (const Word& word : words_of(step)) {
      const auto is_word = [&](const Word& known) { return same(known, word); };
      if (std::ranges::any_of(column.words, is_word)) continue;
      column.words.push_back(word);
    }
  }
}

// Whether the test holds for the values of a part; its smallest value stands for all of them.
bool Masks::holds_in(const Step& step, const Column& column, size_t part) const {
  if (step.test == Test::kTruth) return part == 1;
  if (step.test == Test::kDoubleWithin) {
    const double least = part == 0 ? -kInfinity : column.real_cuts[part - 1];
    return least >= step.low.real && least <= step.high.real;
  }
  if (step.test == Test::kIntWithin) {
    const int64_t least = part == 0 ? INT64_MIN : column.whole_cuts[part - 1];
    return least >= step.low.whole && least <= step.high.whole;
  }
  const auto is_it = [&](const Word& word) { return same(word, column.words[part - 1]); };
  return part > 0 && std::ranges::any_of(words_of(step), is_it);
}

void Masks::fill(const Column& column, std::span<const std::optional<Rule>> rules) {
  const size_t cuts = column.real_cuts.size() + column.whole_cuts.size() + column.words.size();
  const size_t parts = table_.inputs[column.input].kind == Kind::kBool ? 2 : cuts + 1;
  for (size_t part = 0; part < parts; ++part) {
    Bits bits{};
    for (size_t i = 0; i < rules.size(); ++i) {
      const auto fails = [&](const Literal& literal) {
        return literal.step->input == column.input && holds_in(*literal.step, column, part) != literal.is_positive;
      };
      if (rules[i] && std::ranges::none_of(*rules[i], fails)) set(bits, i);
    }
    masks_.insert(masks_.end(), bits.begin(), bits.begin() + static_cast<ptrdiff_t>(words_));
  }
}

// Looks for a multiplier that gives every word of at most 8 bytes a place of its own; with two places a word one of the
// first few does. Longer words may share their first bytes: those are gone through one by one, and so are words for
// which there is no multiplier.
void Masks::place(const Column& column, Look& look) {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
  look.first = static_cast<uint32_t>(places_.size());
  look.is_short = std::ranges::all_of(column.words, [](const Word& word) { return word.size <= 8; });
  look.multiplier = kOdd;
  for (int tries = 0; look.is_short && tries < 256; ++tries, look.multiplier = look.multiplier * kOdd + 2) {
    look.count = static_cast<uint32_t>(std::bit_ceil(column.words.size()) << (1 + tries / 64));
    look.shift = 64 - static_cast<uint32_t>(std::countr_zero(look.count));
    places_.resize(look.first);
    places_.resize(look.first + look.count);
    if (try_to_place(column, look)) return;
  }
  look.is_short = false;
  look.count = static_cast<uint32_t>(column.words.size());
  places_.resize(look.first);
  for (uint32_t n = 0; n < look.count; ++n) places_.push_back({column.words[n], n + 1});
}

bool Masks::try_to_place(const Column& column, const Look& look) {
  for (size_t n = 0; n < column.words.size(); ++n) {
    const Word& word = column.words[n];
    Place& place = places_[look.first + (((word.head ^ word.size) * look.multiplier) >> look.shift)];
    if (place.part != 0) return false;
    place = {word, static_cast<uint32_t>(n + 1)};
  }
  return true;
}

Masks::Look Masks::packed(const Column& column) {
  const Input& input = table_.inputs[column.input];
  Look look{.input = column.input, .slot = input.slot, .kind = input.kind};
  look.column = static_cast<uint32_t>(&column - columns_.data());
  const auto same_variable = [&](uint32_t known) { return table_.inputs[known].variable == input.variable; };
  const auto source = std::ranges::find_if(sources_, same_variable);
  look.source = static_cast<uint32_t>(source - sources_.begin());
  if (source == sources_.end()) sources_.push_back(column.input);
  look.mask = static_cast<uint32_t>(masks_.size() / words_);
  const auto pairs = [&](const auto& cuts, auto& to, auto none, auto cut_of) {
    look.first = static_cast<uint32_t>(to.size());
    look.count = static_cast<uint32_t>((cuts.size() + 1) / 2);
    for (size_t n = 0; n < cuts.size(); n += 2) {
      using Pair = std::remove_cvref_t<decltype(to[0])>;
      to.push_back(Pair{cut_of(cuts[n]), n + 1 < cuts.size() ? cut_of(cuts[n + 1]) : none});
    }
  };
  if (look.kind == Kind::kDouble) {
    pairs(column.real_cuts, real_cuts_, std::numeric_limits<double>::quiet_NaN(), [](double cut) { return cut; });
  } else if (is_number(look.kind)) {
    pairs(column.whole_cuts, whole_cuts_, INT64_MAX, [](int64_t cut) { return cut - 1; });
  } else if (look.kind == Kind::kString) {
    place(column, look);
  }
  return look;
}

Masks::Masks(const FlatTable& table, std::span<const std::optional<FlatCode>> codes)
    : table_(table), words_(codes.size() <= 64 ? 1 : Bits{}.size()) {
  std::vector<std::optional<Rule>> rules(codes.size());
  for (size_t i = 0; i < codes.size(); ++i) {
    set(all_, i);
    if (codes[i]) rules[i] = literals_of(*codes[i], false);
    if (codes[i] && !rules[i]) {
      rules[i] = literals_of(*codes[i], true);
      if (rules[i]) set(flipped_, i);
    }
    if (!rules[i]) continue;
    set(masked_, i);
    for (const Literal& literal : *rules[i]) {
      Column& column = column_of(literal.step->input);
      cut(column, *literal.step);
      set(column.readers, i);
    }
  }
  for (Column& column : columns_) {
    sort_cuts(column.real_cuts);
    sort_cuts(column.whole_cuts);
    looks_.push_back(packed(column));
    fill(column, rules);
  }
  std::ranges::stable_sort(looks_, {}, [](const Look& look) { return std::pair(look.source, look.kind); });
}

[[gnu::always_inline]] inline size_t Masks::part_of_text(const Look& look, std::string_view text) const {
  const Word word = word_of(text);
  if (!look.is_short) {
    size_t part = 0;
    for (uint32_t n = 0; n < look.count; ++n) part += same(places_[look.first + n].word, word) ? n + 1 : 0;
    return part;
  }
  const Place& place = places_[look.first + (((word.head ^ word.size) * look.multiplier) >> look.shift)];
  const bool is_it = ((place.word.head ^ word.head) | (place.word.size ^ word.size)) == 0;
  return is_it ? place.part : 0;
}

[[gnu::always_inline]] inline size_t Masks::part_of_real(const Look& look, double x) const {
  Wholes above{0, 0};
  for (uint32_t n = 0; n < look.count; ++n) above -= Reals{x, x} >= real_cuts_[look.first + n];
  return std::isnan(x) ? kNoPart : static_cast<size_t>(above[0] + above[1]);
}

[[gnu::always_inline]] inline size_t Masks::part_of_whole(const Look& look, int64_t x) const {
  Wholes above{0, 0};
  for (uint32_t n = 0; n < look.count; ++n) above -= Wholes{x, x} > whole_cuts_[look.first + n];
  return static_cast<size_t>(above[0] + above[1]);
}

[[gnu::always_inline]] inline size_t Masks::part_of(const Look& look, const Value& value) const {
  if (!value.is(look.kind)) return kNoPart;
  if (look.kind == Kind::kDouble) return part_of_real(look, value.as_double());
  if (is_number(look.kind)) return part_of_whole(look, value.as_int());
  return look.kind == Kind::kString ? part_of_text(look, value.as_text()) : static_cast<size_t>(value.as_bool());
}

// As plain_field reads it.
[[gnu::always_inline]] inline size_t Masks::part_of(const Look& look, const json::value* member) const {
  if (!member) return kNoPart;
  const bool is_whole = member->is_int64();
  if (look.kind == Kind::kDouble) {
    if (member->is_double()) return part_of_real(look, member->get_double());
    return is_whole ? part_of_real(look, static_cast<double>(member->get_int64())) : kNoPart;
  }
  if (look.kind == Kind::kInt) return is_whole ? part_of_whole(look, member->get_int64()) : kNoPart;
  if (look.kind == Kind::kBool) return member->is_bool() ? static_cast<size_t>(member->get_bool()) : kNoPart;
  if (look.kind != Kind::kString || !member->is_string()) return kNoPart;
  return part_of_text(look, {member->get_string().data(), member->get_string().size()});
}

size_t Masks::part_in(const Look& look, const Source& source) const {
  const Input& input = table_.inputs[look.input];
  if (source.bound) return part_of(look, source.bound->document_member(input.name, input.slot));
  return part_of(look, plain_field(input, source));
}

template <size_t kWords>
Outcomes Masks::run_words(std::span<const Value> bindings) const {
  std::array<uint64_t, kWords> hits;
  std::array<uint64_t, kWords> unsaid;
  for (size_t n = 0; n < kWords; ++n) hits[n] = masked_[n], unsaid[n] = all_[n] & ~masked_[n];
  Source source;
  uint32_t asked = UINT32_MAX;
  for (const Look& look : looks_) {
    if (look.source != asked) {
      asked = look.source;
      source = source_of(table_.inputs[sources_[asked]], bindings);
    }
    const size_t part = source.fields ? part_of(look, source.fields[look.slot]) : part_in(look, source);
    if (part == kNoPart) [[unlikely]] {
      for (size_t n = 0; n < kWords; ++n) unsaid[n] |= columns_[look.column].readers[n];
    } else {
      const uint64_t* mask = &masks_[(look.mask + part) * kWords];
      for (size_t n = 0; n < kWords; ++n) hits[n] &= mask[n];
    }
  }
  Outcomes outcomes;
  for (size_t n = 0; n < kWords; ++n) outcomes.set(n, (hits[n] ^ flipped_[n]) & ~unsaid[n], unsaid[n]);
  return outcomes;
}

Outcomes Masks::run(std::span<const Value> bindings) const {
  return words_ == 1 ? run_words<1>(bindings) : run_words<Bits{}.size()>(bindings);
}

}  // namespace amity::expressions
