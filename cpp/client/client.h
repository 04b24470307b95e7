// Client: a gateway's connection to the service, for C++ and, through
// `streamer._client`, for Python.
//
//   Client client({.target = "127.0.0.1:8084"}, [](Status connected) {...});
//   client.Subscribe({.id = "s1", .tenant = "t", .collection = "rooms"},
//                    [](Result<SubscriptionAnswer> answer) {...});
//   DeliveryBatch batch = client.NextBatch(1024, deadline);
//
// It stays connected until it is closed: a broken stream is opened again with
// backoff, and every live subscription is asked for again (client_session.h).
// What may have been missed meanwhile is in DeliveryBatch::gaps, at its place
// in the order of deliveries.
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
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"
#include "client/client_session.h"
#include "client/delivery_queue.h"
#include "client/subscription.h"

namespace streamer {

struct ClientOptions {
  std::string target;      // host:port, or any gRPC target
  std::string gateway_id;  // a label for the service's logs; may be empty
  Duration connect_timeout = std::chrono::seconds(5);
  Duration heartbeat_interval = std::chrono::seconds(10);
  Duration heartbeat_timeout = std::chrono::seconds(30);
  BackoffOptions backoff;
  DeliveryQueueLimits queue;
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
};

class Client {
 public:
  using Connected = std::function<void(Status)>;
  using Answered = std::function<void(Result<SubscriptionAnswer>)>;

  // Begins to connect. `connected` runs once: OK, or why the client is closed
  // (Unavailable after `connect_timeout`; at once when the service refuses
  // this client for good).
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
  // there is none.
  Status Unsubscribe(std::string_view subscription_id);

  // Takes what is there: gaps, and up to `limit` deliveries.
  DeliveryBatch TakeBatch(std::size_t limit);
  // The same, waiting for something to be there. Empty when `deadline` passed
  // or the client is closed and all was taken.
  DeliveryBatch NextBatch(std::size_t limit,
                          std::chrono::steady_clock::time_point deadline);
  // Takes gaps that stand before the next delivery, and no delivery.
  std::vector<Gap> TakeGaps();

  // Ends the stream and, with it, every subscription. What was received can
  // still be taken. Idempotent.
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
