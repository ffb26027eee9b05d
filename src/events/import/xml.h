// Messages of ISO 20022 read as they stream by, by expat: the only file that names it.
//
// A message is a Document in a namespace of its own, perhaps inside an envelope. Its first two levels (the message and
// its header or statements) are announced as they open and close; what stands inside those is handed over one whole
// element at a time. Hostile input ends with an error: no document type, so no entities but XML's own five; nothing
// deeper, longer or more numerous than the bounds below.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "events/import/text_file.h"

namespace amity::events {

constexpr int kMaxXmlDepth = 40;
constexpr int kMaxXmlAttributes = 32;                     // of one element
constexpr size_t kMaxXmlTextBytes = 64 * 1024;            // of one element's own text, or of one tag
constexpr size_t kMaxXmlElementBytes = 64 * 1024 * 1024;  // of one element handed over, as it is kept

struct XmlElement {
  std::string name;  // without namespace; empty where it is not the document's namespace
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string text;  // of all its own text, trimmed
  std::vector<XmlElement> children;
  int64_t line = 0;  // from 1

  const XmlElement* find(std::string_view path) const;    // the first "Acct/Id/IBAN", or null
  std::string_view text_at(std::string_view path) const;  // "" where there is none
  std::string_view attribute(std::string_view name) const;
};

struct XmlHandler {
  std::function<void(std::string_view space)> root;              // the outermost element's namespace, first of all
  std::function<Result<void>(std::string_view space)> document;  // its namespace
  std::function<Result<void>(std::string_view name, int64_t line)> opened;
  std::function<Result<void>(std::string_view container, const XmlElement& element)> element;
  std::function<Result<void>(std::string_view name, int64_t line)> closed;
};

// The file is read piece by piece. `encoding` overrides what the XML declaration says; null: as declared (UTF-8, UTF-16
// and Latin-1 are known). An error of the text has the place "LINE, column COLUMN"; one of the handler its own.
Result<void> read_xml(TextFile& file, const char* encoding, const XmlHandler& handler);

}  // namespace amity::events
