// ClientSession: the gateway's side of the protocol, without clock or socket.
//
// Its owner tells it what happened and when (stream broken, answer received,
// time passed) and does what it answers (open a stream, send, complete). The
// shipped client, tests and the simulation drive the same object.
//
//   closed ◀── connecting ──▶ connected ◀──▶ reconnecting
//
// When a stream breaks, the next one is opened after a backoff.
//
// *Without a session* a stream counts as connected with the first message
// received on it; a heartbeat sent first makes the service speak. Every live
// subscription is asked for again before anything else is sent. Its answer
// yields a gap: events between the break and the answer may be missing.
//
// *With a session* each stream begins with Hello and is connected once it is
// welcomed. Then only what was unanswered is asked again, unless the service
// holds other subscriptions than it should. Every live one is asked for again,
// and its answer yields a gap, when the service says that continuity is lost.
// SessionReceiver keeps what came; what cannot follow it breaks the stream.
//
// Invariant: a subscription is live from its answer to its Unsubscribe, its
// refusal on a later stream or its end by the service; a delivery that comes
// while it is not live belongs to an earlier life of the id.
//
// Thread-safety: none; guarded by its owner.
#ifndef STREAMER_CLIENT_CLIENT_SESSION_H_
#define STREAMER_CLIENT_CLIENT_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/backoff.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/time.h"
#include "client/client_action.h"
#include "client/client_session_options.h"
#include "client/entry_number.h"
#include "client/internal/subscription_book.h"
#include "client/session_receiver.h"
#include "client/subscription.h"

namespace streamer {

enum class ClientState : std::uint8_t {
  kConnecting,  // never connected yet
  kConnected,
  kReconnecting,  // was connected, will be again
  kClosed,        // for good
};

// "connecting", "connected", "reconnecting", "closed".
std::string_view NameOf(ClientState state);

class ReceivedDelivery;

class ClientSession {
 public:
  explicit ClientSession(const ClientSessionOptions& options);

  // Begins to connect. Called once, before anything else.
  ClientActions Start(MonotonicTime now);
  // Instead: closes at once.
  ClientActions Refuse(const Status& status);

  // Asks for a subscription, now or once connected. An id that is live is
  // asked for again, and the service decides whether it is the same; one that
  // is being asked for is AlreadyExists.
  ClientActions Subscribe(SubscribeTicket ticket, SubscriptionRequest request);

  // Gives up waiting for an answer: what was new is unsubscribed.
  ClientActions CancelSubscribe(SubscribeTicket ticket);

  // Ends a subscription at once. NotFound when there is none. `ticket` is
  // completed when the service has ended it, too: at once without a session.
  Result<ClientActions> Unsubscribe(std::string_view subscription_id,
                                    UnsubscribeTicket ticket = {});

  // Any message came. Must be told before what the message says.
  ClientActions MessageReceived(MonotonicTime now);
  // `session` and `last_seq` as the service says them, 0 without a session.
  void HeartbeatAcknowledged(MonotonicTime now, std::uint64_t session = 0,
                             std::uint64_t last_seq = 0);
  ClientActions SubscribeAnswered(const std::string& subscription_id,
                                  Result<SubscriptionAnswer> answer);
  ClientActions StreamBroken(const Status& status, MonotonicTime now);

  // What only sessions hear, in the order of the stream.
  ClientActions Welcomed(const SessionWelcome& welcome, MonotonicTime now);
  ClientActions UnsubscribeAnswered(const std::string& subscription_id);
  struct Admission {
    EntryNumber number;  // null: drop it
    // Keep only ids that NoteId says so of.
    bool is_divided = false;
    ClientActions actions;
  };
  Admission DeliveryReceived(const SessionEntry& delivery, MonotonicTime now);
  bool NoteId(std::string_view id) { return receiver_->NoteId(id); }
  // While a subscription catches up with the log, how far it is must be noted
  // of each delivery: what is lost then begins there, not at the newest.
  [[nodiscard]] bool has_behind() const { return !behind_.empty(); }
  void NotePlaces(const ReceivedDelivery& delivery);
  ClientActions ResyncReceived(std::uint64_t seq, ReceivedGap gap,
                               MonotonicTime now);
  // `gap` names the one subscription.
  ClientActions EndReceived(std::uint64_t seq, SubscriptionHandle handle,
                            ReceivedGap gap, MonotonicTime now);

