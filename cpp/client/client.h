// Client: a gateway's connection to the service, for C++ and, through
// `streamer._client`, for Python.
//
//   Client client({.target = "127.0.0.1:8084"}, [](Status connected) {...});
//   client.Subscribe({.id = "s1", .tenant = "t", .collection = "rooms"},
//                    [](Result<SubscriptionAnswer> answer) {...});
//   DeliveryBatch batch = client.NextBatch(1024, deadline);
//
// It stays connected until it is closed: a broken stream is opened again with
// backoff (client_session.h). What may have been missed meanwhile is in
// DeliveryBatch::gaps, at its place in the order of deliveries.
//
// By itself a client is soft-state: its subscriptions live as long as a stream
// and are asked for again on the next one, with a gap between. With
// ClientOptions::session they outlive the stream, and so does what was
// delivered and not *processed*: taken by a reader who has come back for more,
// or acknowledged. session_state() is what another process needs to go on.
//
// Deliveries wait in a bounded queue. When it is full the stream is not read
// until half of it was taken; answers to Subscribe wait behind it, too, so
// whoever waits for an answer goes on taking.
//
// An event loop watches wake_descriptor() instead of blocking: it becomes
// readable when something can be taken, a callback has run or the client has
// closed, and stays so until ClearWake.
//
// Cost: no thread of its own; callbacks run on gRPC's threads, without a lock
// held, and must not block. They may call every method but the destructor.
// Thread-safety: every method from any thread.
#ifndef STREAMER_CLIENT_CLIENT_H_
#define STREAMER_CLIENT_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "client/client_session.h"
#include "client/delivery_queue.h"
#include "client/entry_number.h"
#include "client/session_receiver.h"
#include "client/subscription.h"

namespace streamer {

struct ClientOptions {
  struct Session {
    // Whoever opens a session of a gateway id must have the credential of who
    // opened it before. Printable ASCII; empty: none.
    std::string credential;
    // The session_state() of another client, to go on from there.
    std::string resume;
    // The service may merge updates of one document while this side is slow.
    bool allows_coalescing = false;
    // Deliveries are processed when Acknowledge says so. Otherwise they are
    // when the reader comes back for more, which suits one reader at a time.
    bool acknowledges_itself = false;
    // Runs for each stream, with how the service goes on with the session.
    std::function<void(const SessionWelcome&)> welcomed = nullptr;
  };

  std::string target;  // host:port, or any gRPC target
  // Without a session a label for the service's logs, which may be empty. With
  // one, whose it is: [A-Za-z0-9_.:-]{1,128}.
  std::string gateway_id;
  std::optional<Session> session;
  Duration connect_timeout = std::chrono::seconds(5);
  Duration heartbeat_interval = std::chrono::seconds(10);
  Duration heartbeat_timeout = std::chrono::seconds(30);
  BackoffOptions backoff;
  DeliveryQueueLimits queue;
  // Largest message that is accepted. With a session the service sends no
  // larger ones, and none above 64 MiB; without, none above 4 MiB.
  std::size_t max_message_bytes = 8u << 20;
};

struct ClientStatistics {
  std::uint64_t deliveries_received = 0;
  std::uint64_t deliveries_taken = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t reading_pauses = 0;  // times the queue was full
  std::size_t queued_deliveries = 0;
  std::size_t queued_bytes = 0;
  std::size_t subscriptions = 0;  // live or asked for
  // What a session sent again although it had been received.
  std::uint64_t duplicates_dropped = 0;
};

class Client {
 public:
  using Connected = std::function<void(Status)>;
  using Answered = std::function<void(Result<SubscriptionAnswer>)>;
  using Unsubscribed = std::function<void(Status)>;

  // Begins to connect. `connected` runs once: OK, or why the client is closed
  // (Unavailable after `connect_timeout`; at once when the service refuses
  // this client for good, or with InvalidArgument when an option is wrong).
  Client(const ClientOptions& options, Connected connected);
  // Closes, and waits until no callback runs any more.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Asks for a subscription. `answered` runs once, with the service's refusal
  // (its code and text) if it refuses; Unavailable or Cancelled when
  // the client closes first.
  SubscribeTicket Subscribe(SubscriptionRequest request, Answered answered);
  // Gives up waiting: `answered` does not run unless it is running already,
  // and a subscription that was new does not come to be.
  void CancelSubscribe(SubscribeTicket ticket);
  // Ends a subscription: nothing taken afterwards names it. NotFound when
  // there is none. `unsubscribed` runs once unless that is so: with OK when the
  // service of a session has ended it, too, and Cancelled or why the client is
  // closed when that comes first; at once without a session.
  Status Unsubscribe(std::string_view subscription_id,
                     Unsubscribed unsubscribed = nullptr);

  // Takes what is there: gaps, and up to `limit` deliveries. What was taken
  // before is processed thereby (see ClientOptions::Session).
  DeliveryBatch TakeBatch(std::size_t limit);
  // The same, waiting for something to be there. Empty when `deadline` passed
  // or the client is closed and all was taken.
  DeliveryBatch NextBatch(std::size_t limit,
                          std::chrono::steady_clock::time_point deadline);
  // Takes gaps that stand before the next delivery, and no delivery. They
  // are processed when GapsProcessed says so, or something is taken.
  std::vector<ReceivedGap> TakeGaps();
  void GapsProcessed();

  // Everything up to the delivery or gap of that number is processed. Nothing
  // happens when it is of another session or of none.
  void Acknowledge(EntryNumber number);
  // Where another client may go on: after what is processed, or would be once
  // everything up to `after` is. Who keeps it with what was made of that, and
  // acknowledges then, misses nothing and does nothing twice wherever it is
  // killed. Empty without a session, and before it is open. Who took gaps and
  // has not told of them says so.
  [[nodiscard]] std::string session_state(EntryNumber after = {},
                                          bool has_untold_gaps = false) const;

  // Ends the stream and, without a session, every subscription. A session
  // lives on for a while: what was processed is acknowledged. What was received
  // can still be taken. Idempotent.
  void Close();
  // Waits until no stream is open and no callback runs: soon after Close, and
  // not before. Not to be called from a callback.
  void AwaitQuiet();

  [[nodiscard]] int wake_descriptor() const;
  void ClearWake();

  [[nodiscard]] ClientState state() const;
  // Why the client is closed; OK when Close did it, or it is not closed.
  [[nodiscard]] Status close_reason() const;
  [[nodiscard]] ClientStatistics Statistics() const;

 private:
  class Connection;
  const std::shared_ptr<Connection> connection_;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_CLIENT_H_
