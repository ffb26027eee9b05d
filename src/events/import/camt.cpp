#include "events/import/camt.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>

#include "events/import/xml.h"

namespace amity::events {
namespace {

std::string_view first_of(const XmlElement& element, std::initializer_list<std::string_view> paths) {
  for (const auto path : paths) {
    if (const auto text = element.text_at(path); !text.empty()) return text;
  }
  return {};
}

const XmlElement* first_element(const XmlElement& element, std::initializer_list<std::string_view> paths) {
  for (const auto path : paths) {
    if (const auto* found = element.find(path)) return found;
  }
  return nullptr;
}

// A time without a zone is UTC, as everywhere in a mapping; a date with one is that date.
std::string moment_of(const XmlElement& element, std::string_view path) {
  const auto* choice = element.find(path);
  if (choice == nullptr) return {};
  const std::string text(first_of(*choice, {"DtTm", "Dt"}));
  const size_t time = text.find('T');
  if (time == std::string::npos) return text.substr(0, 10);
  const bool has_zone = text.find_first_of("Zz+-", time) != std::string::npos;
  return has_zone ? text : text + "Z";
}

Result<Money> money_of(const XmlElement& amount) {
  const auto currency = Currency::parse(amount.attribute("Ccy"));
  if (!currency) return invalid("the currency of an amount is missing or not known");
  const auto minor = statement_amount(amount.text, *currency);
  if (!minor) return invalid("an amount cannot be read");
  return Money{*minor, *currency};
}

// 1 of a credit, -1 of a debit, 0 where the element does not say.
int sign_of(const XmlElement& element) {
  const auto indicator = element.text_at("CdtDbtInd");
  return indicator == "CRDT" ? 1 : indicator == "DBIT" ? -1 : 0;
}

bool is_true(std::string_view text) { return text == "true" || text == "1"; }

std::string code_of(const XmlElement& element) {
  const auto* code = element.find("BkTxCd");
  if (code == nullptr) return {};
  const auto domain = code->text_at("Domn/Cd");
  if (domain.empty()) return std::string(code->text_at("Prtry/Cd"));
  return fmt::format("{}/{}/{}", domain, code->text_at("Domn/Fmly/Cd"), code->text_at("Domn/Fmly/SubFmlyCd"));
}

std::string remittance_of(const XmlElement& details) {
  std::string text;
  for (const auto& part : details.children) {
    if (part.name != "RmtInf") continue;
    for (const auto& line : part.children) {
      if (line.name != "Ustrd" || line.text.empty()) continue;
      if (!text.empty()) text += ' ';
      text += line.text;
    }
  }
  return text;
}

// Version 2 repeats Chrgs/Amt; later ones have a total, or records. Only what is in the entry's currency adds up.
Result<std::string> charges_of(const XmlElement& element, Currency currency) {
  int64_t sum = 0;
  const auto add = [&](const XmlElement& amount) -> Result<void> {
    const auto money = TRY(money_of(amount));
    if (money.currency == currency && money.amount_minor <= kMaxAmountMinor - sum) sum += money.amount_minor;
    return {};
  };
  for (const auto& charges : element.children) {
    if (charges.name != "Chrgs") continue;
    if (const auto* total = first_element(charges, {"TtlChrgsAndTaxAmt", "Amt"})) {
      TRY(add(*total));
      continue;
    }
    for (const auto& record : charges.children) {
      if (const auto* amount = record.find("Amt"); record.name == "Rcrd" && amount != nullptr) TRY(add(*amount));
    }
  }
  return sum == 0 ? std::string() : amount_text(sum, currency);
}

void put_if_any(StatementCells& cells, StatementColumn column, std::string_view text) {
  if (!text.empty()) cells[column] = text;
}

// The other side: who pays where money comes, who is paid where it goes; of a reversal the sides of what is reversed.
void put_parties(StatementCells& cells, const XmlElement& details, bool other_is_debtor) {
  const std::string side = other_is_debtor ? "Dbtr" : "Cdtr";
  if (const auto* parties = details.find("RltdPties")) {
    put_if_any(cells, kCounterparty,
               first_of(*parties, {side + "/Nm", side + "/Pty/Nm", side + "/Agt/FinInstnId/Nm", "Ultmt" + side + "/Nm",
                                   "Ultmt" + side + "/Pty/Nm"}));
    put_if_any(cells, kCounterpartyAccount, first_of(*parties, {side + "Acct/Id/IBAN", side + "Acct/Id/Othr/Id"}));
  }
  const std::string bank = "RltdAgts/" + side + "Agt/FinInstnId";
  put_if_any(cells, kCounterpartyBank,
             first_of(details, {bank + "/BICFI", bank + "/BIC", bank + "/ClrSysMmbId/MmbId", bank + "/Nm"}));
}

void put_details(StatementCells& cells, const XmlElement& details, bool other_is_debtor) {
  put_if_any(cells, kBankReference, details.text_at("Refs/AcctSvcrRef"));
  const auto end_to_end = details.text_at("Refs/EndToEndId");
  if (end_to_end != "NOTPROVIDED") put_if_any(cells, kEndToEnd, end_to_end);
  put_if_any(cells, kMandate, details.text_at("Refs/MndtId"));
  put_if_any(cells, kRemittance, remittance_of(details));
  put_if_any(cells, kCreditorReference, details.text_at("RmtInf/Strd/CdtrRefInf/Ref"));
  put_if_any(cells, kCreditorReference, details.text_at("RmtInf/Strd/CdtrRefInf/CdtrRef"));
  put_if_any(cells, kInformation, details.text_at("AddtlTxInf"));
  put_if_any(cells, kCode, code_of(details));
  put_parties(cells, details, other_is_debtor);
}

struct Share {
  const XmlElement* details;
  int64_t amount_minor;  // signed
};

// The transactions of an entry; `is_told`: each has an amount in the entry's currency.
struct Shares {
  std::vector<Share> all;
  bool is_told = true;
  __extension__ __int128 sum_minor = 0;
};

// The amount on the account's side: where it was converted, the details tell several.
std::optional<int64_t> amount_in(const XmlElement& details, Currency currency) {
  for (const auto path : {"Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt"}) {
    const auto* amount = details.find(path);
    if (amount == nullptr) continue;
    const auto money = money_of(*amount);
    if (money && money->currency == currency) return money->amount_minor;
  }
  return std::nullopt;
}

Shares shares_of(const XmlElement& entry, const Money& money, int sign) {
  Shares shares;
  for (const auto& part : entry.children) {
    if (part.name != "NtryDtls") continue;
    for (const auto& details : part.children) {
      if (details.name != "TxDtls") continue;
      const int own_sign = sign_of(details) == 0 ? sign : sign_of(details);
      const auto own = amount_in(details, money.currency);
      shares.is_told = shares.is_told && own;
      shares.all.push_back({&details, own_sign * own.value_or(0)});
      shares.sum_minor += shares.all.back().amount_minor;
    }
  }
  return shares;
}

std::string_view status_of(const XmlElement& entry) {
  const auto code = first_of(entry, {"Sts/Cd", "Sts"});
  if (code == "BOOK") return "booked";
  if (code == "PDNG") return "pending";
  if (code == "INFO") return "information";
  if (code == "FUTR") return "future";
  return {};
}

// "camt.053.001.08" of a namespace; empty where it names no message of ISO 20022.
std::string_view message_of(std::string_view space) {
  constexpr size_t kLength = 15;
  const auto is_message = [](std::string_view text) {
    for (size_t i = 0; i < kLength; ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      const bool fits = i < 4 ? std::islower(c) != 0 : i % 4 == 0 && i < 13 ? c == '.' : std::isdigit(c) != 0;
      if (!fits) return false;
    }
    return text.size() == kLength || std::isdigit(static_cast<unsigned char>(text[kLength])) == 0;
  };
  for (size_t at = 0; at + kLength <= space.size(); ++at) {
    if (is_message(space.substr(at))) return space.substr(at, kLength);
  }
  return {};
}

// What holds the entries of one account.
std::string_view container_of(std::string_view kind) {
  if (kind == "camt.052") return "Rpt";
  if (kind == "camt.053") return "Stmt";
  if (kind == "camt.054") return "Ntfctn";
  return {};
}

std::string message_named(std::string_view space) {
  const auto message = message_of(space);
  return message.empty() ? "XML, but no message of ISO 20022" : "a message " + std::string(message);
}

class Messages {
 public:
  explicit Messages(const StatementReading& reading) : reading_(reading) {}

