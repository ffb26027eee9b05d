#include "app/feature_versions.h"

#include <utility>

#include "base/log.h"

namespace amity::app {
namespace {

using store::Statement;
using store::Value;

constexpr Statement kKeep(
    "feature_definitions.keep",
    "INSERT INTO feature_definitions (fingerprint, definitions) VALUES ($1, $2) ON CONFLICT DO NOTHING");
constexpr Statement kFind("feature_definitions.find",
                          "SELECT definitions FROM feature_definitions WHERE fingerprint = $1");
constexpr int64_t kStepEvents = 2000;
constexpr int64_t kRemovalRows = 2000;  // some 10 ms, which a batch that comes meanwhile waits

std::string written(const std::vector<DefinitionText>& files) {
  json::array list;
  for (const auto& file : files) list.push_back({{"name", file.name}, {"text", file.text}});
  return write_json(list);
}

Result<features::FeatureSet> parse_files(const std::vector<DefinitionText>& files) {
  std::vector<features::DefinitionFile> definitions;
  for (const auto& file : files) definitions.push_back({file.name, file.text});
  return features::FeatureSet::parse(definitions);
}

Result<features::FeatureSet> parse_written(std::string_view text) {
  std::vector<DefinitionText> files;
  const auto list = TRY(parse_json(text));
  for (const auto& item : list.as_array()) {
    files.push_back({std::string(item.at("name").as_string()), std::string(item.at("text").as_string())});
  }
  return parse_files(files);
}

// What is computed anew counts nothing of an erased person, not even that there was an event.
features::EachEvent without_erased(const features::EachEvent& each) {
  return [&each](const events::Event& event) { return event.is_erased ? Result<void>() : each(event); };
}

}  // namespace

Result<std::unique_ptr<FeatureVersions>> FeatureVersions::open(Parts parts, const Institution& institution) {
  std::unique_ptr<FeatureVersions> versions(new FeatureVersions(std::move(parts)));
  const auto files = institution.below("features");
  auto wanted = TRY(parse_files(files));
  TRY(versions->keep(wanted, files));
  std::optional<Digest> serving;
  int64_t last_seq = 0;
  TRY(versions->parts_.database.read([&](store::Reader& reader) -> Result<void> {
    serving = TRY(features::serving_fingerprint(reader));
    last_seq = TRY(versions->parts_.log.last_seq(reader));
    return {};
  }));
  if (serving && *serving != wanted.fingerprint()) {
    versions->serve(versions->add(TRY(versions->by_fingerprint(*serving))));
    versions->next_ = versions->add(std::move(wanted));
    TRY(versions->parts_.database.read([&](store::Reader& reader) { return versions->plan_removal(reader); }));
    return versions;
  }
  versions->serve(versions->add(std::move(wanted)));
  if (serving) {
    TRY(versions->parts_.database.read([&](store::Reader& reader) { return versions->plan_removal(reader); }));
    return versions;
  }
  if (last_seq > 0) return fail(Code::kInternal, "the log holds events but no feature definitions ever served");
  TRY(versions->parts_.database.write([&](store::Transaction& transaction) {
    return features::BackFill(*versions->serving(), nullptr).switch_over(transaction, 0, versions->parts_.clock.now());
  }));
  return versions;
}

features::LiveFeatures* FeatureVersions::add(features::FeatureSet set) {
  auto history = [this](store::Reader& reader, const events::Entity& entity, int64_t max_seq, Timestamp max_time,
                        const features::EachEvent& each) {
    return parts_.log.of_entity(reader, {.entity = entity.id, .max_seq = max_seq, .max_time = max_time},
                                without_erased(each));
  };
  all_.push_back(std::make_unique<features::LiveFeatures>(std::move(set), parts_.key_for, history, parts_.options));
  return all_.back().get();
}

void FeatureVersions::serve(features::LiveFeatures* features) {
  features->follow([this](store::Reader& reader, std::span<const events::Since> wanted, const events::EachSince& each) {
    return parts_.log.since(reader, wanted, each);
  });
  serving_ = features;
}

Result<void> FeatureVersions::keep(const features::FeatureSet& set, const std::vector<DefinitionText>& files) {
  const auto text = written(files);
  return parts_.database.write([&](store::Transaction& transaction) -> Result<void> {
    const Value parameters[] = {ByteView(set.fingerprint()), std::string_view(text)};
    TRY(transaction.execute(kKeep, parameters));
    return {};
  });
}

Result<features::FeatureSet> FeatureVersions::by_fingerprint(const Digest& fingerprint) const {
  std::optional<std::string> text;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    const Value parameters[] = {ByteView(fingerprint)};
    text = TRY(reader.first<std::string>(
        kFind, parameters, [](const store::Row& row) -> Result<std::string> { return std::string(row.text(0)); }));
    return {};
  }));
  if (!text) return not_found("the feature definitions this decision names were never kept");
  return parse_written(*text);
}

