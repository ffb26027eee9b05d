#include "events/import/mt940_details.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace amity::events {
namespace {

constexpr size_t kFullLine = 65;  // SWIFT's width: a line this long was broken, not ended

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append(std::string& text, std::string_view more, std::string_view between = "") {
  if (!text.empty() && !more.empty()) text += between;
  text += more;
}

std::string joined(const std::vector<std::string_view>& lines, bool is_structured) {
  std::string text;
  size_t last = kFullLine;
  for (const auto line : lines) {
    append(text, line, is_structured || last >= kFullLine ? "" : " ");
    last = line.size();
  }
  return text;
}

// The sign before each subfield, or NUL: "166?00", and "000>10".
char subfield_sign(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return '\0';
  text.remove_prefix(begin);
  const bool has_code = text.size() >= 6 && is_digit(text[0]) && is_digit(text[1]) && is_digit(text[2]);
  const bool has_subfield = has_code && is_digit(text[4]) && is_digit(text[5]);
  if (!has_subfield) return '\0';
  constexpr std::string_view kSigns = "?>~^|!*$%+";
  return kSigns.find(text[3]) == std::string_view::npos ? '\0' : text[3];
}

void put_subfield(int number, std::string_view text, StatementCells& cells) {
  const bool is_remittance = (number >= 20 && number <= 29) || (number >= 60 && number <= 63);
  if (is_remittance) append(cells[kRemittance], text);
  if (number == 0) append(cells[kInformation], text, " ");
  if (number == 30) cells[kCounterpartyBank] = text;
  if (number == 31 && cells[kCounterpartyAccount].empty()) cells[kCounterpartyAccount] = text;
  if (number == 38) cells[kCounterpartyAccount] = text;
  if (number == 32 || number == 33) append(cells[kCounterparty], text);
}

struct Keyword {
  std::string_view name;
  StatementColumn column;  // kInformation: with its name, where it has no column of its own
};

constexpr std::string_view kNoReference = "NOTPROVIDED";  // of SEPA, where the payer gave none

void put_keyword(const Keyword& keyword, std::string_view value, StatementCells& cells) {
  if (keyword.column == kEndToEnd && value == kNoReference) return;
  const bool is_named = keyword.column == kInformation && !value.empty();
  append(cells[keyword.column], is_named ? std::string(keyword.name) + std::string(value) : std::string(value), " ");
}

// SEPA's keywords inside the remittance, as German banks write them (DFÜ agreement, annex 3): EREF+, MREF+, SVWZ+ ...
// Each lasts until the next.
void split_keywords(StatementCells& cells) {
  static constexpr std::array kKeywords = {
      Keyword{"EREF+", kEndToEnd},       Keyword{"MREF+", kMandate},     Keyword{"SVWZ+", kRemittance},
      Keyword{"KREF+", kInformation},    Keyword{"ABWA+", kInformation}, Keyword{"ABWE+", kInformation},
      Keyword{"CRED+", kInformation},    Keyword{"DEBT+", kInformation}, Keyword{"COAM+", kInformation},
      Keyword{"OAMT+", kInformation},    Keyword{"BREF+", kInformation}, Keyword{"RREF+", kInformation},
      Keyword{"MTLG:", kInformation},    Keyword{"PURP+", kInformation}, Keyword{"IBAN+", kCounterpartyAccount},
      Keyword{"BIC+", kCounterpartyBank}};
  const std::string text = cells[kRemittance];
  struct Found {
    size_t at;
    const Keyword* keyword;
  };
  std::vector<Found> found;
  for (const auto& keyword : kKeywords) {
    if (const size_t at = text.find(keyword.name); at != std::string::npos) found.push_back({at, &keyword});
  }
  if (found.empty()) return;
  std::ranges::sort(found, {}, &Found::at);
  cells[kRemittance] = text.substr(0, found[0].at);
  for (size_t i = 0; i < found.size(); ++i) {
    const size_t begin = found[i].at + found[i].keyword->name.size();
    const size_t end = i + 1 < found.size() ? found[i + 1].at : text.size();
    put_keyword(*found[i].keyword, std::string_view(text).substr(begin, end - begin), cells);
  }
}

void put_subfields(std::string_view text, char sign, StatementCells& cells) {
  text.remove_prefix(text.find(sign));
  while (!text.empty()) {
    size_t end = 1;  // of this subfield: the next sign that two digits follow
    for (; end < text.size(); ++end) {
      const bool begins =
          text[end] == sign && end + 2 < text.size() && is_digit(text[end + 1]) && is_digit(text[end + 2]);
      if (begins) break;
    }
    const auto field = text.substr(0, end);
    if (field.size() >= 3) put_subfield((field[1] - '0') * 10 + (field[2] - '0'), field.substr(3), cells);
    text.remove_prefix(end);
  }
  split_keywords(cells);
}

// Keywords between slashes, as Dutch and other banks write them, "/EREF/../NAME/../REMI/..". Words that are not listed
// belong to the value they stand in.
constexpr std::array kSlashed = {
    Keyword{"/EREF/", kEndToEnd},        Keyword{"/MARF/", kMandate},      Keyword{"/MREF/", kMandate},
    Keyword{"/REMI/", kRemittance},      Keyword{"/NAME/", kCounterparty}, Keyword{"/IBAN/", kCounterpartyAccount},
    Keyword{"/BIC/", kCounterpartyBank}, Keyword{"/KREF/", kInformation},  Keyword{"/CNTP/", kCounterparty},
    Keyword{"/TRTP/", kInformation},     Keyword{"/TRCD/", kInformation},  Keyword{"/CSID/", kInformation},
    Keyword{"/PREF/", kInformation},     Keyword{"/RTRN/", kInformation},  Keyword{"/BENM/", kInformation},
    Keyword{"/ORDP/", kInformation},     Keyword{"/ADDR/", kInformation},  Keyword{"/ISDT/", kInformation},
    Keyword{"/PURP/", kInformation},     Keyword{"/ULTB/", kInformation},  Keyword{"/ULTC/", kInformation},
    Keyword{"/ULTD/", kInformation},     Keyword{"/UDTR/", kInformation},  Keyword{"/UCRD/", kInformation},
    Keyword{"/OCMT/", kInformation},     Keyword{"/CHGS/", kInformation},  Keyword{"/EXCH/", kInformation},
    Keyword{"/ID/", kInformation}};

// Account, bank, name and city of "/CNTP/NL..../INGBNL2A/NAME/CITY//".
void put_counterparty(std::string_view value, StatementCells& cells) {
  for (const auto column : {kCounterpartyAccount, kCounterpartyBank, kCounterparty}) {
    const size_t slash = value.find('/');
    cells[column] = value.substr(0, slash);
    if (slash == std::string_view::npos) return;
    value.remove_prefix(slash + 1);
  }
}

// "USTD//text" and "STRD/CUR/reference" tell which of both it is.
void put_remittance(std::string_view value, StatementCells& cells) {
  if (value.starts_with("STRD/CUR/")) {
    value.remove_prefix(9);
    cells[kCreditorReference] = value.substr(0, value.find('/'));
    return;
  }
  if (value.starts_with("USTD//")) value.remove_prefix(6);
  cells[kRemittance] = value;
}

const Keyword* slashed_at(std::string_view text) {
  const auto found =
      std::ranges::find_if(kSlashed, [&](const Keyword& keyword) { return text.starts_with(keyword.name); });
  return found == kSlashed.end() ? nullptr : &*found;
}

void put_slashed(std::string_view text, StatementCells& cells) {
  const Keyword* keyword = nullptr;
  size_t begin = 0;  // of its value
  const auto put = [&](size_t end) {
    if (keyword == nullptr) return;
    auto value = text.substr(begin, end - begin);
    if (value.ends_with('/')) value.remove_suffix(1);
    const bool is_kept = keyword->column != kInformation;  // all of the text stands there already
    if (keyword->name == "/CNTP/") return put_counterparty(value, cells);
    if (keyword->name == "/REMI/") return put_remittance(value, cells);
    if (is_kept && !value.empty() && value != kNoReference) cells[keyword->column] = value;
  };
  for (size_t at = text.find('/'); at != std::string_view::npos; at = text.find('/', at)) {
    const auto* next = slashed_at(text.substr(at));
    if (next == nullptr) {
      ++at;
      continue;
    }
    put(at);
    keyword = next;
    at += next->name.size() - 1;  // its last slash may begin the next: "/REMI//ISDT/"
    begin = std::min(at + 1, text.size());
  }
  put(text.size());
}

}  // namespace

void put_mt940_details(const std::vector<std::string_view>& lines, StatementCells& cells) {
  const auto tight = joined(lines, true);
  if (const char sign = subfield_sign(tight); sign != '\0') return put_subfields(tight, sign, cells);
  const auto text = joined(lines, false);
  append(cells[kInformation], text, " ");
  const bool is_slashed =
      std::ranges::any_of(kSlashed, [&](const Keyword& word) { return tight.starts_with(word.name); });
  if (is_slashed) return put_slashed(tight, cells);
  append(cells[kRemittance], text, " ");
  split_keywords(cells);
}

void put_mt940_numbered_lines(const std::vector<std::string_view>& lines, StatementCells& cells) {
  for (const auto line : lines) {
    if (line.size() < 3 || !is_digit(line[0]) || !is_digit(line[1])) continue;
    const int number = (line[0] - '0') * 10 + (line[1] - '0');
    const auto text = line.substr(2);
    if (number >= 1 && number <= 14) append(cells[kRemittance], text, " ");
    if (number == 15 || number == 16) append(cells[kCounterparty], text);
    if (number == 17) append(cells[kInformation], text, " ");
  }
}

}  // namespace amity::events