  void root(std::string_view space) { root_ = space; }

  Result<void> document(std::string_view space) {
    const auto message = message_of(space);
    const auto kind = message.substr(0, 8);
    const auto wanted = reading_.message;
    const auto container = container_of(kind);
    const bool is_kind = !container.empty() && (wanted.empty() || kind == wanted);
    const bool is_version = message.size() == 15 && message.substr(9, 3) == "001" && message.substr(13) >= "02" &&
                            message.substr(13) <= "13";
    if (!is_kind || !is_version) return refuse(space);
    message_ = message;
    container_ = container;
    return {};
  }

  // What the file is instead of a statement.
  std::unexpected<Error> refuse(std::string_view space) const {
    const auto wanted =
        reading_.message.empty() ? std::string_view("camt.052, camt.053 or camt.054") : reading_.message;
    return invalid(
        fmt::format("the file is {}; {}, version 001.02 to 001.13, is read here", message_named(space), wanted), "1");
  }

  Result<void> opened(std::string_view name, int64_t line) {
    if (name != container_) return {};
    statement_.emplace(rows_, reading_, line);
    statement_->head()[kMessage] = message_;
    opening_ = closing_ = std::nullopt;
    closing_line_ = line;
    closing_day_.clear();
    is_page_ = false;
    return {};
  }

