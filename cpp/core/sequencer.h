// Sequencer: the one order. Takes commands and log entries, gives each its
// ordinal, and says what shards and router have to do for it.
//
// A command takes effect between two events: its position is that of the last
// event before it, and a subscription promises deliveries after that position.
// An event is read by its envelope only: duplicates and repeated deletes are
// dropped here, gaps are announced, and an event whose collection nobody
// subscribes to never reaches a shard.
//
// A collection with very many subscriptions is split over all shards, and its
// events go to each that holds some of it. Its subscriptions move a slice at a
// time, each slice between two inputs: no effect shows where they are.
//
// A subscription may begin in the past. Then its gateway gets a scan: the shell
// reads past events, a batch at a time, and they go through the stages like
// any others, for this gateway only. A scan that has come to the newest event
// taken ends there, at its place between two inputs: so nothing is left out
// and nothing comes twice.
//
// A session belongs to a gateway and outlives its streams: what it subscribed
// goes on while there is none. Each command counts for the session that its
// stream has when the command is taken, and for none when a newer stream has
// taken that over. What of sessions must survive a restart is said in the same
// order (StateChanged).
//
// Invariant: the output depends on the inputs and their order alone. Every
// input event yields exactly one RouteEvent, dropped or not, so the router
// knows how far the log was routed.
// Thread-safety: none; owned by one thread.
#ifndef STREAMER_CORE_SEQUENCER_H_
#define STREAMER_CORE_SEQUENCER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "core/commands.h"
#include "core/internal/lingering.h"
#include "core/internal/past_ends.h"
#include "core/internal/placement.h"
#include "core/internal/scans.h"
#include "core/internal/sessions.h"
#include "core/internal/verdicts.h"
#include "core/options.h"
#include "core/registry.h"
#include "core/sequenced.h"
#include "event/duplicate_window.h"
#include "event/fingerprint.h"
#include "event/gap_detector.h"
#include "event/log_entry.h"
#include "event/normalizer.h"
#include "event/position.h"

namespace streamer {

struct SequencerStatistics {
  std::uint64_t events_processed = 0;
  std::uint64_t duplicate_events = 0;
  std::uint64_t skipped_deleted_again = 0;
  std::uint64_t skipped_delete_unresolved = 0;
  std::uint64_t skipped_unreadable = 0;
  std::uint64_t gaps_detected = 0;
  std::uint64_t moved_subscriptions = 0;  // from one shard to another
  std::uint64_t past_events = 0;          // read again for who catches up
};

// What one or more inputs ask of the later stages, in order.
struct SequencerOutput {
  explicit SequencerOutput(std::size_t shard_count) : shards(shard_count) {}
  std::vector<std::vector<ShardTask>> shards;  // by shard
  std::vector<RouterStep> steps;

  void Clear();
};

class Sequencer {
 public:
  // `start` is the last event already behind it: what a subscription that
  // comes before any event is answered with. REQUIRES: at least one shard.
  Sequencer(const CoreOptions& options, std::size_t shards, Position start);

  // What lies before `start`, oldest first and before anything is accepted: an
  // event, or what tells it from others, that was first seen at `at`. It is
  // known from then on and goes nowhere.
  void Remember(const LogEntry& entry, MonotonicTime at);
  void Remember(const EventFingerprint& fingerprint, MonotonicTime at);
  // What ended before `start` ended uncleanly: for a while, subscriptions of
  // gateways without a session begin there.
  void Recover(MonotonicTime now);
  // What lies before `start` is not all remembered.
  void ForgetTenants() { gaps_.ForgetTenants(); }

  void Accept(Command command, Instant now, SequencerOutput& output);

  // REQUIRES: entries come in the order of their positions.
  void Accept(const LogEntry& entry, Instant now, SequencerOutput& output);