  // The reader is done with everything up to `number`, or with this one entry.
  ClientActions ProcessedUpTo(EntryNumber number);
  ClientActions Processed(EntryNumber number);
  // How far the reader is, or would be once it is done up to `after`; nothing
  // without a session or before the first welcome. It has an unread loss until
  // the reader is done with every gap of it.
  [[nodiscard]] std::optional<SessionPlace> place(EntryNumber after = {}) const;

  // The owner stopped reading (its queue is full), or goes on. While it does
  // not read, silence proves nothing.
  void ReadingPaused() { is_reading_ = false; }
  void ReadingResumed(MonotonicTime now);

  // Does what is due. Needed at NextDeadline() or later.
  ClientActions Tick(MonotonicTime now);
  [[nodiscard]] std::optional<MonotonicTime> NextDeadline() const;

  // A session is left to whoever goes on with it, after a last acknowledgement.
  ClientActions Close(MonotonicTime now);

  // Whether deliveries must be checked with IsWanted: not before something was
  // unsubscribed on this stream, which spares the lookups.
  [[nodiscard]] bool has_retired() const { return has_retired_; }
  [[nodiscard]] bool IsLive(std::string_view subscription_id) const;
  // Whether what comes for it is the reader's.
  [[nodiscard]] bool IsWanted(std::string_view subscription_id) const;

  [[nodiscard]] ClientState state() const { return state_; }
  // How often a broken connection was made again.
  [[nodiscard]] std::uint64_t reconnects() const { return reconnects_; }
  // Subscriptions live or asked for.
  [[nodiscard]] std::size_t subscription_count() const {
    return subscriptions_.size();
  }
  // The session's number, as the last welcome gave it; 0 before, and without.
  [[nodiscard]] std::uint64_t session_number() const {
    return has_session() ? receiver_->session() : 0;
  }
  // Entries of the session that came again and were dropped.
  [[nodiscard]] std::uint64_t duplicates() const {
    return has_session() ? receiver_->duplicates() : 0;
  }

 private:
  using Entry = client_internal::Asked;
  using Entries = client_internal::AskedById;
  using RetiredEntries = client_internal::RetiredById;

  [[nodiscard]] bool has_session() const { return receiver_.has_value(); }
  // Whether requests may go out on the stream.
  [[nodiscard]] bool CanAsk() const {
    return is_stream_open_ && (has_heard_ || !has_session());
  }

  void Open(MonotonicTime now, ClientActions& actions);
  void Connected(MonotonicTime now, ClientActions& actions);
  void Ask(Entry& entry, const SubscriptionRequest& request,
           ClientActions& actions);
  void Retire(Entries::iterator entry, UnsubscribeTicket ticket,
              ClientActions& actions);
  void Forget(Entries::iterator entry);
  static void CompleteUnsubscribed(UnsubscribeTicket ticket,
                                   ClientActions& actions);
  void Complete(Entry& entry, Result<SubscriptionAnswer> answer,
                ClientActions& actions);
  void AnswerLive(Entries::iterator found, Result<SubscriptionAnswer> answer,
                  bool is_same_life, ClientActions& actions);
  void EndGap(Entries::iterator found, const SubscriptionAnswer& answer,
              bool is_same_life, ClientActions& actions);
  bool IsStaleAnswer(const std::string& subscription_id);
  void Break(const Status& status, MonotonicTime now, ClientActions& actions);
  void ForgetStream(const std::string& reason, ClientActions& actions);
  void CompleteUnanswered(const std::string& id, Entry& entry,
                          ClientActions& actions);
  void Finish(const Status& status, ClientActions& actions);
  [[nodiscard]] bool IsFinal(const Status& status) const;
  void TickStream(MonotonicTime now, ClientActions& actions);
  [[nodiscard]] Status ConnectFailure() const;
  // When silence becomes a broken stream, and what it is called then.
  struct Patience {
    MonotonicTime until;
    Duration length;
    const char* missing;
  };
  [[nodiscard]] std::optional<Patience> PatienceWithStream() const;