  Result<void> element(std::string_view container, const XmlElement& element) {
    if (container != container_ || !statement_) return {};
    auto& head = statement_->head();
    if (element.name == "Id") head[kStatement] = element.text;
    if (element.name == "ElctrncSeqNb") head[kStatementNumber] = element.text;
    if (element.name == "LglSeqNb" && head[kStatementNumber].empty()) head[kStatementNumber] = element.text;
    if (element.name == "StmtPgntn") {
      is_page_ = element.text_at("PgNb") != "1" || !is_true(element.text_at("LastPgInd"));
    }
    if (element.name == "Acct") head[kAccount] = first_of(element, {"Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id"});
    if (element.name == "Bal") balance(element);
    if (element.name == "Ntry") return entry(element);
    return {};
  }

  Result<void> closed(std::string_view name, int64_t line) {
    if (name != container_ || !statement_) return {};
    if (statement_->head()[kAccount].empty()) statement_->refuse({"Acct/Id", "it names no account", line});
    // The balances of one page of several are those of the whole statement.
    if (reading_.checks_balances && !is_page_) statement_->check(opening_, closing_, {"Bal", "", closing_line_});
    TRY(statement_->finish());
    statement_.reset();
    return {};
  }

  // Once all of the XML was read.
  Result<StatementRows> finish() && {
    if (message_.empty()) return refuse(root_);
    if (rows_.statements().empty()) return invalid(fmt::format("a {} without a statement", message_), "1");
    return std::move(rows_);
  }

 private:
  void balance(const XmlElement& element) {
    const auto kind = first_of(element, {"Tp/CdOrPrtry/Cd", "Tp/Cd"});
    const bool is_opening = kind == "OPBD" || (kind == "PRCD" && !opening_);
    if (!is_opening && kind != "CLBD") return;
    const auto* amount = element.find("Amt");
    const int sign = sign_of(element);
    if (amount == nullptr || sign == 0) {
      return statement_->refuse({"Bal", "a balance lacks amount or sign", element.line});
    }
    auto money = money_of(*amount);
    if (!money) return statement_->refuse({"Bal/Amt", money.error().message, amount->line});
    money->amount_minor *= sign;
    (is_opening ? opening_ : closing_) = *money;
    statement_->head()[is_opening ? kOpeningBalance : kClosingBalance] =
        amount_text(money->amount_minor, money->currency);
    if (is_opening) return;
    closing_line_ = element.line;
    closing_day_ = moment_of(element, "Dt").substr(0, 10);
  }

  Result<void> entry(const XmlElement& element) {
    statement_->begin_entry();
    const auto* amount = element.find("Amt");
    const int sign = sign_of(element);
    if (amount == nullptr) return statement_->lose_entry({"Ntry/Amt", "an entry has no amount", element.line});
    if (sign == 0) {
      return statement_->lose_entry({"Ntry/CdtDbtInd", "an entry is neither CRDT nor DBIT", element.line});
    }
    const auto money = money_of(*amount);
    if (!money) return statement_->lose_entry({"Ntry/Amt", money.error().message, amount->line});
    // ISO dates compare as texts; the schema has the balances before the entries.
    const bool is_later = !closing_day_.empty() && moment_of(element, "ValDt").substr(0, 10) > closing_day_;
    if (status_of(element) == "booked") statement_->count({sign * money->amount_minor, money->currency}, is_later);
    return put_entry(element, *money, sign);
  }

