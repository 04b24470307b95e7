// GatewayStream: what one gateway's stream does, without the stream.
//
// A plain gateway is soft state: the stream is the gateway. Opening it
// connects one to the engine, its end disconnects it, and its subscriptions
// live exactly as long. One whose first message is Hello keeps a session: the
// stream is then one of its streams, answered with Welcome, and everything in
// the upper part of the contract is told too. The connection below (gRPC, or a
// test's) carries bytes and tells what happened; this class decides what to
// read and write.
//
//   read    one message at a time; the next one once the engine has taken the
//           command of the last, and while few answers wait to be written
//   write   one message at a time; heartbeat acks first, then answers and
//           deliveries in the order in which the engine gave them
//   credit  a window of deliveries may be here, queued or in flight; more is
//           asked for as they are written, so a gateway that does not read
//           fills its outbox in the core and nothing here
//   end     what is queued is written, then the stream is finished, once. A
//           peer that does not take it is cut off by Sweep. One that closes
//           its side has said goodbye; one whose stream breaks, or is ended
//           with an error, may come back and go on
//
// Thread-safety: all methods, from any thread. No call of the connection or
// the engine is made while the mutex is held, but for Cancel: the router
// must not wait for a socket.
#ifndef STREAMER_TRANSPORT_INTERNAL_GATEWAY_STREAM_H_
#define STREAMER_TRANSPORT_INTERNAL_GATEWAY_STREAM_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "core/effects.h"
#include "runtime/engine.h"
#include "transport/internal/wire.h"

namespace syntrix::streamer::v1 {
class Ack;
class GatewayMessage;
class Heartbeat;
class Hello;
class SubscribeRequest;
class UnsubscribeRequest;
}  // namespace syntrix::streamer::v1

