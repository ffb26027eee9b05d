// Reads a chain from its first entry and says what is wrong with it, and what kind of wrong.
//
// An entry's digest covers its seq, so an entry that was moved still says where it was recorded. Read in order, the
// places entries were recorded at tell the story: one off by one and staying so, something was inserted or removed and
// the rest renumbered; two that name each other's place were swapped; one that fits nowhere was altered.
#include <algorithm>
#include <map>

#include "security/audit.h"
#include "security/audit/entries.h"

namespace amity::security {
namespace {

using enum AuditFindingKind;

constexpr size_t kMaxFindings = 100;
constexpr size_t kMaxSuspects = 64;
constexpr int64_t kRenumberedAtMost = 8;  // entries removed or inserted in one place that are told apart

class Walk {
 public:
  explicit Walk(int64_t chain) : chain_(chain) {}

  void take(const AuditRecord& record);
  std::vector<AuditFinding> finish();
  int64_t entry_count() const { return entry_count_; }
  int64_t recorded_last() const { return last_.seq - shift_; }
  AuditHead head() const { return {last_.seq, last_.digest}; }

 private:
  struct Displaced {
    int64_t seq;
    int64_t offset;  // how far from where it was recorded, beyond the present shift
  };

  bool fits_at(const AuditRecord& record, int64_t recorded_seq) const;
  std::optional<int64_t> offset_of(const AuditRecord& record) const;
  bool check_place(const AuditRecord& record);
  void check_link(const AuditRecord& record);
  void note_displaced(const AuditRecord& record, int64_t offset);
  void renumbered(int64_t first_seq, int64_t offset);
  void match_swapped();
  bool swapped(const AuditRecord& a, const AuditRecord& b) const;
  void find(AuditFindingKind kind, int64_t seq, std::string text);

