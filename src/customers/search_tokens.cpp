#include "customers/search_tokens.h"

#include <algorithm>

#include "base/text.h"

namespace amity::customers {
namespace {

using Words = std::vector<std::string>;

void add_words(Words& out, std::string_view text) {
  for (const auto& word : words_of(fold_text(text))) {
    out.push_back(word.text);
    for (size_t i = 0; word.is_han && word.characters.size() > 2 && i + 1 < word.characters.size(); ++i) {
      out.push_back(word.characters[i] + word.characters[i + 1]);
    }
  }
}

// "+86 138-0013 8000" is found by 13800138000 and the other way round: the last 8 digits decide.
void add_number(Words& out, std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c >= '0' && c <= '9') digits += c;
  }
  if (digits.size() >= 8) out.push_back("#" + digits.substr(digits.size() - 8));
}

Words distinct(Words words) {
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

}  // namespace

std::vector<std::string> search_words(const CustomerRecord& record) {
  Words words;
  for (const auto* name : {"name", "name_latin", "email", "identity_number"}) add_words(words, record.text_of(name));
  for (const auto* name : {"phone", "identity_number"}) add_number(words, record.text_of(name));
  add_words(words, record.reference);
  for (const auto& [reference, link] : record.accounts) {
    add_words(words, reference);
    add_number(words, reference);
  }
  return distinct(std::move(words));
}

std::vector<std::string> query_words(std::string_view query) {
  Words words;
  add_words(words, query);
  const bool is_number = query.find_first_not_of("0123456789 +-()") == std::string_view::npos;
  if (is_number) add_number(words, query);
  return distinct(std::move(words));
}

}  // namespace amity::customers
