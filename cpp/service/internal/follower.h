// Follower: feeds the engine's log from a remote puller, and tells when the
// source is lost and found.
//
// What the source lost goes to the log like its events, so that whoever it
// concerns hears of it in its place, and has a line in the service's log. So
// has why its streams break, when that is something new.
//
// Thread-safety: as of its parts; `on_change` is called by one thread at a
// time.
#ifndef STREAMER_SERVICE_INTERNAL_FOLLOWER_H_
#define STREAMER_SERVICE_INTERNAL_FOLLOWER_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/status.h"
#include "runtime/engine.h"
#include "store/event_log.h"
#include "transport/puller_client.h"

namespace streamer {

struct FollowerOptions {
  std::string address;  // of the puller
  SourceConsumerOptions consumer;
  // Some go on from before this process: what it does not begin with, they
  // miss.
  bool has_sessions = false;
  // How often is looked whether the source is still followed.
  Duration check = std::chrono::milliseconds(200);
  // Told how many events were logged, each time.
  std::function<void(std::size_t)> on_append;
  // Told OkStatus when the source is followed, and why it is not when it has
  // not been for a while. Not ready at first.
  std::function<void(const Status&)> on_change;
};

class Follower {
 public:
  // Begins after the last marker in `log`, which is that of `engine`. The
  // engine outlives it.
  Follower(const FollowerOptions& options, Engine& engine, const EventLog& log);
  // Ends it: nothing is appended afterwards.
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

 private:
  // What comes from the source.
  class Intake final : public SourceIntake {
   public:
    Intake(Engine& engine, std::function<void(std::size_t)> on_append)
        : engine_(engine), on_append_(std::move(on_append)) {}
    Result<Position> Append(std::vector<SourceEvent> events) override;
    Status RecordMarker(std::string_view backend,
                        std::string_view marker) override;

   private:
    Engine& engine_;
    const std::function<void(std::size_t)> on_append_;
  };

  void Watch();

  const FollowerOptions options_;
  Intake intake_;
  PullerClient client_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;  // guarded by mutex_
  std::thread watch_;
};

}  // namespace streamer

#endif  // STREAMER_SERVICE_INTERNAL_FOLLOWER_H_
