// The public samples of AMITY_DATA: messages of ISO 20022, and MT940 with what the library that collected them reads
// (YAML with type tags of another language, so read line by line).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/crypto.h"
#include "events/import/statement_file.h"
#include "events/statements.h"

namespace amity::events {
namespace {

struct Expected {
  std::string amount;  // signed
  std::string currency;
  std::string date;
  std::string entry_date;
  std::string code;
  std::string reference;
  std::string bank_reference;
};

std::string unquoted(std::string text) {
  if (text == "null") return {};
  const bool is_quoted = text.size() >= 2 && (text[0] == '\'' || text[0] == '"');
  if (!is_quoted) return text;
  const bool ends_here = text.back() == text.front();  // otherwise only spaces follow on the next line
  return text.substr(1, text.size() - (ends_here ? 2 : 1));
}

std::string without_nonref(std::string text) { return text == "NONREF" ? "" : text; }

// Two bytes of the year, month, day.
std::string date_of(std::string base64) {
  std::ranges::replace(base64, '+', '-');
  std::ranges::replace(base64, '/', '_');
  while (base64.ends_with('=')) base64.pop_back();
  const auto bytes = from_base64url(base64);
  if (!bytes || bytes->size() != 4) return {};
  const auto at = [&](size_t i) { return static_cast<int>((*bytes)[i]); };
  return fmt::format("{:04}-{:02}-{:02}", at(0) * 256 + at(1), at(2), at(3));
}

std::vector<std::string> lines_of_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// An amount of another number of decimals is the same amount.
std::string plain(std::string amount) {
  if (amount.find('.') == std::string::npos) return amount;
  while (amount.ends_with('0')) amount.pop_back();
  if (amount.ends_with('.')) amount.pop_back();
  return amount == "-0" ? "0" : amount;
}

std::vector<Expected> expected_entries(const std::vector<std::string>& lines) {
  std::vector<Expected> entries;
  auto at = std::ranges::find(lines, "transactions:");
  std::string key;
  for (; at != lines.end(); ++at) {
    if (at->starts_with("- !!python/object:mt940.models.Transaction")) entries.emplace_back();
    if (entries.empty()) continue;
    auto& entry = entries.back();
    const bool is_key = at->size() > 5 && at->starts_with("    ") && (*at)[4] != ' ' && (*at)[4] != '-';
    const size_t colon = at->find(": ");
    if (is_key) key = at->substr(4, at->find(':') - 4);
    const auto value = is_key && colon != std::string::npos ? unquoted(at->substr(colon + 2)) : std::string();
    if (key == "amount" && at->starts_with("      - ")) entry.amount = plain(unquoted(at->substr(8)));
    const bool is_date = !is_key && at->starts_with("      ") && at->ends_with("==");
    if (is_date && key == "date") entry.date = date_of(at->substr(6));
    if (is_date && key == "entry_date") entry.entry_date = date_of(at->substr(6));
    if (key == "currency") entry.currency = value;
    if (key == "id" && is_key) entry.code = value;
    if (key == "customer_reference" && is_key) entry.reference = without_nonref(value);
    if (key == "bank_reference" && is_key) entry.bank_reference = without_nonref(value);
  }
  return entries;
}

// "final_closing_balance" of the file's data.
std::string expected_balance(const std::vector<std::string>& lines, const std::string& name) {
  auto at = std::ranges::find_if(lines, [&](const auto& line) { return line.starts_with("  " + name + ":"); });
  for (; at != lines.end() && !at->starts_with("tags:"); ++at) {
    const size_t dash = at->find("- '");
    if (dash != std::string::npos) return plain(unquoted(at->substr(dash + 2)));
  }
  return {};
}

std::string difference(const Expected& expected, const StatementPart& part) {
  // That program gives the reversal of a credit (RC) the sign of the credit.
  const bool is_reversal = part.column("reversal") == "true";
  const auto differs = [&](std::string_view column, const std::string& wanted) {
    const std::string found(part.column(column));
    const auto amount = is_reversal ? std::string(part.column("amount")) : found;
    if (column == "currency" && found.empty()) return std::string();  // none is told in that statement
    const bool is_same = column == "signed_amount" ? plain(amount) == wanted : found == wanted;
    return is_same || wanted.empty() ? std::string() : fmt::format(" {} {} not {}", column, found, wanted);
  };
  auto code = expected.code;
  while (code.ends_with(' ')) code.pop_back();
  return differs("signed_amount", expected.amount) + differs("currency", expected.currency) +
         differs("value_date", expected.date) + differs("booked", expected.entry_date) + differs("code", code) +
         differs("reference", expected.reference) + differs("bank_reference", expected.bank_reference);
}

const char* data_folder() { return std::getenv("AMITY_DATA"); }

TEST(StatementSamples, of_mt940_agree_with_what_another_program_reads) {
  if (data_folder() == nullptr) GTEST_SKIP() << "set AMITY_DATA to the folder that holds mt940";
  int files = 0;
  int files_agreed = 0;
  int entries_agreed = 0;
  int entries_expected = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(data_folder()) / "mt940")) {
    const auto name = file.path().filename().string();
    if (name.ends_with(".yml") || name.ends_with(".md")) continue;
    ++files;
    std::vector<StatementPart> found;
    std::vector<std::string> openings;
    std::vector<std::string> closings;
    const bool is_hungarian = name.find("raiffeisen-cmi") != std::string::npos;
    const auto read = read_statements(file.path(), is_hungarian ? "cp852" : "", [&](const StatementPart& part) {
      if (part.kind == StatementPart::Kind::kEntry) found.push_back(part);
      openings.push_back(plain(std::string(part.column("opening_balance"))));
      closings.push_back(plain(std::string(part.column("closing_balance"))));
    });
    auto yaml = file.path();
    const auto lines = lines_of_file(yaml.replace_extension(".yml"));
    if (lines.empty()) {
      EXPECT_TRUE(read && !found.empty()) << name;
      files_agreed += read && !found.empty() ? 1 : 0;
      continue;
    }
    const auto expected = expected_entries(lines);
    std::string differences;
    if (found.size() != expected.size())
      differences += fmt::format(" {} entries not {}", found.size(), expected.size());
    for (size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
      const auto text = difference(expected[i], found[i]);
      entries_agreed += text.empty() ? 1 : 0;
      if (!text.empty()) differences += fmt::format(" entry {}:{}", i + 1, text);
    }
    entries_expected += static_cast<int>(expected.size());
    for (const auto& [balances, key] :
         {std::pair{&openings, "final_opening_balance"}, std::pair{&closings, "final_closing_balance"}}) {
      const auto wanted = expected_balance(lines, key);
      const bool is_there = wanted.empty() || std::ranges::find(*balances, wanted) != balances->end();
      if (!is_there) differences += fmt::format(" no {} {}", key, wanted);
    }
    files_agreed += differences.empty() ? 1 : 0;
    if (!differences.empty()) fmt::print("{}:{}\n", name, differences);
  }
  fmt::print("{} of {} files and {} of {} entries agree\n", files_agreed, files, entries_agreed, entries_expected);
  EXPECT_GE(files_agreed, files - 1);
}

