#include "events/import.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <tuple>

#include <fmt/format.h>

#include "events/import/mapping.h"
#include "events/import/row_builder.h"

namespace amity::events {
namespace {

constexpr int64_t kProgressRows = 4096;

// Where an event comes from: enough to build it again.
struct Place {
  int64_t time_us;
  uint64_t offset;
  uint32_t line;
  uint16_t file;
  uint16_t event;  // of the file's events
  bool operator<(const Place& other) const {
    return std::tie(time_us, file, offset, event) < std::tie(other.time_us, other.file, other.offset, other.event);
  }
};
static_assert(sizeof(Place) == 24);

struct Source {
  Table table;
  RowBuilder builder;
};

}  // namespace

struct Import::State {
  MappingSpec mapping;
  std::deque<Source> sources;  // one for each of the mapping's files
  std::vector<Place> places;
  size_t next = 0;
  std::vector<RejectedRow> rejected;
  std::map<std::string, int64_t> counts;
  ImportProgress progress;
  OnProgress on_progress;

  // The row the last event came from, to which the next one often belongs.
  Row row;
  const Source* row_source = nullptr;
  uint64_t row_offset = 0;

  Result<void> open_files(const std::string& folder);
  Result<void> read_file(size_t file);
  Result<void> take_row(size_t file, uint64_t offset, int64_t line);
  Result<void> reject(size_t file, int64_t line, Error error);
  Result<Event> build(const Place& place);
};

Result<void> Import::State::open_files(const std::string& folder) {
  JoinedTables joined(folder);
  for (const auto& file : mapping.files) {
    auto table = TRY(Table::open(folder, file.file, file.format));
    auto builder = TRY(RowBuilder::bind(mapping, file, table, joined));
    progress.bytes_total += static_cast<int64_t>(table.size());
    sources.push_back({std::move(table), std::move(builder)});
  }
  return {};
}

Result<void> Import::State::read_file(size_t file) {
  auto& table = sources[file].table;
  int64_t line = table.first_line();
  progress.bytes += static_cast<int64_t>(table.first_row());
  for (uint64_t offset = table.first_row(); offset < table.size(); offset += row.bytes) {
    TRY(table.read(offset, row));
    if (!row.is_blank) TRY(take_row(file, offset, line));
    line += row.lines;
    progress.bytes += static_cast<int64_t>(row.bytes);
    if (on_progress && progress.rows % kProgressRows == 0) on_progress(progress);
  }
  return {};
}

// A row is taken whole or not at all: its places are kept once all of its events could be built.
Result<void> Import::State::take_row(size_t file, uint64_t offset, int64_t line) {
  ++progress.rows;
  auto& builder = sources[file].builder;
  if (!row.problem.empty()) return reject(file, line, Error{Code::kInvalid, row.problem, row.problem_field});
  if (auto ok = builder.begin(row); !ok) return reject(file, line, std::move(ok.error()));
  const size_t before = places.size();
  for (size_t event = 0; event < builder.event_count(); ++event) {
    const auto built = builder.build(event);
    if (!built) {
      places.resize(before);
      return reject(file, line, built.error());
    }
    if (!*built) continue;
    places.push_back({(*built)->time.us, offset, static_cast<uint32_t>(line), static_cast<uint16_t>(file),
                      static_cast<uint16_t>(event)});
  }
  for (size_t i = before; i < places.size(); ++i) {
    ++counts[std::string(mapping.files[file].events[places[i].event].type->name)];
  }
  return {};
}

Result<void> Import::State::reject(size_t file, int64_t line, Error error) {
  if (error.code == Code::kUnavailable) return std::unexpected(std::move(error));
  const auto& name = mapping.files[file].file;
  if (rejected.size() >= kMaxRejectedRows) {
    return fail(Code::kLimit, fmt::format("more than {} rows do not fit: {}", kMaxRejectedRows, error.text()),
                fmt::format("{}:{}", name, line));
  }
  rejected.push_back({name, line, std::move(error.place), std::move(error.message)});
  return {};
}

Result<Event> Import::State::build(const Place& place) {
  auto& source = sources[place.file];
  if (row_source != &source || row_offset != place.offset) {
    row_source = nullptr;
    TRY(source.table.read(place.offset, row));
    TRY(source.builder.begin(row));
    row_source = &source;
    row_offset = place.offset;
  }
  auto event = source.builder.build(place.event);
  const bool is_as_before = event && *event && (*event)->time.us == place.time_us;
  if (!is_as_before) {
    return fail(Code::kUnavailable, "this row was another when the import began: the file was changed meanwhile",
                fmt::format("{}:{}", mapping.files[place.file].file, place.line));
  }
  return **std::move(event);
}

Result<Import> Import::open(const std::string& folder, std::string_view mapping_text, OnProgress on_progress) {
  auto state = std::make_unique<State>();
  state->mapping = TRY(parse_mapping(mapping_text));
  state->on_progress = std::move(on_progress);
  TRY(state->open_files(folder));
  for (size_t file = 0; file < state->sources.size(); ++file) TRY(state->read_file(file));
  std::ranges::sort(state->places, std::less<>());
  state->progress.events_total = static_cast<int64_t>(state->places.size());
  if (state->on_progress) state->on_progress(state->progress);
  return Import(std::move(state));
}

Import::Import(std::unique_ptr<State> state) : state_(std::move(state)) {}
Import::Import(Import&&) noexcept = default;
Import& Import::operator=(Import&&) noexcept = default;
Import::~Import() = default;

Result<std::vector<Event>> Import::next_batch(size_t count) {
  std::vector<Event> events;
  auto& state = *state_;
  const size_t end = std::min(state.places.size(), state.next + count);
  events.reserve(end - state.next);
  for (size_t at = state.next; at < end; ++at) events.push_back(TRY(state.build(state.places[at])));
  state.next = end;
  state.progress.events = static_cast<int64_t>(end);
  return events;
}

RejectedRow Import::row_of(size_t event, std::string field, std::string reason) const {
  const auto& place = state_->places[event];
  return {state_->mapping.files[place.file].file, place.line, std::move(field), std::move(reason)};
}

const std::vector<RejectedRow>& Import::rejected() const { return state_->rejected; }
const std::map<std::string, int64_t>& Import::counts() const { return state_->counts; }
ImportProgress Import::progress() const { return state_->progress; }

}  // namespace amity::events