namespace streamer {

namespace pb = ::syntrix::streamer::v1;

// Whether bytes may wait for the next write or must go now.
enum class Flush : std::uint8_t { kNow, kWithNext };

// Why nothing more can be read.
enum class ReadEnd : std::uint8_t {
  kHalfClosed,  // the peer closed its sending side: it has nothing more to say
  kBroken,      // the peer is gone; OnCancelled says so too, before or after
};

// The connection under a GatewayStream. Each call of Read and Write is
// answered by one call of OnMessage, OnMalformed or OnReadEnd, and OnWritten.
class StreamConnection {
 public:
  virtual ~StreamConnection() = default;
  virtual void Read() = 0;
  virtual void Write(std::string message, Flush flush) = 0;
  // The last call but for Cancel.
  virtual void Finish(const Status& status) = 0;
  // Makes what is outstanding fail soon, and ends the stream with `status`
  // for a peer that takes nothing. Idempotent.
  virtual void Cancel(const Status& status) = 0;
};

// Counted over all streams of a server.
struct StreamCounters {
  std::atomic<std::uint64_t> deliveries = 0;
  // Documents that were too large: left out for a session; a plain stream ends
  // there.
  std::atomic<std::uint64_t> documents_omitted = 0;
  std::atomic<std::uint64_t> opened = 0;
  std::atomic<std::uint64_t> closed = 0;
};

struct GatewayStreamOptions {
  OutboxLimits outbox;
  // Deliveries that may be here before the engine waits. More are asked for
  // after a quarter of them; with a quarter of so many, threads spent a third
  // of their time on waking each other.
  std::size_t window = 1024;
  std::string peer;        // for the log
  std::string credential;  // of whoever opened the stream; may be empty
};

class GatewayStream final : public GatewaySink,
                            public std::enable_shared_from_this<GatewayStream> {
 public:
  // After so much more is asked for, however few deliveries it was.
  static constexpr std::size_t kGrantBytes = 1u << 20;
  // Answers and acks that may wait before reading stops.
  static constexpr std::size_t kMaxAnswers = 1024;
  static constexpr std::size_t kMaxAcks = 16;
  // Calls of Sweep without progress until the peer counts as stalled.
  static constexpr int kStalledSweeps = 4;

  // Connects a gateway and starts to read. `engine`, `connection` and
  // `counters` outlive OnDone.
  static std::shared_ptr<GatewayStream> Open(Engine& engine,
                                             StreamConnection& connection,
                                             StreamCounters& counters,
                                             GatewayStreamOptions options);

  // What the connection reports.
  void OnMessage(const pb::GatewayMessage& message);
  // The peer sent bytes that are no GatewayMessage.
  void OnMalformed(std::size_t size);
  void OnReadEnd(ReadEnd why);
  void OnWritten(bool ok);
  void OnCancelled();
  // The connection goes away; it is not used again.
  void OnDone();

  // Ends the stream with `status` once what is queued was written.
  void Close(const Status& status);
  // Called at regular intervals: cuts off a peer that takes nothing.
  void Sweep();
  // Ends the stream at once, with `status` unless it is closing with another;
  // what is queued is dropped.
  void CutOff(const Status& status);

  void OnEffects(std::vector<GatewayEffect> effects) override;

 private:
  enum class Phase : std::uint8_t { kOpen, kClosing, kFinished };
  enum class Queued : std::uint8_t { kKeep, kDrop };
  // What can be written: text is a message that is encoded already.
  using Item = std::variant<SharedDelivery, std::string>;
  // The most deliveries in one message to a session.
  static constexpr std::size_t kBatch = 64;
  using Lock = std::unique_lock<std::mutex>;

  GatewayStream(Engine& engine, StreamConnection& connection,
                StreamCounters& counters, GatewayStreamOptions options);

  void OnSubscribe(const pb::SubscribeRequest& request);
  void ResolveResume(const pb::SubscribeRequest& request,
                     Result<Subscribe>& command);
  void OnUnsubscribe(const pb::UnsubscribeRequest& request);
  void OnHeartbeat(const pb::Heartbeat& heartbeat);
  void OnHello(const pb::Hello& hello);
  void OnAck(const pb::Ack& ack);
  void TellAcknowledged(Lock& lock);
  [[nodiscard]] bool IsEndOfReading() const;
  Status Ask(Command command);
  void Refuse(std::string answer);
  void OnAnswered(std::string answer);
  std::function<void()> ReadNextWhenTaken();

  void RequestRead();
  void ReadIfWanted(Lock& lock);
  [[nodiscard]] bool may_read() const;
  void BeginClose(Lock& lock, const Status& status, Queued queued);
  void WriteNext(Lock& lock);
  // What the next write carries: one message, or deliveries.
  struct Outgoing {
    std::string message;
    std::vector<SharedDelivery> deliveries;
  };
  Outgoing TakeNext();
  std::size_t TakeGrant();
  void WriteDeliveries(const Outgoing& outgoing, Flush flush);
  std::vector<std::string> EncodeSession(
      std::span<const SharedDelivery> deliveries);
  void CloseForTooLarge(const Delivery& delivery, std::size_t bytes);
  void AddAnswer(std::string message);
  void TellSession(GatewayEffect& effect);
  void FinishStream(Lock& lock);
  void Enqueue(GatewayEffect effect, std::optional<Status>& close);

  // Constant after Open.
  Engine& engine_;
  StreamConnection& connection_;
  StreamCounters& counters_;
  const GatewayStreamOptions options_;

  // The rest is protected by mutex_. What Hello changes is read without it by
  // OnMessage, which is called for one message at a time.
  std::mutex mutex_;
  std::string gateway_id_;
  GatewayHandle gateway_;
  bool has_message_ = false;
  bool is_session_ = false;
  bool is_opening_ = false;  // its handle is still to come
  SessionNumber session_;    // once it is answered
  std::size_t max_message_bytes_ = kDefaultMessage;
  Position writing_;  // of the newest live event that was begun
  BrokenOff broken_off_;
  // Newest that came from the engine, of a session: nobody else counts.
  std::uint64_t last_sequence_ = 0;
  std::uint64_t acknowledged_ = 0;       // newest
  std::uint64_t acknowledged_told_ = 0;  // newest that the engine was told of
  bool is_telling_acknowledged_ = false;
  Phase phase_ = Phase::kOpen;
  bool is_done_ = false;
  Status close_status_;
  std::deque<Item> queue_;
  std::deque<std::int64_t> acks_;   // timestamps to echo
  std::deque<std::string> parts_;   // rest of a delivery that was split
  std::size_t answers_queued_ = 0;  // in queue_
  // Asked of the engine: sessions, subscriptions and, by a session, their ends.
  std::size_t answers_pending_ = 0;
  // An answer that waits for so many of the engine's that were asked before.
  struct Refusal {
    std::size_t after = 0;
    std::string message;
  };
  std::deque<Refusal> refusals_;
  bool has_read_end_ = false;
  bool wants_read_ = false;
  int starting_reads_ = 0;  // calls of Read that have not returned
  bool is_writing_ = false;
  std::size_t taken_ = 0;           // deliveries, not written out yet
  std::size_t to_grant_ = 0;        // deliveries that were
  std::size_t to_grant_bytes_ = 0;  // of their messages
  std::uint64_t writes_ = 0;
  std::uint64_t writes_at_sweep_ = 0;
  std::uint64_t deliveries_ = 0;
  int stalled_sweeps_ = 0;
};

}  // namespace streamer

#endif  // STREAMER_TRANSPORT_INTERNAL_GATEWAY_STREAM_H_
