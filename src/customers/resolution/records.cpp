#include "customers/resolution/records.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "customers/resolution/names.h"

namespace amity::customers {
namespace {

// Rows unseen that a word's or value's frequency is smoothed by: two equal telephone numbers in a file of ten rows are
// no chance, two equal cities may be.
double unseen_rows(FieldKind kind) {
  switch (kind) {
    case FieldKind::kPhone:
    case FieldKind::kEmail:
    case FieldKind::kIdentityNumber: return 10'000;
    case FieldKind::kDate: return 5'000;
    case FieldKind::kCategory: return 1;
    case FieldKind::kCity:
    case FieldKind::kPostcode:
    case FieldKind::kNumber: return 20;
    default: return 200;
  }
}

struct Count {
  uint32_t id;
  uint32_t rows = 0;
  double unseen;
};
using Vocabulary = std::unordered_map<std::string, Count>;

uint32_t count(Vocabulary& vocabulary, std::string key, FieldKind kind) {
  const auto next = static_cast<uint32_t>(vocabulary.size());
  const auto at = vocabulary.try_emplace(std::move(key), Count{next, 0, unseen_rows(kind)}).first;
  ++at->second.rows;
  return at->second.id;
}

double rarity_of(const Count& count, size_t rows, double others) {
  return std::max(0.0, std::log((static_cast<double>(rows) + count.unseen) / others));
}

std::vector<double> rarities(const Vocabulary& vocabulary, size_t rows) {
  std::vector<double> rarity(vocabulary.size());
  for (const auto& [key, count] : vocabulary) rarity[count.id] = rarity_of(count, rows, count.rows + 1.0);
  return rarity;
}

// Words that only the two rows have which are being compared are rarer than that: most words of names are.
std::vector<double> rarities_beside_two(const Vocabulary& vocabulary, size_t rows) {
  std::vector<double> rarity(vocabulary.size());
  for (const auto& [key, count] : vocabulary) {
    rarity[count.id] = rarity_of(count, rows, std::max(1.5, count.rows - 0.5));
  }
  return rarity;
}

// Of texts whose words tell how rare they are: only what is met often is known to be commoner than its words say.
std::vector<double> rarities_of_frequent(const Vocabulary& vocabulary, size_t rows) {
  constexpr uint32_t kOften = 4;
  constexpr double kUnknown = 100;
  auto rarity = rarities(vocabulary, rows);
  for (const auto& [key, count] : vocabulary) {
    if (count.rows < kOften) rarity[count.id] = kUnknown;
  }
  return rarity;
}

bool is_exchangeable(FieldKind kind) {
  return kind == FieldKind::kName || kind == FieldKind::kPhone || kind == FieldKind::kAddress ||
         kind == FieldKind::kEmail || kind == FieldKind::kIdentityNumber;
}

}  // namespace

Records::Records(const ResolutionTable& table, const std::vector<FieldKind>& kinds) : size_(table.rows.size()) {
  for (size_t column = 0; column < kinds.size(); ++column) {
    if (kinds[column] == FieldKind::kIgnored) continue;
    columns_.push_back(column);
    kinds_.push_back(kinds[column]);
  }
  fields_.reserve(size_ * columns_.size());
  for (const auto& row : table.rows) {
    for (size_t at = 0; at < columns_.size(); ++at) fields_.push_back(read_field(kinds_[at], row[columns_[at]]));
  }
  take_dates_from_identity_numbers();
  pair_up();
  number_words();
  number_sounds();
  number_values();
}

// A Chinese identity number holds the day of birth: where that is not told beside it, rows of which only one has the
// number can still be compared.
void Records::take_dates_from_identity_numbers() {
  const auto date = std::ranges::find(kinds_, FieldKind::kDate);
  const auto identity = std::ranges::find(kinds_, FieldKind::kIdentityNumber);
  if (date == kinds_.end() || identity == kinds_.end()) return;
  for (size_t row = 0; row < size_; ++row) {
    auto* fields = &fields_[row * columns_.size()];
    auto& day = fields[date - kinds_.begin()];
    const auto& number = fields[identity - kinds_.begin()];
    if (day.whole.empty() && is_chinese_identity_number(number.whole)) day.whole = number.whole.substr(6, 8);
  }
}

void Records::pair_up() {
  for (size_t at = 0; at < kinds_.size(); ++at) partners_.push_back(at);
  for (size_t left = 0; left < kinds_.size(); ++left) {
    for (size_t right = left + 1; right < kinds_.size() && partners_[left] == left; ++right) {
      const bool names = (kinds_[left] == FieldKind::kGivenName && kinds_[right] == FieldKind::kFamilyName) ||
                         (kinds_[left] == FieldKind::kFamilyName && kinds_[right] == FieldKind::kGivenName);
      const bool lines = kinds_[left] == kinds_[right] && is_exchangeable(kinds_[left]);
      if ((!names && !lines) || partners_[right] != right) continue;
      partners_[left] = right;
      partners_[right] = left;
    }
  }
}

void Records::number_words() {
  Vocabulary vocabulary;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const auto kind = kinds_[i % columns_.size()];
    const std::string tag = is_name(kind) ? "n" : "p";
    for (auto* words : {&fields_[i].words, &fields_[i].spelt}) {
      for (auto& word : *words) word.id = count(vocabulary, tag + word.text, kind);
    }
  }
  word_rarity_ = rarities_beside_two(vocabulary, size_);
  skeletons_.resize(vocabulary.size());
  for (const auto& [key, count] : vocabulary) {
    if (key[0] == 'n') skeletons_[count.id] = skeleton_of(std::string_view(key).substr(1));
  }
}

void Records::number_sounds() {
  Vocabulary vocabulary;
  for (size_t i = 0; i < fields_.size(); ++i) {
    for (auto& sound : fields_[i].sounds) sound.id = count(vocabulary, sound.text, kinds_[i % columns_.size()]);
  }
  sound_rarity_ = rarities_of_frequent(vocabulary, size_);
}

void Records::number_values() {
  Vocabulary vocabulary;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const auto at = i % columns_.size();
    fields_[i].id = count(vocabulary, std::to_string(at) + " " + fields_[i].whole, kinds_[at]);
  }
  value_rarity_ = rarities(vocabulary, size_);
  const auto frequent = rarities_of_frequent(vocabulary, size_);
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (is_name(kinds_[i % columns_.size()])) value_rarity_[fields_[i].id] = frequent[fields_[i].id];
  }
}

}  // namespace amity::customers
