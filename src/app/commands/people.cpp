// Customers, users, the audit chain, backups: what people look after.
#include <fmt/format.h>
#include <sys/statvfs.h>

#include <filesystem>

#include "app/commands.h"

namespace amity::app {
namespace {

using api::Method;

std::string text(const json::value& value) { return std::string(value.as_string()); }

// A value of a record for one line: text as it is, anything else as JSON.
std::string plain(const json::value& value) { return value.is_string() ? text(value) : write_json(value); }

void print_values(const json::value& values) {
  for (const auto& field : values.as_object()) {
    const auto& from = field.value().at("from");
    fmt::print("  {:<18} {}   [{} from {}, event {}]\n", std::string(field.key()), plain(field.value().at("value")),
               text(from.at("time")).substr(0, 10), text(from.at("source")), from.at("seq").as_int64());
  }
}

std::string customer_path(Session& session) {
  return "/v1/customers/" + api::percent_encoded(session.line().value("customer"));
}

}  // namespace

Result<int> show_customer(Session& session) {
  auto path = customer_path(session);
  if (const auto at = session.line().value("at"); !at.empty()) path += "?at=" + api::percent_encoded(at);
  const auto profile = TRY(session.call(Method::kGet, path));
  if (wants_json(session)) return show(session.line(), profile), 0;
  fmt::print("Customer {}\n", text(profile.at("reference")));
  print_values(profile.at("values"));
  for (const auto& account : profile.at("accounts").as_array()) {
    fmt::print("Account {}, {} transactions\n", text(account.at("reference")),
               grouped(account.at("transaction_count").as_int64()));
    print_values(account.at("values"));
    for (const auto& holder : account.at("holders").as_object()) {
      fmt::print("  held by            customer {} as {}\n", std::string(holder.key()),
                 text(holder.value().at("role")));
    }
  }
  for (const auto& consent : profile.at("consents").as_object()) {
    fmt::print("Consent to {}: {}\n", std::string(consent.key()),
               consent.value().at("given").as_bool() ? "given" : "withdrawn");
  }
  return 0;
}

Result<int> find_customer(Session& session) {
  const auto answer =
      TRY(session.call(Method::kGet, "/v1/customers?query=" + api::percent_encoded(session.line().value("query"))));
  if (wants_json(session)) return show(session.line(), answer), 0;
  for (const auto& found : answer.at("customers").as_array()) {
    const auto name = text(found.at("name"));
    fmt::print("{:<16} {}\n", text(found.at("customer")), name.empty() ? "(no name on record)" : name);
  }
  if (answer.at("customers").as_array().empty()) fmt::print("nobody found\n");
  return 0;
}

Result<int> show_timeline(Session& session) {
  const auto limit = TRY(session.line().number("limit", 1, 200, 20));
  const auto page =
      TRY(session.call(Method::kGet, customer_path(session) + "/timeline?limit=" + std::to_string(limit)));
  if (wants_json(session)) return show(session.line(), page), 0;
  for (const auto& event : page.at("events").as_array()) {
    fmt::print("{}  {:<24} {}  {}\n", text(event.at("time")), text(event.at("type")), text(event.at("subject")),
               write_json(event.at("data")));
  }
  return 0;
}

Result<int> erase_customer(Session& session) {
  const auto answer = TRY(session.call(Method::kPost, customer_path(session) + "/erasure",
                                       json::object{{"basis", session.line().value("basis")}}));
  if (wants_json(session)) return show(session.line(), answer), 0;
  fmt::print(
      "erased, with {} accounts nobody else held. Make a new backup of the keys now: older ones still hold the key.\n",
      answer.at("accounts_erased").as_int64());
  return 0;
}

Result<int> verify_audit(Session& session) {
  const auto answer = TRY(session.call(Method::kGet, "/v1/audit/verification"));
  const bool is_intact = answer.at("is_intact").as_bool();
  if (wants_json(session)) {
    show(session.line(), answer);
  } else {
    fmt::print("{} entries, {} checkpoints fit: {}\n", grouped(answer.at("entries").as_int64()),
               answer.at("checkpoints").as_int64(), is_intact ? "intact" : "NOT INTACT");
    for (const auto& finding : answer.at("findings").as_array()) {
      fmt::print("  entry {}: {}\n", finding.at("seq").as_int64(), text(finding.at("text")));
    }
  }
  return is_intact ? 0 : 1;
}

Result<int> make_checkpoint(Session& session) {
  const auto answer = TRY(session.call(Method::kPost, "/v1/audit/checkpoints"));
  fmt::print("{}\n", wants_json(session) ? write_json(answer) : text(answer.at("text")));
  return 0;
}

Result<int> add_user(Session& session) {
  const auto& line = session.line();
  json::array roles;
  std::string_view rest;
  const auto given = line.value("roles");
  for (rest = given; !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    roles.push_back(json::string(rest.substr(0, comma)));
    rest.remove_prefix(std::min(rest.size(), comma + 1));
  }
  const auto answer = TRY(session.call(
      Method::kPost, "/v1/users",
      json::object{{"name", line.value("name")}, {"roles", std::move(roles)}, {"unit", line.value("unit", "/")}}));
  if (wants_json(session)) return show(line, answer), 0;
  fmt::print("one-time code: {}\nThe person sets a password with: amity user set-password {} --code CODE\n",
             text(answer.at("one_time_code")), line.value("name"));
  return 0;
}

Result<int> list_users(Session& session) {
  const auto answer = TRY(session.call(Method::kGet, "/v1/users?limit=200"));
  if (wants_json(session)) return show(session.line(), answer), 0;
  for (const auto& user : answer.at("users").as_array()) {
    fmt::print("{:<20} {:<40} {}{}\n", text(user.at("name")), write_json(user.at("roles")), text(user.at("unit")),
               user.at("is_disabled").as_bool() ? "  disabled" : "");
  }
  return 0;
}

Result<int> set_password(Session& session) {
  const auto password = TRY(ask_password("New password of " + session.line().value("name")));
  TRY(session.call(Method::kPost, "/v1/passwords",
                   json::object{{"name", session.line().value("name")},
                                {"one_time_code", session.line().value("code")},
                                {"new_password", password}}));
  fmt::print("the password is set\n");
  return 0;
}

Result<int> back_up(Session& session) {
  const auto answer =
      TRY(session.call(Method::kPost, "/v1/backups", json::object{{"name", session.line().value("name")}}));
  if (wants_json(session)) return show(session.line(), answer), 0;
  fmt::print("{} ({} bytes), checked. The keys are not in it: their newest backup stands beside it.\n",
             text(answer.at("path")), grouped(answer.at("bytes").as_int64()));
  return 0;
}

// Here with its progress; where a server holds the database, by its route.
Result<json::value> rebuilt(Session& session, bool is_check) {
  auto* engine = session.engine();
  if (engine == nullptr) {
    return session.call(Method::kPost, "/v1/rebuilds", json::object{{"is_check", is_check}});
  }
  Progress progress("Building records from the log");
  return customers::to_json(
      TRY(engine->rebuild(session.caller(), is_check, [&](int64_t seq, int64_t last) { progress.at(seq, last); })));
}

Result<int> rebuild(Session& session) {
  const bool is_check = session.line().has("check");
  const auto answer = TRY(rebuilt(session, is_check));
  const auto differences = answer.at("differences").as_int64();
  if (wants_json(session)) {
    show(session.line(), answer);
  } else {
    fmt::print("{} customers and {} accounts built again from the log, {} differences{}\n",
               grouped(answer.at("customers").as_int64()), grouped(answer.at("accounts").as_int64()),
               grouped(differences),
               differences == 0 ? ""
               : is_check       ? ", left as they are"
                                : ", put right");
  }
  return differences == 0 || !is_check ? 0 : 1;
}

Result<int> doctor(Session& session) {
  int defects = 0;
  const auto say = [&](std::string_view what, const Result<std::string>& found) {
    defects += found ? 0 : 1;
    fmt::print("{} {:<12} {}\n", found ? "ok  " : "BAD ", what, found ? *found : found.error().text());
  };
  if (auto* engine = session.engine()) {
    const auto health = engine->health();
    say("database",
        health ? Result<std::string>("opens, writes and acknowledges durably") : std::unexpected(health.error()));
    const auto path = engine->configuration().data_path();
    struct statvfs disk{};
    if (statvfs(std::filesystem::path(path).parent_path().c_str(), &disk) == 0) {
      const auto free_mib = static_cast<int64_t>(disk.f_bavail * disk.f_frsize / (1024 * 1024));
      say("disk", free_mib > 512 ? Result<std::string>(grouped(free_mib) + " MiB free")
                                 : fail(Code::kLimit, grouped(free_mib) + " MiB free: make room"));
    }
  } else {
    const auto ready = session.call(Method::kGet, "/readyz");
    say("server", ready ? Result<std::string>("ready") : std::unexpected(ready.error()));
  }
  const auto audit = session.call(Method::kGet, "/v1/audit/verification");
  if (audit && audit->at("is_intact").as_bool()) {
    say("audit", grouped(audit->at("entries").as_int64()) + " entries, the chain is intact");
  } else {
    say("audit",
        audit ? fail(Code::kConflict, "the chain is broken: see amity audit verify") : std::unexpected(audit.error()));
  }
  return defects == 0 ? 0 : 1;
}

Result<int> restore(const CommandLine& line) {
  static const SystemClock clock;
  const auto configuration = TRY(configuration_of(line));
  if (!std::filesystem::exists(configuration.key_file)) {
    return not_found("a backup opens with the key file it was made under: put it there, or give --key-file",
                     configuration.key_file);
  }
  make_data_folder(configuration);
  const security::KeyStoreOptions key_options{.url = configuration.keys, .key_file = configuration.key_file};
  if (const auto keys = line.value("keys-backup"); !keys.empty()) {
    TRY(security::KeyStore::restore_backup(key_options, keys, clock));
  }
  {
    const auto keys = TRY(security::KeyStore::open(key_options, clock));
    TRY(store::restore_database({.url = configuration.database, .page_key = keys->institution_key("pages")},
                                line.value("backup")));
  }
  const auto engine = TRY(Engine::open(configuration, clock));  // applies the erasure register before anybody is served
  const auto audit = TRY(engine->verify_audit(local_operator()));
  fmt::print("restored; {} audit entries, {}\n", grouped(audit.at("entries").as_int64()),
             audit.at("is_intact").as_bool()
                 ? "the chain is intact"
                 : "the chain ends before the newest checkpoint: what came after is not in the backup");
  return 0;
}

}  // namespace amity::app
