// ClientSession: the gateway's side of the protocol, without clock or socket.
//
// Its owner tells it what happened and when (stream broken, answer received,
// time passed) and does what it answers (open a stream, send, complete). The
// shipped client and tests drive the same object.
//
//   closed ◀── connecting ──▶ connected ◀──▶ reconnecting
//
// A stream counts as connected with the first message received on it; a
// heartbeat sent first makes the service speak. When a stream breaks, the next
// one is opened after a backoff, and every live subscription is asked for
// again on it before anything else is sent. Its answer yields a gap: events
// between the break and the answer may be missing.
//
// Invariant: a subscription is live from its answer to its Unsubscribe, its
// refusal on a later stream or its end by the service; a delivery that comes
// while it is not live belongs to an earlier life of the id.
//
// Thread-safety: none; guarded by its owner.
#ifndef STREAMER_CLIENT_CLIENT_SESSION_H_
#define STREAMER_CLIENT_CLIENT_SESSION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/backoff.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/time.h"
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

// One call of Subscribe, chosen by the caller.
using SubscribeTicket = Id<struct SubscribeTicketTag>;

struct ClientSessionOptions {
  std::string target;  // named in messages
  // How long the first connection may take, over all attempts.
  Duration connect_timeout = std::chrono::seconds(5);
  // How long one attempt may take.
  Duration attempt_timeout = std::chrono::seconds(10);
  Duration heartbeat_interval = std::chrono::seconds(10);
  // Silence after an unanswered heartbeat that counts as a broken stream.
  Duration heartbeat_timeout = std::chrono::seconds(30);
  BackoffOptions backoff;
  std::uint64_t backoff_seed = 0;
};

// What the owner is to do, in order.
namespace client_action {
struct OpenStream {};
// Cancel the stream; nothing of it concerns the session any more.
struct AbandonStream {};
struct SendSubscribe {
  SubscriptionRequest request;
};
struct SendUnsubscribe {
  std::string subscription_id;
};
struct SendHeartbeat {};
// Subscribe(ticket) has ended.
struct CompleteSubscribe {
  SubscribeTicket ticket;
  Result<SubscriptionAnswer> answer;
};
struct ReportGap {
  std::string subscription_id;
  std::string reason;
};
// The first connection stands.
struct ReportConnected {};
// The state is kClosed; nothing follows. OK: because Close was called.
struct ReportClosed {
  Status status;
};
}  // namespace client_action

using ClientAction =
    std::variant<client_action::OpenStream, client_action::AbandonStream,
                 client_action::SendSubscribe, client_action::SendUnsubscribe,
                 client_action::SendHeartbeat, client_action::CompleteSubscribe,
                 client_action::ReportGap, client_action::ReportConnected,
                 client_action::ReportClosed>;
using ClientActions = std::vector<ClientAction>;

class ClientSession {
 public:
  explicit ClientSession(const ClientSessionOptions& options);

  // Begins to connect. Called once, before anything else.
  ClientActions Start(MonotonicTime now);

  // Asks for a subscription, now or once connected. An id that is live is
  // asked for again, and the service decides whether it is the same; one that
  // is being asked for is AlreadyExists.
  ClientActions Subscribe(SubscribeTicket ticket, SubscriptionRequest request);

  // Gives up waiting for an answer: what was new is unsubscribed.
  ClientActions CancelSubscribe(SubscribeTicket ticket);

  // Ends a subscription at once. NotFound when there is none.
  Result<ClientActions> Unsubscribe(std::string_view subscription_id);

  // Any message came. Must be told before what the message says.
  ClientActions MessageReceived(MonotonicTime now);
  void HeartbeatAcknowledged() { is_heartbeat_unanswered_ = false; }
  ClientActions SubscribeAnswered(const std::string& subscription_id,
                                  Result<SubscriptionAnswer> answer);
  ClientActions StreamBroken(const Status& status, MonotonicTime now);

  // The owner stopped reading (its queue is full), or goes on. While it does
  // not read, silence proves nothing.
  void ReadingPaused() { is_reading_ = false; }
  void ReadingResumed(MonotonicTime now);

  // Does what is due. Needed at NextDeadline() or later.
  ClientActions Tick(MonotonicTime now);
  [[nodiscard]] std::optional<MonotonicTime> NextDeadline() const;

  ClientActions Close();

  // Whether deliveries must be checked with IsLive: not before something was
  // unsubscribed on this stream, which spares the lookups.
  [[nodiscard]] bool has_retired() const { return has_retired_; }
  [[nodiscard]] bool IsLive(std::string_view subscription_id) const;

  [[nodiscard]] ClientState state() const { return state_; }
  // How often a broken connection was made again.
  [[nodiscard]] std::uint64_t reconnects() const { return reconnects_; }
  // Subscriptions live or asked for.
  [[nodiscard]] std::size_t subscription_count() const {
    return subscriptions_.size();
  }

 private:
  struct Entry {
    SubscriptionRequest request;
    bool is_live = false;
    bool is_answer_awaited = false;  // on this stream
    // Who waits for the answer, if anybody does.
    std::optional<SubscribeTicket> ticket;
    // Not empty: live, and not yet answered since the stream broke.
    std::string gap_reason;
  };
  // Ordered, so that resubscription has one order whatever the hash.
  using Entries = std::map<std::string, Entry, std::less<>>;

  void Open(MonotonicTime now, ClientActions& actions);
  void Ask(Entry& entry, const SubscriptionRequest& request,
           ClientActions& actions);
  void Retire(Entries::iterator entry, ClientActions& actions);
  void Complete(Entry& entry, Result<SubscriptionAnswer> answer,
                ClientActions& actions);
  void AnswerLive(Entries::iterator found, Result<SubscriptionAnswer> answer,
                  ClientActions& actions);
  bool IsStaleAnswer(const std::string& subscription_id);
  void Break(const Status& status, MonotonicTime now, ClientActions& actions);
  void ForgetStream(const std::string& reason, ClientActions& actions);
  void Finish(const Status& status, ClientActions& actions);
  void TickStream(MonotonicTime now, ClientActions& actions);
  [[nodiscard]] Status ConnectFailure() const;
  // When silence on the open stream becomes a broken stream, and what it is
  // called then.
  struct Patience {
    MonotonicTime until;
    Duration length;
  };
  [[nodiscard]] std::optional<Patience> PatienceWithStream() const;

  const ClientSessionOptions options_;
  Backoff backoff_;
  ClientState state_ = ClientState::kConnecting;
  Entries subscriptions_;
  std::uint64_t reconnects_ = 0;

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
  // Answers still to come for requests that were taken back.
  TextMap<int> stale_answers_;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_CLIENT_SESSION_H_
