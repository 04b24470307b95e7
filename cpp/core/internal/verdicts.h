// Verdicts: what the sequencer made of the events that it has taken, for when
// they are read from the log again.
//
// Of most events that follows from the event alone. Kept are the others:
// duplicates, what was dropped, and what memory of earlier events decided. So
// an event that is read again is what it was the first time, although the
// memory has moved on. So are gaps that were found before an event.
//
// Bounded: when too many are kept the oldest are forgotten, and such an event,
// read again, is what it is by itself. Of gaps 1,024 are kept.
// Cost: a comparison for each event; 64 bytes for each that is kept.
// Thread-safety: none; owned by the sequencer.
#ifndef STREAMER_CORE_INTERNAL_VERDICTS_H_
#define STREAMER_CORE_INTERNAL_VERDICTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "absl/container/btree_map.h"
#include "event/gap_detector.h"
#include "event/log_entry.h"
#include "event/normalizer.h"

namespace streamer::internal {

class Verdicts {
 public:
  explicit Verdicts(std::size_t limit) : limit_(limit) {}

  // REQUIRES: entries come in the order of their positions.
  void NoteDuplicate(const LogEntry& entry);
  void Note(const LogEntry& entry, const NormalizedEvent& normalized);

  // What `entry` was for its users: a change, or a delete that nobody can name.
  // Nothing when it was dropped.
  [[nodiscard]] std::optional<NormalizedEvent> Recall(
      const LogEntry& entry) const;

  // A gap lies before `entry`, not one that the log tells of.
  void NoteGap(const LogEntry& entry, Gap gap);
  [[nodiscard]] const Gap* GapAt(const LogEntry& entry) const;

  [[nodiscard]] std::size_t size() const { return kept_.size(); }

 private:
  // Nothing: it was dropped. A source: not that of the log, but with the names
  // filled in.
  struct Verdict {
    bool is_dropped = false;
    Operation operation = Operation::kInsert;
    std::shared_ptr<const SourceEvent> source;
  };
  void Keep(const LogEntry& entry, Verdict verdict);

  const std::size_t limit_;
  absl::btree_map<std::uint64_t, Verdict> kept_;  // by offset
  std::map<std::uint64_t, Gap> gaps_;             // likewise
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_VERDICTS_H_
