#include "simulator/bank/diary.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace amity::simulator {

Timestamp local_time(Date day, int second_of_day) { return start_of(day) - hours(8) + seconds(second_of_day); }

json::object yuan(int64_t amount_minor) { return {{"amount_minor", amount_minor}, {"currency", "CNY"}}; }

double skewed(Random& random, double spread) {
  const double x = random.normal() * spread;
  return x >= 0 ? 1 + x + x * x / 2 : 1 / (1 - x + x * x / 2);
}

bool Diary::is_due(const events::Event& event) const { return event.time < tomorrow_; }

std::string Diary::write(Note note) {
  events::Event event;
  event.source = source_;
  event.id = fmt::format("{}-{}", id_prefix_, ++written_);
  event.type = note.type;
  event.subject = {note.kind, std::string(note.key)};
  event.time = note.time;
  event.data = std::move(note.data);
  std::string id = event.id;
  (is_due(event) ? today_ : later_).push_back(std::move(event));
  return id;
}

void Diary::turn_to(Date day) {
  tomorrow_ = local_time({day.days + 1}, 0);
  const auto waiting = std::stable_partition(later_.begin(), later_.end(), [&](const auto& e) { return is_due(e); });
  today_.assign(std::make_move_iterator(later_.begin()), std::make_move_iterator(waiting));
  later_.erase(later_.begin(), waiting);
}

void Diary::move_into(Day& day) {
  std::ranges::move(today_, std::back_inserter(day.events));
  std::ranges::move(truths_, std::back_inserter(day.truths));
  today_.clear();
  truths_.clear();
}

}  // namespace amity::simulator
