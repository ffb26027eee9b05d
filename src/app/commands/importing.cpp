// Taking in a bank's own files, or a simulated one.
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <functional>
#include <utility>

#include "app/commands.h"
#include "events/import.h"
#include "simulator/bank.h"

namespace amity::app {
namespace {

constexpr size_t kBatchEvents = 1000;

struct Taken {
  int64_t new_or_known = 0;
  int64_t refused = 0;
  std::map<std::string, int64_t> reasons;
  std::vector<events::RejectedRow> rows;  // of an import: where the refused ones stand
};
// The row of an event, counted over the whole import.
using RowOf = std::function<events::RejectedRow(size_t event, const Error& error)>;

Result<void> take(Session& session, std::vector<events::Event> batch, Taken& taken, const RowOf& row_of = {}) {
  if (batch.empty()) return {};
  auto at = static_cast<size_t>(taken.new_or_known + taken.refused);
  for (const auto& answer : session.submit(batch)) {
    const size_t event = at++;
    if (answer) {
      ++taken.new_or_known;
      continue;
    }
    const auto code = answer.error().code;
    if (code == Code::kUnavailable || code == Code::kTimeout || code == Code::kLimit || code == Code::kInternal) {
      return std::unexpected(answer.error());  // what was answered is durable: run the import again to go on
    }
    ++taken.refused;
    ++taken.reasons[answer.error().text()];
    if (row_of && taken.rows.size() < events::kMaxRejectedRows) taken.rows.push_back(row_of(event, answer.error()));
  }
  return {};
}

std::string quoted(std::string text) {
  for (size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, 1, '"');
  return '"' + text + '"';
}

Result<void> write_rejects(const std::string& path, const std::vector<events::RejectedRow>& unread,
                           const std::vector<events::RejectedRow>& refused) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << "file,line,field,reason\n";
  for (const auto* rows : {&unread, &refused}) {
    for (const auto& row : *rows) {
      out << quoted(row.file) << ',' << row.line << ',' << quoted(row.field) << ',' << quoted(row.reason) << '\n';
    }
  }
  out.flush();
  if (!out) return fail(Code::kUnavailable, "the rejects file cannot be written", path);
  return {};
}

void print_refused(const Words& words, const Taken& taken) {
  for (const auto& [reason, count] : taken.reasons) {
    fmt::print("{}\n", words.say("say.events_refused", {{"events", grouped(count)}, {"reason", reason}}));
  }
}

json::object counts_of(const std::map<std::string, int64_t>& counts) {
  json::object out;
  for (const auto& [name, count] : counts) out[name] = count;
  return out;
}

}  // namespace

Result<int> import_files(Session& session) {
  const auto& words = session.words();
  const auto mapping_path = session.line().value("mapping");
  const auto mapping = TRY(read_whole_file(mapping_path));
  Progress reading(words.say("progress.reading"));
  auto import = TRY(events::Import::open(session.line().value("folder"), mapping,
                                         [&](const events::ImportProgress& p) { reading.at(p.bytes, p.bytes_total); }));
  Taken taken;
  const auto row_of = [&import](size_t event, const Error& error) {
    return import.row_of(event, error.place, error.message);
  };
  Progress taking(words.say("progress.taking_in"));
  for (;;) {
    auto batch = TRY(import.next_batch(kBatchEvents));
    if (batch.empty()) break;
    TRY(take(session, std::move(batch), taken, row_of));
    taking.at(import.progress().events, import.progress().events_total);
  }
  const auto rejected = import.rejected().size();
  const auto rejects = session.line().value("rejects", "rejects.csv");
  if (rejected > 0 || taken.refused > 0) TRY(write_rejects(rejects, import.rejected(), taken.rows));
  if (wants_json(session)) {
    show(session.line(), json::object{{"rows", import.progress().rows},
                                      {"events", counts_of(import.counts())},
                                      {"taken", taken.new_or_known},
                                      {"refused", counts_of(taken.reasons)},
                                      {"rejected_rows", static_cast<int64_t>(rejected)}});
    return taken.refused > 0 ? 1 : 0;
  }
  fmt::print("{}\n", words.say("say.imported",
                               {{"rows", grouped(import.progress().rows)}, {"events", grouped(taken.new_or_known)}}));
  for (const auto& [type, count] : import.counts()) {
    fmt::print("  {} {:>10}\n", Words::padded(words.word("event", type), 26), grouped(count));
  }
  if (rejected > 0) {
    fmt::print("{}\n",
               words.say("say.rows_rejected", {{"rows", grouped(static_cast<int64_t>(rejected))}, {"file", rejects}}));
  }
  print_refused(words, taken);
  if (taken.refused > 0) fmt::print("{}\n", words.say("say.rows_refused", {{"file", rejects}}));
  return taken.refused > 0 ? 1 : 0;
}