Result<void> FeatureVersions::erase(store::Transaction& transaction, std::span<const events::Entity> entities) {
  for (const auto& features : all_) TRY(features->erase(transaction, entities));
  return {};
}

Result<void> FeatureVersions::plan_removal(store::Reader& reader) {
  removal_due_ = TRY(features::first_retired(reader));
  if (!removal_due_) return is_wanted_again_ = false, Result<void>();
  *removal_due_ = *removal_due_ + kRetiredStay;
  if (next_ == nullptr) return {};
  const auto watermark = next_->watermark(reader);
  is_wanted_again_ = !watermark && watermark.error().code == Code::kConflict;
  return {};
}

bool FeatureVersions::is_removing() {
  const auto now = parts_.clock.now();
  if (!removal_ && removal_due_ && (is_wanted_again_ || now >= *removal_due_)) {
    removal_ = Removal{{}, is_wanted_again_ ? now : now - kRetiredStay};
  }
  return removal_.has_value();
}

Result<void> FeatureVersions::remove_slice() {
  features::RetiredSlice done;
  TRY(parts_.database.write([&](store::Transaction& transaction) -> Result<void> {
    done = TRY(features::remove_retired_states(transaction, removal_->done, kRemovalRows, removal_->retired_by));
    return {};
  }));
  removal_->done = done;
  if (!done.is_last) return {};
  removal_.reset();
  log(Level::kInfo, "states of retired feature definitions are removed", {});
  return parts_.database.read([this](store::Reader& reader) { return plan_removal(reader); });
}

bool FeatureVersions::step(Rooms& rooms) {
  if (is_removing()) {
    const auto removed = remove_slice();
    if (removed) return removal_ || next_ != nullptr;
    log(Level::kWarn, "states of retired feature definitions could not be removed; tried again later",
        {{"error", removed.error().message}});
    removal_.reset();
    removal_due_ = parts_.clock.now() + kRetiredStay;
    is_wanted_again_ = false;
  }
  if (next_ == nullptr) return false;
  const auto has_more = fill(rooms);
  if (has_more) return *has_more;
  log(Level::kError, "back-fill of new feature definitions stopped; the old ones go on serving",
      {{"error", has_more.error().message}});
  next_ = nullptr;
  return false;
}

Result<bool> FeatureVersions::fill(Rooms& rooms) {
  bool caught_up = false;
  const auto filled = parts_.database.write([&](store::Transaction& transaction) -> Result<void> {
    features::BackFill back_fill(
        *next_, [&](store::Reader& reader, int64_t after_seq, int64_t up_to_seq, const features::EachEvent& each) {
          return parts_.log.scan(reader, after_seq + 1, up_to_seq, without_erased(each));
        });
    const auto last_seq = TRY(parts_.log.last_seq(transaction));
    const auto watermark = TRY(back_fill.step(transaction, kStepEvents, last_seq));
    caught_up = watermark == last_seq;
    return caught_up ? back_fill.switch_over(transaction, last_seq, parts_.clock.now()) : Result<void>();
  });
  if (!filled) {
    next_->forget_all();  // it may have been committed all the same
    return std::unexpected(filled.error());
  }
  next_->publish();
  if (!caught_up) return true;
  rooms.features = std::exchange(next_, nullptr);
  serve(rooms.features);
  if (!removal_due_) removal_due_ = parts_.clock.now() + kRetiredStay;
  log(Level::kInfo, "new feature definitions serve", {});
  return false;
}

}  // namespace amity::app
