// What commands say to people, in the language asked for: texts of institution/texts/LANGUAGE.yaml.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "api/rest.h"
#include "app/institution.h"

namespace amity::app {

// The texts of the institution; what its own folder leaves out is told in the words of the program.
Result<api::Texts> read_texts(const Institution& institution);

using TextValues = std::initializer_list<std::pair<std::string_view, std::string>>;
// "{count} events" with each {name} put in; names without a value stay.
std::string filled(std::string_view text, TextValues values);

class Words {
 public:
  // `language`: "en" or "zh". Reads what the configuration names.
  static Result<Words> read(const std::string& institution_folder, const std::string& language);
  Words() = default;

  // A sentence or a label; its key where there is no text, which a test forbids for ours.
  std::string say(std::string_view key, TextValues values = {}) const;
  // The word for a code, such as word("outcome", "refer"); the code itself where the institution has given it none.
  std::string word(std::string_view kind, std::string_view code) const;
  // The same with blanks behind it, `columns` wide on a terminal, where a Chinese character takes two.
  std::string column(std::string_view key, size_t columns) const { return padded(say(key), columns); }
  static std::string padded(std::string text, size_t columns);

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

}  // namespace amity::app
