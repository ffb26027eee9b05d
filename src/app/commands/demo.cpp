// A demo bank: simulated customers, trained models, one user for each role; then served like any other bank.
//
// A note beside the data (owner only) says that the bank is complete and repeats how to sign in. While the bank is
// being made it says with which options: after a making that was cut short the same ones make the same events again,
// which the log counts once, so it simply goes on.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "app/commands.h"

namespace amity::app {
namespace {

const SystemClock kClock;

struct DemoUser {
  const char* name;
  security::Role role;
};
constexpr DemoUser kDemoUsers[] = {
    {"demo.manager", security::Role::kRelationshipManager},
    {"demo.agent", security::Role::kServiceAgent},
    {"demo.marketer", security::Role::kMarketer},
    {"demo.analyst", security::Role::kRiskAnalyst},
    {"demo.compliance", security::Role::kComplianceOfficer},
    {"demo.scientist", security::Role::kDataScientist},
    {"demo.admin", security::Role::kAdministrator},
    {"demo.customer", security::Role::kCustomer},
};
constexpr const char* kDemoCustomer = "c000001";  // whom demo.customer is: the simulated bank's first

std::string note_path(const Configuration& configuration) { return configuration.data_path() + ".demo"; }

// In one piece or not at all: it replaces the one before it.
Result<void> write_note(const std::string& path, const std::string& note) {
  const auto fresh = path + ".new";
  unlink(fresh.c_str());
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return fail(Code::kUnavailable, "the demo's note cannot be written", path);
  const bool is_written =
      ::write(file, note.data(), note.size()) == static_cast<ssize_t>(note.size()) && fsync(file) == 0;
  ::close(file);
  if (!is_written || rename(fresh.c_str(), path.c_str()) != 0) {
    return fail(Code::kUnavailable, "the demo's note cannot be written", path);
  }
  return {};
}

// Added, or where an earlier making was cut short, given a new password.
Result<void> make_demo_users(Engine& engine, const std::string& password) {
  auto& users = engine.users();
  const auto customer = engine.services().pseudonyms.of({events::EntityKind::kCustomer, kDemoCustomer}).id;
  for (const auto& [name, role] : kDemoUsers) {
    const auto who = role == security::Role::kCustomer ? std::optional(CustomerId{customer}) : std::nullopt;
    const auto known = users.find(local_operator(), name);
    const auto code = known ? users.reset_password(local_operator(), known->id)
                            : users.add(local_operator(),
                                        {.name = name, .roles = {role}, .unit = "/", .customer = who, .is_demo = true});
    if (!code) return std::unexpected(code.error());
    TRY(users.redeem(name, *code, password));
  }
  return {};
}

// Trained by the operator, approved by the demo's analyst: a second person who is none, so the version, the audit
// entries and the users say that they are a demo's.
Result<void> train_and_approve(Engine& engine, const Words& words, const std::string& model,
                               const std::string& password) {
  if (TRY(engine.models().live(model))) return {};
  fmt::print("{}\n", words.say("say.training", {{"model", model}}));
  std::fflush(stdout);
  const Elapsed elapsed(words.say("progress.working"));
  const auto trained = engine.train(local_operator(), model, {{"until", ""}, {"seed", -1}, {"mark", "demo"}});
  if (!trained && trained.error().code == Code::kUnprocessable) {
    fmt::print("  {}\n", words.say("say.left_out", {{"reason", trained.error().text()}, {"model", model}}));
    return {};
  }
  if (!trained) return std::unexpected(trained.error());
  const auto second = TRY(engine.users().verify_credential("demo.analyst", password));
  const auto bytes = TRY(from_hex(trained->at("fingerprint").as_string()));
  Digest fingerprint{};
  std::copy(bytes.begin(), bytes.end(), fingerprint.begin());
  TRY(engine.models().take_step(second, fingerprint, models::Action::kApprove, "demo"));
  TRY(engine.models().take_step(second, fingerprint, models::Action::kActivate, "demo"));
  return {};
}

constexpr std::string_view kUnfinished = "unfinished:";

// A bank of the last two years, up to yesterday, so that whoever decides now finds accounts with a recent history.
CommandLine simulation_of(const CommandLine& line) {
  CommandLine simulation = line;
  for (const auto& [key, otherwise] : {std::pair{"customers", "1000"}, {"days", "730"}, {"payments-a-day", "0.03"}}) {
    simulation.values[key] = line.value(key, otherwise);
  }
  simulation.values["seed"] = line.value("seed", "1");
  const int days = std::clamp(std::atoi(simulation.values["days"].c_str()), 1, 3660);  // refused later where beyond
  simulation.values["start"] = line.value("start", format(Date{date_of(kClock.now()).days - days}));
  return simulation;
}

constexpr const char* kRemembered[] = {"customers", "days", "payments-a-day", "seed", "start"};

// "unfinished: customers=1000 days=730 ...": what a making that was cut short goes on with.
std::string unfinished_note(const CommandLine& simulation) {
  std::string note(kUnfinished);
  for (const auto* key : kRemembered) note += fmt::format(" {}={}", key, simulation.value(key));
  return note + "\n";
}

CommandLine as_begun(CommandLine line, const std::string& note) {
  for (const auto* key : kRemembered) {
    const auto sign = fmt::format(" {}=", key);
    const size_t at = note.find(sign);
    if (at == std::string::npos) continue;
    const size_t begin = at + sign.size();
    line.values[key] = note.substr(begin, note.find_first_of(" \n", begin) - begin);
  }
  return line;
}

Result<std::string> make_demo(const CommandLine& simulation, const Configuration& configuration, const Words& words) {
  const auto password = "demo-" + to_base64url(random_bytes(9));
  fmt::print("{}\n", words.say("say.filling", {{"database", configuration.database},
                                               {"customers", simulation.value("customers")},
                                               {"days", simulation.value("days")}}));
  std::fflush(stdout);
  {
    const auto session = TRY(Session::open(simulation, kClock));
    auto* engine = TRY(session->engine_needed("making the demo bank"));
    TRY(write_note(note_path(configuration), unfinished_note(simulation)));
    TRY(engine->users().first_administrator_code("admin"));  // before others could be taken for the first
    TRY(make_demo_users(*engine, password));
    // The last tenth is lived with the models: what they were trained on lies before it.
    TRY(simulate_in_two_parts(*session,
                              [&](const char* model) { return train_and_approve(*engine, words, model, password); }));
  }
  std::string note = words.say("say.demo_users", {{"password", password}}) + "\n";
  for (const auto& [name, role] : kDemoUsers) {
    note += fmt::format("  {:<18}{}", name, security::name_of(role));
    note += role == security::Role::kCustomer ? fmt::format(" {}\n", kDemoCustomer) : "\n";
  }
  TRY(write_note(note_path(configuration), note));
  return note;
}

// A bank that is neither empty nor a demo cut short is served as it is.
Result<bool> is_empty(const Configuration& configuration) {
  const auto engine = TRY(Engine::open(configuration, kClock));
  return TRY(engine->event_count()) == 0;
}

// A new code for the first administrator as long as nobody has used one, and how to set a password with it.
Result<std::string> administrator_line(const Configuration& configuration, const Words& words) {
  const auto engine = TRY(Engine::open(configuration, kClock));
  const auto admin = engine->users().find(local_operator(), "admin");
  if (!admin || admin->has_password) return std::string();
  const auto code = TRY(engine->users().reset_password(local_operator(), admin->id));
  const auto* scheme = configuration.tls_certificate.empty() ? "http" : "https";
  return fmt::format(
      "{3}\n"
      "  curl {1}://{2}/v1/passwords -H 'Content-Type: application/json' \\\n"
      "    -d '{{\"name\": \"admin\", \"one_time_code\": \"{0}\", \"new_password\": \"...\"}}'\n",
      code, scheme, configuration.listen, words.say("say.first_administrator", {{"code", code}}));
}

}  // namespace

Result<int> demo(const CommandLine& line) {
  const auto configuration = TRY(configuration_of(line));
  const auto words = TRY(Words::read(configuration.institution, language_of(line)));
  auto note = read_whole_file(note_path(configuration)).value_or("");
  if (TRY(is_empty(configuration))) {
    note = TRY(make_demo(simulation_of(line), configuration, words));
  } else if (note.starts_with(kUnfinished)) {
    note = TRY(make_demo(as_begun(line, note), configuration, words));
  }
  if (line.has("prepare-only")) return fmt::print("{}", note), 0;
  return serve_engine(configuration, words, note + TRY(administrator_line(configuration, words)));
}

}  // namespace amity::app
