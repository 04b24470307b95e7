// What a ClientSession wants done, as text, and what it is asked.
#ifndef STREAMER_TESTS_CLIENT_CLIENT_ACTIONS_H_
#define STREAMER_TESTS_CLIENT_CLIENT_ACTIONS_H_

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/client_action.h"

namespace streamer {

inline MonotonicTime At(Duration since_start) {
  return MonotonicTime(since_start + std::chrono::hours(1));
}

struct ActionText {
  std::string operator()(const client_action::OpenStream&) { return "open"; }
  std::string operator()(const client_action::AbandonStream&) {
    return "abandon";
  }
  std::string operator()(const client_action::FinishStream&) {
    return "finish";
  }
  std::string operator()(const client_action::SendHello& action) {
    return "hello " + FormatSessionPlace(action.place);
  }
  std::string operator()(const client_action::SendSubscribe& action) {
    const SubscriptionRequest& request = action.request;
    std::string text = "subscribe " + request.id + " " + request.expression;
    if (!request.resume_after.empty()) text += " after " + request.resume_after;
    return text;
  }
  std::string operator()(const client_action::SendUnsubscribe& action) {
    return "unsubscribe " + action.subscription_id;
  }
  std::string operator()(const client_action::SendHeartbeat& action) {
    if (action.last_seq == 0) return "heartbeat";
    return "heartbeat " + std::to_string(action.last_seq);
  }
  std::string operator()(const client_action::SendAcknowledgement& action) {
    return "ack " + std::to_string(action.acknowledgement.session) + "/" +
           std::to_string(action.acknowledgement.seq);
  }
  std::string operator()(const client_action::CompleteSubscribe& action) {
    const std::string ticket = std::to_string(action.ticket.value());
    if (action.answer.ok()) return ticket + " answered " + action.answer->id;
    return ticket + " refused " + action.answer.status().ToString();
  }
  std::string operator()(const client_action::CompleteUnsubscribe& action) {
    return std::to_string(action.ticket.value()) + " unsubscribed " +
           action.status.ToString();
  }
  std::string operator()(const client_action::ReportGap& action) {
    std::string text = "gap";
    for (const std::string& id : action.gap.subscription_ids) text += " " + id;
    text += ": " + action.gap.reason;
    if (!action.gap.from_progress.empty() || !action.gap.to_progress.empty()) {
      text +=
          " (" + action.gap.from_progress + ", " + action.gap.to_progress + "]";
    }
    return text;
  }
  std::string operator()(const client_action::ReportConnected&) {
    return "connected";
  }
  std::string operator()(const client_action::ReportClosed& action) {
    return "closed " + action.status.ToString();
  }
};

inline std::vector<std::string> Text(const ClientActions& actions) {
  std::vector<std::string> text;
  for (const ClientAction& action : actions) {
    text.push_back(std::visit(ActionText(), action));
  }
  return text;
}

inline SubscriptionRequest Request(const std::string& id,
                                   const std::string& expression = "true") {
  return {.id = id,
          .tenant = "t",
          .collection = "rooms",
          .conditions = {},
          .expression = expression};
}

inline SubscriptionRequest RequestAfter(const std::string& id,
                                        const std::string& progress) {
  SubscriptionRequest request = Request(id);
  request.resume_after = progress;
  return request;
}

inline SubscriptionAnswer Accepted(const std::string& id,
                                   std::uint64_t handle = 1,
                                   const std::string& progress = "p1-1-0") {
  return {.id = id,
          .handle = SubscriptionHandle(handle),
          .progress = progress,
          .expires_at = std::nullopt};
}

}  // namespace streamer

#endif  // STREAMER_TESTS_CLIENT_CLIENT_ACTIONS_H_
