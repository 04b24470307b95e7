// Outbox: what goes to one gateway and has not reached it, in order, within
// bounds.
//
// An entry waits, is handed over (and gets its sequence number then), and, if
// the gateway is a session, is kept until it is acknowledged.
//
//   append ──▶ waiting ──credit──▶ handed over ──acknowledge──▶ gone
//
// At the hard limit a soft-state gateway is beyond help: the router closes it.
// A session falls *behind* instead: from there on nothing is stored, and once
// it has drained below 60 %, one resync names the range that it missed.
// Notices (closed, resync) need no credit and are admitted above the limit:
// they are few, and being told is what makes a loss bearable.
//
// Invariant: sequence numbers are dense from 1 in the order of hand-over.
// Deliveries that wait and that are kept stay within the limits together.
// Cost: constant per entry. Thread-safety: none; owned by the router.
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

#include "absl/functional/function_ref.h"
#include "base/ids.h"
#include "base/status.h"
#include "core/commands.h"
#include "core/effects.h"

namespace streamer {

// How full an outbox is.
enum class Pressure : std::uint8_t {
  kNone,
  kSoft,  // above 70 % of a limit
  kHard,  // at a limit
};

class Outbox {
 public:
  struct Waiting {
    std::shared_ptr<const OutgoingEvent> event;
    std::vector<SubscriptionHandle> handles;  // ascending
    std::size_t id_bytes = 0;                 // of their subscription ids
    bool is_catching_up = false;
  };
  // What has been handed over and may have to be again.
  struct Sent {
    GatewayEffect effect;
    std::uint64_t sequence = 0;
    std::size_t bytes = 0;
  };

  Outbox(GatewayKind kind, const OutboxLimits& limits)
      : kind_(kind), limits_(limits) {}

  [[nodiscard]] Pressure pressure() const;
  [[nodiscard]] bool is_behind() const { return missed_.has_value(); }

  // Appends a delivery. False when the session is behind, or is so from now
  // on: the event is noted as missed. REQUIRES: a soft-state gateway is not
  // under hard pressure.
  bool Append(Waiting delivery);
  void Append(SubscriptionClosed notice);
  // Merged into a resync that still waits, if there is one.
  void Append(ResyncRequired notice);

  // The id of a subscription, or nullptr when it has ended.
  using FindId = absl::FunctionRef<const std::string*(SubscriptionHandle)>;
  // Hands over the next entry that may go. Ids of ended subscriptions are left
  // out; a delivery that has none left is dropped and takes no number.
  std::optional<GatewayEffect> HandOver(FindId find_id);

  // Forgets what was handed over up to `sequence`. InvalidArgument above the
  // last sequence given; changes nothing then.
  Status Acknowledge(std::uint64_t sequence);

  void AddCredit(std::size_t deliveries);

  // Drops everything, sent or not. No entry may be appended afterwards.
  void Clear();

  // How many past events may come now: none unless it has drained below 60 %.
  [[nodiscard]] std::size_t room_for_past() const;

  // Deliveries, without notices.
  [[nodiscard]] std::size_t waiting() const { return waiting_count_; }
  [[nodiscard]] const std::deque<Sent>& unacknowledged() const { return sent_; }
  [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }

 private:
  struct Entry {
    std::variant<Waiting, SubscriptionClosed, ResyncRequired> what;
    std::size_t bytes = 0;
  };

  [[nodiscard]] bool IsAbove(double share) const;
  void NoteMissed(Position position);
  void CatchUpIfDrained();
  std::optional<GatewayEffect> HandOverDelivery(Entry& entry, FindId find_id);
  GatewayEffect Number(GatewayEffect effect, std::size_t bytes);

  const GatewayKind kind_;
  const OutboxLimits limits_;
  std::deque<Entry> entries_;
  std::deque<Sent> sent_;  // of a session
  std::size_t waiting_count_ = 0;
  std::size_t bytes_ = 0;  // of entries_ and sent_
  std::size_t credit_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::optional<ResyncRequired> missed_;  // set while behind
};

}  // namespace streamer

#endif  // STREAMER_CORE_OUTBOX_H_
