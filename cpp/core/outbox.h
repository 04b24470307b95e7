// Outbox: what goes to one gateway and has not reached it, in order, within
// bounds.
//
// An entry waits, is handed over (and gets its sequence number then), and, if
// the gateway is a session, is kept until it is acknowledged. When the session
// gets another stream, what it kept is handed over again, under its numbers.
//
//   append ──▶ waiting ──credit──▶ handed over ──acknowledge──▶ gone
//                                      ▲  │ another stream
//                                      └──┘
//
// At the hard limit a soft-state gateway is closed and a session falls behind:
// that is the router's to do. Notices (closed, resync) need no credit and are
// admitted above the limit: they are few, and being told is what makes a loss
// bearable.
//
// A session is given a resync at a time for each loss, until kMostResyncs of
// them are not acknowledged. Then the next one waits, all that is appended
// waits behind it, and every later loss is merged into it, where it stands: it
// may come before deliveries of events that are older than the loss, never
// after one that is newer. So who has a delivery has had, or been told that it
// lost, everything before, and may go on from there; and however many losses
// there are, what is kept of them, and saved, is kMostResyncs + 1 notices. Each
// has at most kMostNamedBytes of names, or else none: it is for all of the
// gateway then. So a message of the smallest size that a gateway may ask for
// carries any of them, and all of them together are far from what a store takes
// in one record (1.5 MiB in etcd). Who acknowledges in time waits for nothing.
//
// Notices that a subscription ended by itself count as bytes; of those that a
// session does not acknowledge kMostSavedClosed are saved, the oldest: what it
// has is in the answer to its Hello, too.
//
// An entry *holds* when everything before it that concerned the gateway was
// appended before it: so what holds is in the order of positions, and once none
// is left before a position, the gateway has had what there was up to it. Only
// past events of single subscriptions do not hold.
//
// Of a gateway that allows merging, an event that comes while the outbox is
// above its soft limit takes the place of the last delivery of its document
// that waits, if it is for all of that one's subscriptions: see Join and
// Compose. What was handed over once is never merged, nor anything across a
// notice. A change is put off no further than to where it would have gone out
// anyway and once more as far.
//
// Invariant: sequence numbers are dense from 1 in the order of hand-over.
// Deliveries that wait and that are kept stay within the limits together. What
// is on its way to a soft-state gateway is less than kMostInFlight and one
// more. At most one resync waits. Cost: constant per entry; of what does not
// hold, and of a name in a resync, logarithmic in their number. Thread-safety:
// none; owned by the router.
#ifndef STREAMER_CORE_OUTBOX_H_
#define STREAMER_CORE_OUTBOX_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/functional/function_ref.h"
#include "base/ids.h"
#include "base/status.h"
#include "core/commands.h"
#include "core/effects.h"
#include "core/internal/merging.h"

namespace streamer {

// How full an outbox is.
enum class Pressure : std::uint8_t {
  kNone,
  kSoft,  // above 70 % of a limit
  kHard,  // at a limit
};

class Outbox {
 public:
  // So many resyncs are handed over to a session that acknowledges none.
  static constexpr std::size_t kMostResyncs = 4;
  static constexpr std::size_t kMostSavedClosed = 1'024;
  // A session that acknowledges none of so many is to lose its stream.
  static constexpr std::size_t kMostClosed = 16'384;
  static constexpr std::size_t kMostInFlight = 16u << 20;  // bytes
  // Of the names in a resync, each counted with what frames it.
  static constexpr std::size_t kMostNamedBytes = 32u << 10;
  static constexpr std::size_t kNameFrame = 4;
  // Why, in bytes: it may repeat what a source said.
  static constexpr std::size_t kLongestReason = 512;

  struct Waiting {
    std::shared_ptr<const OutgoingEvent> event;
    std::vector<SubscriptionHandle> handles;  // ascending
    std::size_t id_bytes = 0;                 // of their subscription ids
    bool is_catching_up = false;
    bool holds = true;
    std::vector<Membership> memberships;  // of each handle, or empty

    // Of one that others were merged into, by the outbox.
    std::uint32_t coalesced = 0;    // how many
    std::uint64_t first_place = 0;  // offset of the first of them
    // The sequence number that the first would have had.
    std::uint64_t turn = 0;

    // Of the last handle.
    void AddMembership(Membership membership) {
      if (membership == Membership::kNone && memberships.empty()) return;
      memberships.resize(handles.size() - 1);
      memberships.push_back(membership);
    }
  };

  // With a stream, or, for a session, without.
  Outbox(GatewayKind kind, const OutboxLimits& limits, bool has_stream = true)
      : kind_(kind), limits_(limits), has_stream_(has_stream) {}

  [[nodiscard]] Pressure pressure() const;

  // Whether deliveries that wait may be merged: not unless a session says so.
  void AllowMerging(bool allows);

  // Whether an earlier delivery was merged into this one. REQUIRES: not under
  // hard pressure, or one other was appended since it was not.
  bool Append(Waiting delivery);
  // `at` is the newest event routed.
  void Append(SubscriptionClosed notice, Position at);
  // Merged into a resync that still waits, if there is one.
  void Append(ResyncRequired notice);

  // The id of a subscription, or nullptr when it has ended.
  using FindId = absl::FunctionRef<const std::string*(SubscriptionHandle)>;
  // Hands over the next entry that may go: none without a stream. Ids of ended
  // subscriptions are left out; a delivery that has none left is dropped and
  // takes no number, unless it has one already.
  std::optional<GatewayEffect> HandOver(FindId find_id);

