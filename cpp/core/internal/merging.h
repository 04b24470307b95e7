// Merging: what the outbox of a gateway that allowed it knows of documents, so
// that an event can take the place of an earlier one that still waits.
//
//   waiting:  a1 b2 a3 c4       a5 comes
//        →    a1 b2 –  c4 a5    a5 holds the place of a3
//
// The later event keeps its position, so what was merged into it goes out after
// deliveries of events that came later than that: b2, then c4, then a3 within
// a5. Until a5 has gone out, who has c4 has not had everything up to c4; until
// it is acknowledged, neither may a restart begin behind a3. `Merged` are these
// debts.
//
// Places are those of an outbox: they ascend in the order in which deliveries
// were appended.
//
// Cost: constant per delivery. Thread-safety: none; owned by the outbox.
#ifndef STREAMER_CORE_INTERNAL_MERGING_H_
#define STREAMER_CORE_INTERNAL_MERGING_H_

#include <cstdint>
#include <deque>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "event/change_event.h"
#include "event/position.h"

namespace streamer::internal {

// Of each document, the place of the last delivery that waits.
class WaitingDocuments {
 public:
  // Of the document that `event` changes, or of another one with the same
  // hash: see CanJoin. Nothing when none waits behind the last fence.
  [[nodiscard]] std::optional<std::uint64_t> Find(
      const ChangeEvent& event) const;

  void Add(const ChangeEvent& event, std::uint64_t place);
  // The delivery at `from` stands at `to` now; or it does not wait any more.
  void Move(const ChangeEvent& event, std::uint64_t from, std::uint64_t to);
  void Remove(const ChangeEvent& event, std::uint64_t place);
  // Nothing that waits now is merged with what follows.
  void Fence() { places_.clear(); }

 private:
  absl::flat_hash_map<std::uint64_t, std::uint64_t> places_;  // by hash
};

// Deliveries that earlier ones were merged into.
class Merged {
 public:
  // The event at `last`, which waits, holds the places from `first` on.
  void Add(Position first, Position last);
  // What waits is what comes after `last`, which went out, or was dropped.
  void HandOver(Position last);
  void Drop(Position last);
  // Everything up to `last` was acknowledged.
  void Acknowledge(Position last);
  void Clear();

  // The earliest place that is held by what waits, and by what was not
  // acknowledged.
  [[nodiscard]] std::optional<Position> first_waiting() const;
  [[nodiscard]] std::optional<Position> first_open() const;

 private:
  struct Debt {
    Position first;
    Position last;
  };
  // Ascending by both: who holds a later place and goes out earlier shows
  // nowhere, and is not kept.
  std::deque<Debt> waiting_;
  std::deque<Debt> sent_;
};

}  // namespace streamer::internal

#endif  // STREAMER_CORE_INTERNAL_MERGING_H_
