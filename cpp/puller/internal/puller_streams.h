// The open streams of a PullerServer and the thread that wakes them.
//
// A stream is *idle* when it has nothing to send. Three things set it going:
// the log has grown, a heartbeat is due (both told by the waker's thread), or
// its last write is done (told by gRPC). Whoever comes first asks the session
// for the next message, under the stream's mutex; so a wake-up is never lost:
// after Notify either the waker or the write that is under way looks into the
// log again.
//
// Locks: the set's mutex is never held while a stream is called, nor a
// stream's while the set or the waker is.
#ifndef STREAMER_PULLER_INTERNAL_PULLER_STREAMS_H_
#define STREAMER_PULLER_INTERNAL_PULLER_STREAMS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "puller/puller_session.h"
#include "syntrix/puller/v1/puller.pb.h"

namespace streamer::internal {

class PullerStreams;

// Counted by all streams of a server.
struct PullerCounters {
  std::atomic<std::uint64_t> opened{0};
  std::atomic<std::uint64_t> events{0};
  std::atomic<std::uint64_t> heartbeats{0};
  std::atomic<std::uint64_t> coalesced{0};
};

// One stream. Owned by the set until OnDone.
class PullerStream final
    : public grpc::ServerWriteReactor<syntrix::puller::v1::PullerEvent> {
 public:
  PullerStream(grpc::CallbackServerContext& context, PullerStreams& streams,
               const EventLog& log)
      : context_(context), streams_(streams), log_(log) {}

  // Sends what `session` says.
  void Begin(PullerSession session);
  // Ends the stream, after the write that is under way.
  void Close(const Status& status);
  // Sends if it is idle and has something to send. When it wants to be asked
  // again at the latest; nothing if it is busy or at its end.
  std::optional<MonotonicTime> Wake();

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  std::optional<MonotonicTime> LockedSend();
  void LockedEnd(const Status& status);

  grpc::CallbackServerContext& context_;
  PullerStreams& streams_;
  const EventLog& log_;

  std::mutex mutex_;
  // Guarded by mutex_.
  std::optional<PullerSession> session_;
  std::optional<Status> ending_;  // once the write under way is done
  bool is_writing_ = false;
  bool has_ended_ = false;
  std::uint64_t coalesced_ = 0;  // counted already
  syntrix::puller::v1::PullerEvent outgoing_;
};

class PullerStreams {
 public:
  PullerStreams(const EventLog& log, std::size_t max_streams);
  ~PullerStreams();

  // Opens a stream; gRPC owns what is returned as it wishes.
  PullerStream* Open(grpc::CallbackServerContext& context,
                     const PullerRequest& request,
                     const PullerSessionOptions& options);
  void Remove(const PullerStream* stream);

  void Notify();
  // A stream became idle and must be woken at `time` at the latest.
  void WakeBy(MonotonicTime time);
  // Ends all streams; a later Open is refused with `status`.
  void CloseAll(const Status& status);

  [[nodiscard]] std::size_t size() const;
  PullerCounters& counters() { return counters_; }
  [[nodiscard]] const PullerCounters& counters() const { return counters_; }

 private:
  Status Add(const std::shared_ptr<PullerStream>& stream);
  std::vector<std::shared_ptr<PullerStream>> Copy() const;
  void RunWaker();

  const EventLog& log_;
  const std::size_t max_streams_;
  PullerCounters counters_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::unordered_map<const PullerStream*, std::shared_ptr<PullerStream>>
      streams_;
  Status closed_;

  std::mutex waker_mutex_;
  std::condition_variable waker_changed_;
  // Guarded by waker_mutex_.
  bool has_grown_ = false;
  bool is_stopping_ = false;
  MonotonicTime wake_at_ = MonotonicTime::max();
  std::thread waker_;  // last: it uses all of the above
};

}  // namespace streamer::internal

#endif  // STREAMER_PULLER_INTERNAL_PULLER_STREAMS_H_