TEST(StatementSamples, of_iso20022_are_read_where_they_are_statements_and_refused_otherwise) {
  if (data_folder() == nullptr) GTEST_SKIP() << "set AMITY_DATA to the folder that holds iso20022";
  int read_well = 0;
  int refused = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(data_folder()) / "iso20022")) {
    const auto name = file.path().filename().string();
    std::stringstream text;
    text << std::ifstream(file.path(), std::ios::binary).rdbuf();
    size_t is_statement = 0;
    for (const auto* message : {"xsd:camt.052", "xsd:camt.053", "xsd:camt.054"}) {
      is_statement += text.str().find(message) != std::string::npos ? 1 : 0;
    }
    int statements = 0;
    const auto read = read_statements(file.path(), "", [&](const StatementPart& part) {
      statements += part.kind == StatementPart::Kind::kStatement ? 1 : 0;
      if (part.kind == StatementPart::Kind::kProblem) {
        fmt::print("{}:{} {} {}\n", name, part.line, part.column("field"), part.column("reason"));
      }
    });
    EXPECT_EQ(read.has_value(), is_statement > 0) << name << ": " << (read ? "" : read.error().text());
    if (!read) fmt::print("{}\n", read.error().text().substr(0, 150));
    EXPECT_EQ(statements > 0, is_statement > 0) << name;
    (read ? read_well : refused) += 1;
  }
  fmt::print("{} statements read, {} other files refused\n", read_well, refused);
}

}  // namespace
}  // namespace amity::events
