// Conditions compiled together as masks. Most rules are a few tests of fields joined by && (or by ||). For each field,
// the constants of all such rules cut its values into intervals (a text's into those it is compared with and all
// others), and every interval has a mask with a bit for each rule whose tests of this field hold there. An event is
// then one look per field and the intersection of the masks, without a branch and whatever the number of rules: the bit
// vectors of packet classification (Lakshman and Stiliadis, SIGCOMM 1998).
//
// What no mask can say (calls, a mixture of && and ||) and a rule that reads a field without a proper value are left to
// the flat code, which reads only what it must.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "expressions/compile/flat.h"
#include "expressions/conditions.h"

namespace amity::expressions {

class Masks {
 public:
  using Bits = Outcomes::Bits;

  // codes[i] is condition i, at most kMaxConditions; `table` is theirs and must outlive this.
  Masks(const FlatTable& table, std::span<const std::optional<FlatCode>> codes);

  // kError: the masks cannot say anything of it.
  Outcomes run(std::span<const Value> bindings) const;

 private:
  // What is known of one field while the masks are made: its values below cuts[0], from cuts[0] to cuts[1] and so on;
  // or no word, words[0], words[1] and so on; or false, true.
  struct Column {
    uint32_t input = 0;
    std::vector<double> real_cuts = {};
    std::vector<int64_t> whole_cuts = {};
    std::vector<Word> words = {};
    Bits readers{};  // conditions that read it
  };
  struct Literal {
    const Step* step;
    bool is_positive;
  };
  using Rule = std::vector<Literal>;

  // The same packed for looking: part p of the values has mask `mask + p`.
  struct Look {
    uint32_t column = 0;
    uint32_t input = 0;
    uint32_t source = 0;
    uint32_t slot = 0;
    uint32_t mask = 0;
    uint32_t first = 0;  // pair of cuts, or place in words_
    uint32_t count = 0;  // of pairs, or places
    Kind kind = Kind::kFault;
    bool is_short = true;     // all words: head and size say it all
    uint64_t multiplier = 0;  // of words: (head * multiplier) >> shift is the only place to look
    uint32_t shift = 0;
  };
  struct Place {
    Word word = {};
    uint32_t part = 0;  // 0: no word here
  };
  using Reals = double __attribute__((vector_size(16)));
  using Wholes = int64_t __attribute__((vector_size(16)));

  std::optional<Rule> literals_of(const FlatCode& code, bool is_any) const;
  std::span<const Word> words_of(const Step& step) const;
  Column& column_of(uint32_t input);
  void cut(Column& column, const Step& step) const;
  void fill(const Column& column, std::span<const std::optional<Rule>> rules);
  bool holds_in(const Step& step, const Column& column, size_t part) const;
  Look packed(const Column& column);
  void place(const Column& column, Look& look);
  bool try_to_place(const Column& column, const Look& look);

  static constexpr size_t kNoPart = SIZE_MAX;
  // The part a value lies in, or kNoPart where it is not what was promised.
  size_t part_in(const Look& look, const Source& source) const;
  size_t part_of(const Look& look, const Value& value) const;
  size_t part_of(const Look& look, const json::value* member) const;
  size_t part_of_real(const Look& look, double x) const;
  size_t part_of_whole(const Look& look, int64_t x) const;
  size_t part_of_text(const Look& look, std::string_view text) const;
  template <size_t kWords>
  Outcomes run_words(std::span<const Value> bindings) const;

  const FlatTable& table_;
  size_t words_;  // of bits: 1, or all
  std::vector<Column> columns_;
  std::vector<Look> looks_;
  std::vector<uint32_t> sources_;  // an input of each variable
  std::vector<Reals> real_cuts_;
  std::vector<Wholes> whole_cuts_;  // one less each: a value above it is in the next part
  std::vector<Place> places_;
  std::vector<uint64_t> masks_;
  Bits all_{};
  Bits masked_{};
  Bits flipped_{};  // joined by ||: their masks say when they do not hold
};

}  // namespace amity::expressions