namespace {

Result<simulator::Options> options_of(const CommandLine& line) {
  simulator::Options options;
  options.customers = static_cast<int>(TRY(line.number("customers", 1, 10'000'000, 1000)));
  options.days = static_cast<int>(TRY(line.number("days", 1, 3660, 365)));
  options.seed = static_cast<uint64_t>(TRY(line.number("seed", 0, INT64_MAX, 1)));
  const auto start = parse_date(line.value("start", "2024-01-01"));
  if (!start) return invalid(start.error().message, "--start");
  options.start = *start;
  if (const auto text = line.value("payments-a-day"); !text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), options.payments_a_day);
    if (error != std::errc{} || end != text.data() + text.size())
      return invalid("a number such as 0.5 is expected", "--payments-a-day");
  }
  options.threads = 2;
  return options;
}

// History is taken in batches of many days where they are quiet; live days one by one, decided as they happen.
class Filling {
 public:
  explicit Filling(Session& session) : session_(session) {}

  Result<void> live_through(simulator::Day day, bool is_live) {
    for (auto& event : day.events) {
      event.is_history = !is_live;
      waiting_.push_back(std::move(event));
      if (waiting_.size() == kBatchEvents) TRY(flush());
    }
    return is_live ? flush() : Result<void>();
  }
  Result<void> flush() { return take(session_, std::exchange(waiting_, {}), taken_); }
  const Taken& taken() const { return taken_; }

 private:
  Session& session_;
  std::vector<events::Event> waiting_;
  Taken taken_;
};

}  // namespace

Result<int> simulate(Session& session) {
  const auto& line = session.line();
  const auto options = TRY(options_of(line));
  const auto live_days = TRY(line.number("live-days", 0, options.days, 0));
  auto bank = TRY(simulator::Bank::create(options));
  std::ofstream truth;
  const auto truth_path = line.value("truth");
  if (!truth_path.empty()) truth.open(truth_path, std::ios::trunc);
  if (!truth_path.empty() && !truth) return fail(Code::kUnavailable, "the file cannot be written", truth_path);
  Filling filling(session);
  Progress progress(session.words().say("progress.simulating"));
  for (int day = 0; !bank.is_over(); ++day) {
    auto today = bank.next_day();
    for (const auto& fact : today.truths) truth << simulator::truth_line(fact) << '\n';
    const bool is_live = day >= options.days - live_days;
    if (is_live) TRY(filling.flush());
    TRY(filling.live_through(std::move(today), is_live));
    progress.at(day + 1, options.days);
  }
  TRY(filling.flush());
  truth.flush();
  if (!truth_path.empty() && !truth) return fail(Code::kUnavailable, "the file cannot be written", truth_path);
  const Taken& taken = filling.taken();
  if (wants_json(session)) {
    show(line, json::object{{"events", taken.new_or_known}, {"refused", counts_of(taken.reasons)}});
  } else {
    fmt::print("{}\n", session.words().say("say.simulated", {{"events", grouped(taken.new_or_known)},
                                                             {"customers", grouped(options.customers)},
                                                             {"days", std::to_string(options.days)}}));
    print_refused(session.words(), taken);
  }
  return taken.refused > 0 ? 1 : 0;
}

Result<void> simulate_in_two_parts(Session& session, const std::function<Result<void>(const char* model)>& train) {
  const auto options = TRY(options_of(session.line()));
  auto bank = TRY(simulator::Bank::create(options));
  Filling filling(session);
  Progress progress(session.words().say("progress.simulating"));
  const int first_live_day = options.days - options.days / 10;
  for (int day = 0; !bank.is_over(); ++day) {
    const bool is_live = day >= first_live_day;
    if (day == first_live_day) {
      TRY(filling.flush());
      progress.clear();
      for (const auto* model : {"credit.default", "fraud.payment"}) TRY(train(model));
    }
    TRY(filling.live_through(bank.next_day(), is_live));
    progress.at(day + 1, options.days);
  }
  TRY(filling.flush());
  print_refused(session.words(), filling.taken());
  return {};
}

}  // namespace amity::app
