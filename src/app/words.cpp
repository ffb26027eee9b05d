#include "app/words.h"

#include <algorithm>
#include <filesystem>

#include "base/yaml.h"

namespace amity::app {
namespace {

Result<void> add_texts(const Institution& institution, api::Texts& texts) {
  for (const auto& file : institution.below("texts")) {
    auto value = parse_yaml(file.text);
    if (!value) return std::unexpected(std::move(value).error().within(file.name + " "));
    if (!value->is_object()) return invalid("a list of key: text is expected", file.name);
    const auto language = std::filesystem::path(file.name).stem().string();
    for (const auto& field : value->as_object()) {
      if (field.value().is_string()) texts[language][std::string(field.key())] = field.value().get_string();
    }
  }
  return {};
}

// Scripts whose characters are two columns wide begin with 0xE3 or more in UTF-8, near enough.
size_t columns_of(std::string_view text) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_first = (byte & 0xC0) != 0x80;
    if (is_first) columns += byte >= 0xE3 ? 2 : 1;
  }
  return columns;
}

}  // namespace

Result<api::Texts> read_texts(const Institution& institution) {
  api::Texts texts;
  TRY(add_texts(TRY(Institution::read("")), texts));
  TRY(add_texts(institution, texts));
  return texts;
}

std::string filled(std::string_view text, TextValues values) {
  std::string out;
  while (!text.empty()) {
    const size_t open = std::min(text.find('{'), text.size());
    const size_t close = text.find('}', open);
    out += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const auto name = text.substr(1, close == std::string_view::npos ? 0 : close - open - 1);
    const auto value = std::ranges::find(values, name, &std::pair<std::string_view, std::string>::first);
    const bool is_known = close != std::string_view::npos && value != values.end();
    out += is_known ? value->second : "{";
    text.remove_prefix(is_known ? name.size() + 2 : 1);
  }
  return out;
}

Result<Words> Words::read(const std::string& institution_folder, const std::string& language) {
  auto texts = TRY(read_texts(TRY(Institution::read(institution_folder))));
  Words words;
  words.texts_ = std::move(texts[language]);
  return words;
}

std::string Words::say(std::string_view key, TextValues values) const {
  const auto text = texts_.find(key);
  return text == texts_.end() ? std::string(key) : filled(text->second, values);
}

std::string Words::word(std::string_view kind, std::string_view code) const {
  const auto text = texts_.find(std::string(kind) + "." + std::string(code));
  return text == texts_.end() ? std::string(code) : text->second;
}

std::string Words::padded(std::string text, size_t columns) {
  const size_t width = columns_of(text);
  if (width < columns) text.append(columns - width, ' ');
  return text;
}

}  // namespace amity::app
