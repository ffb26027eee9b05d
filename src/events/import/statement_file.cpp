#include "events/import/statement_file.h"

#include <fmt/format.h>

#include "events/import/camt.h"
#include "events/import/mt940.h"

namespace amity::events {
namespace {

constexpr size_t kStartBytes = 256;

// In every encoding that is read "<" is its ASCII byte, perhaps beside a NUL.
bool is_xml(std::string_view start) {
  if (const auto mark = marked_encoding(start)) start.remove_prefix(*mark == Encoding::kUtf8 ? 3 : 2);
  constexpr std::string_view kSpace("\0 \t\r\n", 5);
  const size_t first = start.find_first_not_of(kSpace);
  return first != std::string_view::npos && start[first] == '<';
}

// What the XML declares, where it is neither one of XML's own encodings nor unknown: GBK, windows-1252.
std::optional<Encoding> declared_encoding(std::string_view start) {
  constexpr std::string_view kName = "encoding=";
  if (!start.starts_with("<?xml")) return std::nullopt;
  start = start.substr(0, start.find("?>"));
  const size_t at = start.find(kName);
  if (at == std::string_view::npos || start.size() < at + kName.size() + 2) return std::nullopt;
  start.remove_prefix(at + kName.size());
  const auto name = start.substr(1, start.find(start[0], 1) - 1);
  const auto encoding = parse_encoding(name);
  if (!encoding || *encoding == Encoding::kUtf8) return std::nullopt;
  return *encoding;
}

Result<StatementRows> read_xml_statements(TextFile& file, FileEncoding encoding, const StatementReading& reading) {
  const auto start = TRY(file.view(0, kStartBytes)).substr(0, kStartBytes);
  if (encoding.rule != EncodingRule::kNamed) {
    const auto declared = declared_encoding(start);
    if (!declared) return read_camt(file, nullptr, reading);
    encoding = {EncodingRule::kNamed, *declared};
  }
  TRY(decode(file, encoding));
  return read_camt(file, "UTF-8", reading);
}

}  // namespace

Result<StatementRows> read_statement_file(TextFile& file, const FileEncoding& encoding,
                                          const StatementReading& reading) {
  if (file.size() > kMaxStatementFileBytes) {
    return fail(Code::kLimit,
                fmt::format("statements of more than {} MiB: split the file", kMaxStatementFileBytes >> 20));
  }
  const bool wants_xml = reading.message.starts_with("camt");
  if (is_xml(TRY(file.view(0, kStartBytes)).substr(0, kStartBytes))) {
    if (!wants_xml && !reading.message.empty()) return invalid("the file is XML, no SWIFT message", "1");
    return read_xml_statements(file, encoding, reading);
  }
  if (wants_xml) return invalid(fmt::format("the file is no XML, so no {}", reading.message), "1");
  TRY(decode(file, encoding));
  return read_mt940(TRY(file.view(0, static_cast<size_t>(file.size()))), reading);
}

}  // namespace amity::events
