// SourceLink: one stream from the puller to the streamer. The puller's side is
// the shipped PullerSession; what it says passes the wire's encoding, takes its
// time, and is lost when the stream breaks.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_SOURCE_LINK_H_
#define STREAMER_TESTS_SIM_SOURCE_LINK_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "puller/puller_session.h"
#include "sim/network.h"
#include "sim/schedule.h"
#include "support/random.h"
#include "transport/source_consumer.h"

namespace streamer::sim {

class SourceLink final : public std::enable_shared_from_this<SourceLink> {
 public:
  static constexpr std::size_t kWindow = 16;

  // What the streamer's side is told. Nothing after `ended` or Cancel.
  struct Listener {
    std::function<void(SourceMessage)> received;
    std::function<void(const Status&, const std::string& oldest)> ended;
  };

  SourceLink(Schedule& schedule, Network& network, support::Random& random,
             Listener listener)
      : schedule_(schedule),
        network_(network),
        random_(random),
        listener_(std::move(listener)) {}

  // The puller's process takes the stream, or refuses it.
  void Accept(const PullerRequest& request, const EventLog& log);
  void Refuse(const Status& status);

  // The log has grown, or something was received.
  void Pump();
  // The streamer's side receives one more.
  void Read();
  void Cancel() { listener_.reset(); }

  void Break();
  void StallUntil(MonotonicTime time);
  [[nodiscard]] bool is_stalled() const {
    return schedule_.now() < stalled_until_;
  }
  [[nodiscard]] bool is_over() const { return !listener_.has_value(); }

 private:
  void Send(const PullerMessage& message);
  void EndSession(const Status& status);
  void Arrive();
  void WakeForHeartbeat();
  void TellEnd(const Status& status, const std::string& oldest);

  Schedule& schedule_;
  Network& network_;
  support::Random& random_;
  std::optional<Listener> listener_;
  const EventLog* log_ = nullptr;
  std::optional<PullerSession> session_;
  std::deque<std::string> on_the_way_;
  std::size_t arrived_ = 0;
  MonotonicTime last_;
  MonotonicTime stalled_until_;
  MonotonicTime wake_at_;
  bool is_reading_ = false;
  bool is_broken_ = false;
  std::optional<std::pair<Status, std::string>> end_;
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_SOURCE_LINK_H_
