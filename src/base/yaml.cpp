#include "base/yaml.h"

#include <charconv>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace amity {
namespace {

std::string place_of(const YAML::Mark& mark) {
  return fmt::format("line {}, column {}", mark.line + 1, mark.column + 1);
}

json::value plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true") return true;
  if (text == "false") return false;
  const bool may_be_number = text.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
                             text.find_first_of("0123456789") != std::string_view::npos;
  if (!may_be_number) return json::value(text);
  const char* const end = text.data() + text.size();
  const char* const begin = text.data() + (text[0] == '+' ? 1 : 0);
  int64_t whole = 0;
  if (const auto read = std::from_chars(begin, end, whole); read.ec == std::errc{} && read.ptr == end) return whole;
  double decimal = 0;
  if (const auto read = std::from_chars(begin, end, decimal); read.ec == std::errc{} && read.ptr == end) return decimal;
  return json::value(text);
}

// Builds the JSON value while the parser runs; the first refusal is thrown as the parser's own exception, which
// parse_yaml catches.
class JsonBuilder final : public YAML::EventHandler {
 public:
  json::value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) throw YAML::ParserException(mark, "only one document is expected");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, anchor, "", nullptr); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not allowed: write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const bool quoted = tag == "!";
    add(mark, anchor, quoted || tag == "?" ? "" : tag, quoted ? json::value(text) : plain_scalar(text), text);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, tag, json::array());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, tag, json::object());
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    json::value value;
    std::optional<std::string> key;  // read, waiting for its value
  };

  static void refuse_extras(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) {
    if (anchor != 0) throw YAML::ParserException(mark, "anchors are not allowed: write the value out");
    if (!tag.empty() && tag != "?" && tag != "!") throw YAML::ParserException(mark, "tags are not allowed");
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag, json::value value) {
    refuse_extras(mark, anchor, tag);
    if (levels_.size() >= 32) throw YAML::ParserException(mark, "nested deeper than 32 levels");
    const bool would_be_key = !levels_.empty() && levels_.back().value.is_object() && !levels_.back().key;
    if (would_be_key) throw YAML::ParserException(mark, "a key is text");
    levels_.push_back({std::move(value), {}});
  }

  void close() {
    auto done = std::move(levels_.back().value);
    levels_.pop_back();
    place(std::move(done));
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag, json::value value,
           std::string text = {}) {
    refuse_extras(mark, anchor, tag);
    if (!levels_.empty() && levels_.back().value.is_object() && !levels_.back().key) {
      if (levels_.back().value.get_object().contains(text))
        throw YAML::ParserException(mark, "the key stands twice: " + text);
      levels_.back().key = std::move(text);
      return;
    }
    place(std::move(value));
  }

  void place(json::value value) {
    if (levels_.empty()) {
      root_ = std::move(value);
    } else if (auto* array = levels_.back().value.if_array()) {
      array->push_back(std::move(value));
    } else {
      levels_.back().value.get_object()[*levels_.back().key] = std::move(value);
      levels_.back().key.reset();
    }
  }

  json::value root_;
  std::vector<Level> levels_;
  int documents_ = 0;
};

}  // namespace

Result<json::value> parse_yaml(std::string_view text) {
  if (text.size() > kMaxYamlBytes) return fail(Code::kLimit, fmt::format("larger than {} bytes", kMaxYamlBytes));
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    JsonBuilder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const YAML::Exception& error) {
    return invalid("not valid YAML: " + error.msg, place_of(error.mark));
  }
}

}  // namespace amity
