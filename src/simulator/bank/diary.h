// What a household leaves behind: the events of today, and those that already wait for a later day.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "events/event.h"
#include "simulator/bank.h"

namespace amity::simulator {

// A moment of a day as people there see it (UTC+8).
Timestamp local_time(Date day, int second_of_day);
json::object yuan(int64_t amount_minor);

// Values that look log-normal with median 1, from exact arithmetic: exp(x) to its second order.
double skewed(Random& random, double spread);

struct Note {
  events::EntityKind kind = events::EntityKind::kAccount;
  std::string_view key;   // the subject's
  std::string_view type;  // of the catalogue
  Timestamp time;
  json::object data;
};

class Diary {
 public:
  Diary(std::string source, std::string id_prefix) : source_(std::move(source)), id_prefix_(std::move(id_prefix)) {}

  std::string write(Note note);  // the event's id; notes of a later day wait for it
  void tell(Truth truth) { truths_.push_back(std::move(truth)); }
  void turn_to(Date day);    // what waits for `day` becomes part of today
  void move_into(Day& day);  // hands over what happened up to the end of `today`

 private:
  bool is_due(const events::Event& event) const;

  std::string source_;
  std::string id_prefix_;
  int written_ = 0;
  Timestamp tomorrow_;
  std::vector<events::Event> today_;
  std::vector<events::Event> later_;
  std::vector<Truth> truths_;
};

}  // namespace amity::simulator