  // Forgets what was handed over up to `sequence`. InvalidArgument above the
  // last sequence given; changes nothing then.
  Status Acknowledge(std::uint64_t sequence);
  // Forgets what holds up to `position`, sent or not.
  void ForgetUpTo(Position position);
  // The same for good: what was handed over is kept, because it has its number,
  // and holds nothing any more. How many deliveries waited. REQUIRES: nothing
  // that holds and comes after `position` was appended.
  std::size_t GiveUp(Position position);

  void AddCredit(std::size_t deliveries);

  // The session has a new stream, and no credit but this: what was handed over
  // and not acknowledged is to go out again.
  void Attach(std::size_t credit);
  // The stream is gone.
  void Detach();

  // Deliveries of events up to `offset` say that they may have come before.
  void MarkRedelivered(std::uint64_t offset);

  // Drops everything, sent or not. No entry may be appended afterwards.
  void Clear();

  // How many past events may come now: none unless it has drained below 60 %.
  [[nodiscard]] std::size_t room_for_past() const;

  // Of the oldest entry that holds and has not reached the gateway: not been
  // acknowledged, or, of a soft-state gateway, not been granted for.
  [[nodiscard]] std::optional<Position> oldest_held() const;
  // The same for entries that do not hold: subscriptions that catch up from
  // different places are in no order together.
  [[nodiscard]] std::optional<Position> oldest_past() const;
  // Resyncs that were not acknowledged, kMostResyncs + 1 at most.
  [[nodiscard]] std::vector<SavedResync> resyncs() const;
  // Of a session: closed notices that were not acknowledged, to be saved.
  [[nodiscard]] std::vector<SavedClosed> closed() const;
  [[nodiscard]] bool has_too_many_closed() const {
    return closed_.size() > kMostClosed;
  }

  // Deliveries, without notices.
  [[nodiscard]] std::size_t waiting() const { return waiting_count_; }
  // Nothing waits and nothing is unacknowledged.
  [[nodiscard]] bool is_empty() const {
    return entries_.empty() && sent_.empty();
  }
  [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }
  // Up to which everything was acknowledged.
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  // Offsets go on through all epochs, and a place may be named in a later one
  // than it was written in.
  struct ByOffset {
    bool operator()(Position left, Position right) const {
      return left.offset < right.offset;
    }
  };
  // The place of waiting_resync_.
  struct ResyncPlace {};
  struct Entry {
    // Nothing where a delivery was that is merged into a later one.
    std::variant<Waiting, SubscriptionClosed, ResyncPlace, std::monostate> what;
    std::size_t bytes = 0;
  };
  // What has been handed over and may have to be again.
  struct Sent {
    GatewayEffect effect;
    std::uint64_t sequence = 0;
    std::size_t bytes = 0;
    bool holds = false;
  };

  [[nodiscard]] bool IsAbove(double share) const;
  std::optional<GatewayEffect> HandOverAgain(FindId find_id);
  std::optional<GatewayEffect> HandOverDelivery(Entry& entry, FindId find_id);
  void Leave(const Waiting& waiting);
  std::optional<GatewayEffect> HandOverNotice();
  void FetchAhead() const;
  template <typename Notice>
  GatewayEffect HandOverNumbered(Notice notice, std::size_t bytes);
  void Keep(GatewayEffect effect, std::size_t bytes, bool holds);

  // What is known of documents, of a gateway that allows merging.
  struct Merging {
    bool is_allowed = false;
    internal::WaitingDocuments documents;
    internal::Merged merged;
    std::uint64_t first_place = 0;  // of the first entry
    std::size_t holes = 0;          // entries that are nothing
  };
  [[nodiscard]] bool MayMerge(const Waiting& first, const Waiting& last) const;
  bool MergeInto(Waiting& delivery);
  bool TakeOver(Waiting& delivery);
  Position ProgressAfter(Position position);
  void Fence();
  void PopFront();
  // Erases entries, and the holes.
  void EraseIf(absl::FunctionRef<bool(const Entry&)> is_gone);
  [[nodiscard]] std::optional<Position> FindOldestHeld() const;
  void NotePast(const Waiting& delivery);
  void ForgetPast(Position position);

  const GatewayKind kind_;
  const OutboxLimits limits_;
  bool has_stream_;
  std::deque<Entry> entries_;
  std::deque<Sent> sent_;          // of a session
  std::size_t to_send_again_ = 0;  // the last ones of sent_
  // What was sent under numbers up to this one holds nothing.
  mutable std::uint64_t holds_none_upto_ = 0;
  std::deque<std::uint64_t> sent_resyncs_;        // their numbers in sent_
  std::optional<ResyncRequired> waiting_resync_;  // has its place in entries_
  // Of a session: closed notices, in order; the first of them were handed over
  // under these numbers.
  std::deque<SavedClosed> closed_;
  std::deque<std::uint64_t> sent_closed_;
  // Of a session: deliveries that do not hold, in entries_ and sent_.
  absl::btree_multiset<Position, ByOffset> past_;
  // Of a soft-state gateway: what was handed over and not yet granted for.
  struct InFlight {
    Position position;
    std::size_t bytes = 0;
    bool holds = true;
  };
  std::deque<InFlight> in_flight_;
  std::size_t waiting_count_ = 0;
  std::size_t bytes_ = 0;            // of entries_ and sent_
  std::size_t in_flight_bytes_ = 0;  // of in_flight_
  std::size_t credit_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t redelivered_upto_ = 0;
  std::unique_ptr<Merging> merging_;  // null: it was never allowed
};

}  // namespace streamer

#endif  // STREAMER_CORE_OUTBOX_H_
