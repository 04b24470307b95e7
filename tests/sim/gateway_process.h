// GatewayProcess: a process of a gateway: the shipped ClientSession and its
// queue, on a simulated stream, and a reader that takes its time.
//
// It does what the client's shell does (client/internal/connection.h) without
// its threads. What its reader saw goes into the history of the gateway.
//
// Thread-safety: none.
#ifndef STREAMER_TESTS_SIM_GATEWAY_PROCESS_H_
#define STREAMER_TESTS_SIM_GATEWAY_PROCESS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/client_session.h"
#include "client/delivery_queue.h"
#include "sim/checker/history.h"
#include "sim/link.h"
#include "sim/schedule.h"
#include "support/random.h"
#include "syntrix/streamer/v1/streamer.pb.h"

namespace streamer::sim {

class GatewayProcess final
    : public std::enable_shared_from_this<GatewayProcess> {
 public:
  struct Options {
    std::string gateway_id;
    bool is_session = false;
    bool allows_merging = false;
    std::string resume;  // what an earlier process was told to keep
    int number = 0;
    // It processes what it reads and never says so.
    bool is_mute = false;
    DeliveryQueueLimits queue;
  };
  struct Surroundings {
    std::function<std::shared_ptr<Link>(LinkUser*, const std::string&)> connect;
    std::function<LogBounds()> log_bounds;
    // The service says that something is lost; the reader does not know yet.
    std::function<void()> loss_told;
    std::function<void(const std::string&)> note;
  };

  GatewayProcess(const Options& options, Schedule& schedule,
                 support::Random& random, GatewayHistory& history,
                 Surroundings surroundings);
  ~GatewayProcess();

  void Start();
  void Subscribe(SubscriptionRequest request);
  void Unsubscribe(const std::string& subscription_id);
  // The reader comes back: what it took before is processed.
  void ReadSome(std::size_t limit);
  // From now on its reader takes what comes at once.
  void ReadAtOnce();
  // Its user ends it in order.
  void Close();
  // Gone: what was taken and not processed is not the user's.
  void Kill();

  // What another process needs to go on.
  [[nodiscard]] std::string session_state() const;
  // Whether what was asked for under `id` was ever answered.
  [[nodiscard]] bool has_answer(const std::string& id) const {
    return answered_from_.contains(id);
  }
  // The client said that something is lost, and the reader has not read it: the
  // state lies behind that already, and another process would not be told.
  [[nodiscard]] bool is_closed() const {
    return session_.state() == ClientState::kClosed;
  }
  [[nodiscard]] bool is_gone() const { return is_gone_; }
  [[nodiscard]] bool is_connected() const {
    return session_.state() == ClientState::kConnected;
  }
  // Whether somebody of it has not caught up.
  [[nodiscard]] bool has_behind() const { return session_.has_behind(); }
  [[nodiscard]] bool has_unread() const { return !queue_.is_empty(); }
  [[nodiscard]] Link* link() const { return link_.get(); }
  [[nodiscard]] const DeliveryQueue& queue() const { return queue_; }
  // A message that comes while there is room is taken whole.
  [[nodiscard]] bool is_within_caps() const {
    return queue_.delivery_count() < options_.queue.deliveries + kMostInMessage;
  }

 private:
  // The most deliveries that a stream puts into a message.
  static constexpr std::size_t kMostInMessage = 64;

  class StreamUser;

  bool OnMessage(const std::string& bytes);
  void OnEnd(const Status& status);
  void Receive(pb::StreamerMessage& message);
  void ReceiveForSession(pb::StreamerMessage& message);
  void CheckSequence(std::uint64_t sequence, std::uint32_t part);
  void TakeWelcome(const SessionWelcome& welcome);
  void ReceiveAnswer(const pb::SubscribeResponse& answer);
  void ReceiveDelivery(std::unique_ptr<pb::EventDelivery> delivery);
  void Queue(const std::shared_ptr<ReceivedDelivery>& delivery,
             bool is_divided);
  void ResumeIfRoom();
  void ReaderIsBack();
  void PlanRead();
  void Keep(const DeliveryBatch& batch);

  void Perform(ClientActions actions);
  void PerformOne(const client_action::OpenStream& action);
  void PerformOne(const client_action::AbandonStream& action);
  void PerformOne(const client_action::FinishStream& action);
  void PerformOne(const client_action::SendHello& action);
  void PerformOne(const client_action::SendSubscribe& action);
  void PerformOne(const client_action::SendUnsubscribe& action);
  void PerformOne(const client_action::SendHeartbeat& action);
  void PerformOne(const client_action::SendAcknowledgement& action);
  void PerformOne(client_action::CompleteSubscribe& action);
  void PerformOne(const client_action::CompleteUnsubscribe&) {}
  void PerformOne(client_action::ReportGap& action);
  void PerformOne(const client_action::ReportConnected&) {}
  void PerformOne(const client_action::ReportClosed& action);
  void Send(const pb::GatewayMessage& message);
  void ArmAlarm();
  template <typename Record>
  void Note(Record record) {
    history_.records.push_back({schedule_.now(), std::move(record)});
  }

  const Options options_;
  Schedule& schedule_;
  support::Random& random_;
  GatewayHistory& history_;
  const Surroundings surroundings_;
  ClientSession session_;
  DeliveryQueue queue_;
  std::map<std::uint64_t, SubscriptionRequest> asked_;  // by ticket
  std::map<std::string, std::string> answered_from_;    // newest, by id
  std::map<std::string, std::string> begun_on_stream_;  // on this one
  std::uint64_t next_ticket_ = 1;
  std::uint64_t streams_ = 0;
  std::uint64_t asked_session_ = 0;
  std::uint64_t next_sequence_ = 1;  // as the stream promised
  // The session that was gone on with last, and its newest entry that came.
  std::uint64_t session_number_ = 0;
  std::uint64_t received_upto_ = 0;
  std::unique_ptr<StreamUser> user_;
  std::shared_ptr<Link> link_;
  bool is_paused_ = false;
  bool reads_at_once_ = false;
  bool is_read_planned_ = false;
  bool is_gone_ = false;
  // The stream that a delivery came by, and the session.
  std::map<const ReceivedDelivery*, std::pair<std::uint64_t, std::uint64_t>>
      came_by_;
  DeliveryBatch taken_;  // and not processed yet
};

}  // namespace streamer::sim

#endif  // STREAMER_TESTS_SIM_GATEWAY_PROCESS_H_
