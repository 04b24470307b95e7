// CallbackPulse: keeps the threads that run gRPC's callbacks awake.
//
// gRPC 1.51 runs the callbacks of a process in two threads or more. One to
// which nothing happens for a second sleeps for a tenth of one, whatever comes
// meanwhile (CallbackAlternativeCQ in its completion_queue_cc.cc): on a stream
// that rests now and then, one delivery of eleven came up to 100 ms late. A
// pulse gives these threads something to do more often than that: a call of a
// channel on which every call fails at once, without a socket.
//
// Cost: a thread that sleeps, and about 20 us of processor time at each beat,
// three times a second, once in a process however many hold it.
// Thread-safety: Share, from any thread; let go of it in none of gRPC's own,
// for the last to go may wait for those.
#ifndef STREAMER_RPC_CALLBACK_PULSE_H_
#define STREAMER_RPC_CALLBACK_PULSE_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

namespace grpc {
class Channel;
}  // namespace grpc

namespace streamer {

class CallbackPulse {
 public:
  // A third of a second: short of the second after which gRPC sleeps, even if
  // one beat comes late.
  static constexpr std::chrono::milliseconds kInterval{333};

  // That of this process, for as long as anybody holds it.
  static std::shared_ptr<CallbackPulse> Share();

  explicit CallbackPulse(std::chrono::milliseconds interval);
  ~CallbackPulse();
  CallbackPulse(const CallbackPulse&) = delete;
  CallbackPulse& operator=(const CallbackPulse&) = delete;

  // Callbacks that have run.
  [[nodiscard]] std::uint64_t beats() const { return beats_.load(); }

 private:
  void Run(std::chrono::milliseconds interval);
  // Makes one callback run, and waits for it.
  void Beat();

  const std::shared_ptr<grpc::Channel> channel_;
  std::atomic<std::uint64_t> beats_ = 0;

  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace streamer

#endif  // STREAMER_RPC_CALLBACK_PULSE_H_