  Result<void> put_entry(const XmlElement& element, const Money& money, int sign) {
    EntryRow row{.cells = {}, .problem = {}, .line = element.line};
    auto& cells = row.cells;
    const bool is_reversal = is_true(element.text_at("RvslInd"));
    cells[kStatus] = status_of(element);
    if (cells[kStatus].empty()) {
      row.problem = {"Ntry/Sts", "the status is none of BOOK, PDNG, INFO and FUTR", row.line};
    }
    cells[kBooked] = moment_of(element, "BookgDt");
    cells[kValueDate] = moment_of(element, "ValDt");
    cells[kCurrency] = money.currency.code();
    cells[kReversal] = is_reversal ? "true" : "false";
    cells[kReference] = element.text_at("NtryRef");
    cells[kBankReference] = element.text_at("AcctSvcrRef");
    cells[kCode] = code_of(element);
    cells[kInformation] = element.text_at("AddtlNtryInf");
    put_charges(row, element, money.currency);
    put_amount(cells, sign * money.amount_minor, money.currency);
    const auto shares = shares_of(element, money, sign);
    const bool is_batch = shares.all.size() > 1 && shares.is_told;
    const bool adds_up = shares.sum_minor == sign * money.amount_minor;
    if (is_batch && adds_up) return put_shares(row, shares.all, money.currency, is_reversal);
    if (is_batch && reading_.checks_balances && row.problem.reason.empty()) {
      row.problem = {"NtryDtls/TxDtls", "its transactions together do not make its amount", row.line};
    }
    if (shares.all.size() == 1) put_details(cells, *shares.all[0].details, (sign > 0) != is_reversal);
    return statement_->add(std::move(row.cells), std::move(row.problem), row.line);
  }

  struct EntryRow {
    StatementCells cells;
    StatementProblem problem;
    int64_t line;
  };

  static void put_amount(StatementCells& cells, int64_t amount_minor, Currency currency) {
    cells[kAmount] = amount_text(amount_minor < 0 ? -amount_minor : amount_minor, currency);
    cells[kDirection] = amount_minor < 0 ? "debit" : "credit";
  }

  static void put_charges(EntryRow& row, const XmlElement& element, Currency currency) {
    auto charges = charges_of(element, currency);
    if (charges) row.cells[kCharges] = *std::move(charges);
    if (!charges && row.problem.reason.empty()) row.problem = {"Chrgs", "a charge cannot be read", row.line};
  }

  Result<void> put_shares(const EntryRow& entry, const std::vector<Share>& shares, Currency currency,
                          bool is_reversal) {
    for (size_t i = 0; i < shares.size(); ++i) {
      auto row = entry;
      row.line = shares[i].details->line;
      put_amount(row.cells, shares[i].amount_minor, currency);
      row.cells[kCharges].clear();  // the entry's are no transaction's
      put_charges(row, *shares[i].details, currency);
      put_details(row.cells, *shares[i].details, (shares[i].amount_minor > 0) != is_reversal);
      TRY(statement_->add(std::move(row.cells), std::move(row.problem), row.line, i + 1));
    }
    return {};
  }

  const StatementReading& reading_;
  std::string root_;     // namespace
  std::string message_;  // "camt.053.001.08"
  std::string_view container_;
  StatementRows rows_;
  std::optional<OpenStatement> statement_;
  std::optional<Money> opening_;
  std::optional<Money> closing_;
  int64_t closing_line_ = 0;
  std::string closing_day_;
  bool is_page_ = false;
};

}  // namespace

Result<StatementRows> read_camt(TextFile& file, const char* encoding, const StatementReading& reading) {
  Messages messages(reading);
  const XmlHandler handler = {
      .root = [&](std::string_view space) { messages.root(space); },
      .document = [&](std::string_view space) { return messages.document(space); },
      .opened = [&](std::string_view name, int64_t line) { return messages.opened(name, line); },
      .element = [&](std::string_view in, const XmlElement& element) { return messages.element(in, element); },
      .closed = [&](std::string_view name, int64_t line) { return messages.closed(name, line); },
  };
  TRY(read_xml(file, encoding, handler));
  return std::move(messages).finish();
}

}  // namespace amity::events
