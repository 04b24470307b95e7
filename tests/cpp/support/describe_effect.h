// Describe: one effect as a line, for tests that compare what gateways saw.
#ifndef STREAMER_TESTS_SUPPORT_DESCRIBE_EFFECT_H_
#define STREAMER_TESTS_SUPPORT_DESCRIBE_EFFECT_H_

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/effects.h"

namespace streamer::support {

// An id of a delivery, and what the event did to its documents, if it asked:
// "s1" or "s1:entered".
inline std::string DescribeId(const Delivery& delivery, std::size_t index) {
  const std::string& id = delivery.subscription_ids[index];
  if (delivery.memberships.empty() ||
      delivery.memberships[index] == Membership::kNone) {
    return id;
  }
  return id + ":" + std::string(NameOf(delivery.memberships[index]));
}

// "delivery 1 e7 [s1,s2:left]" (with "again" behind it when it is redelivered),
// "subscribed s1 after 4", "ended s1", "suspended s1",
// "resync [s1] after 3 to 5", "closed <message>", "opened new, next 1, has 0",
// …
inline std::string Describe(const GatewayEffect& effect) {
  auto outcome = [](const Status& status) {
    return status.ok() ? std::string("ok") : std::string(MessageOf(status));
  };
  if (const auto* shared = std::get_if<SharedDelivery>(&effect)) {
    const Delivery& delivery = **shared;
    std::vector<std::string> ids;
    ids.reserve(delivery.subscription_ids.size());
    for (std::size_t i = 0; i < delivery.subscription_ids.size(); ++i) {
      ids.push_back(DescribeId(delivery, i));
    }
    return absl::StrCat("delivery ", delivery.sequence, " ",
                        delivery.event->event.source->event_id, " [",
                        absl::StrJoin(ids, ","), "]",
                        delivery.is_redelivered ? " again" : "");
  }
  if (const auto* opened = std::get_if<SessionOpened>(&effect)) {
    const char* const names[] = {"new", "nothing missed", "complete", "lost"};
    return absl::StrCat(
        "opened ", names[static_cast<std::size_t>(opened->continuity)],
        ", next ", opened->next_sequence, ", has ", opened->subscription_count);
  }
  if (std::holds_alternative<StateChanged>(effect)) return "saved";
  if (const auto* response = std::get_if<SubscribeResponse>(&effect)) {
    if (!response->status.ok()) {
      return absl::StrCat("refused ", response->subscription_id, ": ",
                          outcome(response->status));
    }
    return absl::StrCat("subscribed ", response->subscription_id, " after ",
                        response->from.offset);
  }
  if (const auto* response = std::get_if<UnsubscribeResponse>(&effect)) {
    return absl::StrCat("unsubscribed ", response->subscription_id, ": ",
                        outcome(response->status));
  }
  if (const auto* response = std::get_if<RenewResponse>(&effect)) {
    return absl::StrCat("renewed ", response->subscription_id, ": ",
                        outcome(response->status));
  }
  if (const auto* closed = std::get_if<SubscriptionClosed>(&effect)) {
    return absl::StrCat(
        closed->reason == CloseReason::kSuspended ? "suspended " : "ended ",
        closed->subscription_id);
  }
  if (const auto* resync = std::get_if<ResyncRequired>(&effect)) {
    return absl::StrCat(
        "resync [", absl::StrJoin(resync->subscription_ids, ","), "] after ",
        resync->from.offset, " to ", resync->to.offset);
  }
  return absl::StrCat("closed ",
                      outcome(std::get<GatewayClosed>(effect).status));
}

}  // namespace streamer::support

#endif  // STREAMER_TESTS_SUPPORT_DESCRIBE_EFFECT_H_