  // What is to be read from the log next for who catches up: at most `limit`
  // events after the one at `after`, all of which were taken before. A limit of
  // 0 asks for nothing but AcceptPast.
  struct PastWanted {
    GatewayHandle gateway;
    std::uint64_t after = 0;
    std::size_t limit = 0;
  };
  [[nodiscard]] std::optional<PastWanted> NextPast() const;
  // `entries` are those, or as many as there were.
  void AcceptPast(const PastWanted& wanted, std::span<const LogEntry> entries,
                  SequencerOutput& output);
  // The log no longer holds what follows `after`, which is the position at
  // `wanted.after`, up to `upto`.
  void LosePast(const PastWanted& wanted, Position after, Position upto,
                SequencerOutput& output);

  // The last event taken.
  [[nodiscard]] Position position() const { return position_; }
  [[nodiscard]] const Registry& registry() const { return registry_; }
  [[nodiscard]] std::size_t session_count() const { return sessions_.size(); }
  [[nodiscard]] const SequencerStatistics& statistics() const {
    return statistics_;
  }

 private:
  void Do(ConnectGateway& command, Instant now, SequencerOutput& output);
  void Do(DisconnectGateway& command, Instant now, SequencerOutput& output);
  void Do(OpenSession& command, Instant now, SequencerOutput& output);
  void Do(RestoreSession& command, Instant now, SequencerOutput& output);
  void Do(LimitLag& command, Instant now, SequencerOutput& output);
  void Do(Subscribe& command, Instant now, SequencerOutput& output);
  void Do(Unsubscribe& command, Instant now, SequencerOutput& output);
  void Do(Renew& command, Instant now, SequencerOutput& output);
  void Do(ManageSession& command, Instant now, SequencerOutput& output);
  void Do(EndSuspended& command, Instant now, SequencerOutput& output);
  void Do(ContinueHistory& command, Instant now, SequencerOutput& output);
  void Do(Tick& command, Instant now, SequencerOutput& output);

  void BeginSession(OpenSession& command, bool is_lost, Instant now,
                    SequencerOutput& output);
  // A new one, without a stream. REQUIRES: there is room, and none of its
  // gateway id.
  const internal::Sessions::Session& MakeSession(
      ConnectGateway gateway, std::optional<std::string> credential,
      Instant now, SequencerOutput& output);
  void Register(ManageSession& command, Subscribe& subscribe, Instant now,
                SequencerOutput& output);
  [[nodiscard]] Status MayManage(const ManageSession& command) const;
  // Its status says whether, as far as can be said before there is a session.
  Registry::Addition MayRegister(const ManageSession& command,
                                 const Subscribe& subscribe);
  // The other requests of ManageSession. A null home has no subscriptions.
  UnsubscribeResponse Revoke(GatewayHandle home,
                             const std::string& subscription_id,
                             SequencerOutput& output);
  UnsubscribeResponse RevokeAll(GatewayHandle home, SequencerOutput& output);
  RenewResponse Renewed(const Renew& renew, Instant now);
  // Adds it for its gateway and answers; whether it is a new one.
  bool AddSubscription(Subscribe& command, GatewayHandle caller, Instant now,
                       SequencerOutput& output);
  // It was taken out of the registry; its gateway is told why.
  void TellEnd(const Subscription& ended, CloseReason reason,
               SequencerOutput& output);
  // When the last of its managed subscriptions expires.
  [[nodiscard]] std::optional<MonotonicTime> LastExpiry(
      GatewayHandle gateway) const;
  // REQUIRES: it is unclaimed.
  void TakeUnclaimed(const internal::Sessions::Session& session,
                     OpenSession& command, SequencerOutput& output);
  // Its gateway asked for something in it, or for it.
  void NoteClaim(GatewayHandle home, SequencerOutput& output);
  void ResumeSession(const internal::Sessions::Session& session,
                     const OpenSession& command, SequencerOutput& output);
  void AnswerSession(const internal::Sessions::Session& session,
                     AttachStream step, SequencerOutput& output);
  void RestoreSubscription(GatewayHandle home, const SavedCursor& cursor,
                           SavedSubscription& saved, Instant now,
                           SequencerOutput& output);
  void GiveUpRestored(GatewayHandle home, const SavedSubscription& saved,
                      const Status& why, SequencerOutput& output);
  std::vector<Subscription> EndGateway(GatewayHandle gateway,
                                       const Status& farewell,
                                       SequencerOutput& output);
  // Where a subscription begins in the past, as it says itself or not; nothing
  // when it begins now.
  [[nodiscard]] std::optional<Position> ResumeAfter(const Subscribe& command,
                                                    MonotonicTime now) const;
  [[nodiscard]] Status TooManySessions() const;
  void EndSession(const std::string& gateway_id, const Status& farewell,
                  SequencerOutput& output);
  // Of a session; nothing is said of another gateway.
  void Record(GatewayHandle gateway, StateDelta delta, SequencerOutput& output);
  void RecordBegin(const Subscription& subscription, SequencerOutput& output);
  void RecordEnd(const Subscription& subscription, SequencerOutput& output);