  // Of sessions; see client_session_resumption.cc.
  void Violate(const Status& violation, MonotonicTime now,
               ClientActions& actions);
  void KeepUnanswered();
  void StartOver(ClientActions& actions);
  void LoseEvents(const SessionWelcome& welcome, ClientActions& actions);
  void Continue(const SessionWelcome& welcome, ClientActions& actions);
  void OpenGap(const std::string& id, Entry& entry, const std::string& reason,
               const std::string& from_progress);
  void NoteBegin(const std::string& id, const Entry& entry);
  // Whether what behind_ has under `id` has not ended.
  [[nodiscard]] bool IsHere(const std::string& id) const;
  void AskUnanswered(ClientActions& actions);
  void RetireInSession(Entries::iterator entry, UnsubscribeTicket ticket,
                       ClientActions& actions);
  void RetireId(const std::string& id, std::optional<std::uint64_t> digest,
                UnsubscribeTicket ticket, ClientActions& actions);
  void CompleteRetired(RetiredEntries::iterator retired,
                       ClientActions& actions);
  void FailRetired(const Status& status, ClientActions& actions);
  void RefuseOrphan(const std::string& subscription_id, ClientActions& actions);
  void LoseUnanswered(Entry& entry, const SessionWelcome& welcome);
  void ReportLossBeforeAnswer(const std::string& id, Entry& entry,
                              ClientActions& actions);
  void ReportUnreadLoss(ClientActions& actions);
  void Report(ReceivedGap gap, ClientActions& actions);
  static bool IsSameLife(const Entry& entry, const SubscriptionAnswer& answer);
  // Whether it is the life that was known.
  bool Confirm(Entries::iterator found, const SubscriptionAnswer& answer,
               ClientActions& actions);
  void EndLife(Entries::iterator found, SubscriptionHandle handle,
               ReceivedGap& gap, ClientActions& actions);
  void PromiseFromHere(const SubscriptionRequest& request,
                       SubscriptionAnswer& answer) const;
  [[nodiscard]] bool KeepLive(ReceivedGap& gap) const;
  void Acknowledge(std::uint64_t enough, ClientActions& actions);

  const ClientSessionOptions options_;
  Backoff backoff_;
  ClientState state_ = ClientState::kConnecting;
  Entries subscriptions_;
  std::uint64_t reconnects_ = 0;

  // Of a session.
  std::optional<SessionReceiver> receiver_;
  RetiredEntries retired_;
  // It is another process's, or was managed before there was one: with
  // subscriptions not asked for here.
  bool adopts_ = false;
  // Something is lost of which no reader was told: neither that process's nor,
  // when this one is closed, its own.
  bool has_untold_loss_ = false;
  // Each entry of which something is lost that was not reported yet holds it,
  // so that nothing has to be counted.
  std::shared_ptr<void> loss_hold_ = std::make_shared<char>();
  // How far who began in the past has come, until it is live. Under "" those of
  // the process before.
  std::map<std::string, std::string, std::less<>> behind_;
  std::optional<MonotonicTime> finishing_until_;

  MonotonicTime connect_deadline_;
  MonotonicTime retry_at_;  // while there is no stream
  Status last_failure_;

  // Of the open stream.
  bool is_stream_open_ = false;
  bool has_heard_ = false;
  bool is_reading_ = true;
  bool has_retired_ = false;
  bool is_heartbeat_unanswered_ = false;
  MonotonicTime opened_at_;
  MonotonicTime connected_at_;
  MonotonicTime last_heard_;
  MonotonicTime heartbeat_sent_at_;
  MonotonicTime next_heartbeat_;
  // The service has sent more than was received, and since when nothing came.
  std::uint64_t sent_seq_ = 0;
  std::optional<MonotonicTime> overdue_since_;
  // Answers still to come for requests that were taken back.
  TextMap<int> stale_answers_;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_CLIENT_SESSION_H_
