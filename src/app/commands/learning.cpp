// Models and policies: training, measuring, approving.
#include <filesystem>

#include <fmt/format.h>

#include "app/build_id.h"
#include "app/commands.h"
#include "models/evaluate.h"

namespace amity::app {
namespace {

using api::Method;

std::string text(const json::value& value) { return std::string(value.as_string()); }

std::string four_digits(const json::value& number) { return fmt::format("{:.4f}", number.to_number<double>()); }

void print_estimate(const Words& words, std::string_view name, const json::value& estimate) {
  fmt::print("  {} {}   {}\n", Words::padded(words.word("figure", name), 22), four_digits(estimate.at("value")),
             words.say("say.interval",
                       {{"low", four_digits(estimate.at("low"))}, {"high", four_digits(estimate.at("high"))}}));
}

void print_stability(const Words& words, const json::object& evaluation) {
  const auto* stability = evaluation.if_contains("stability");
  if (stability == nullptr) return;
  fmt::print("{}\n", words.say("say.stability"));
  const auto print = [&](const std::string& name, const json::value& index) {
    fmt::print("  {} {}\n", Words::padded(name, 22),
               words.say("say.stability_index", {{"value", four_digits(index.at("value"))},
                                                 {"limit", four_digits(index.at("chance_limit"))}}));
  };
  print(words.word("figure", "score"), stability->at("score"));
  for (const auto& index : stability->at("characteristics").as_array()) print(text(index.at("name")), index);
}

void print_evaluation(const Words& words, const json::object& evaluation) {
  const auto& rows = evaluation.at("model").as_object();
  fmt::print("{}\n", words.say("say.rows_measured", {{"rows", grouped(rows.at("rows").to_number<int64_t>())},
                                                     {"bad", grouped(rows.at("positives").to_number<int64_t>())}}));
  for (const auto* which : {"model", "logistic_regression"}) {
    const auto* figures = evaluation.if_contains(which);
    if (figures == nullptr) continue;
    fmt::print("{}\n", words.word("measured", which));
    for (const auto* name : {"auc", "gini", "ks", "brier", "log_loss", "ece", "precision_at_budget"}) {
      if (const auto* estimate = figures->as_object().if_contains(name)) print_estimate(words, name, *estimate);
    }
    fmt::print("  {} {}\n", Words::padded(words.word("figure", "ece_noise"), 22),
               four_digits(figures->at("ece_noise")));
  }
  if (!evaluation.at("model").at("better_than_chance").as_bool()) {
    fmt::print("{}\n", words.say("say.no_better_than_chance"));
  }
  print_stability(words, evaluation);
}

void print_version(const Words& words, const json::value& version) {
  fmt::print("  {}\n", words.say("say.model_version", {{"version", std::to_string(version.at("version").as_int64())},
                                                       {"stage", words.word("stage", text(version.at("stage")))},
                                                       {"fingerprint", text(version.at("fingerprint")).substr(0, 12)},
                                                       {"time", text(version.at("trained_at"))}}));
  const auto* report = version.as_object().if_contains("report");
  const auto* algorithm = report == nullptr ? nullptr : report->as_object().if_contains("algorithm");
  if (algorithm != nullptr) {
    fmt::print("    {}\n", words.say("say.algorithm", {{"algorithm", words.word("algorithm", text(*algorithm))}}));
  }
  if (report != nullptr && report->as_object().contains("mark")) fmt::print("    {}\n", words.say("say.demo_version"));
}

void print_out_of_fold(const Words& words, const json::value& figures) {
  for (const auto* figure : {"auc", "log_loss", "ece"}) print_estimate(words, figure, figures.at(figure));
}

// What training found that people should know, of a model version.
void print_notes(const Words& words, const json::value& version) {
  const auto* report = version.as_object().if_contains("report");
  const auto* notes = report == nullptr ? nullptr : report->as_object().if_contains("notes");
  if (notes == nullptr) return;
  for (const auto& note : notes->as_array()) fmt::print("  {}\n", words.say("say.note", {{"note", text(note)}}));
}

// The same data, options and seed give the same model: a repeated training finds it registered. Not where another has
// been trained since, because that one is what the name stands for in `evaluate`.
Result<json::object> register_for_review(Engine& engine, const security::Caller& caller,
                                         const models::Artefact& artefact) {
  auto added = engine.models().add(caller, artefact);
  if (!added && added.error().code == Code::kConflict) {
    const auto newest = TRY(engine.models().list(caller, artefact.model.name)).front();
    if (newest.fingerprint != models::fingerprint_of(models::write_artefact(artefact))) {
      return fail(Code::kConflict,
                  "this very model is registered, but another of the name has been trained since: give "
                  "another --name or --seed");
    }
    added = newest;
  }
  const auto record = TRY(std::move(added));
  if (record.stage != models::Stage::kDraft) return models::to_json(record);
  return models::to_json(TRY(engine.models().take_step(caller, record.fingerprint, models::Action::kSubmit)));
}

// A model of a file is trained where the database is, because the registry signs it.
Result<int> train_file(Session& session) {
  const auto& line = session.line();
  auto* engine = TRY(session.engine_needed("training on a file"));
  TRY(security::require(session.caller(), security::Permission::kTrainModels));
  const auto name = line.value("name");
  if (name.empty()) return invalid("give the model a name", "--name");
  if (line.value("target").empty()) return invalid("say which column to predict", "--target");
  models::TrainOptions options{.name = name};
  options.choice.target = line.value("target");
  const auto algorithm = models::parse_algorithm(line.value("algorithm", models::name_of(options.algorithm)));
  if (!algorithm) return invalid(algorithm.error().message, "--algorithm");
  options.algorithm = *algorithm;
  if (const auto positive = line.value("positive"); !positive.empty()) options.positive = positive;
  options.seed = static_cast<uint64_t>(TRY(line.number("seed", 0, INT64_MAX, 1)));
  const auto table = TRY(models::read_table(line.value("data")));
  Progress progress(session.words().say("progress.training"));
  options.progress = [&](int done, int total) { progress.at(done, total); };
  const auto trained = TRY(models::train_table(table, options));
  const auto report = models::report_of(trained);
  json::object asked{{"target", options.choice.target}, {"seed", static_cast<int64_t>(options.seed)}};
  if (!line.value("algorithm").empty()) asked["algorithm"] = models::name_of(options.algorithm);
  const auto settings = digest(as_bytes(write_json(asked)));
  const json::value version = TRY(register_for_review(
      *engine, session.caller(), {trained.model, {trained.data_fingerprint, settings, build_id(), report}}));
  if (wants_json(session)) {
    show(line, version);
  } else {
    const auto& words = session.words();
    fmt::print("{}\n", words.say("say.learnt_from", {{"name", name},
                                                     {"rows", grouped(static_cast<int64_t>(table.row_count))},
                                                     {"positive", trained.model.positive}}));
    print_version(words, version);
    fmt::print("{}\n", words.say("say.out_of_fold"));
    print_out_of_fold(words, models::to_json(trained.out_of_fold));
    print_notes(words, version);
  }
  return 0;
}

// The newest version of the model, whatever its stage.
Result<models::RegisteredModelPtr> newest(Session& session, Engine& engine, const std::string& name) {
  const auto versions = TRY(engine.models().list(session.caller(), name));
  if (versions.empty()) return not_found("no model of this name has been trained");
  return engine.models().load(versions.front().fingerprint);
}

Result<void> write_scores(const Session& session, const models::Model& model, const models::Table& table) {
  const auto path = session.line().value("predictions");
  if (path.empty()) return {};
  std::error_code is_another;
  if (std::filesystem::equivalent(path, session.line().value("data"), is_another)) {
    return invalid("the predictions would overwrite the data: name another file", "--predictions");
  }
  return models::write_predictions(path, TRY(models::predict_table(model, table)));
}

// The column that was predicted, and empty where the file does not hold it and nobody asked for it by name.
std::string target_of(const Session& session, const models::ModelRecord& record, const models::Table& table) {
  if (const auto asked = session.line().value("target"); !asked.empty()) return asked;
  const auto* trained_on = record.report.if_contains("target");
  if (trained_on == nullptr || !trained_on->is_string()) return {};
  const auto name = text(*trained_on);
  return table.find(name) == nullptr ? std::string() : name;
}

Result<int> evaluate_file(Session& session) {
  const auto& line = session.line();
  auto* engine = TRY(session.engine_needed("scoring a file"));
  const auto model = TRY(newest(session, *engine, line.value("model")));
  const auto table = TRY(models::read_table(line.value("data")));
  TRY(write_scores(session, model->model, table));
  const auto target = target_of(session, model->record, table);
  if (target.empty()) {
    if (line.value("predictions").empty()) {
      return invalid(
          "the file does not hold the column that the model predicts: name it with --target, or give "
          "--predictions to score without measuring",
          line.value("data"));
    }
    const auto rows = grouped(static_cast<int64_t>(table.row_count));
    if (!wants_json(session)) fmt::print("{}\n", session.words().say("say.rows_scored", {{"rows", rows}}));
    if (wants_json(session)) show(line, json::object{{"rows", static_cast<int64_t>(table.row_count)}});
    return 0;
  }
  const auto evaluation = models::to_json(TRY(models::evaluate_table(model->model, table, target)));
  if (wants_json(session)) {
    show(line, evaluation);
  } else {
    print_evaluation(session.words(), evaluation);
  }
  return 0;
}

}  // namespace

Result<int> train(Session& session) {
  const auto& line = session.line();
  if (!line.value("data").empty()) return train_file(session);
  const auto name = line.value("model");
  if (name.empty())
    return invalid("say which model: amity train credit.default, or --data FILE --target COLUMN --name NAME");
  json::object body;
  if (const auto until = line.value("until"); !until.empty()) body["until"] = until;
  if (const auto seed = TRY(line.number("seed", 0, INT64_MAX, -1)); seed >= 0) body["seed"] = seed;
  const auto version = TRY(session.call(Method::kPost, "/v1/models/" + api::percent_encoded(name) + "/train", body));
  if (wants_json(session)) {
    show(line, version);
  } else {
    const auto& words = session.words();
    fmt::print("{}\n", words.say("say.model_trained", {{"name", name}}));
    print_version(words, version);
    if (const auto* report = version.as_object().if_contains("report")) {
      if (const auto* figures = report->as_object().if_contains("out_of_fold")) print_out_of_fold(words, *figures);
    }
    print_notes(words, version);
  }
  return 0;
}

Result<int> evaluate(Session& session) {
  const auto& line = session.line();
  if (!line.value("data").empty()) return evaluate_file(session);
  json::object body{{"repeats", TRY(line.number("repeats", 1, 20, 3))}, {"folds", TRY(line.number("folds", 2, 20, 5))}};
  if (const auto since = line.value("since"); !since.empty()) body["since"] = since;
  const auto answer =
      TRY(session.call(Method::kPost, "/v1/models/" + api::percent_encoded(line.value("model")) + "/evaluate", body));
  if (wants_json(session)) {
    show(line, answer);
  } else {
    print_evaluation(session.words(), answer.as_object());
  }
  return 0;
}

Result<int> list_models(Session& session) {
  const auto answer = TRY(session.call(Method::kGet, "/v1/models"));
  if (wants_json(session)) return show(session.line(), answer), 0;
  for (const auto& model : answer.at("models").as_array()) {
    fmt::print("{}\n", text(model.at("name")));
    for (const auto& version : model.at("versions").as_array()) print_version(session.words(), version);
  }
  return 0;
}

// The live version, else the newest; or the one asked for.
Result<int> export_model(Session& session) {
  const auto& line = session.line();
  const auto path = "/v1/models/" + api::percent_encoded(line.value("model"));
  auto fingerprint = line.value("fingerprint");
  if (fingerprint.empty()) {
    const auto model = TRY(session.call(Method::kGet, path));
    const auto& versions = model.at("versions").as_array();
    fingerprint = text(versions.at(0).at("fingerprint"));
    for (const auto& version : versions) {
      if (text(version.at("stage")) == "live") fingerprint = text(version.at("fingerprint"));
    }
  }
  const auto exported = TRY(session.call(Method::kGet, path + "/versions/" + fingerprint + "/export?format=" +
                                                           api::percent_encoded(line.value("format", "table"))));
  if (wants_json(session)) return show(line, exported), 0;
  fmt::print("{}", text(exported.at("text")));
  return 0;
}

Result<int> approve_model(Session& session) {
  const auto name = session.line().value("model");
  const auto path = "/v1/models/" + api::percent_encoded(name);
  auto fingerprint = session.line().value("fingerprint");
  if (fingerprint.empty()) {
    const auto model = TRY(session.call(Method::kGet, path));
    for (const auto& version : model.at("versions").as_array()) {
      const auto stage = text(version.at("stage"));
      if (fingerprint.empty() && (stage == "in_review" || stage == "approved"))
        fingerprint = text(version.at("fingerprint"));
    }
    if (fingerprint.empty()) return not_found("no version of the model is in review");
  }
  const auto version =
      TRY(session.call(Method::kPost, path + "/versions/" + fingerprint + "/approval", json::object()));
  if (wants_json(session)) return show(session.line(), version), 0;
  fmt::print("{}\n", session.words().say("say.model_live", {{"name", name}}));
  print_version(session.words(), version);
  print_notes(session.words(), version);
  return 0;
}

Result<int> list_policies(Session& session) {
  const auto answer = TRY(session.call(Method::kGet, "/v1/policies"));
  if (wants_json(session)) return show(session.line(), answer), 0;
  for (const auto& policy : answer.at("policies").as_array()) {
    fmt::print("{}\n", text(policy.at("policy")));
    for (const auto& version : policy.at("versions").as_array()) {
      fmt::print("  {}\n", session.words().say("say.policy_version",
                                               {{"version", std::to_string(version.at("version").as_int64())},
                                                {"stage", session.words().word("stage", text(version.at("stage")))},
                                                {"fingerprint", text(version.at("fingerprint")).substr(0, 12)}}));
    }
  }
  return 0;
}

Result<int> draft_policy(Session& session) {
  const auto definition = TRY(read_whole_file(session.line().value("file")));
  const auto version = TRY(session.call(Method::kPost, "/v1/policies", json::object{{"definition", definition}}));
  if (wants_json(session)) return show(session.line(), version), 0;
  fmt::print("{}\n", session.words().say("say.policy_drafted",
                                         {{"policy", text(version.at("policy"))},
                                          {"version", std::to_string(version.at("version").as_int64())}}));
  return 0;
}

Result<int> activate_policy(Session& session) {
  const auto name = session.line().value("policy");
  const auto number = TRY(session.line().number("version", 1, INT64_MAX, 0));
  const auto version = TRY(
      session.call(Method::kPost,
                   "/v1/policies/" + api::percent_encoded(name) + "/versions/" + std::to_string(number) + "/activation",
                   json::object()));
  if (wants_json(session)) return show(session.line(), version), 0;
  fmt::print("{}\n", session.words().say("say.policy_active", {{"policy", name}, {"version", std::to_string(number)}}));
  return 0;
}

}  // namespace amity::app
