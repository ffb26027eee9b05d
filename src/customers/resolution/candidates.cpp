#include "customers/resolution/candidates.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "customers/resolution/names.h"

namespace amity::customers {
namespace {

constexpr size_t kVisited = 6'000;    // rows for each row
constexpr size_t kCommonest = 3'000;  // a token of more rows finds nobody

constexpr double kOfWhole = 1.5;

struct Posting {
  uint64_t token;
  uint32_t row;
  float share;  // of the token's rarity that counts
  bool operator<(const Posting& other) const { return token != other.token ? token < other.token : row < other.row; }
};

// FNV-1a, 64 bits: the same on every machine.
uint64_t token_of(char tag, std::string_view text) {
  uint64_t hash = (0xcbf29ce484222325u ^ static_cast<unsigned char>(tag)) * 0x100000001b3u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash ^ hash >> 29;
}

class Tokens {
 public:
  explicit Tokens(std::vector<Posting>& postings) : postings_(postings) {}

  void add_row(const Records& records, uint32_t row) {
    row_ = row;
    for (size_t at = 0; at < records.columns().size(); ++at) {
      const auto& field = records.field(row, at);
      if (field.whole.empty()) continue;
      const auto kind = records.kind(at);
      switch (style_of(kind)) {
        case Style::kWords: add_words(records, field, is_name(kind)); break;
        case Style::kDigits: add_digits(field, static_cast<char>('A' + static_cast<int>(kind))); break;
        case Style::kWhole: add(static_cast<char>('A' + static_cast<int>(kind)), field.whole, 1); break;
      }
    }
  }

 private:
  void add(char tag, std::string_view text, double share) {
    postings_.push_back({token_of(tag, text), row_, static_cast<float>(share)});
  }

  void add_words(const Records& records, const Field& field, bool name) {
    std::string together;
    for (const auto& word : field.words) together += word.text;
    for (const auto* words : {&field.words, &field.spelt}) {
      for (const auto& word : *words) add_word(records, word, name);
    }
    // A whole name: more than the words of another name together, among which a common script would outnumber it.
    for (const auto& sound : field.sounds) add('s', sound.text, kOfWhole);
    for (const auto& initials : field.initials) add('s', initials, kOfWhole);
    for (size_t i = 0; field.is_han && i + 1 < field.words.size(); ++i)
      add('h', field.words[i].text + field.words[i + 1].text, 0.5);
    if (field.is_han) together = name && !field.sounds.empty() ? field.sounds[0].text : "";
    const auto padded = "^" + together;
    for (size_t i = 0; i + 3 <= padded.size(); ++i) add(name ? 'g' : 'q', padded.substr(i, 3), 0.15);
  }

  void add_word(const Records& records, const FieldWord& word, bool name) {
    add(name ? 'n' : 'p', name ? root_of_name(word.text) : std::string_view(word.text), 0.6);
    if (name && records.skeleton(word).size() >= 2) add('k', records.skeleton(word), 0.35);
  }

  // A number and itself without one digit: two numbers one edit apart share one of these.
  void add_digits(const Field& field, char tag) {
    add(tag, field.whole, 0.7);
    if (field.whole.size() < 5) return;
    for (size_t i = 0; i < field.whole.size() && i < 20; ++i) {
      auto shorter = field.whole;
      shorter.erase(i, 1);
      add(static_cast<char>(tag + 32), shorter, 0.15);
    }
  }

  std::vector<Posting>& postings_;
  uint32_t row_ = 0;
};

struct Bucket {
  uint32_t begin;
  uint32_t size;
  float weight;
};

class Index {
 public:
  Index(const Records& records, size_t first_list)
      : first_list_(first_list), rows_(records.size()), buckets_of_(records.size()), sums_(records.size()) {
    Tokens tokens(postings_);
    for (uint32_t row = 0; row < rows_; ++row) tokens.add_row(records, row);
    std::sort(postings_.begin(), postings_.end());
    postings_.erase(std::unique(postings_.begin(), postings_.end(),
                                [](const auto& a, const auto& b) { return a.token == b.token && a.row == b.row; }),
                    postings_.end());
    for (size_t begin = 0; begin < postings_.size();) begin = add_bucket(begin);
  }

  std::vector<FoundRow> best(uint32_t row, size_t most) {
    auto& mine = buckets_of_[row];
    std::ranges::stable_sort(mine, {}, [&](uint32_t at) { return buckets_[at].size; });
    size_t visited = 0;
    for (const auto at : mine) {
      const auto& bucket = buckets_[at];
      if ((visited += bucket.size) > kVisited) break;
      for (uint32_t i = 0; i < bucket.size; ++i) visit(postings_[bucket.begin + i].row, bucket.weight);
    }
    sums_[row] = 0;
    return take_best(row, most);
  }

 private:
  size_t add_bucket(size_t begin) {
    size_t end = begin;
    while (end < postings_.size() && postings_[end].token == postings_[begin].token) ++end;
    const size_t size = end - begin;
    if (size < 2 || size > kCommonest) return end;
    const double rarity = std::log((static_cast<double>(rows_) + 1) / static_cast<double>(size));
    const auto at = static_cast<uint32_t>(buckets_.size());
    buckets_.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(size),
                        static_cast<float>(std::max(0.05, rarity) * postings_[begin].share)});
    for (size_t i = begin; i < end; ++i) buckets_of_[postings_[i].row].push_back(at);
    return end;
  }

  void visit(uint32_t row, float weight) {
    if (sums_[row] == 0) touched_.push_back(row);
    sums_[row] += weight;
  }

  bool is_same_list(uint32_t row, uint32_t other) const {
    return first_list_ > 0 && (row < first_list_) == (other < first_list_);
  }

  std::vector<FoundRow> take_best(uint32_t row, size_t most) {
    for (const auto other : touched_) {
      if (is_same_list(row, other)) sums_[other] = 0;
    }
    std::erase_if(touched_, [&](uint32_t other) { return other == row || is_same_list(row, other); });
    const auto better = [&](uint32_t a, uint32_t b) { return sums_[a] != sums_[b] ? sums_[a] > sums_[b] : a < b; };
    const auto end = touched_.begin() + static_cast<std::ptrdiff_t>(std::min(most, touched_.size()));
    std::partial_sort(touched_.begin(), end, touched_.end(), better);
    std::vector<FoundRow> found;
    for (auto at = touched_.begin(); at != end; ++at) found.push_back({*at, sums_[*at]});
    for (const auto other : touched_) sums_[other] = 0;
    touched_.clear();
    return found;
  }

  size_t first_list_;
  size_t rows_;
  std::vector<Posting> postings_;
  std::vector<Bucket> buckets_;
  std::vector<std::vector<uint32_t>> buckets_of_;
  std::vector<float> sums_;
  std::vector<uint32_t> touched_;
};

}  // namespace

std::vector<std::vector<FoundRow>> find_candidates(const Records& records, size_t most, size_t first_list) {
  Index index(records, first_list);
  std::vector<std::vector<FoundRow>> found;
  for (uint32_t row = 0; row < records.size(); ++row) found.push_back(index.best(row, most));
  return found;
}

}  // namespace amity::customers
