#include "events/import/xml.h"

#include <expat.h>

#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace amity::events {
namespace {

constexpr char kBetween = '\n';  // of namespace and name: neither can hold it after expat's normalisation
constexpr size_t kPieceBytes = 64 * 1024;
constexpr size_t kMaxTokenBytes = 1024 * 1024;  // what expat may have to hold back
constexpr int kContainerLevels = 2;             // below Document

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

struct Name {
  std::string_view space;
  std::string_view local;
};

Name split(std::string_view name) {
  const size_t between = name.find(kBetween);
  if (between == std::string_view::npos) return {{}, name};
  return {name.substr(0, between), name.substr(between + 1)};
}

struct FreeParser {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

class Reader {
 public:
  Reader(const char* encoding, const XmlHandler& handler)
      : handler_(handler), parser_(XML_ParserCreateNS(encoding, kBetween)) {}

  Result<void> read(TextFile& file) {
    if (!parser_) return fail(Code::kLimit, "no memory for reading XML");
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), on_start, on_end);
    XML_SetCharacterDataHandler(parser_.get(), on_text);
    XML_SetStartDoctypeDeclHandler(parser_.get(), on_doctype);
    if (file.size() == 0) return invalid("the file is empty", "1");
    for (uint64_t at = 0; at < file.size();) {
      const auto piece = TRY(file.view(at, kPieceBytes)).substr(0, kPieceBytes);
      at += piece.size();
      TRY(feed(piece, at, at == file.size()));
    }
    return {};
  }

