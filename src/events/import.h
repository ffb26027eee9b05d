// A bank's own files become events: CSV and JSON lines, read as a declarative mapping says (docs/formats/mapping.md).
//
// Opening reads everything once: the mapping is checked against the catalogue and the files' columns, each row is built
// into its events, rows that do not fit are listed with line, field and reason (a row is taken whole or not at all),
// and of the good ones only time and place are kept (24 bytes an event). next_batch then builds the events again in
// order of their time; at equal times the order of files in the mapping, of rows in a file and of events in the mapping
// decides. An event's id is made of file, key and type, so a second import of the same files repeats every id and adds
// nothing.
//
// One thread at a time; files must not change meanwhile (`unavailable` where that is noticed).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.h"

namespace amity::events {

// A row that was left out.
struct RejectedRow {
  std::string file;
  int64_t line = 0;    // from 1, of the row's first line
  std::string field;   // the column or target field; empty when the whole row is meant
  std::string reason;  // without the row's values
};

struct ImportProgress {
  int64_t rows = 0;  // read while opening
  int64_t bytes = 0;
  int64_t bytes_total = 0;
  int64_t events = 0;  // given out by next_batch
  int64_t events_total = 0;
};

constexpr size_t kMaxRejectedRows = 100'000;  // more of them, and the mapping does not fit: opening fails with `limit`

class Import {
 public:
  using OnProgress = std::function<void(const ImportProgress&)>;

  // Errors name the place: "mapping /files/2/events/0/data/amount" or "trans.asc:120".
  static Result<Import> open(const std::string& folder, std::string_view mapping_text, OnProgress on_progress = {});
  Import(Import&&) noexcept;
  Import& operator=(Import&&) noexcept;
  ~Import();

  // At most `count` events, in order of time, all with is_history; empty at the end.
  Result<std::vector<Event>> next_batch(size_t count);
  // The row of an event that next_batch gave out (counted from 0 over all batches) and that was refused afterwards.
  RejectedRow row_of(size_t event, std::string field, std::string reason) const;

  const std::vector<RejectedRow>& rejected() const;
  const std::map<std::string, int64_t>& counts() const;  // events by type, known from opening
  ImportProgress progress() const;

 private:
  struct State;
  explicit Import(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace amity::events
