// Taking in a bank's own files, or a simulated one.
#include <fmt/format.h>

#include <fstream>

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
};

Result<void> take(Session& session, std::vector<events::Event> batch, Taken& taken) {
  if (batch.empty()) return {};
  for (const auto& answer : session.submit(batch)) {
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
  }
  return {};
}

Result<void> write_rejects(const std::string& path, const std::vector<events::RejectedRow>& rows) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << "file,line,field,reason\n";
  for (const auto& row : rows) {
    std::string reason = row.reason;
    for (size_t at = 0; (at = reason.find('"', at)) != std::string::npos; at += 2) reason.insert(at, 1, '"');
    out << row.file << ',' << row.line << ',' << row.field << ",\"" << reason << "\"\n";
  }
  out.flush();
  if (!out) return fail(Code::kUnavailable, "the rejects file cannot be written", path);
  return {};
}

json::object counts_of(const std::map<std::string, int64_t>& counts) {
  json::object out;
  for (const auto& [name, count] : counts) out[name] = count;
  return out;
}

}  // namespace

Result<int> import_files(Session& session) {
  const auto mapping_path = session.line().value("mapping");
  const auto mapping = TRY(read_whole_file(mapping_path));
  Progress reading("Reading");
  auto import = TRY(events::Import::open(session.line().value("folder"), mapping,
                                         [&](const events::ImportProgress& p) { reading.at(p.bytes, p.bytes_total); }));
  Taken taken;
  Progress taking("Taking in events");
  for (;;) {
    auto batch = TRY(import.next_batch(kBatchEvents));
    if (batch.empty()) break;
    TRY(take(session, std::move(batch), taken));
    taking.at(import.progress().events, import.progress().events_total);
  }
  const auto rejected = import.rejected().size();
  const auto rejects = session.line().value("rejects", "rejects.csv");
  if (rejected > 0) TRY(write_rejects(rejects, import.rejected()));
  if (wants_json(session)) {
    show(session.line(), json::object{{"rows", import.progress().rows},
                                      {"events", counts_of(import.counts())},
                                      {"taken", taken.new_or_known},
                                      {"refused", counts_of(taken.reasons)},
                                      {"rejected_rows", static_cast<int64_t>(rejected)}});
    return taken.refused > 0 ? 1 : 0;
  }
  fmt::print("{} rows read, {} events in the log (repeats count once)\n", grouped(import.progress().rows),
             grouped(taken.new_or_known));
  for (const auto& [type, count] : import.counts()) fmt::print("  {:<26} {:>10}\n", type, grouped(count));
  if (rejected > 0) fmt::print("{} rows did not fit: see {}\n", grouped(static_cast<int64_t>(rejected)), rejects);
  for (const auto& [reason, count] : taken.reasons) fmt::print("{} events refused: {}\n", grouped(count), reason);
  return taken.refused > 0 ? 1 : 0;
}

namespace {

Result<simulator::Options> options_of(const CommandLine& line) {
  simulator::Options options;
  options.customers = static_cast<int>(TRY(line.number("customers", 1, 10'000'000, 1000)));
  options.days = static_cast<int>(TRY(line.number("days", 1, 3660, 365)));
  options.seed = static_cast<uint64_t>(TRY(line.number("seed", 0, INT64_MAX, 1)));
  options.start = TRY(parse_date(line.value("start", "2024-01-01")));
  options.threads = 2;
  return options;
}

// One day into the engine; `is_live`: decided as it happens.
Result<void> take_day(Session& session, const simulator::Day& day, bool is_live, Taken& taken) {
  for (size_t at = 0; at < day.events.size(); at += kBatchEvents) {
    const auto end = std::min(day.events.size(), at + kBatchEvents);
    std::vector<events::Event> batch(day.events.begin() + static_cast<std::ptrdiff_t>(at),
                                     day.events.begin() + static_cast<std::ptrdiff_t>(end));
    for (auto& event : batch) event.is_history = !is_live;
    TRY(take(session, std::move(batch), taken));
  }
  return {};
}

}  // namespace

Result<int> simulate(Session& session) {
  const auto& line = session.line();
  const auto options = TRY(options_of(line));
  const auto live_days = TRY(line.number("live-days", 0, options.days, 0));
  auto bank = TRY(simulator::Bank::create(options));
  std::ofstream truth;
  if (const auto path = line.value("truth"); !path.empty()) truth.open(path, std::ios::trunc);
  Taken taken;
  Progress progress("Simulating days");
  for (int day = 0; !bank.is_over(); ++day) {
    const auto today = bank.next_day();
    for (const auto& fact : today.truths) truth << simulator::truth_line(fact) << '\n';
    TRY(take_day(session, today, day >= options.days - live_days, taken));
    progress.at(day + 1, options.days);
  }
  if (wants_json(session)) {
    show(line, json::object{{"events", taken.new_or_known}, {"refused", counts_of(taken.reasons)}});
  } else {
    fmt::print("{} events of {} customers over {} days\n", grouped(taken.new_or_known), grouped(options.customers),
               options.days);
    for (const auto& [reason, count] : taken.reasons) fmt::print("{} events refused: {}\n", grouped(count), reason);
  }
  return taken.refused > 0 ? 1 : 0;
}

Result<void> simulate_in_two_parts(Session& session, const std::function<Result<void>(const char* model)>& train) {
  const auto options = TRY(options_of(session.line()));
  auto bank = TRY(simulator::Bank::create(options));
  Taken taken;
  Progress progress("Simulating days");
  const int first_live_day = options.days - options.days / 10;
  for (int day = 0; !bank.is_over(); ++day) {
    if (day == first_live_day) {
      for (const auto* model : {"credit.default", "fraud.payment"}) TRY(train(model));
    }
    TRY(take_day(session, bank.next_day(), day >= first_live_day, taken));
    progress.at(day + 1, options.days);
  }
  for (const auto& [reason, count] : taken.reasons) fmt::print("{} events refused: {}\n", grouped(count), reason);
  return {};
}

}  // namespace amity::app
