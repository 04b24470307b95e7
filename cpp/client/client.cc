#include "client/client.h"

#include <utility>

#include "client/internal/connection.h"

namespace streamer {

Client::Client(const ClientOptions& options, Connected connected)
    : connection_(std::make_shared<Connection>(options, std::move(connected))) {
  connection_->Start();
}

Client::~Client() {
  connection_->Close();
  connection_->AwaitQuiet();
  connection_->ReleaseChannel();
}

SubscribeTicket Client::Subscribe(SubscriptionRequest request,
                                  Answered answered) {
  return connection_->Subscribe(std::move(request), std::move(answered));
}

void Client::CancelSubscribe(SubscribeTicket ticket) {
  connection_->CancelSubscribe(ticket);
}

Status Client::Unsubscribe(std::string_view subscription_id,
                           Unsubscribed unsubscribed) {
  return connection_->Unsubscribe(subscription_id, std::move(unsubscribed));
}

DeliveryBatch Client::TakeBatch(std::size_t limit) {
  return connection_->TakeBatch(limit);
}

DeliveryBatch Client::NextBatch(
    std::size_t limit, std::chrono::steady_clock::time_point deadline) {
  return connection_->NextBatch(limit, deadline);
}

std::vector<ReceivedGap> Client::TakeGaps() { return connection_->TakeGaps(); }

void Client::GapsProcessed() { connection_->GapsProcessed(); }

void Client::Acknowledge(EntryNumber number) {
  connection_->Acknowledge(number);
}

std::string Client::session_state(EntryNumber after,
                                  bool has_untold_gaps) const {
  return connection_->session_state(after, has_untold_gaps);
}

void Client::Close() { connection_->Close(); }

void Client::AwaitQuiet() { connection_->AwaitQuiet(); }

int Client::wake_descriptor() const { return connection_->wake_descriptor(); }

void Client::ClearWake() { connection_->ClearWake(); }

ClientState Client::state() const { return connection_->state(); }

Status Client::close_reason() const { return connection_->close_reason(); }

ClientStatistics Client::Statistics() const {
  return connection_->Statistics();
}

}  // namespace streamer
