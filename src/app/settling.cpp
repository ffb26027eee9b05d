#include "app/settling.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace amity::app {
namespace {

// A slice keeps up with what arrives: an event changes some eight rows, so a round ends while half as many events come
// as it settles. 2,000 rows take some 30 ms, which a batch that comes meanwhile waits.
constexpr size_t kSliceRows = 2000;
constexpr size_t kSliceRowsPerEvent = 16;
// 200 events take some 20 ms.
constexpr int64_t kCatchUpEvents = 200;

}  // namespace

Result<void> Settling::take_up(store::Reader& reader, features::LiveFeatures& features) {
  if (!is_behind_) return {};
  TRY(parts_.log.take_up(reader));
  TRY(parts_.records.take_up_links(reader));
  caught_up_seq_ = std::min(TRY(parts_.records.watermark(reader)), TRY(features.watermark(reader)));
  behind_seq_ = TRY(parts_.log.last_seq(reader));
  round_seq_ = caught_up_seq_;
  seen_seq_ = behind_seq_;
  is_behind_ = false;
  if (is_catching_up()) log(Level::kInfo, "events to be settled", {{"events", behind_seq_ - caught_up_seq_}});
  return {};
}

Result<void> Settling::catch_up(features::LiveFeatures& features) {
  if (is_behind_) {
    TRY(parts_.database.read([&](store::Reader& reader) { return take_up(reader, features); }));
  }
  while (is_catching_up()) TRY(catch_up_slice(features));
  return {};
}

// To meet what these events touched is to bring it up to the log's end. One whose home has been erased counts nowhere
// any more (docs/decisions/0011).
Result<void> Settling::catch_up_slice(features::LiveFeatures& features) {
  const int64_t to = std::min(behind_seq_, caught_up_seq_ + kCatchUpEvents);
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    std::vector<events::Event> events;
    TRY(parts_.log.scan(reader, caught_up_seq_ + 1, to, [&](const events::Event& event) -> Result<void> {
      if (!event.is_erased) events.push_back(event);
      return {};
    }));
    TRY(parts_.records.load(reader, events));
    return features.prepare(reader, events);
  }));
  parts_.records.discard();
  features.publish();
  caught_up_seq_ = to;
  return {};
}

void Settling::forget_all(features::LiveFeatures& features) {
  parts_.records.forget_all();
  features.forget_all();
  round_ = nullptr;
  is_behind_ = true;
}

bool Settling::step(features::LiveFeatures& features) {
  const auto stepped = [&]() -> Result<void> {
    if (is_behind_) {
      return parts_.database.read([&](store::Reader& reader) { return take_up(reader, features); });
    }
    if (is_catching_up()) return catch_up_slice(features);
    if (round_ != nullptr && round_ != &features) round_ = nullptr;  // other definitions serve now
    const int64_t seq = TRY(last_seq());
    const auto arrived = static_cast<size_t>(seq - std::exchange(seen_seq_, seq));
    if (round_ == nullptr && seq - round_seq_ >= after_events_) TRY(begin(features));
    return round_ == nullptr ? Result<void>() : slice(std::max(kSliceRows, arrived * kSliceRowsPerEvent));
  }();
  if (!stepped) {
    log(Level::kWarn, "derived state could not be settled; it stays in memory", {{"error", stepped.error().message}});
    return false;
  }
  return round_ != nullptr || is_catching_up();
}

Result<void> Settling::settle_all(features::LiveFeatures& features) {
  if (is_behind_ || is_catching_up()) return {};
  TRY(begin(features));
  while (round_ != nullptr) TRY(slice(SIZE_MAX));
  return {};
}

Result<int64_t> Settling::last_seq() {
  int64_t last_seq = 0;
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    last_seq = TRY(parts_.log.last_seq(reader));
    return {};
  }));
  return last_seq;
}

Result<void> Settling::begin(features::LiveFeatures& features) {
  TRY(parts_.database.read([&](store::Reader& reader) -> Result<void> {
    round_seq_ = TRY(parts_.log.last_seq(reader));
    return parts_.log.begin_settling(reader);
  }));
  parts_.records.begin_settling();
  features.begin_settling();
  round_ = &features;
  return {};
}

// Where it fails the stock stays as it was taken, and what the slice wrote is written again.
Result<void> Settling::slice(size_t rows) {
  const auto written =
      parts_.database.write([&](store::Transaction& transaction) { return write_slice(transaction, rows); });
  if (!written) {
    round_ = nullptr;
    return written;
  }
  parts_.log.settled();
  parts_.records.settled();
  round_->settled();
  if (is_last_slice_) round_ = nullptr;
  return {};
}

Result<void> Settling::write_slice(store::Transaction& transaction, size_t rows) {
  size_t left = rows;
  left -= TRY(parts_.log.settle(transaction, left));
  left -= TRY(parts_.records.settle(transaction, left));
  left -= TRY(round_->settle(transaction, left));
  is_last_slice_ = left > 0;
  if (!is_last_slice_) return {};
  TRY(parts_.log.finish_settling(transaction));
  TRY(parts_.records.save_watermark(transaction, round_seq_));
  return round_->save_watermark(transaction, round_seq_);
}

}  // namespace amity::app
