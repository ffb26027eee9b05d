#include <array>

#include "features/engine/state.h"

// The stored form of a state (docs/formats/feature-state.md): a version byte, then whole numbers as LEB128, signed ones
// in zigzag, positions as distances from the one before. One state has one form only.
namespace amity::features {
namespace {

constexpr uint8_t kFormatVersion = 1;
constexpr int64_t kMaxValue = 1'000'000'000'000'000;

class Writer {
 public:
  void natural(UInt128 number) {
    while (number >= 0x80) bytes_.push_back(static_cast<uint8_t>(number | 0x80)), number >>= 7;
    bytes_.push_back(static_cast<uint8_t>(number));
  }
  void whole(Int128 number) { natural(static_cast<UInt128>(number) << 1 ^ static_cast<UInt128>(number >> 127)); }
  void digest(uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<uint8_t>(number >> shift));
  }
  void byte(uint8_t b) { bytes_.push_back(b); }
  Bytes finish() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// Reads what Writer wrote; after the first mistake every answer is 0 and is_good() false.
class Input {
 public:
  explicit Input(ByteView bytes) : bytes_(bytes) {}

  UInt128 natural(UInt128 most) {
    UInt128 number = 0;
    for (int shift = 0; shift < 128; shift += 7) {
      const uint8_t b = byte();
      const UInt128 part = b & 0x7f;
      if (shift == 126 && part > 3) return fail();
      number |= part << shift;
      if (b < 0x80) {
        if ((b == 0 && shift > 0) || number > most) return fail();  // the shortest form only
        return number;
      }
    }
    return fail();
  }
  Int128 whole() {
    const UInt128 number = natural(~UInt128{0});
    return static_cast<Int128>(number >> 1 ^ (number & 1 ? ~UInt128{0} : 0));
  }
  int64_t whole(int64_t least, int64_t most) {
    const Int128 number = whole();
    if (number < least || number > most) return static_cast<int64_t>(fail());
    return static_cast<int64_t>(number);
  }
  uint64_t digest() {
    uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 8) number |= uint64_t{byte()} << shift;
    return number;
  }
  uint8_t byte() {
    if (at_ >= bytes_.size()) return static_cast<uint8_t>(fail());
    return bytes_[at_++];
  }
  // Of a list: no more items than bytes are left.
  size_t count() { return static_cast<size_t>(natural(bytes_.size() - at_)); }
  UInt128 fail() {
    is_good_ = false;
    at_ = bytes_.size();
    return 0;
  }
  bool is_good() const { return is_good_; }
  bool is_at_end() const { return at_ == bytes_.size(); }

 private:
  ByteView bytes_;
  size_t at_ = 0;
  bool is_good_ = true;
};

}  // namespace

Bytes EntityState::write(const std::vector<Group>& groups) const {
  EntityState state = *this;
  state.prune(groups);
  Writer out;
  out.byte(kFormatVersion);
  out.whole(newest_time_.us);
  out.natural(static_cast<UInt128>(newest_seq_));
  out.natural(state.buckets_.size());
  int32_t group = 0;
  int64_t index = 0;
  for (const auto& bucket : state.buckets_) {
    const bool is_same = bucket.group == group && &bucket != state.buckets_.data();
    out.natural(static_cast<UInt128>(bucket.group - group));
    out.whole(is_same ? bucket.index - index : bucket.index);
    group = bucket.group, index = bucket.index;
    const Totals& totals = bucket.totals;
    out.natural(static_cast<UInt128>(totals.count));
    if (!groups[static_cast<size_t>(group)].has_values) continue;
    out.whole(totals.sum);
    out.natural(totals.squares);
    out.whole(totals.least);
    out.whole(totals.greatest);
  }
  out.natural(state.edges_.size());
  group = 0;
  for (const auto& edges : state.edges_) {
    out.natural(static_cast<UInt128>(edges.group - group));
    group = edges.group;
    out.whole(edges.first.us);
    out.natural(static_cast<UInt128>(edges.last.us - edges.first.us));
    out.natural(static_cast<UInt128>(edges.last_seq));
    out.whole(edges.last_value);
  }
  out.natural(state.keys_.size());
  group = 0;
  for (const auto& key : state.keys_) {
    out.natural(static_cast<UInt128>(key.group - group));
    group = key.group;
    out.digest(key.digest);
    out.whole(key.mark);
  }
  return out.finish();
}

// Checks each part against the plan while it reads: what passes can be used without further care.
class StateReader {
 public:
  StateReader(ByteView bytes, const std::vector<Group>& groups, int layout)
      : in_(bytes), groups_(groups), layout_(layout) {}