 private:
  static Reader& self(void* data) { return *static_cast<Reader*>(data); }
  static void XMLCALL on_start(void* data, const XML_Char* name, const XML_Char** attributes) {
    self(data).note(self(data).start(name, attributes));
  }
  static void XMLCALL on_end(void* data, const XML_Char*) { self(data).note(self(data).end()); }
  static void XMLCALL on_text(void* data, const XML_Char* text, int count) {
    self(data).note(self(data).append({text, static_cast<size_t>(count)}));
  }
  static void XMLCALL on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    self(data).note(self(data).refuse(Code::kInvalid, "a document type (DTD) is not allowed here"));
  }

  int64_t line() const { return static_cast<int64_t>(XML_GetCurrentLineNumber(parser_.get())); }
  std::string place() const {
    return fmt::format("{}, column {}", line(), XML_GetCurrentColumnNumber(parser_.get()) + 1);
  }
  std::unexpected<Error> refuse(Code code, std::string message) const {
    return fail(code, std::move(message), place());
  }

  // Nothing may be thrown or returned through expat: the error waits for its return.
  void note(Result<void> result) {
    if (result || error_) return;
    error_ = std::move(result.error());
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  Result<void> feed(std::string_view piece, uint64_t fed, bool is_last) {
    const auto status = XML_Parse(parser_.get(), piece.data(), static_cast<int>(piece.size()), is_last ? 1 : 0);
    if (error_) return std::unexpected(*std::move(error_));
    if (status != XML_STATUS_OK) return refuse(Code::kInvalid, problem_of(XML_GetErrorCode(parser_.get())));
    const auto done = XML_GetCurrentByteIndex(parser_.get());
    if (done >= 0 && fed > static_cast<uint64_t>(done) + kMaxTokenBytes)
      return refuse(Code::kLimit, "a tag is too long");
    return {};
  }

  static std::string problem_of(XML_Error error) {
    if (error == XML_ERROR_UNKNOWN_ENCODING) return "the XML declares an encoding that is not known: name it";
    return fmt::format("not well-formed XML: {}", XML_ErrorString(error));
  }

  Result<void> start(const XML_Char* full_name, const XML_Char** attributes) {
    if (error_) return {};
    if (++depth_ > kMaxXmlDepth) return refuse(Code::kLimit, fmt::format("deeper than {} elements", kMaxXmlDepth));
    const auto name = split(full_name);
    if (depth_ == 1) handler_.root(name.space);
    if (document_depth_ == 0) return look_for_document(name);
    const auto local = name.space == space_ ? name.local : std::string_view{};
    const int level = depth_ - document_depth_;
    if (level <= kContainerLevels) {
      containers_.emplace_back(local);
      return handler_.opened(local, line());
    }
    return open_element(local, attributes);
  }

  Result<void> look_for_document(const Name& name) {
    if (name.local != "Document") return {};
    if (seen_document_) return refuse(Code::kInvalid, "a second Document: one message a file");
    seen_document_ = true;
    document_depth_ = depth_;
    space_ = name.space;
    auto taken = handler_.document(space_);
    if (taken) return {};
    return refuse(taken.error().code, taken.error().message);
  }

  Result<void> open_element(std::string_view local, const XML_Char** attributes) {
    auto& element = open_.emplace_back();
    element.name = local;
    element.line = line();
    for (int count = 0; *attributes != nullptr; attributes += 2) {
      if (++count > kMaxXmlAttributes) {
        return refuse(Code::kLimit, fmt::format("more than {} attributes", kMaxXmlAttributes));
      }
      const std::string_view value = attributes[1];
      if (value.size() > kMaxXmlTextBytes) return refuse(Code::kLimit, "an attribute is too long");
      kept_bytes_ += value.size() + sizeof(element.attributes[0]);
      element.attributes.emplace_back(split(attributes[0]).local, value);
    }
    kept_bytes_ += sizeof(XmlElement);
    return check_kept();
  }

  Result<void> check_kept() const {
    if (kept_bytes_ <= kMaxXmlElementBytes) return {};
    return refuse(Code::kLimit, fmt::format("one entry of more than {} MiB", kMaxXmlElementBytes >> 20));
  }

  Result<void> append(std::string_view text) {
    if (error_ || open_.empty()) return {};
    auto& kept = open_.back().text;
    if (kept.size() + text.size() > kMaxXmlTextBytes) {
      return refuse(Code::kLimit, fmt::format("a text of more than {} KiB", kMaxXmlTextBytes >> 10));
    }
    kept += text;
    kept_bytes_ += text.size();
    return check_kept();
  }

  Result<void> end() {
    if (error_) return {};
    const int level = depth_-- - document_depth_;
    if (document_depth_ == 0) return {};
    if (level == 0) {
      document_depth_ = 0;
      return {};
    }
    if (level <= kContainerLevels) {
      const auto name = std::move(containers_.back());
      containers_.pop_back();
      return handler_.closed(name, line());
    }
    auto element = std::move(open_.back());
    open_.pop_back();
    element.text = trimmed(element.text);
    if (!open_.empty()) {
      open_.back().children.push_back(std::move(element));
      return {};
    }
    kept_bytes_ = 0;
    return handler_.element(containers_.back(), element);
  }

  const XmlHandler& handler_;
  std::unique_ptr<XML_ParserStruct, FreeParser> parser_;
  std::optional<Error> error_;
  int depth_ = 0;
  int document_depth_ = 0;  // 0 outside of it
  bool seen_document_ = false;
  std::string space_;
  std::vector<std::string> containers_;
  std::vector<XmlElement> open_;  // the element to be handed over and those open inside it
  size_t kept_bytes_ = 0;
};

}  // namespace

const XmlElement* XmlElement::find(std::string_view path) const {
  const size_t slash = path.find('/');
  const auto first = path.substr(0, slash);
  for (const auto& child : children) {
    if (child.name != first) continue;
    const auto* found = slash == std::string_view::npos ? &child : child.find(path.substr(slash + 1));
    if (found != nullptr) return found;
  }
  return nullptr;
}

std::string_view XmlElement::text_at(std::string_view path) const {
  const auto* found = find(path);
  return found == nullptr ? std::string_view{} : std::string_view(found->text);
}

std::string_view XmlElement::attribute(std::string_view wanted) const {
  const auto found = std::ranges::find(attributes, wanted, &std::pair<std::string, std::string>::first);
  return found == attributes.end() ? std::string_view{} : std::string_view(found->second);
}

Result<void> read_xml(TextFile& file, const char* encoding, const XmlHandler& handler) {
  return Reader(encoding, handler).read(file);
}

}  // namespace amity::events
