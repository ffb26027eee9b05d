// Learning and measuring: what Engine does with the models room.
#include "features/training.h"
#include "app/build_id.h"
#include "app/engine.h"
#include "models/evaluate.h"

namespace amity::app {

Result<models::Table> Engine::training_table(const models::ModelDefinition& definition, std::optional<Timestamp> until,
                                             Timestamp since) {
  const auto set = features_->serving()->set();
  const auto spec = TRY(models::training_spec(definition, set));
  std::optional<features::TrainingSet> built;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    const auto scan = [&](int64_t after_seq, int64_t up_to_seq, const features::EachEvent& each) {
      return log_->scan(reader, after_seq + 1, up_to_seq, [&](const events::Event& event) -> Result<void> {
        const bool counts = !event.is_erased && (!until || event.time <= *until);
        return counts ? each(event) : Result<void>();
      });
    };
    built = TRY(features::build_training_set(set, spec, scan, TRY(log_->last_seq(reader))));
    return {};
  }));
  return models::training_table(definition, *built, since);
}

Result<json::object> Engine::train(const security::Caller& caller, std::string_view model,
                                   const json::object& options) {
  TRY(security::require(caller, security::Permission::kTrainModels));
  const auto* definition = TRY(model_definition(model));
  std::optional<Timestamp> until;
  if (const auto text = options.at("until").as_string(); !text.empty()) {
    const auto moment = parse_moment(text);
    if (!moment) return invalid(moment.error().message, "/until");
    until = *moment;
  }
  const auto table = TRY(training_table(*definition, until));
  auto how = models::train_options(*definition);
  if (const auto seed = options.at("seed").as_int64(); seed >= 0) how.seed = static_cast<uint64_t>(seed);
  const auto trained = TRY(models::train_table(table, how));
  const auto definitions = DigestWriter()
                               .add(ByteView(definition->fingerprint))
                               .add(ByteView(features_->serving()->set().fingerprint()))
                               .finish();
  auto report = models::report_of(trained);
  if (const auto* mark = options.if_contains("mark")) report["mark"] = *mark;
  const auto record = TRY(
      models_->add(caller, {trained.model, {trained.data_fingerprint, definitions, build_id(), std::move(report)}}));
  return models::to_json(TRY(models_->take_step(caller, record.fingerprint, models::Action::kSubmit)));
}

Result<json::object> Engine::evaluate(const security::Caller& caller, std::string_view model,
                                      const json::object& options) {
  TRY(security::require(caller, security::Permission::kTrainModels));
  const auto* definition = TRY(model_definition(model));
  const auto how = models::train_options(*definition);
  if (const auto text = options.at("since").as_string(); !text.empty()) {
    const auto moment = parse_moment(text);
    if (!moment) return invalid(moment.error().message, "/since");
    const Timestamp since = *moment;
    const auto earlier = TRY(training_table(*definition, since));
    const auto later = TRY(training_table(*definition, std::nullopt, since));
    return models::to_json(TRY(models::evaluate_out_of_time(earlier, later, how)));
  }
  const auto table = TRY(training_table(*definition, std::nullopt));
  return models::to_json(TRY(models::cross_validate(table, how, static_cast<int>(options.at("folds").as_int64()),
                                                    static_cast<int>(options.at("repeats").as_int64()))));
}

}  // namespace amity::app