  Result<EntityState> read() {
    if (in_.byte() != kFormatVersion) return wrong("its format is not known to this program");
    state_.newest_time_ = {in_.whole(kEarliest.us, kLatest.us)};
    state_.newest_seq_ = static_cast<int64_t>(in_.natural(INT64_MAX));
    if (state_.newest_seq_ < 1) return wrong("it has no newest event");
    if (!buckets()) return wrong("a bucket is not one of this set of features");
    if (!edges()) return wrong("an edge is not one of this set of features");
    if (!keys()) return wrong("a key is not one of this set of features");
    if (!in_.is_good() || !in_.is_at_end()) return wrong("it is cut or has bytes too many");
    return std::move(state_);
  }

 private:
  static std::unexpected<Error> wrong(std::string_view why) {
    return fail(Code::kConflict, "a stored feature state cannot be read: " + std::string(why) +
                                     "; rebuild the states of this feature set from the log");
  }
  // The group a distance leads to, where it is one of this layout in the wanted form.
  const Group* next_group(int32_t& group) {
    const auto distance = in_.natural(groups_.size());
    const auto next = static_cast<size_t>(group) + static_cast<size_t>(distance);
    if (!in_.is_good() || next >= groups_.size() || groups_[next].layout != layout_) return nullptr;
    group = static_cast<int32_t>(next);
    return &groups_[next];
  }
  bool buckets() {
    int32_t number = 0;
    int64_t index = 0;
    const size_t count = in_.count();
    state_.buckets_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      const int32_t before = number;
      const Group* group = next_group(number);
      if (group == nullptr || group->form != Form::kTotals) return false;
      const bool is_same = number == before && i > 0;
      const int64_t distance = in_.whole(kEarliest.us, kLatest.us);
      if (is_same && distance < 1) return false;
      index = is_same ? index + distance : distance;
      const int64_t oldest = group->window.span_at(state_.newest_time_).first;
      if (index < oldest || index > group->window.bucket_of(state_.newest_time_)) return false;
      state_.buckets_.push_back({number, index, {}});
      if (!totals(*group, state_.buckets_.back().totals)) return false;
    }
    return in_.is_good();
  }
  bool totals(const Group& group, Totals& totals) {
    totals.count = static_cast<int64_t>(in_.natural(int64_t{1} << 40));  // of all buckets together still far from 2^63
    if (totals.count < 1) return false;
    if (!group.has_values) return in_.is_good();
    totals.sum = in_.whole();
    totals.squares = in_.natural(~UInt128{0});
    totals.least = in_.whole(-kMaxValue, kMaxValue);
    totals.greatest = in_.whole(-kMaxValue, kMaxValue);
    const Int128 count = totals.count;
    return in_.is_good() && totals.least * count <= totals.sum && totals.sum <= totals.greatest * count;
  }
  bool edges() {
    int32_t number = 0;
    const size_t count = in_.count();
    state_.edges_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      const int32_t before = number;
      const Group* group = next_group(number);
      if (group == nullptr || group->form != Form::kEdges || (number == before && i > 0)) return false;
      const int64_t first = in_.whole(kEarliest.us, state_.newest_time_.us);
      const auto length = in_.natural(static_cast<UInt128>(state_.newest_time_.us - first));
      const auto seq = static_cast<int64_t>(in_.natural(static_cast<UInt128>(state_.newest_seq_)));
      const int64_t value = in_.whole(INT64_MIN, INT64_MAX);
      if (!in_.is_good() || seq < 1) return false;
      state_.edges_.push_back({number, {first}, {first + static_cast<int64_t>(length)}, seq, value});
    }
    return in_.is_good();
  }
  bool keys() {
    int32_t number = 0;
    int in_group = 0;
    const size_t count = in_.count();
    state_.keys_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      const int32_t before = number;
      const Group* group = next_group(number);
      if (group == nullptr || (group->form != Form::kLatest && group->form != Form::kEarliest)) return false;
      const bool is_same = number == before && i > 0;
      in_group = is_same ? in_group + 1 : 1;
      const uint64_t digest = in_.digest();
      if (in_group > group->at_most || (is_same && digest <= state_.keys_.back().digest)) return false;
      const int64_t mark = in_.whole(kEarliest.us, kLatest.us);
      const int64_t least =
          group->form == Form::kLatest ? group->window.span_at(state_.newest_time_).first : kEarliest.us;
      const int64_t most =
          group->form == Form::kLatest ? group->window.bucket_of(state_.newest_time_) : state_.newest_time_.us;
      if (!in_.is_good() || mark < least || mark > most) return false;
      state_.keys_.push_back({number, digest, mark});
    }
    return in_.is_good();
  }

  Input in_;
  const std::vector<Group>& groups_;
  int layout_;
  EntityState state_;
};

Result<EntityState> EntityState::read(ByteView bytes, const std::vector<Group>& groups, int layout) {
  return StateReader(bytes, groups, layout).read();
}

}  // namespace amity::features