  int64_t chain_;
  int64_t entry_count_ = 0;
  AuditRecord last_;
  bool last_is_sound_ = true;
  int64_t shift_ = 0;  // seq now minus seq when recorded, since something was removed or inserted
  std::vector<AuditRecord> suspects_;
  std::vector<Displaced> displaced_;
  std::vector<AuditFinding> findings_;
};

void Walk::find(AuditFindingKind kind, int64_t seq, std::string text) {
  if (findings_.size() < kMaxFindings) findings_.push_back({kind, seq, std::move(text)});
}

bool Walk::fits_at(const AuditRecord& record, int64_t recorded_seq) const {
  AuditRecord moved = record;
  moved.seq = recorded_seq;
  return digest_of(chain_, moved) == record.digest;
}

std::optional<int64_t> Walk::offset_of(const AuditRecord& record) const {
  const int64_t expected = record.seq - shift_;
  for (int64_t distance = 1; distance <= kRenumberedAtMost; ++distance) {
    if (fits_at(record, expected - distance)) return distance;
    if (fits_at(record, expected + distance)) return -distance;
  }
  return std::nullopt;
}

// False where the numbers leave a gap, over which no link can be checked.
bool Walk::check_place(const AuditRecord& record) {
  const int64_t expected = last_.seq + 1;
  if (record.seq == expected) return true;
  const std::string range = std::to_string(expected) + " to " + std::to_string(record.seq - 1);
  find(kRemoved, expected, "entries " + range + " are missing");
  return false;
}

// A sound entry names another one before it than stands there: that one was replaced together with its digest.
void Walk::check_link(const AuditRecord& record) {
  if (!last_is_sound_ || record.previous == last_.digest) return;
  const int64_t seq = std::max<int64_t>(last_.seq, 1);
  find(kAltered, seq, "entry " + std::to_string(seq) + " is not the one that the next entry was recorded after");
}

void Walk::renumbered(int64_t first_seq, int64_t offset) {
  shift_ += offset;
  const std::string count = std::to_string(std::abs(offset));
  if (offset < 0) {
    find(kRemoved, first_seq,
         count + " recorded before entry " + std::to_string(first_seq) + " missing, rest renumbered");
    return;
  }
  const int64_t inserted = first_seq - offset;
  const auto is_inserted = [&](const auto& row) { return row.seq >= inserted && row.seq < first_seq; };
  std::erase_if(suspects_, is_inserted);
  std::erase_if(displaced_, is_inserted);
  find(kInserted, inserted, count + " never recorded here, the rest renumbered");
}

void Walk::note_displaced(const AuditRecord& record, int64_t offset) {
  const auto partner = std::ranges::find_if(
      displaced_, [&](const Displaced& d) { return d.seq == record.seq - offset && d.offset == -offset; });
  if (partner != displaced_.end()) {
    find(kSwapped, partner->seq,
         "entries " + std::to_string(partner->seq) + " and " + std::to_string(record.seq) + " changed places");
    displaced_.erase(partner);
    return;
  }
  if (!displaced_.empty() && displaced_.back().seq == record.seq - 1 && displaced_.back().offset == offset) {
    const int64_t first_seq = displaced_.back().seq;
    displaced_.pop_back();
    renumbered(first_seq, offset);
    return;
  }
  if (displaced_.size() < kMaxSuspects) displaced_.push_back({record.seq, offset});
}

void Walk::take(const AuditRecord& record) {
  ++entry_count_;
  if (record.seq <= last_.seq) return find(kInserted, record.seq, "an entry with a number that was given already");
  const bool is_next = check_place(record);
  const bool is_sound = fits_at(record, record.seq - shift_);
  if (is_sound) {
    if (is_next) check_link(record);
  } else if (const auto offset = offset_of(record)) {
    note_displaced(record, *offset);
  } else if (suspects_.size() < kMaxSuspects) {
    suspects_.push_back(record);
  }
  last_ = record;
  last_is_sound_ = is_sound;
}

// Places exchanged with everything in the rows but seq, or with the content only and the digests left in place.
bool Walk::swapped(const AuditRecord& a, const AuditRecord& b) const {
  const auto came_from = [&](const AuditRecord& moved, const AuditRecord& origin) {
    AuditRecord content = moved;
    content.previous = origin.previous;
    content.digest = origin.digest;
    return fits_at(moved, origin.seq) || fits_at(content, origin.seq);
  };
  return came_from(a, b) && came_from(b, a);
}

void Walk::match_swapped() {
  for (size_t i = 0; i < suspects_.size(); ++i) {
    for (size_t j = i + 1; j < suspects_.size(); ++j) {
      if (!swapped(suspects_[i], suspects_[j])) continue;
      find(kSwapped, suspects_[i].seq,
           "entries " + std::to_string(suspects_[i].seq) + " and " + std::to_string(suspects_[j].seq) +
               " changed places");
      suspects_.erase(suspects_.begin() + static_cast<std::ptrdiff_t>(j));
      suspects_.erase(suspects_.begin() + static_cast<std::ptrdiff_t>(i--));
      break;
    }
  }
}

std::vector<AuditFinding> Walk::finish() {
  match_swapped();
  for (const Displaced& d : displaced_) {
    if (d.seq == last_.seq) {
      renumbered(d.seq, d.offset);
    } else {
      find(kAltered, d.seq, "entry " + std::to_string(d.seq) + " was recorded under another number");
    }
  }
  for (const AuditRecord& suspect : suspects_) {
    find(kAltered, suspect.seq, "entry " + std::to_string(suspect.seq) + " is not what was recorded");
  }
  std::ranges::stable_sort(findings_, {}, &AuditFinding::seq);
  return findings_;
}

// What of the checkpoints fits the chain as read.
struct Anchors {
  std::multimap<int64_t, Digest> by_seq;
  std::vector<AuditFinding> forged;
  int64_t fitting = 0;
  int64_t last_fitting = 0;
  std::vector<int64_t> contradicted;
};

Anchors anchors_of(const AuditAnchor& anchor) {
  Anchors anchors;
  for (const Checkpoint& checkpoint : anchor.checkpoints) {
    if (checkpoint.chain != anchor.chain) continue;
    if (is_signed_by(checkpoint, anchor.public_key)) {
      anchors.by_seq.emplace(checkpoint.seq, checkpoint.digest);
    } else {
      anchors.forged.push_back(
          {kForgedCheckpoint, checkpoint.seq, "a checkpoint of this entry is not signed by the key given"});
    }
  }
  return anchors;
}

void compare(Anchors& anchors, const AuditRecord& record) {
  const auto [first, last] = anchors.by_seq.equal_range(record.seq);
  for (auto it = first; it != last; ++it) {
    if (it->second == record.digest) {
      ++anchors.fitting;
      anchors.last_fitting = record.seq;
    } else {
      anchors.contradicted.push_back(record.seq);
    }
  }
}

// A contradiction that something found inside the chain explains is not told twice.
void judge_contradictions(const Anchors& anchors, std::vector<AuditFinding>& findings) {
  if (anchors.contradicted.empty()) return;
  const int64_t seq = anchors.contradicted.front();
  if (std::ranges::any_of(findings, [&](const AuditFinding& f) { return f.seq <= seq; })) return;
  const std::string at = std::to_string(seq);
  const bool is_tail = anchors.last_fitting > 0 && anchors.last_fitting <= seq;
  if (is_tail) {
    findings.push_back({kTailRegrown, anchors.last_fitting + 1,
                        "the entries after " + std::to_string(anchors.last_fitting) +
                            " are not those that the checkpoint of entry " + at + " signed: cut and grown again"});
  } else {
    findings.push_back({kRewritten, 1, "no checkpoint up to entry " + at + " fits: the whole chain is another"});
  }
}

void judge_end(const Anchors& anchors, int64_t recorded_last, std::vector<AuditFinding>& findings) {
  if (anchors.by_seq.empty() || anchors.by_seq.rbegin()->first <= recorded_last) return;
  const int64_t signed_last = anchors.by_seq.rbegin()->first;
  findings.push_back({kTailCut, recorded_last + 1,
                      "entries " + std::to_string(recorded_last + 1) + " to " + std::to_string(signed_last) +
                          " and any after them are missing at the end"});
}

}  // namespace

std::string_view name_of(AuditFindingKind kind) {
  switch (kind) {
    case kAltered: return "altered";
    case kRemoved: return "removed";
    case kSwapped: return "swapped";
    case kInserted: return "inserted";
    case kTailCut: return "tail_cut";
    case kTailRegrown: return "tail_regrown";
    case kRewritten: return "rewritten";
    case kForgedCheckpoint: return "forged_checkpoint";
  }
  return "unknown";
}

Result<AuditReport> verify_audit(store::Reader& reader, const AuditAnchor& anchor) {
  Anchors anchors = anchors_of(anchor);
  Walk walk(anchor.chain);
  TRY(read_records_after(reader, anchor.chain, INT64_MIN, [&](const AuditRecord& record) -> Result<void> {
    walk.take(record);
    compare(anchors, record);
    return {};
  }));
  AuditReport report;
  report.findings = walk.finish();
  judge_contradictions(anchors, report.findings);
  judge_end(anchors, walk.recorded_last(), report.findings);
  std::ranges::move(anchors.forged, std::back_inserter(report.findings));
  std::ranges::stable_sort(report.findings, {}, &AuditFinding::seq);
  report.entry_count = walk.entry_count();
  report.last_seq = walk.head().seq;
  report.head = walk.head().digest;
  report.checkpoint_count = anchors.fitting;
  return report;
}

}  // namespace amity::security
