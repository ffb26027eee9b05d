// Customers, users, the audit chain, backups: what people look after.
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>

#include "app/commands.h"
#include "base/money.h"

namespace amity::app {
namespace {

using api::Method;

std::string text(const json::value& value) { return std::string(value.as_string()); }

// A value of a record or an event for one line: an amount with its currency, a code by its word, other text as it is.
std::string plain(const Words& words, std::string_view field, const json::value& value) {
  if (value.is_string()) return words.word("code." + std::string(field), text(value));
  const auto* object = value.if_object();
  const auto* code = object == nullptr ? nullptr : object->if_contains("currency");
  const auto currency = code == nullptr ? invalid("no amount") : Currency::parse(std::string_view(code->as_string()));
  return currency ? format(Money{object->at("amount_minor").as_int64(), *currency}) : write_json(value);
}

void print_values(const Words& words, const json::value& values) {
  for (const auto& field : values.as_object()) {
    const auto& from = field.value().at("from");
    fmt::print("  {} {}   [{}]\n", Words::padded(words.word("field", field.key()), 18),
               plain(words, field.key(), field.value().at("value")),
               words.say("say.known_from", {{"date", text(from.at("time")).substr(0, 10)},
                                            {"source", text(from.at("source"))},
                                            {"event", std::to_string(from.at("seq").as_int64())}}));
  }
}

void print_account(const Words& words, const json::value& account) {
  fmt::print("{}\n", words.say("say.account", {{"account", text(account.at("reference"))},
                                               {"count", grouped(account.at("transaction_count").as_int64())}}));
  print_values(words, account.at("values"));
  for (const auto& holder : account.at("holders").as_object()) {
    fmt::print("  {} {}\n", words.column("label.held_by", 18),
               words.say("say.holder", {{"customer", std::string(holder.key())},
                                        {"role", words.word("code.role", text(holder.value().at("role")))}}));
  }
}

// "amount 12.50 CNY; direction out"
std::string in_words(const Words& words, const json::object& data) {
  std::string out;
  for (const auto& field : data) {
    out += out.empty() ? "" : "; ";
    out += words.word("field", field.key()) + " " + plain(words, field.key(), field.value());
  }
  return out;
}

std::string customer_path(Session& session) {
  return "/v1/customers/" + api::percent_encoded(session.line().value("customer"));
}

Result<int> link(Session& session, std::string_view route, std::string_view said) {
  const auto& line = session.line();
  const auto answer = TRY(session.call(Method::kPost, customer_path(session) + std::string(route),
                                       json::object{{"other", line.value("other")}, {"basis", line.value("basis")}}));
  if (wants_json(session)) return show(line, answer), 0;
  fmt::print("{}\n", session.words().say(
                         said, {{"customer", text(answer.at("customer"))}, {"other", text(answer.at("other"))}}));
  return 0;
}

}  // namespace

Result<int> show_customer(Session& session) {
  auto path = customer_path(session);
  if (const auto at = session.line().value("at"); !at.empty()) path += "?at=" + api::percent_encoded(at);
  const auto profile = TRY(session.call(Method::kGet, path));
  if (wants_json(session)) return show(session.line(), profile), 0;
  const auto& words = session.words();
  fmt::print("{}\n", words.say("say.customer", {{"customer", text(profile.at("reference"))}}));
  if (const auto* until = profile.as_object().if_contains("frozen_until")) {
    fmt::print("{}\n", words.say("say.frozen_until", {{"day", text(*until)}}));
  }
  for (const auto& other : profile.at("merged").as_array()) {
    fmt::print("{}\n", words.say("say.also_known_as", {{"other", text(other.at("customer"))},
                                                       {"date", text(other.at("from").at("time")).substr(0, 10)}}));
  }
  print_values(words, profile.at("values"));
  for (const auto& account : profile.at("accounts").as_array()) print_account(words, account);
  for (const auto& consent : profile.at("consents").as_object()) {
    const bool is_given = consent.value().at("given").as_bool();
    fmt::print("{}\n", words.say(is_given ? "say.consent_given" : "say.consent_withdrawn",
                                 {{"purpose", words.word("code.purpose", consent.key())}}));
  }
  return 0;
}

Result<int> find_customer(Session& session) {
  if (auto* engine = session.engine()) {
    const Elapsed elapsed(session.words().say("progress.working"));
    TRY(engine->finish_search_index());
  }
  const auto answer =
      TRY(session.call(Method::kGet, "/v1/customers?query=" + api::percent_encoded(session.line().value("query"))));
  if (wants_json(session)) return show(session.line(), answer), 0;
  for (const auto& found : answer.at("customers").as_array()) {
    const auto name = text(found.at("name"));
    fmt::print("{:<16} {}\n", text(found.at("customer")), name.empty() ? session.words().say("say.no_name") : name);
  }
  if (answer.at("customers").as_array().empty()) fmt::print("{}\n", session.words().say("say.nobody"));
  return 0;
}

Result<int> show_timeline(Session& session) {
  const auto limit = TRY(session.line().number("limit", 1, 200, 20));
  const auto page =
      TRY(session.call(Method::kGet, customer_path(session) + "/timeline?limit=" + std::to_string(limit)));
  if (wants_json(session)) return show(session.line(), page), 0;
  for (const auto& event : page.at("events").as_array()) {
    fmt::print("{}  {} {}  {}\n", text(event.at("time")),
               Words::padded(session.words().word("event", text(event.at("type"))), 24), text(event.at("subject")),
               in_words(session.words(), event.at("data").as_object()));
  }
  return 0;
}

Result<int> erase_customer(Session& session) {
  const auto answer = TRY(session.call(Method::kPost, customer_path(session) + "/erasure",
                                       json::object{{"basis", session.line().value("basis")}}));
  if (wants_json(session)) return show(session.line(), answer), 0;
  if (const auto* frozen = answer.at("frozen").if_object()) {
    fmt::print("{}\n", text(frozen->at("text").at(session.language())));
    return 0;
  }
  fmt::print("{}\n",
             session.words().say("say.erased", {{"accounts", grouped(answer.at("accounts_erased").as_int64())}}));
  return 0;
}

Result<int> merge_customers(Session& session) { return link(session, "/merge", "say.merged"); }
Result<int> unmerge_customers(Session& session) { return link(session, "/unmerge", "say.unmerged"); }

Result<int> verify_audit(Session& session) {
  const auto answer = TRY(session.call(Method::kGet, "/v1/audit/verification"));
  const bool is_intact = answer.at("is_intact").as_bool();
  if (wants_json(session)) {
    show(session.line(), answer);
  } else {
    const auto& words = session.words();
    fmt::print("{}\n", words.say(is_intact ? "say.audit_intact" : "say.audit_broken",
                                 {{"entries", grouped(answer.at("entries").as_int64())},
                                  {"checkpoints", grouped(answer.at("checkpoints").as_int64())}}));
    for (const auto& finding : answer.at("findings").as_array()) {
      const auto seq = std::to_string(finding.at("seq").as_int64());
      fmt::print("  {}\n", words.say("say.finding", {{"entry", seq}, {"finding", text(finding.at("text"))}}));
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
  fmt::print("{}\n", session.words().say("say.one_time_code",
                                         {{"code", text(answer.at("one_time_code"))}, {"name", line.value("name")}}));
  return 0;
}

Result<int> list_users(Session& session) {
  const auto answer = TRY(session.call(Method::kGet, "/v1/users?limit=200"));
  if (wants_json(session)) return show(session.line(), answer), 0;
  for (const auto& user : answer.at("users").as_array()) {
    std::string roles;
    for (const auto& role : user.at("roles").as_array()) {
      roles += (roles.empty() ? "" : ", ") + session.words().word("role", text(role));
    }
    fmt::print("{:<20} {} {}{}\n", text(user.at("name")), Words::padded(roles, 40), text(user.at("unit")),
               user.at("is_disabled").as_bool() ? "  " + session.words().say("label.disabled") : "");
  }
  return 0;
}

Result<int> set_password(Session& session) {
  const auto password =
      TRY(ask_password(session.words().say("say.new_password_of", {{"name", session.line().value("name")}})));
  TRY(session.call(Method::kPost, "/v1/passwords",
                   json::object{{"name", session.line().value("name")},
                                {"one_time_code", session.line().value("code")},
                                {"new_password", password}}));
  fmt::print("{}\n", session.words().say("say.password_set"));
  return 0;
}

Result<int> back_up(Session& session) {
  const auto answer =
      TRY(session.call(Method::kPost, "/v1/backups", json::object{{"name", session.line().value("name")}}));
  if (wants_json(session)) return show(session.line(), answer), 0;
  fmt::print("{}\n", session.words().say("say.backed_up", {{"path", text(answer.at("path"))},
                                                           {"bytes", grouped(answer.at("bytes").as_int64())}}));
  return 0;
}

// Here with its progress; where a server holds the database, by its route.
Result<json::value> rebuilt(Session& session, bool is_check) {
  auto* engine = session.engine();
  if (engine == nullptr) {
    return session.call(Method::kPost, "/v1/rebuilds", json::object{{"is_check", is_check}});
  }
  Progress progress(session.words().say("progress.rebuilding"));
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
    const auto* key = differences == 0 ? "say.rebuilt_equal" : is_check ? "say.rebuilt_left" : "say.rebuilt_put_right";
    const auto count = [&](const char* name) { return grouped(answer.at(name).as_int64()); };
    fmt::print("{}\n", session.words().say(key, {{"customers", count("customers")},
                                                 {"accounts", count("accounts")},
                                                 {"differences", count("differences")}}));
  }
  return differences == 0 || !is_check ? 0 : 1;
}

Result<int> doctor(Session& session) {
  int defects = 0;
  const auto& words = session.words();
  const auto say = [&](std::string_view what, const Result<std::string>& found) {
    defects += found ? 0 : 1;
    fmt::print("{} {} {}\n", words.column(found ? "label.ok" : "label.bad", 4), words.column(what, 12),
               found ? *found : found.error().text());
  };
  if (auto* engine = session.engine()) {
    const auto health = engine->health();
    say("label.database",
        health ? Result<std::string>(words.say("say.database_well")) : std::unexpected(health.error()));
    const auto is_whole = engine->see_to_search_index();
    say("label.search", is_whole
                            ? Result<std::string>(words.say(*is_whole ? "say.search_whole" : "say.search_building"))
                            : std::unexpected(is_whole.error()));
    const auto path = engine->configuration().data_path();
    struct statvfs disk{};
    if (statvfs(std::filesystem::absolute(path).parent_path().c_str(), &disk) == 0) {
      const auto free_mib = static_cast<int64_t>(disk.f_bavail * disk.f_frsize / (1024 * 1024));
      const auto text = words.say(free_mib > 512 ? "say.disk_free" : "say.disk_low", {{"mib", grouped(free_mib)}});
      say("label.disk", free_mib > 512 ? Result<std::string>(text) : fail(Code::kLimit, text));
    }
  } else {
    const auto ready = session.call(Method::kGet, "/readyz");
    say("label.server", ready ? Result<std::string>(words.say("say.ready")) : std::unexpected(ready.error()));
  }
  for (const auto& name : unknown_variables(environ)) {
    say("label.environment", fail(Code::kInvalid, words.say("say.no_setting", {{"name", name}})));
  }
  const auto audit = session.call(Method::kGet, "/v1/audit/verification");
  if (audit && audit->at("is_intact").as_bool()) {
    say("label.audit", words.say("say.chain_intact", {{"entries", grouped(audit->at("entries").as_int64())}}));
  } else {
    say("label.audit", audit ? fail(Code::kConflict, words.say("say.chain_broken")) : std::unexpected(audit.error()));
  }
  return defects == 0 ? 0 : 1;
}

namespace {

// There is no key store here: nothing is made, and the way on is another than for other commands.
Result<std::unique_ptr<security::KeyStore>> with_what_to_give(Result<std::unique_ptr<security::KeyStore>> opened) {
  if (opened || opened.error().code != Code::kNotFound) return opened;
  return not_found(
      "a backup opens with the keys it was made with, and there is no key store here: give the newest backup of it by "
      "--keys-backup, or name the store itself by --keys",
      opened.error().place);
}

}  // namespace

Result<int> restore(const CommandLine& line) {
  static const SystemClock clock;
  const auto configuration = TRY(configuration_of(line));
  if (!std::filesystem::exists(configuration.key_file)) {
    return not_found("a backup opens with the key file it was made under: put it there, or give --key-file",
                     configuration.key_file);
  }
  make_data_folder(configuration);
  security::KeyStoreOptions key_options{.url = configuration.keys, .key_file = configuration.key_file};
  if (const auto keys = line.value("keys-backup"); !keys.empty()) {
    TRY(security::KeyStore::restore_backup(key_options, keys, clock));
  }
  key_options.may_make = false;  // new keys open nothing, and would stand in the way of the right ones
  {
    const auto keys = TRY(unless_held(with_what_to_give(security::KeyStore::open(key_options, clock))));
    TRY(store::restore_database({.url = configuration.database, .page_key = keys->institution_key("pages")},
                                line.value("backup")));
  }
  const auto engine =
      TRY(unless_held(Engine::open(configuration, clock)));  // applies the erasure register before anybody is served
  const auto audit = TRY(engine->verify_audit(local_operator()));
  const auto words = TRY(Words::read(configuration.institution, language_of(line)));
  fmt::print("{}\n", words.say(audit.at("is_intact").as_bool() ? "say.restored" : "say.restored_earlier",
                               {{"entries", grouped(audit.at("entries").as_int64())}}));
  return 0;
}

}  // namespace amity::app
