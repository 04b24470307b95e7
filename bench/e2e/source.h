// Source: somebody who ingests at a steady rate over HTTP, whatever the
// service makes of it.
//
// Open loop: each millisecond has its events, which are due at its beginning.
// They go out then, in one request, over whichever connection waits for no
// answer; if none is free, they wait for one, with those that become due
// meanwhile. An event carries the time at which it was due, so that waiting
// here is part of its latency.
//
// Cost: about 0.3 us an event, and 30 us a request: the processors are shared
// with what is measured.
// Thread-safety: none.
#ifndef STREAMER_BENCH_E2E_SOURCE_H_
#define STREAMER_BENCH_E2E_SOURCE_H_

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace streamer::bench {

using Clock = std::chrono::steady_clock;

// A time as events carry it: nanoseconds of the monotonic clock.
std::int64_t ToNs(Clock::time_point time);

class Source {
 public:
  struct Options {
    int port = 0;
    std::size_t connections = 4;
    // An event matches the subscription to one of so many keys.
    std::uint64_t keys = 1;
    // The most events in a request.
    std::size_t most = 1'000;
  };

  // Connects. Ends the process when the service takes no events.
  explicit Source(const Options& options);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Sends at `rate` a second for so long; what was due by then is sent.
  void Run(std::uint64_t rate, Clock::duration length);
  // Sends so many as fast as they are taken.
  void Flood(std::uint64_t count);

  // Those that were taken.
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  class Connection;

  // One that waits for no answer; null when all do.
  Connection* FindIdle();
  void SendUntil(Clock::time_point time);
  // Sends what is due, as far as there are connections.
  void SendDue();
  // What one request carries of what is due.
  std::string TakeDue();
  void AppendEvent(std::int64_t due_ns, std::string& to);
  // Until everything due was sent and is answered.
  void AwaitAnswers();

  const Options options_;
  boost::asio::io_context context_;
  std::vector<std::unique_ptr<Connection>> connections_;
  // Events that are due and not sent: `count` of the millisecond `due`.
  struct Due {
    std::int64_t due_ns;
    std::uint64_t count;
  };
  std::deque<Due> waiting_;
  std::uint64_t sent_ = 0;
  std::uint64_t random_ = 42;
};

}  // namespace streamer::bench

#endif  // STREAMER_BENCH_E2E_SOURCE_H_
