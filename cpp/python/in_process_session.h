// InProcessSession: a session of a core in process, with one stream of it.
//
// What a gateway over the wire has: subscriptions, deliveries numbered from 1,
// acknowledgements, notices in their place between deliveries; and another
// stream goes on where the last one ended. All that may go is handed over at
// once and waits here to be taken; the core keeps it until it is acknowledged,
// within the limits of the session's outbox.
//
// Thread-safety: as InProcessCore, whose mutex it shares.
#ifndef STREAMER_PYTHON_IN_PROCESS_SESSION_H_
#define STREAMER_PYTHON_IN_PROCESS_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "core/commands.h"
#include "core/effects.h"
#include "python/event_records.h"
#include "python/notice.h"
#include "runtime/engine.h"

namespace streamer::python {

class InProcessSession {
 public:
  // What comes, in the order of its numbers.
  using Entry = std::variant<std::shared_ptr<const CoreDeliveryRecord>, Notice>;

  // Opens a stream. The status of a refusal: a malformed place, another
  // credential. REQUIRES: `mutex` guards `engine` and is held.
  static Result<std::shared_ptr<InProcessSession>> Open(Engine& engine,
                                                        std::mutex& mutex,
                                                        SessionRequest request);
  // Breaks the stream, if it is still there.
  ~InProcessSession();
  InProcessSession(const InProcessSession&) = delete;
  InProcessSession& operator=(const InProcessSession&) = delete;

  [[nodiscard]] const std::string& gateway() const { return *gateway_id_; }
  [[nodiscard]] const SessionOpened& opened() const { return opened_; }
  // Why the stream has ended; OK while it has not.
  [[nodiscard]] Status end() const;

  // An empty `resume_after` means from now on. Of a place that the log no
  // longer reaches, a resync tells.
  Result<SubscribeResponse> AddSubscription(Subscribe subscribe,
                                            const std::string& resume_after);
  Result<UnsubscribeResponse> RemoveSubscription(const std::string& id);
  // The next `limit` at most; what had come before the stream ended, too.
  std::vector<Entry> Take(std::size_t limit);
  // Everything up to `sequence` is processed. InvalidArgument, and the end of
  // the stream, when so many were not sent.
  Status Acknowledge(std::uint64_t sequence);
  // The stream breaks; the session waits for another.
  void Close();

 private:
  class Sink;

  InProcessSession(Engine& engine, std::mutex& mutex,
                   const std::string& gateway_id);
  void Collect(GatewayEffect effect);
  // Cancelled once the stream has ended.
  [[nodiscard]] Status CheckOpen() const;
  template <typename Response>
  Result<Response> Ask(Command command);

  Engine& engine_;
  std::mutex& mutex_;
  const std::shared_ptr<const std::string> gateway_id_;
  // Constant after Open.
  GatewayHandle stream_;
  SessionOpened opened_;
  // Guarded by mutex_.
  std::shared_ptr<Sink> sink_;
  std::deque<Entry> entries_;
  std::vector<GatewayEffect> answers_;
  Status end_;
};

}  // namespace streamer::python

#endif  // STREAMER_PYTHON_IN_PROCESS_SESSION_H_
