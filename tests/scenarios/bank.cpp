#include "tests/scenarios/bank.h"

#include <array>
#include <fstream>

#include <fmt/format.h>

#include "app/institution.h"

namespace amity::scenarios {
namespace {

namespace fs = std::filesystem;

std::string text_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Result<std::optional<Timestamp>> moment_in(const json::object& step) {
  const auto at = text_in(step, "at");
  if (at.empty()) return std::optional<Timestamp>();
  return std::optional<Timestamp>(TRY(parse_moment(at)));
}

// {"purpose": "marketing", "unit": "/east"}: who reads; without it somebody who may see everybody.
Result<security::Caller> caller_in(const json::object& step) {
  auto caller = app::local_operator();
  caller.purpose = security::Purpose::kService;
  if (const auto* as = step.if_contains("as")) {
    JsonReader in(*as, "/as");
    caller.purpose = TRY(security::parse_purpose(in.text_or("purpose", "service")));
    caller.unit = in.text_or("unit", "/");
    TRY(in.finish());
  }
  return caller;
}

// {"name": {"value": .., "from": ..}} as {"name": ..}.
json::object plain_values(const json::value& values) {
  json::object out;
  for (const auto& field : values.as_object()) out[field.key()] = field.value().at("value");
  return out;
}

json::object sources_of(const json::value& values) {
  json::object out;
  for (const auto& field : values.as_object()) out[field.key()] = field.value().at("from").at("source");
  return out;
}

// The role of each link that has not ended.
json::object roles_in(const json::value& links) {
  json::object out;
  for (const auto& field : links.as_object()) {
    if (!field.value().at("ended").as_bool()) out[field.key()] = field.value().at("role");
  }
  return out;
}

json::array codes_of(const json::value& reasons) {
  json::array codes;
  for (const auto& reason : reasons.as_array()) codes.push_back(reason.at("code"));
  return codes;
}

json::object plain_account(const json::object& account) {
  return {{"values", plain_values(account.at("values"))},
          {"holders", roles_in(account.at("holders"))},
          {"transaction_count", account.at("transaction_count")}};
}

// What an answer says, flat: of one decision its outcome, the codes of its reasons, the rules that hit, and the model
// and its probability where one has scored.
json::object plain_answer(const json::object& answer) {
  const auto& decisions = answer.at("decisions").as_array();
  json::object out{{"seq", answer.at("seq")}, {"decisions", static_cast<int64_t>(decisions.size())}};
  if (decisions.size() != 1) return out;
  const auto& decision = decisions[0].as_object();
  out["outcome"] = decision.at("outcome");
  out["reasons"] = codes_of(decision.at("reasons"));
  out["rules"] = decision.at("rules");
  for (const auto* name : {"model", "probability"}) {
    if (decision.contains(name)) out[name] = decision.at(name);
  }
  return out;
}

// A decision record without what differs from run to run.
json::object plain_record(const json::object& record) {
  json::object out;
  for (const auto* name : {"outcome", "event", "features", "customer", "product", "policy", "purpose", "basis"}) {
    out[name] = record.at(name);
  }
  out["reasons"] = codes_of(record.at("reasons"));
  json::array rules;
  for (const auto& hit : record.at("hits").as_array()) rules.push_back(hit.at("rule"));
  out["rules"] = std::move(rules);
  out["score"] = record.contains("score") ? record.at("score") : json::value();
  return out;
}

}  // namespace

Result<std::unique_ptr<Bank>> Bank::open(store::Dialect dialect, Timestamp now,
                                         const std::map<std::string, std::string>& files) {
  std::unique_ptr<Bank> bank(new Bank(dialect, now));
  auto& configuration = bank->configuration_;
  const auto folder = bank->folder_.path();
  configuration.database = bank->postgresql_ ? bank->postgresql_->url() : "sqlite:" + (folder / "amity.db").string();
  configuration.keys = "sqlite:" + (folder / "amity.keys").string();
  configuration.key_file = (folder / "amity.key").string();
  configuration.checkpoints = (folder / "amity.checkpoints").string();
  if (!files.empty()) TRY(bank->write_institution(files));
  TRY(bank->open_engine());
  return bank;
}

Result<void> Bank::write_institution(const std::map<std::string, std::string>& files) {
  const auto folder = folder_.path() / "institution";
  auto all = files;
  const auto embedded = TRY(app::Institution::read(""));
  for (const auto* part : {"calendars", "features", "models", "policies", "products", "texts"}) {
    for (const auto& file : embedded.below(part)) all.emplace(file.name, file.text);
  }
  all.emplace("retention.yaml", TRY(embedded.file("retention.yaml")).text);
  for (const auto& [name, text] : all) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  configuration_.institution = folder.string();
  return {};
}

Result<void> Bank::open_engine() {
  engine_.reset();
  engine_ = TRY(app::Engine::open(configuration_, clock_));
  return {};
}

Result<void> Bank::take(const Step& step) {
  const auto& with = step.with.get_object();
  if (step.verb == "given") return given(with);
  if (step.verb == "submit" || step.verb == "import") return submit(with);
  if (step.verb == "repeat") return repeat(with);
  if (step.verb == "evaluate") return evaluate(with);
  if (step.verb == "erase") return erase(with);
  if (step.verb == "train") return train(with);
  if (step.verb == "approve") return approve(with);
  if (step.verb == "restart") return open_engine();
  if (step.verb == "clock") return clock_.set(TRY(parse_moment(text_in(with, "clock")))), Result<void>();
  if (step.verb == "answer") return compare(with, answer(with));
  if (step.verb == "record") return compare(with, record(with));
  if (step.verb == "profile") return compare(with, profile(with));
  if (step.verb == "account") return compare(with, account(with));
  if (step.verb == "features") return compare(with, features(with));
  if (step.verb == "replay") return compare(with, replay());
  return invalid("no such step; README.md lists them", step.verb);
}

Result<std::vector<events::Event>> Bank::events_of(const json::value& list, std::string_view id, bool is_history) {
  std::vector<events::Event> events;
  if (!list.is_array()) return invalid("a list of events is expected", std::string(id));
  for (size_t i = 0; i < list.get_array().size(); ++i) {
    auto made = TRY(parse_events(list.get_array()[i], {clock_.now(), fmt::format("{}-{}", id, i + 1), is_history}));
    std::move(made.begin(), made.end(), std::back_inserter(events));
  }
  return events;
}

// Everything given must be accepted.
Result<void> Bank::given(const json::object& step) {
  const auto events = TRY(events_of(step.at("given"), "given", false));
  for (const auto& answer : engine_->pipeline().submit(app::local_operator(), events)) {
    if (!answer) return std::unexpected(Error(answer.error()).within("/given "));
  }
  return {};
}

Result<void> Bank::submit(const json::object& step) {
  const bool is_history = step.contains("import");
  const auto& list = step.at(is_history ? "import" : "submit");
  const auto events = TRY(events_of(list, fmt::format("batch-{}", ++batch_count_), is_history));
  const auto answers = engine_->pipeline().submit(app::local_operator(), events);
  for (size_t i = 0; i < events.size(); ++i) {
    sent_.insert_or_assign(events[i].id, events[i]);
    answers_.insert_or_assign(events[i].id, answers[i]);
  }
  return {};
}

// The same event once more gets the first answer, byte for byte.
Result<void> Bank::repeat(const json::object& step) {
  const auto id = text_in(step, "repeat");
  if (!sent_.contains(id)) return not_found("no event was submitted under this id", id);
  const auto again = engine_->pipeline().submit(app::local_operator(), {sent_.at(id)}).front();
  const auto& first = answers_.at(id);
  const bool is_same = first && again && write_json(*first) == write_json(*again);
  return is_same ? Result<void>() : fail(Code::kInternal, "the repeated event got another answer", id);
}

// What would be decided; kept as the answer under the event's id.
Result<void> Bank::evaluate(const json::object& step) {
  auto events = TRY(parse_events(step.at("evaluate"), {clock_.now(), "evaluation", false}));
  const auto id = events.front().id;
  const auto record = engine_->pipeline().evaluate(app::local_operator(), std::move(events.front()));
  if (!record) return answers_.insert_or_assign(id, std::unexpected(record.error())), Result<void>();
  answers_.insert_or_assign(id,
                            json::object{{"seq", record->at("seq")}, {"decisions", {decisions::summary_of(*record)}}});
  return {};
}

Result<void> Bank::erase(const json::object& step) {
  TRY(engine_->erase(app::local_operator(), text_in(step, "erase"), "request 1"));
  return {};
}

// By the local operator, who may not approve it then.
Result<void> Bank::train(const json::object& step) {
  TRY(engine_->train(app::local_operator(), text_in(step, "train"), {{"until", ""}, {"seed", -1}}));
  return {};
}

// The newest version, approved and made live: by another person, or `by: trainer`.
Result<void> Bank::approve(const json::object& step) {
  auto officer = app::local_operator();
  if (text_in(step, "by") != "trainer") {
    officer.user = UserId{make_uuid_v8(std::array<uint8_t, 16>{1})};
    officer.name = "officer";
  }
  const auto versions = TRY(engine_->models().list(officer, text_in(step, "approve")));
  if (versions.empty()) return not_found("no model of this name has been trained", text_in(step, "approve"));
  const auto& fingerprint = versions.front().fingerprint;
  auto taken = engine_->models().take_step(officer, fingerprint, models::Action::kApprove);
  if (taken) taken = engine_->models().take_step(officer, fingerprint, models::Action::kActivate);
  if (step.contains("refused")) {
    return compare(step, taken ? Result<json::object>(json::object()) : std::unexpected(taken.error()));
  }
  return taken ? Result<void>() : std::unexpected(taken.error());
}

Result<void> Bank::compare(const json::object& step, const Result<json::object>& actual) const {
  json::object seen;
  if (actual) seen["is"] = *actual;
  if (!actual) seen["refused"] = {{"code", name_of(actual.error().code)}, {"place", actual.error().place}};
  const auto* part = step.if_contains("refused");
  const std::string_view name = part != nullptr ? "refused" : "is";
  if (part == nullptr) part = step.if_contains("is");
  if (part == nullptr) return invalid("an expectation says `is` or `refused`", write_json(step));
  const auto difference = first_difference(json::object{{name, *part}}, seen);
  if (difference.empty()) return {};
  const auto detail = actual ? "" : " (" + actual.error().text() + ")";
  return fail(Code::kInternal, difference + detail, write_json(step));
}

Result<json::object> Bank::answer(const json::object& step) const {
  const auto found = answers_.find(text_in(step, "answer"));
  if (found == answers_.end()) return not_found("no event was submitted under this id");
  if (!found->second) return std::unexpected(found->second.error());
  return plain_answer(*found->second);
}

Result<json::object> Bank::record(const json::object& step) {
  const auto& first = TRY(app::Answer(answers_.at(text_in(step, "record"))));
  const auto id = TRY(parse_id<DecisionId>(first.at("decisions").at(0).at("id").as_string()));
  json::object record;
  TRY(engine_->database().read([&](store::Reader& reader) -> Result<void> {
    record = TRY(engine_->services().desk.record(reader, id));
    return {};
  }));
  return plain_record(record);
}

Result<json::object> Bank::profile(const json::object& step) {
  const auto profile =
      TRY(engine_->customers().profile(TRY(caller_in(step)), text_in(step, "profile"), TRY(moment_in(step))));
  json::object consents;
  for (const auto& consent : profile.at("consents").as_object()) consents[consent.key()] = consent.value().at("given");
  json::object accounts;
  for (const auto& account : profile.at("accounts").as_array()) {
    accounts[account.at("reference").as_string()] = plain_account(account.as_object());
  }
  return json::object{{"values", plain_values(profile.at("values"))},
                      {"sources", sources_of(profile.at("values"))},
                      {"relationships", plain_values(profile.at("relationships"))},
                      {"consents", std::move(consents)},
                      {"accounts", std::move(accounts)},
                      {"interaction_count", profile.at("interaction_count")}};
}

Result<json::object> Bank::account(const json::object& step) {
  return plain_account(
      TRY(engine_->customers().account(TRY(caller_in(step)), text_in(step, "account"), TRY(moment_in(step)))));
}

Result<json::object> Bank::features(const json::object& step) {
  const auto subject = TRY(events::parse_reference(text_in(step, "features")));
  const auto answer = TRY(engine_->services().read_features(TRY(caller_in(step)), subject, TRY(moment_in(step))));
  json::object out;
  for (const auto& [name, value] : answer.values) {
    if (value == value) out[name] = value;  // unknown ones are absent
  }
  return out;
}

Result<json::object> Bank::replay() {
  auto report = TRY(engine_->replay(app::local_operator(), {}));
  return report;
}

Result<void> Bank::check_what_always_holds() {
  const auto replayed = TRY(replay());
  if (replayed.at("difference_count") != 0) return fail(Code::kInternal, "replay: " + write_json(replayed));
  const auto records = TRY(engine_->rebuild(app::local_operator(), true));
  if (records.difference_count != 0) {
    return fail(Code::kInternal, fmt::format("{} records are not what the log says", records.difference_count));
  }
  const auto audit = TRY(engine_->verify_audit(app::local_operator()));
  if (!audit.at("is_intact").as_bool()) return fail(Code::kInternal, "audit: " + write_json(audit));
  return {};
}

}  // namespace amity::scenarios
