// Client::Connection: what a Client is made of. Performs what ClientSession
// decides, on gRPC streams and one alarm, and keeps the queue.
//
// One mutex guards session and queue. Callbacks of users are gathered while
// it is held and run after it is released.
#ifndef STREAMER_CLIENT_INTERNAL_CONNECTION_H_
#define STREAMER_CLIENT_INTERNAL_CONNECTION_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <grpcpp/alarm.h>

#include "client/client.h"
#include "client/internal/stream.h"
#include "client/internal/wake_descriptor.h"
#include "rpc/callback_pulse.h"

namespace streamer {

class Client::Connection final
    : public ClientStreamOwner,
      public std::enable_shared_from_this<Client::Connection> {
 public:
  Connection(const ClientOptions& options, Connected connected);

  void Start();
  SubscribeTicket Subscribe(SubscriptionRequest request, Answered answered);
  void CancelSubscribe(SubscribeTicket ticket);
  Status Unsubscribe(std::string_view subscription_id,
                     Unsubscribed unsubscribed);
  DeliveryBatch TakeBatch(std::size_t limit);
  DeliveryBatch NextBatch(std::size_t limit,
                          std::chrono::steady_clock::time_point deadline);
  std::vector<ReceivedGap> TakeGaps();
  void GapsProcessed();
  void Acknowledge(EntryNumber number);
  void Close();
  // Until every stream has ended and no callback runs.
  void AwaitQuiet();
  // Gives the channel back in this thread, for gRPC cannot take it back in one
  // of its own: the last channel to go makes it wait for them. REQUIRES: quiet
  // and closed.
  void ReleaseChannel();

  [[nodiscard]] int wake_descriptor() const { return wake_.descriptor(); }
  void ClearWake() { wake_.Clear(); }
  [[nodiscard]] ClientState state() const;
  [[nodiscard]] Status close_reason() const;
  [[nodiscard]] ClientStatistics Statistics() const;
  [[nodiscard]] std::string session_state(EntryNumber after,
                                          bool has_untold_gaps) const;

  bool OnMessage(
      ClientStream& stream,
      std::unique_ptr<syntrix::streamer::v1::StreamerMessage> message,
      std::int64_t received_ns) override;
  void OnEnd(ClientStream& stream, const Status& status) override;

 private:
  // A locked section. On leaving it re-arms the alarm, wakes readers, and
  // runs the callbacks gathered, in that order.
  class Section;
  using Lock = std::unique_lock<std::mutex>;

  // Who waits for an answer, and what was asked, to which a refusal points.
  struct Asked {
    Answered answered;
    std::string expression;
  };

  [[nodiscard]] bool has_session() const {
    return options_.session.has_value();
  }

  void Perform(ClientActions actions);
  void PerformOne(client_action::OpenStream action);
  void PerformOne(client_action::AbandonStream action);
  void PerformOne(client_action::FinishStream action);
  void PerformOne(const client_action::SendHello& action);
  void PerformOne(const client_action::SendSubscribe& action);
  void PerformOne(const client_action::SendUnsubscribe& action);
  void PerformOne(client_action::SendHeartbeat action);
  void PerformOne(client_action::SendAcknowledgement action);
  void PerformOne(client_action::CompleteSubscribe action);
  void PerformOne(client_action::CompleteUnsubscribe action);
  void PerformOne(client_action::ReportGap action);
  void PerformOne(client_action::ReportConnected action);
  void PerformOne(const client_action::ReportClosed& action);

  void Receive(syntrix::streamer::v1::StreamerMessage& message,
               std::int64_t received_ns);
  void ReceiveForSession(syntrix::streamer::v1::StreamerMessage& message,
                         MonotonicTime received);
  void ReceiveWelcome(const SessionWelcome& welcome, MonotonicTime received);
  void ReceiveBatch(syntrix::streamer::v1::DeliveryBatch& batch,
                    std::int64_t received_ns);
  void ReceiveDelivery(
      std::unique_ptr<syntrix::streamer::v1::EventDelivery> delivery,
      std::int64_t received_ns);
  void Queue(std::shared_ptr<ReceivedDelivery> delivery, bool is_divided);
  // What the reader took before it came back is processed.
  void ReaderIsBack();
  bool PauseIfFull();
  void ResumeIfRoom();
  void OnAlarm();
  void ArmAlarm();

  const ClientOptions options_;
  // Both until ReleaseChannel.
  std::shared_ptr<CallbackPulse> pulse_ = CallbackPulse::Share();
  std::unique_ptr<ClientStream::Stub> stub_;
  WakeDescriptor wake_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  ClientSession session_;
  DeliveryQueue queue_;
  Connected connected_;
  std::unordered_map<SubscribeTicket, Asked> asked_;
  std::unordered_map<UnsubscribeTicket, Unsubscribed> unsubscribed_;
  std::uint64_t next_ticket_ = 1;
  EntryNumber last_taken_;
  std::vector<EntryNumber> gaps_taken_;  // and not processed yet
  std::shared_ptr<ClientStream> stream_;
  bool is_paused_ = false;
  std::unique_ptr<grpc::Alarm> alarm_;
  MonotonicTime alarm_at_;
  Status close_reason_;
  ClientStatistics statistics_;
  // What the section in progress leaves to do, and what is still going on.
  std::vector<std::function<void()>> callbacks_;
  bool must_wake_ = false;
  int open_streams_ = 0;
  int callbacks_running_ = 0;
};

}  // namespace streamer

#endif  // STREAMER_CLIENT_INTERNAL_CONNECTION_H_
