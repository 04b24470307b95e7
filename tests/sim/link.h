// Link: one stream between a gateway process and the streamer, as a network
// would carry it: messages take their time, in order; a stream breaks, stalls,
// or is noticed to be broken by one side long before the other.
//
// To the shipped GatewayStream it is the connection. Its calls are answered
// later, never from within, as by a socket.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_LINK_H_
#define STREAMER_TESTS_SIM_LINK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "sim/fuse.h"
#include "sim/network.h"
#include "sim/schedule.h"
#include "transport/internal/gateway_stream.h"

namespace streamer::sim {

// The gateway's side.
class LinkUser {
 public:
  virtual ~LinkUser() = default;
  // Whether to go on reading; else ResumeReading says when.
  virtual bool OnMessage(const std::string& bytes) = 0;
  virtual void OnEnd(const Status& status) = 0;
};

class Link final : public StreamConnection,
                   public std::enable_shared_from_this<Link> {
 public:
  // Messages on their way to the gateway before a write has to wait.
  static constexpr std::size_t kWindow = 8;

  // `user` is told until Abandon or OnEnd. `fuse` is the streamer's.
  Link(Schedule& schedule, Network& network, LinkUser* user, Fuse* fuse)
      : schedule_(schedule), network_(network), user_(user), fuse_(fuse) {}

  // The streamer's process takes the stream.
  using Open = std::function<std::shared_ptr<GatewayStream>(Link&)>;
  void Accept(const Open& open) { stream_ = open(*this); }
  // There is nobody to take it.
  void Refuse();

  // Of the gateway's side.
  void Send(std::string bytes);
  void FinishSending();
  void ResumeReading();
  // The gateway's side wants to hear no more.
  void Abandon();

  // Of the network.
  void Break();
  void StallUntil(MonotonicTime time);
  [[nodiscard]] bool is_stalled() const {
    return schedule_.now() < stalled_until_;
  }

  // The streamer's process is gone, and with it its side.
  void KillServer();
  [[nodiscard]] const std::shared_ptr<GatewayStream>& stream() const {
    return stream_;
  }
  [[nodiscard]] bool is_over() const {
    return stream_ == nullptr && user_ == nullptr;
  }
  [[nodiscard]] bool is_broken() const { return is_broken_; }
  [[nodiscard]] std::size_t on_the_way() const { return down_.size(); }
  // What the streamer's side was told last to be processed: of which session,
  // up to which number; zeros: nothing.
  struct Acknowledged {
    std::uint64_t session = 0;
    std::uint64_t sequence = 0;
  };
  [[nodiscard]] Acknowledged acknowledged() const { return acknowledged_; }
  // A drain ends the stream after all events up to `upto`.
  void NoteFlushed(std::uint64_t upto) { flushed_upto_ = upto; }
  [[nodiscard]] std::uint64_t flushed_upto() const { return flushed_upto_; }

  // StreamConnection: the streamer's side.
  void Read() override;
  void Write(std::string message, Flush flush) override;
  void Finish(const Status& status) override;
  void Cancel(const Status& status) override;

 private:
  // No bytes: the end of what is sent.
  using Message = std::optional<std::string>;

  void Later(Duration delay, void (Link::*what)());
  [[nodiscard]] MonotonicTime ArrivalAfter(MonotonicTime& last);
  void ArriveUp();
  void ArriveDown();
  void DeliverDown();
  void CompleteWrite();
  void LoseServer();
  void FailRead(GatewayStream& stream);
  void EndServer();
  void EndUser(const Status& status);
  void TellUserBroken();

  Schedule& schedule_;
  Network& network_;
  LinkUser* user_;
  Fuse* fuse_;
  std::shared_ptr<GatewayStream> stream_;
  std::deque<Message> up_;    // on the way to the streamer
  std::deque<Message> down_;  // on the way to the gateway
  std::size_t up_arrived_ = 0;
  std::size_t down_arrived_ = 0;
  MonotonicTime last_up_;
  MonotonicTime last_down_;
  MonotonicTime stalled_until_;
  bool is_reading_ = false;  // the streamer's side
  bool is_writing_ = false;
  bool user_reads_ = true;
  bool is_delivering_ = false;
  bool is_broken_ = false;
  Acknowledged acknowledged_;
  std::uint64_t flushed_upto_ = 0;  // 0: no drain, or nobody knows
  std::optional<Status> finished_with_;
  Status broken_with_ = Unavailable("the network broke the stream");
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_LINK_H_
