// What a ClientSession wants done: its owner does it, in order.
//
// Thread-safety: plain data.
#ifndef STREAMER_CLIENT_CLIENT_ACTION_H_
#define STREAMER_CLIENT_CLIENT_ACTION_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "client/session_receiver.h"
#include "client/subscription.h"

namespace streamer {

// One call of Subscribe or Unsubscribe, chosen by the caller.
using SubscribeTicket = Id<struct SubscribeTicketTag>;
using UnsubscribeTicket = Id<struct UnsubscribeTicketTag>;

namespace client_action {
struct OpenStream {};
// Cancel the stream; nothing of it concerns the session any more.
struct AbandonStream {};
// Send what is to be sent, then end the sending side; tell StreamBroken when
// the service has ended its own. Nothing else of it concerns the session.
struct FinishStream {};
struct SendHello {
  SessionPlace place;
};
struct SendSubscribe {
  SubscriptionRequest request;
};
struct SendUnsubscribe {
  std::string subscription_id;
};
struct SendHeartbeat {
  std::uint64_t last_seq = 0;  // 0 without a session
};
struct SendAcknowledgement {
  SessionReceiver::Acknowledgement acknowledgement;
};
// Subscribe(ticket) has ended.
struct CompleteSubscribe {
  SubscribeTicket ticket;
  Result<SubscriptionAnswer> answer;
};
// Unsubscribe(ticket) has ended.
struct CompleteUnsubscribe {
  UnsubscribeTicket ticket;
  Status status;
};
struct ReportGap {
  ReceivedGap gap;
};
// The first connection stands.
struct ReportConnected {};
// The state is kClosed; no action but AbandonStream follows. OK: because Close
// was called.
struct ReportClosed {
  Status status;
};
}  // namespace client_action

using ClientAction =
    std::variant<client_action::OpenStream, client_action::AbandonStream,
                 client_action::FinishStream, client_action::SendHello,
                 client_action::SendSubscribe, client_action::SendUnsubscribe,
                 client_action::SendHeartbeat,
                 client_action::SendAcknowledgement,
                 client_action::CompleteSubscribe,
                 client_action::CompleteUnsubscribe, client_action::ReportGap,
                 client_action::ReportConnected, client_action::ReportClosed>;
using ClientActions = std::vector<ClientAction>;

}  // namespace streamer

#endif  // STREAMER_CLIENT_CLIENT_ACTION_H_