  Ordinal NextOrdinal() { return Ordinal(++last_ordinal_); }
  void MoveSlice(SequencerOutput& output);
  void RemoveFromShards(const std::vector<Subscription>& subscriptions,
                        Ordinal ordinal, SequencerOutput& output);
  // What is missing at an entry of the log, and whom that concerns. Valid as
  // long as the entry.
  struct Loss {
    std::function<bool(const Subscription&)> concerns;
    LossReport report;
    // It concerns none but those of its tenant that see every change.
    bool is_for_watching = false;
  };
  [[nodiscard]] Loss LossAt(const LogEntry& entry);
  static Loss UnresolvedDelete(const LogEntry& entry);
  static Loss GapBefore(const LogEntry& entry, const Gap& gap);
  const Gap* FindGap(const LogEntry& entry);
  void AcceptLoss(const LogEntry& entry, SequencerOutput& output);
  void GoOnBehind(Position gap);
  void Announce(Loss loss, SequencerOutput& output);
  void AnnouncePast(GatewayHandle gateway, Loss loss, SequencerOutput& output);
  void Route(NormalizedEvent normalized, const LogEntry& entry,
             SequencerOutput& output);
  // Whom an event is for; valid until the next change.
  struct Audience {
    SubscribedCollection* collection = nullptr;
    std::span<const std::size_t> shards;  // that hold some of its collection
    std::optional<MembershipWork> membership;

    [[nodiscard]] bool has_memberships() const {
      return collection != nullptr && collection->memberships > 0;
    }
  };
  Audience AudienceOf(const SourceEvent& source);
  MembershipWork WorkFor(const NormalizedEvent& normalized,
                         SubscribedCollection& collection);
  static void SendToShards(const Audience& audience, Ordinal ordinal,
                           NormalizedEvent normalized, const LogEntry& entry,
                           SequencerOutput& output);
  void EndPast(const PastWanted& wanted, EndPastEvents step,
               SequencerOutput& output);

  const std::size_t shards_;
  Registry registry_;
  internal::Placement placement_;
  DuplicateWindow duplicates_;
  GapDetector gaps_;
  Normalizer normalizer_;
  internal::Verdicts verdicts_;
  internal::Scans scans_;
  internal::PastEnds past_ends_;
  internal::Sessions sessions_;
  internal::Lingering lingering_;
  const Duration recovery_window_;
  const Position start_;
  std::optional<MonotonicTime> recovers_until_;
  Position recovers_at_;
  Position trimmed_upto_;  // as far as a scan has found
  std::uint64_t last_ordinal_ = 0;
  std::uint64_t last_remembered_ = 0;  // MembershipWork::number
  Position position_;
  std::uint64_t replayed_upto_ = 0;  // where the replay of a restart ends
  SequencerStatistics statistics_;
};

}  // namespace streamer

#endif  // STREAMER_CORE_SEQUENCER_H_
