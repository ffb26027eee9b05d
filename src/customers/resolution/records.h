// The rows of a table as fields, with how rare each word and value is.
#pragma once

#include <cstdint>
#include <vector>

#include "customers/resolution.h"
#include "customers/resolution/fields.h"

namespace amity::customers {

class Records {
 public:
  Records(const ResolutionTable& table, const std::vector<FieldKind>& kinds);

  size_t size() const { return size_; }
  // Those compared; columns of the kind kIgnored are left out.
  const std::vector<size_t>& columns() const { return columns_; }
  FieldKind kind(size_t at) const { return kinds_[at]; }
  const Field& field(size_t row, size_t at) const { return fields_[row * columns_.size() + at]; }
  // Minus the natural logarithm of how often a word or value occurs, smoothed so that few rows prove little.
  double rarity_of_word(const FieldWord& word) const { return word_rarity_[word.id]; }
  // Of names and of sounds: 100 where they are met too seldom to say more than their words do.
  double rarity_of_value(const Field& field) const { return value_rarity_[field.id]; }
  double rarity_of_sound(const FieldWord& sound) const { return sound_rarity_[sound.id]; }
  // Of a word of a name (names.h).
  const std::string& skeleton(const FieldWord& word) const { return skeletons_[word.id]; }
  // The column that people exchange with this one (given and family name, two telephones, two lines of an address);
  // else `at` itself.
  size_t partner(size_t at) const { return partners_[at]; }

 private:
  void pair_up();
  void take_dates_from_identity_numbers();
  void number_words();
  void number_sounds();
  void number_values();

  size_t size_;
  std::vector<size_t> columns_;
  std::vector<FieldKind> kinds_;
  std::vector<size_t> partners_;
  std::vector<Field> fields_;  // by row, then column
  std::vector<double> word_rarity_;
  std::vector<double> value_rarity_;
  std::vector<double> sound_rarity_;
  std::vector<std::string> skeletons_;
};

}  // namespace amity::customers
